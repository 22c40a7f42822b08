//! Which recordings train, validate and test.

use std::collections::BTreeMap;

use egui::Ui;
use emberlab_core::dataset::{Dataset, Part, Rule, Split, group_kinds};

use super::number_field;
use crate::command::Command;
use crate::panels::PanelContext;
use crate::project::{DataCommand, OpenProject};
use crate::theme::Theme;
use crate::theme::text;
use crate::theme::widgets::{check_input, check_inputs, choice_input, field, section};

/// Groups that are listed to choose from.
const MOST_GROUPS: usize = 200;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Share,
    Groups,
    Fold,
    End,
}

/// The groups of a set by their kinds: sorting many names takes too long for every frame.
#[derive(Default)]
pub(super) struct Groups {
    reading: u64,
    of: BTreeMap<String, Vec<String>>,
}

impl Groups {
    fn of(&mut self, dataset: &Dataset, kind: &str) -> &[String] {
        self.of.entry(kind.to_owned()).or_insert_with(|| groups(dataset, kind))
    }
}

pub(super) fn split_ui(
    ui: &mut Ui,
    known: &mut Groups,
    open: &OpenProject,
    dataset: &Dataset,
    ctx: &mut PanelContext<'_>,
) {
    if known.reading != open.data.reading() {
        *known = Groups { reading: open.data.reading(), ..Groups::default() };
    }
    let theme = ctx.theme;
    let mut split = open.project.split.clone();
    section(ui, theme, "Split", "", |ui| {
        let fixed = dataset.recordings.iter().any(|recording| recording.part.is_some());
        if fixed {
            check_input(ui, theme, "Keep the parts that files fix", &mut split.keep_fixed);
        }
        let tests_are_fixed =
            split.keep_fixed && dataset.recordings.iter().any(|recording| recording.part == Some(Part::Test));
        if tests_are_fixed {
            field(ui, theme, "Test", |ui| {
                ui.label(text::cell("as the files say").color(theme.text.text_1));
            });
        } else {
            rule_ui(ui, theme, "Test", &mut split.test, dataset, known);
        }
        rule_ui(ui, theme, "Validation", &mut split.validation, dataset, known);
        let shares = [&split.test, &split.validation].iter().any(|rule| matches!(rule, Rule::Share { .. }));
        if shares {
            field(ui, theme, "Keep together", |ui| {
                let nothing = (None, "nothing".to_owned());
                let kinds = group_kinds(dataset).into_iter().filter(|kind| kind != "recording");
                let kinds = kinds.map(|kind| (Some(kind.clone()), format!("each {kind}")));
                let choices: Vec<(Option<String>, String)> = std::iter::once(nothing).chain(kinds).collect();
                choice_input(ui, theme, "Keep together", &mut split.together, &choices);
            });
            if split.together.is_none() && dataset.classes.len() > 1 {
                check_input(ui, theme, "Same share of every class", &mut split.stratified);
            }
            let largest = u64::from(u32::MAX);
            if let Some(seed) = number_field(ui, theme, "Seed", split.seed, 0..=largest, 0.1, "") {
                split.seed = seed;
            }
        }
    });
    if split != open.project.split {
        ctx.send(Command::Data(DataCommand::SetSplit(Box::new(split), "split")));
    }
}

fn rule_ui(
    ui: &mut Ui,
    theme: &Theme,
    label: &'static str,
    rule: &mut Rule,
    dataset: &Dataset,
    known: &mut Groups,
) {
    let before = match rule {
        Rule::None => Kind::None,
        Rule::Share { .. } => Kind::Share,
        Rule::Groups { .. } => Kind::Groups,
        Rule::Fold { .. } => Kind::Fold,
        Rule::End { .. } => Kind::End,
    };
    let kinds = group_kinds(dataset);
    let mut kind = before;
    field(ui, theme, label, |ui| {
        let choices = [
            (Kind::None, "none"),
            (Kind::Share, "a share"),
            (Kind::Groups, "some groups"),
            (Kind::Fold, "one of several folds"),
            (Kind::End, "the end of each"),
        ];
        let choices = choices.map(|(choice, label)| (choice, label.to_owned()));
        choice_input(ui, theme, label, &mut kind, &choices);
    });
    if kind != before {
        let first = kinds.first().cloned().unwrap_or_default();
        *rule = match kind {
            Kind::None => Rule::None,
            Kind::Share => Rule::Share { share: 0.2 },
            Kind::Groups => {
                let groups = known.of(dataset, &first).first().cloned().into_iter().collect();
                Rule::Groups { kind: first, groups }
            }
            Kind::Fold => {
                let folds = known.of(dataset, &first).len().clamp(2, 5);
                Rule::Fold { kind: first, folds, fold: 0 }
            }
            Kind::End => Rule::End { share: 0.2 },
        };
        return;
    }
    match rule {
        Rule::None => {}
        Rule::Share { share } | Rule::End { share } => {
            let percent = (*share * 1000.0).round() / 10.0;
            if let Some(new) = number_field(ui, theme, "Share", percent, 0.0..=90.0, 0.2, " %") {
                *share = new / 100.0;
            }
        }
        Rule::Groups { kind, groups: chosen } => {
            if kind_ui(ui, theme, label, kind, &kinds) {
                *chosen = known.of(dataset, kind).first().cloned().into_iter().collect();
            }
            let all = known.of(dataset, kind);
            let shown = &all[..all.len().min(MOST_GROUPS)];
            let boxes: Vec<(String, bool)> =
                shown.iter().map(|group| (group.clone(), chosen.contains(group))).collect();
            if let Some(group) = check_inputs(ui, theme, &boxes).map(|place| &shown[place]) {
                if chosen.contains(group) {
                    chosen.retain(|known| known != group);
                } else {
                    chosen.push(group.clone());
                }
            }
        }
        Rule::Fold { kind, folds, fold } => {
            kind_ui(ui, theme, label, kind, &kinds);
            let n_groups = known.of(dataset, kind).len().max(2);
            if let Some(new) = number_field(ui, theme, "Folds", *folds, 2..=n_groups, 0.05, "") {
                *folds = new;
                *fold = (*fold).min(new - 1);
            }
            if let Some(new) = number_field(ui, theme, "This one", *fold + 1, 1..=*folds, 0.05, "") {
                *fold = new - 1;
            }
        }
    }
}

fn kind_ui(ui: &mut Ui, theme: &Theme, label: &str, kind: &mut String, kinds: &[String]) -> bool {
    field(ui, theme, "Groups are", |ui| {
        let choices: Vec<(String, String)> =
            kinds.iter().map(|kind| (kind.clone(), format!("each {kind}"))).collect();
        choice_input(ui, theme, &format!("{label}, groups"), kind, &choices)
    })
}

/// The groups of a kind that the split can name.
fn groups(dataset: &Dataset, kind: &str) -> Vec<String> {
    match dataset.group_kind(kind) {
        Some(number) => dataset.groups(number).iter().map(|group| group.to_string()).collect(),
        None if kind == "file" => {
            let mut files: Vec<String> =
                dataset.recordings.iter().map(|recording| recording.origin.file.to_string()).collect();
            files.sort();
            files.dedup();
            files
        }
        None => (0..dataset.recordings.len()).map(|index| index.to_string()).collect(),
    }
}

/// The split with groups of a kind kept together.
pub(super) fn kept_together(split: &Split, kind: &str) -> Split {
    Split { together: Some(kind.to_owned()), ..split.clone() }
}
