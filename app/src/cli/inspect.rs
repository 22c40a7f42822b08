//! `emberlab inspect`: what a model is and what it costs on a chip.

use std::io::Write;
use std::path::PathBuf;

use emberlab_core::hash::sha256_hex;
use emberlab_core::inspect::{FileFacts, Inspection, inspect};
use emberlab_core::plan::{Chip, Target};
use emberlab_core::run::{Semantics, emberlab_arena};
use emberlab_core::tflite;

use super::target::TargetArguments;
use super::{Failure, Outcome, read_file, written};
use crate::theme::format;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The .tflite file
    model: PathBuf,
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: TargetArguments,
    /// Exit with 1 if the smallest arena that allocates is larger
    #[arg(long, value_name = "BYTES")]
    max_arena: Option<u64>,
    /// Exit with 1 if the file, which lies in flash, is larger
    #[arg(long, value_name = "BYTES")]
    max_flash: Option<u64>,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Outcome, Failure> {
    let target = target(arguments)?;
    let bytes = read_file(&arguments.model)?;
    let file = FileFacts { bytes: bytes.len() as u64, sha256: sha256_hex(&bytes) };
    let own = emberlab_arena(&bytes, Semantics::Tflm);
    let model = tflite::read(bytes).map_err(|error| {
        Failure(format!(
            "{} is not a model that can be read: {error}\n  try: {}",
            arguments.model.display(),
            error.help()
        ))
    })?;
    let inspection = inspect(&model, file, &own, target);
    if arguments.json {
        let json = serde_json::to_string_pretty(&inspection)
            .map_err(|error| Failure(format!("cannot write the result as JSON: {error}")))?;
        written(writeln!(out, "{json}"))?;
    } else {
        written(print_text(&inspection, target, out))?;
    }
    check_limits(arguments, &inspection)
}

fn target(arguments: &Arguments) -> Result<Target, Failure> {
    let target = arguments.target.target()?;
    if arguments.max_arena.is_some() && target.chip == Chip::Host64 {
        return Err(Failure(
            "--max-arena needs a chip: the smallest arena is not known for host64".to_owned(),
        ));
    }
    Ok(target)
}

fn check_limits(arguments: &Arguments, inspection: &Inspection) -> Result<Outcome, Failure> {
    let mut exceeded = Vec::new();
    if let Some(limit) = arguments.max_arena {
        match inspection.arena.as_ref().and_then(|arena| arena.minimum_bytes) {
            Some(minimum) if minimum > limit => {
                exceeded
                    .push(format!("the arena needs {minimum} bytes, {} more than {limit}", minimum - limit));
            }
            Some(_) => {}
            None => exceeded
                .push("TensorFlow Lite Micro refuses the model, so no arena is large enough".to_owned()),
        }
    }
    if let Some(limit) = arguments.max_flash.filter(|limit| inspection.file.bytes > *limit) {
        let bytes = inspection.file.bytes;
        exceeded.push(format!("the model takes {bytes} bytes of flash, {} more than {limit}", bytes - limit));
    }
    Ok(if exceeded.is_empty() { Outcome::Done } else { Outcome::LimitExceeded(exceeded.join("; ")) })
}

fn print_text(inspection: &Inspection, target: Target, out: &mut impl Write) -> std::io::Result<()> {
    let file = &inspection.file;
    writeln!(
        out,
        "{} bytes, schema version {}, SHA-256 {}",
        format::count(file.bytes),
        inspection.tflite_version,
        file.sha256
    )?;
    if let Some(description) = inspection.description.as_deref().filter(|text| !text.is_empty()) {
        writeln!(out, "{}", one_line(description))?;
    }
    for (what, ports) in [("input", &inspection.inputs), ("output", &inspection.outputs)] {
        for port in ports {
            let quantization = match (port.scale, port.zero_point) {
                (Some(scale), Some(zero_point)) => format!(", scale {scale}, zero point {zero_point}"),
                _ => String::new(),
            };
            let name = one_line(port.name.as_deref().unwrap_or("(no name)"));
            writeln!(out, "{what}  {} {}  {name}{quantization}", port.ty, format::shape(&port.shape))?;
        }
    }
    let totals = inspection.totals;
    writeln!(
        out,
        "{} operators, {} MACs, {} parameters, {} bytes of constants\n",
        inspection.operators.len(),
        format::count(totals.macs),
        format::count(totals.parameters),
        format::count(totals.weight_bytes)
    )?;
    print_operators(inspection, out)?;
    print_arena(inspection, target, out)?;
    for diagnostic in &inspection.diagnostics {
        writeln!(out, "\n{}: {}: {}", diagnostic.severity, diagnostic.place, diagnostic.message)?;
        if !diagnostic.help.is_empty() {
            writeln!(out, "  try: {}", diagnostic.help)?;
        }
    }
    Ok(())
}

fn print_operators(inspection: &Inspection, out: &mut impl Write) -> std::io::Result<()> {
    let width = inspection
        .operators
        .iter()
        .map(|operator| operator.name.chars().count())
        .max()
        .unwrap_or(0)
        .clamp(8, 40);
    writeln!(
        out,
        "{:>5}  {:<width$}  {:>13}  {:>11}  {:>11}  kernel",
        "#", "operator", "MACs", "weights B", "live B"
    )?;
    for operator in &inspection.operators {
        let number = match operator.subgraph {
            0 => operator.index.to_string(),
            subgraph => format!("{subgraph}.{}", operator.index),
        };
        let live = operator.live_bytes.map_or_else(|| "–".to_owned(), format::count);
        writeln!(
            out,
            "{number:>5}  {:<width$}  {:>13}  {:>11}  {live:>11}  {}",
            one_line(&operator.name),
            format::count(operator.macs),
            format::count(operator.parameter_bytes),
            operator.kernel
        )?;
    }
    Ok(())
}

fn print_arena(inspection: &Inspection, target: Target, out: &mut impl Write) -> std::io::Result<()> {
    let Some(arena) = &inspection.arena else {
        return writeln!(
            out,
            "\nNo arena: TensorFlow Lite Micro refuses the model on {}.",
            target.chip.label()
        );
    };
    writeln!(out, "\nArena on {}, {} {}", target.chip.label(), arena.kernels, arena.kernels_version)?;
    let row = |out: &mut dyn Write, what: &str, bytes: u64| {
        writeln!(out, "  {what:<34}{:>12} B", format::count(bytes))
    };
    match arena.minimum_bytes {
        Some(minimum) => row(out, "smallest that allocates", minimum)?,
        None => writeln!(out, "  {:<34}{:>12}", "smallest that allocates", "–")?,
    }
    row(out, "used after allocation", arena.used_bytes)?;
    row(out, "  head: tensors and scratch", arena.nonpersistent_bytes)?;
    row(out, "  tail: persistent", arena.persistent_bytes)?;
    row(out, "recommended (next full KiB)", arena.recommended_bytes)?;
    row(out, "lower bound of the head", arena.lower_bound_bytes)?;
    if let Some(peak) = arena.peak_operator {
        writeln!(out, "  most bytes are alive at operator #{peak}")?;
    }
    if let Some(own) = &inspection.emberlab_arena {
        writeln!(out, "\nArena of Emberlab's own runtime, any chip")?;
        row(out, "smallest that works", own.minimum_bytes.unwrap_or(own.used_bytes))?;
        row(out, "used after preparation", own.used_bytes)?;
    }
    Ok(())
}

/// Text of a file on one line, without control characters that a terminal would act on.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
