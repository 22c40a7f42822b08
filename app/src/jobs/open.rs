//! Opening a model: read, plan and judge it for the chosen chip, then for all others; laying out its graphs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use emberlab_core::cost::estimate_with;
use emberlab_core::dataset::output_labels;
use emberlab_core::hash::sha256_hex;
use emberlab_core::model::{Model, SubgraphId};
use emberlab_core::plan::{self, Target};
use emberlab_core::run::{Semantics, emberlab_arena};
use emberlab_core::tflite::{self, ReadError};
use emberlab_core::verdict;

use super::{Finding, JobContext, JobKind, JobSpec, Jobs, Outcome, Subject, read_file};
use crate::document::{Findings, OpenFailure, OpenModel, OpenTimings, PlanResult, planned_targets};
use crate::panels::inspect::layout::{self, Direction};
use crate::theme::format;

/// Where the bytes of a model come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file.
    Path(PathBuf),
    /// Bytes with a name.
    Bytes(Arc<[u8]>),
}

/// A model to open.
#[derive(Clone, Debug)]
pub struct OpenRequest {
    /// The tab it is for.
    pub subject: Subject,
    /// The name in messages.
    pub title: String,
    /// Where the bytes come from.
    pub source: Source,
    /// The target whose figures the user waits for.
    pub target: Target,
}

/// A graph to lay out.
#[derive(Clone, Debug)]
pub struct LayoutRequest {
    /// The tab it is for.
    pub subject: Subject,
    /// The name in messages.
    pub title: String,
    /// The model.
    pub model: Arc<Model>,
    /// Which graph.
    pub subgraph: SubgraphId,
    /// Which way it runs.
    pub direction: Direction,
}

impl Jobs {
    /// Opens a model; [`Finding::Target`] follows for every target but the first.
    pub fn open(&mut self, request: OpenRequest) {
        let spec = JobSpec {
            kind: JobKind::Open,
            name: format!("Opening {}", request.title),
            subject: Some(request.subject),
        };
        self.start(spec, move |context| open(&request, context));
    }

    /// Lays out a graph.
    pub fn lay_out(&mut self, request: LayoutRequest) {
        let spec = JobSpec {
            kind: JobKind::Layout,
            name: format!("Laying out {}", request.title),
            subject: Some(request.subject),
        };
        self.start(spec, move |context| {
            let start = Instant::now();
            let LayoutRequest { model, subgraph, direction, .. } = request;
            let layout = layout::layout_graph(&model, subgraph, direction, &|| context.is_cancelled())?;
            Some(Outcome::LaidOut(subgraph, Arc::new(layout), micros_since(start)))
        });
    }

    /// Plans and judges a model that is open for all targets but one.
    pub fn plan_others(&mut self, subject: Subject, title: &str, model: Arc<Model>, done: Target) {
        let spec = JobSpec {
            kind: JobKind::Plan,
            name: format!("Planning {title} for other chips"),
            subject: Some(subject),
        };
        self.start(spec, move |context| {
            let others: Vec<Target> = planned_targets().filter(|target| *target != done).collect();
            for (index, target) in others.iter().enumerate() {
                if context.is_cancelled() {
                    return None;
                }
                context.progress(index as u64, others.len() as u64);
                let (plan, findings) = plan_and_judge(&model, *target);
                context.found(Finding::Target(*target, plan, findings));
            }
            Some(Outcome::Planned)
        });
    }
}

fn open(request: &OpenRequest, context: &JobContext) -> Option<Outcome> {
    let result = match bytes(request, context) {
        Ok(None) => return None,
        Ok(Some(bytes)) => open_bytes(request, bytes),
        Err(failure) => Err(failure),
    };
    Some(Outcome::Opened(Box::new(result)))
}

fn bytes(request: &OpenRequest, context: &JobContext) -> Result<Option<Arc<[u8]>>, OpenFailure> {
    match &request.source {
        Source::Bytes(bytes) => Ok(Some(bytes.clone())),
        Source::Path(path) => {
            let report = |done, total| {
                context.progress(done, total);
                !context.is_cancelled()
            };
            Ok(read_file(path, &report)?.map(Arc::from))
        }
    }
}

