//! How files are read: the guess, other guesses, and the options of a format.

use egui::Ui;
use emberlab_core::dataset::{
    Column, FileLabel, Format, Generated, ListOptions, Naming, SeriesOptions, TextTable, TimeColumn, TimeUnit,
};

use super::number_field;
use crate::command::Command;
use crate::jobs::Loaded;
use crate::panels::PanelContext;
use crate::project::{DataCommand, OpenProject};
use crate::theme::Theme;
use crate::theme::text;
use crate::theme::widgets::{check_input, choice_input, field, section, text_input};

/// Texts while somebody types in them; they are taken once the field is left.
#[derive(Default)]
pub(super) struct FormatView {
    /// The format that the texts are of.
    of: Option<Format>,
    texts: std::collections::BTreeMap<&'static str, String>,
}

impl FormatView {
    pub(super) fn ui(
        &mut self,
        ui: &mut Ui,
        open: &OpenProject,
        loaded: &Loaded,
        ctx: &mut PanelContext<'_>,
    ) {
        let theme = ctx.theme;
        let Some(format) = open.project.data.as_ref().and_then(|reference| reference.reading.clone()) else {
            return;
        };
        if self.of.as_ref() != Some(&format) {
            *self = Self { of: Some(format.clone()), ..Self::default() };
        }
        let mut new = format.clone();
        section(ui, theme, "Format", "", |ui| {
            guesses_ui(ui, theme, loaded, &mut new);
            match &mut new {
                Format::Idx(_)
                | Format::Pictures(_)
                | Format::Sound(_)
                | Format::Arrays(_)
                | Format::Log(_) => {}
                Format::Rows(options) => {
                    self.table_ui(ui, theme, &mut options.table);
                    self.column_ui(ui, theme, "Label", &mut options.label);
                    self.columns_ui(ui, theme, "Predict", &mut options.targets);
                    self.columns_ui(ui, theme, "Groups", &mut options.groups);
                    self.columns_ui(ui, theme, "Numbers", &mut options.values);
                }
                Format::Series(options) => {
                    self.table_ui(ui, theme, &mut options.table);
                    self.series_ui(ui, theme, options);
                }
                Format::List(options) => {
                    self.table_ui(ui, theme, &mut options.table);
                    self.list_ui(ui, theme, options);
                }
                Format::Generated(generated) => generated_ui(ui, theme, generated),
            }
            match &mut new {
                Format::Rows(options) => self.naming_ui(ui, theme, &mut options.naming),
                Format::Series(options) => self.naming_ui(ui, theme, &mut options.naming),
                Format::Sound(options) => self.naming_ui(ui, theme, &mut options.naming),
                Format::Pictures(options) => {
                    self.naming_ui(ui, theme, &mut options.naming);
                    side_ui(ui, theme, &mut options.largest_side);
                }
                Format::List(options) => {
                    if options.label.is_none() && options.targets.is_empty() {
                        self.naming_ui(ui, theme, &mut options.naming);
                    }
                    side_ui(ui, theme, &mut options.largest_side);
                }
                Format::Log(options) => {
                    self.text_ui(ui, theme, "Separator", &mut options.separator, "empty line");
                    rate_ui(ui, theme, &mut options.rate_hz);
                    self.naming_ui(ui, theme, &mut options.naming);
                }
                Format::Arrays(options) => {
                    check_input(ui, theme, "Samples are signals over time", &mut options.series);
                    if options.series {
                        rate_ui(ui, theme, &mut options.rate_hz);
                    }
                }
                Format::Idx(_) | Format::Generated(_) => {}
            }
        });
        if new == format {
            return;
        }
        match new {
            Format::Generated(generated) => ctx.send(Command::Data(DataCommand::Generate(generated))),
            new => ctx.send(Command::Data(DataCommand::SetFormat(Box::new(new)))),
        }
    }

