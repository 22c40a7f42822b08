//! `emberlab templates`: networks to begin with.

use std::io::Write;

use emberlab_core::layers::shapes;
use emberlab_core::layers::templates::{ALL, DataKind, Template};
use serde::Serialize;

use super::{Failure, Outcome, written};
use crate::theme::format;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct TemplateFacts {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    data: &'static str,
    preparation: &'static str,
    inputs: Vec<Vec<usize>>,
    outputs: usize,
    parameters: u64,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Outcome, Failure> {
    let facts: Vec<TemplateFacts> = ALL.iter().map(facts).collect();
    if arguments.json {
        let json = serde_json::to_string_pretty(&facts)
            .map_err(|error| Failure(format!("cannot write the result as JSON: {error}")))?;
        written(writeln!(out, "{json}"))?;
    } else {
        written(print_text(&facts, out))?;
    }
    Ok(Outcome::Done)
}

fn facts(template: &Template) -> TemplateFacts {
    let sizes = (template.sizes)();
    let parameters = shapes(&template.graph(&sizes)).parameters().total();
    TemplateFacts {
        name: template.id,
        title: template.title,
        description: template.description,
        data: data_word(template.data),
        preparation: template.preparation,
        inputs: sizes.inputs,
        outputs: sizes.outputs,
        parameters,
    }
}

/// What kind of samples a network takes, in one word for scripts.
fn data_word(data: DataKind) -> &'static str {
    match data {
        DataKind::Function => "function",
        DataKind::Rows => "rows",
        DataKind::Series => "series",
        DataKind::Sound => "sound",
        DataKind::Pictures => "pictures",
        DataKind::SoundAndMotion => "sound-and-motion",
    }
}

fn print_text(facts: &[TemplateFacts], out: &mut impl Write) -> std::io::Result<()> {
    let width = facts.iter().map(|template| template.name.len()).max().unwrap_or(0);
    for template in facts {
        let shape = |shape: &Vec<usize>| shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
        let inputs = template.inputs.iter().map(shape).collect::<Vec<_>>().join(" and ");
        let parameters = format::counted(template.parameters, "parameter", "parameters");
        writeln!(out, "{:<width$}  {}", template.name, template.description)?;
        writeln!(out, "{:<width$}  {inputs} in, {} out, {parameters}", "", template.outputs)?;
    }
    writeln!(out, "\nMake a project of one: emberlab new PROJECT --template NAME --data PATH")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(json: bool) -> String {
        let mut out = Vec::new();
        run(&Arguments { json }, &mut out).map_err(|Failure(message)| message).expect("nothing can fail");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn every_template_is_listed_with_its_size() {
        let text = output(false);
        for template in ALL {
            assert!(text.lines().any(|line| line.starts_with(template.id)), "{}", template.id);
        }
        assert!(text.contains("28×28×1 in, 10 out"), "{text}");
    }

    #[test]
    fn scripts_get_a_list() {
        let list: Vec<serde_json::Value> = serde_json::from_str(&output(true)).expect("a list");
        assert_eq!(list.len(), ALL.len());
        let dense =
            list.iter().find(|template| template["name"] == "digits-dense").expect("it ships with the app");
        // 784 * 64 + 64 + 64 * 64 + 64 + 64 * 10 + 10
        assert_eq!(dense["parameters"], 55_050);
    }
}