fn open_bytes(request: &OpenRequest, bytes: Arc<[u8]>) -> Result<OpenModel, OpenFailure> {
    let length = bytes.len() as u64;
    let open = open_file(bytes.clone(), request.target);
    let open = open.map_err(|error| read_failure(request, length, &error))?;
    Ok(OpenModel { sha256: sha256_hex(&bytes), ..open })
}

/// A file as a model, planned and judged for a target; its hash is left to the caller.
pub(super) fn open_file(bytes: Arc<[u8]>, target: Target) -> Result<OpenModel, ReadError> {
    let start = Instant::now();
    let (model, read_notes) = tflite::read_with_notes(bytes.clone())?;
    let model = Arc::new(model);
    let read_micros = micros_since(start);

    let start = Instant::now();
    let (plan, findings) = plan_and_judge(&model, target);
    let plan_micros = micros_since(start);

    let mut open = OpenModel::new(model, bytes.len() as u64, "");
    open.plans.push((target, plan));
    open.findings.push((target, findings));
    open.emberlab_arena = emberlab_arena(&bytes, Semantics::Tflm);
    open.labels = output_labels(&open.model, &bytes);
    open.file = Some(bytes);
    open.read_notes = read_notes;
    open.timings = OpenTimings { read_micros, plan_micros, layout_micros: None };
    Ok(open)
}

/// A model that was never written, planned and judged for a target.
pub(super) fn open_model(model: Model, target: Target) -> OpenModel {
    let model = Arc::new(model);
    let start = Instant::now();
    let (plan, findings) = plan_and_judge(&model, target);
    let mut open = OpenModel::new(model, 0, "");
    open.file_bytes = open.totals.weight_bytes;
    open.plans.push((target, plan));
    open.findings.push((target, findings));
    open.timings = OpenTimings { plan_micros: micros_since(start), ..OpenTimings::default() };
    open
}

fn plan_and_judge(model: &Model, target: Target) -> (PlanResult, Arc<Findings>) {
    let plan = plan::plan(model, target).map(Arc::new);
    let operators = verdict::operators(model, target);
    let findings = Findings {
        latency: Some(estimate_with(model, target, &operators)),
        operators,
        diagnostics: verdict::diagnostics(model, target),
        outcome: Some(verdict::outcome(model, target)),
    };
    (plan, Arc::new(findings))
}

fn read_failure(request: &OpenRequest, length: u64, error: &ReadError) -> OpenFailure {
    let path = match &request.source {
        Source::Path(path) => path.display().to_string(),
        Source::Bytes(_) => request.title.clone(),
    };
    let mut details = format!("{path}\n{length} bytes\n{error}");
    if !error.place().is_empty() {
        details.push_str(&format!("\nplace: {}", error.place()));
    }
    if let Some(offset) = error.offset() {
        details.push_str(&format!("\nbyte offset: {offset} (0x{offset:x})"));
    }
    OpenFailure {
        message: format!("{} cannot be opened", request.title),
        place: format!("{}.", with_mono_figures(&sentence(&error.to_string()))),
        help: error.help().to_owned(),
        details,
    }
}

/// The text with numbers of two and more digits between backticks, which notes set in mono.
fn with_mono_figures(text: &str) -> String {
    let mut marked = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from_digit) = rest.split_at(start);
        let end = from_digit.find(|c: char| !c.is_ascii_digit()).unwrap_or(from_digit.len());
        let (digits, after) = from_digit.split_at(end);
        marked.push_str(before);
        let within_a_word = before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        match digits.parse::<u64>() {
            Ok(number) if end > 1 && !within_a_word => {
                marked.push('`');
                marked.push_str(&format::count(number));
                marked.push('`');
            }
            _ => marked.push_str(digits),
        }
        rest = after;
    }
    marked.push_str(rest);
    marked
}

/// The text with a capital letter and without a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn micros_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_marked_but_names_are_left_alone() {
        for (text, marked) in [
            ("found 4 bytes from byte 300456", "found 4 bytes from byte `300,456`"),
            ("tensor t54, CONV_2D16", "tensor t54, CONV_2D16"),
            ("", ""),
            ("12", "`12`"),
            ("99999999999999999999999 x", "99999999999999999999999 x"),
        ] {
            assert_eq!(with_mono_figures(text), marked);
        }
    }
}