    /// A text that is taken when the field is left or Enter is pressed.
    fn text_ui(&mut self, ui: &mut Ui, theme: &Theme, label: &'static str, value: &mut String, hint: &str) {
        let text = self.texts.entry(label).or_insert_with(|| value.clone());
        let response = field(ui, theme, label, |ui| text_input(ui, theme, label, text, hint));
        if response.lost_focus() && *text != *value {
            value.clone_from(text);
        }
    }

    fn table_ui(&mut self, ui: &mut Ui, theme: &Theme, table: &mut TextTable) {
        field(ui, theme, "Separated by", |ui| {
            let choices = [(',', "comma"), (';', "semicolon"), ('\t', "tab"), (' ', "spaces"), ('|', "bar")];
            let choices = choices.map(|(choice, label)| (choice, label.to_owned()));
            choice_input(ui, theme, "Separated by", &mut table.delimiter, &choices);
        });
        check_input(ui, theme, "First line has names", &mut table.header);
        if let Some(lines) = number_field(ui, theme, "Skip lines", table.skip_lines, 0..=10_000, 0.1, "") {
            table.skip_lines = lines;
        }
    }

    fn series_ui(&mut self, ui: &mut Ui, theme: &Theme, options: &mut SeriesOptions) {
        self.column_ui(ui, theme, "Label", &mut options.label);
        let mut time = options.time.as_ref().map(|time| time.column.clone());
        self.column_ui(ui, theme, "Time", &mut time);
        let unit = options.time.as_ref().map_or(TimeUnit::Seconds, |time| time.unit);
        let mut new_unit = unit;
        if time.is_some() {
            field(ui, theme, "Time counts", |ui| {
                let choices = TimeUnit::ALL.map(|unit| (unit, unit.label().to_owned()));
                choice_input(ui, theme, "Time counts", &mut new_unit, &choices);
            });
        }
        options.time = time.map(|column| TimeColumn { column, unit: new_unit });
        if options.time.is_some() && options.rate_hz.is_none() {
            check_input(ui, theme, "Take rows as even steps", &mut options.rows_are_steps);
        }
        rate_ui(ui, theme, &mut options.rate_hz);
        self.columns_ui(ui, theme, "Groups", &mut options.groups);
        self.columns_ui(ui, theme, "Channels", &mut options.values);
        check_input(ui, theme, "A change of label starts a recording", &mut options.split_at_label);
    }

    fn list_ui(&mut self, ui: &mut Ui, theme: &Theme, options: &mut ListOptions) {
        let mut path = Some(options.path.clone());
        self.column_ui(ui, theme, "Files", &mut path);
        // A list without its files is none: an empty field keeps the column.
        if let Some(path) = path {
            options.path = path;
        }
        self.text_ui(ui, theme, "Folder", &mut options.folder, "none before the paths");
        self.column_ui(ui, theme, "Label", &mut options.label);
        self.columns_ui(ui, theme, "Predict", &mut options.targets);
        self.columns_ui(ui, theme, "Groups", &mut options.groups);
        self.column_ui(ui, theme, "Part", &mut options.part);
    }

    /// A column by name, or by number with `#` before it; empty for none.
    fn column_ui(&mut self, ui: &mut Ui, theme: &Theme, label: &'static str, column: &mut Option<Column>) {
        let mut text = column.as_ref().map(column_text).unwrap_or_default();
        let before = text.clone();
        self.text_ui(ui, theme, label, &mut text, "none");
        if text != before {
            *column = column_from_text(&text);
        }
    }

    fn columns_ui(&mut self, ui: &mut Ui, theme: &Theme, label: &'static str, columns: &mut Vec<Column>) {
        let mut text = columns.iter().map(column_text).collect::<Vec<_>>().join(", ");
        let before = text.clone();
        let hint = if matches!(label, "Numbers" | "Channels") { "all others" } else { "none" };
        self.text_ui(ui, theme, label, &mut text, hint);
        if text != before {
            *columns = text.split(',').filter_map(column_from_text).collect();
        }
    }

