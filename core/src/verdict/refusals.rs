//! What TFLM refuses.

use std::collections::HashMap;

use super::survey::Survey;
use super::{Diagnostic, Place, Severity};

/// Host-only models first, then every reason once, with the number of other operators that it holds for.
pub(super) fn findings(survey: &Survey) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    if let Some((placed, help)) = survey.host_only() {
        let name = survey.model.operator_name(placed.operator);
        let message = format!(
            "TFLM does not run this kind of quantization, on no chip; {name} is the first to show it."
        );
        findings.push(Diagnostic::new(Severity::Error, Place::Model, message, help));
    }
    let refusals = survey.plan.as_ref().err().into_iter().flatten();
    let prepared = refusals.map(|refusal| {
        let place =
            refusal.operator.map_or(Place::Model, |(subgraph, operator)| Place::Operator(subgraph, operator));
        Diagnostic::new(Severity::Error, place, refusal.message.clone(), refusal.help.clone())
    });
    let run = survey.placed().filter(|placed| survey.refusal(placed.place).is_none()).filter_map(|placed| {
        let (reason, help) = survey.type_refusal(placed)?;
        Some(Diagnostic::new(Severity::Error, Place::Operator(placed.place.0, placed.place.1), reason, help))
    });
    findings.extend(once_each(prepared.chain(run)));
    findings
}

/// The first of all findings with the same words; its message says how many more there are.
fn once_each(findings: impl Iterator<Item = Diagnostic>) -> Vec<Diagnostic> {
    let mut first: Vec<(Diagnostic, usize)> = Vec::new();
    let mut known = HashMap::new();
    for finding in findings {
        let index = *known.entry((finding.message.clone(), finding.help.clone())).or_insert(first.len());
        match first.get_mut(index) {
            Some((_, n_more)) => *n_more += 1,
            None => first.push((finding, 0)),
        }
    }
    let told = first.into_iter().map(|(mut finding, n_more)| {
        if n_more > 0 {
            let plural = if n_more == 1 { "" } else { "s" };
            finding.message += &format!(" ({n_more} more operator{plural} alike)");
        }
        finding
    });
    told.collect()
}