    fn naming_ui(&mut self, ui: &mut Ui, theme: &Theme, naming: &mut Naming) {
        field(ui, theme, "Label from", |ui| {
            let choices = [
                (FileLabel::Nothing, "nothing of the name"),
                (FileLabel::Folder, "the folder"),
                (FileLabel::FileName, "the file name"),
            ];
            let choices = choices.map(|(choice, label)| (choice, label.to_owned()));
            choice_input(ui, theme, "Label from", &mut naming.label, &choices);
        });
        let hint = "no pattern, such as {label}_{speaker}";
        self.text_ui(ui, theme, "Names are", &mut naming.pattern, hint);
        check_input(ui, theme, "Folders train and test fix the part", &mut naming.parts);
    }
}

fn guesses_ui(ui: &mut Ui, theme: &Theme, loaded: &Loaded, format: &mut Format) {
    if loaded.guesses.is_empty() {
        field(ui, theme, "Read as", |ui| {
            ui.label(text::cell(format.label()).color(theme.text.text_1));
        });
        return;
    }
    // Two ways to read tables have one name; what was chosen by hand stays as it is.
    let label_of = |format: &Format| format.label().to_owned();
    let mut choices: Vec<(Format, String)> =
        loaded.guesses.iter().map(|guess| (guess.format.clone(), label_of(&guess.format))).collect();
    let is_same_kind = |known: &Format| std::mem::discriminant(known) == std::mem::discriminant(format);
    if let Some(place) = choices.iter().position(|(known, _)| is_same_kind(known)) {
        choices[place].0 = format.clone();
    } else {
        choices.insert(0, (format.clone(), label_of(format)));
    }
    field(ui, theme, "Read as", |ui| {
        choice_input(ui, theme, "Read as", format, &choices);
    });
    let guess = loaded
        .guesses
        .iter()
        .find(|guess| std::mem::discriminant(&guess.format) == std::mem::discriminant(&*format));
    if let Some(guess) = guess {
        ui.add(egui::Label::new(text::small(&guess.reason).color(theme.text.text_3)).wrap());
    }
}

fn generated_ui(ui: &mut Ui, theme: &Theme, generated: &mut Generated) {
    if let Some(count) = number_field(ui, theme, "Of each class", generated.count, 2..=20_000, 1.0, "") {
        generated.count = count;
    }
    let largest = u64::from(u32::MAX);
    if let Some(seed) = number_field(ui, theme, "Seed", generated.seed, 0..=largest, 0.1, "") {
        generated.seed = seed;
    }
}

fn rate_ui(ui: &mut Ui, theme: &Theme, rate_hz: &mut Option<f64>) {
    let rate = rate_hz.unwrap_or(0.0);
    if let Some(rate) = number_field(ui, theme, "Rate", rate, 0.0..=1_000_000.0, 1.0, " Hz") {
        *rate_hz = (rate > 0.0).then_some(rate);
    }
}

fn side_ui(ui: &mut Ui, theme: &Theme, side: &mut usize) {
    if let Some(chosen) = number_field(ui, theme, "Largest side", *side, 16..=4096, 1.0, " px") {
        *side = chosen;
    }
}

fn column_text(column: &Column) -> String {
    match column {
        Column::Index(index) => format!("#{index}"),
        Column::Name(name) => name.clone(),
    }
}

fn column_from_text(text: &str) -> Option<Column> {
    let text = text.trim();
    match text.strip_prefix('#').and_then(|number| number.parse().ok()) {
        Some(index) => Some(Column::Index(index)),
        None => (!text.is_empty()).then(|| Column::Name(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_or_numbered() {
        for column in [Column::Index(3), Column::Index(-1), Column::Name("acc x".to_owned())] {
            assert_eq!(column_from_text(&column_text(&column)), Some(column));
        }
        assert_eq!(column_from_text("  "), None);
        assert_eq!(column_from_text("#x"), Some(Column::Name("#x".to_owned())));
    }
}
