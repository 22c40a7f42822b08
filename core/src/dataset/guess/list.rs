//! Tables that list pictures or sounds.

use std::collections::BTreeSet;

use super::look::{ColumnLook, Look, look};
use super::names;
use super::tables::{GROUP_WORDS, LABEL_WORDS, LOOKED_AT, TARGET_WORDS};
use crate::dataset::read::list::{Directory, Found, is_listable};
use crate::dataset::read::naming::part_in_words;
use crate::dataset::read::rows::TABLES;
use crate::dataset::{
    Column, FileEntry, FileLabel, Files, Format, Guess, ListOptions, Naming, Selection, TextTable,
};

/// More different texts than classes have.
const MOST_CLASSES: usize = 200;

pub(super) fn guess(files: &dyn Files) -> Option<Guess> {
    let entries = files.entries();
    let is_table = |entry: &FileEntry| TABLES.contains(&entry.extension().as_str());
    let tables = (0..entries.len()).filter(|index| is_table(&entries[*index]));
    let tables: Vec<usize> = tables.take(LOOKED_AT + 1).collect();
    // Sets of many tables are recordings, not lists.
    if tables.is_empty() || tables.len() > LOOKED_AT {
        return None;
    }
    let directory = Directory::new(entries);
    let looks: Vec<Look<'_>> = tables.iter().filter_map(|index| look(files, *index)).collect();
    let lists: Vec<List<'_, '_>> = looks.iter().filter_map(|look| List::new(look, &directory)).collect();
    let first = lists.first()?;
    let is_alike = |list: &&List<'_, '_>| {
        list.path == first.path && list.table() == first.table() && list.look.header == first.look.header
            || list.is_headless && first.is_headless && list.path == first.path
    };
    let alike: Vec<&List<'_, '_>> = lists.iter().filter(is_alike).collect();
    let paths: BTreeSet<&str> = alike.iter().map(|list| list.look.entry.path.as_str()).collect();
    let extension = first.look.entry.extension();
    let others = tables.iter().map(|index| &entries[*index]);
    let leave_out = others
        .filter(|entry| entry.extension() == extension && !paths.contains(entry.path.as_str()))
        .map(|entry| entry.path.clone());
    let files = Selection { extensions: vec![extension.clone()], leave_out: leave_out.collect() };
    let n_found = first.n_listed(&directory, entries);
    Some(first.guess(files, alike.len(), n_found, entries))
}

/// A table that lists files.
struct List<'l, 'f> {
    look: &'l Look<'f>,
    path: usize,
    /// What seemed to be names of columns lists a file.
    is_headless: bool,
}

impl<'l, 'f> List<'l, 'f> {
    /// `None` if no column of the table seems to list files.
    fn new(look: &'l Look<'f>, directory: &Directory<'_>) -> Option<Self> {
        let is_there = |text: &String| !matches!(directory.find(look.entry, "", text), Found::Missing);
        let most = |column: &ColumnLook, is_path: &dyn Fn(&String) -> bool| {
            let n_paths = column.texts.keys().filter(|text| is_path(text)).count();
            n_paths * 5 >= column.texts.len() * 4 && n_paths > 0
        };
        let columns = || look.columns.iter().enumerate();
        let by_ending = columns().find(|(_, column)| most(column, &|text| is_listable(text)));
        // Names without their endings must be those of files; one could be so by chance.
        let (path, _) = by_ending.or_else(|| {
            columns()
                .find(|(_, column)| column.texts.len() > 1 && column.n_texts > 0 && most(column, &is_there))
        })?;
        let is_headless = look.header.iter().any(|name| is_listable(name));
        Some(Self { look, path, is_headless })
    }

    fn table(&self) -> TextTable {
        TextTable { header: self.look.table.header && !self.is_headless, ..self.look.table.clone() }
    }

    fn column(&self, index: usize) -> Column {
        if self.is_headless { Column::Index(index as i32) } else { self.look.column(index) }
    }

    fn has_word(&self, index: usize, words: &[&str]) -> bool {
        !self.is_headless && self.look.has_word(index, words)
    }

    /// The files that tables of this kind can list: all where those of the start are there.
    fn n_listed(&self, directory: &Directory<'_>, entries: &[FileEntry]) -> usize {
        let texts = &self.look.columns[self.path].texts;
        let is_there = |text: &&String| matches!(directory.find(self.look.entry, "", text), Found::File(_));
        let n_there = texts.keys().filter(is_there).count();
        let n_files = entries.iter().filter(|entry| is_listable(&entry.path)).count();
        if n_there * 2 >= texts.len() { n_files } else { n_there }
    }

    fn guess(&self, files: Selection, n_tables: usize, n_found: usize, entries: &[FileEntry]) -> Guess {
        let columns = &self.look.columns;
        let others = || (0..columns.len()).filter(|index| *index != self.path);
        let is_part = |index: &usize| {
            let texts = &columns[*index].texts;
            !texts.is_empty() && texts.keys().all(|text| part_in_words(text).is_some())
        };
        let part = others().find(is_part);
        let free = || others().filter(|index| Some(*index) != part);
        let groups: Vec<usize> = free().filter(|index| self.has_word(*index, &GROUP_WORDS)).collect();
        let free = || free().filter(|index| !groups.contains(index));
        // Classes come again, at least in the long run.
        let is_few = |index: &usize| {
            let n_texts = columns[*index].texts.len();
            n_texts < MOST_CLASSES && (n_texts * 2 <= self.look.n_rows || self.look.n_rows < 10)
        };
        let is_whole = |index: &usize| columns[*index].numbers.iter().all(|number| number.fract() == 0.0);
        let named = free().filter(is_few).filter(is_whole).find(|index| self.has_word(*index, &LABEL_WORDS));
        let texts = || free().filter(is_few).find(|index| columns[*index].n_texts > 0);
        let numbers = || {
            let mut numbers = free().filter(|index| columns[*index].is_number());
            numbers.next().filter(|index| is_few(index) && is_whole(index) && numbers.next().is_none())
        };
        let label = named.or_else(texts).or_else(numbers);
        let is_target = |index: &usize| columns[*index].is_number() && self.has_word(*index, &TARGET_WORDS);
        let targets: Vec<usize> = free().filter(|index| label.is_none() && is_target(index)).collect();
        let listed: Vec<&FileEntry> = entries.iter().filter(|entry| is_listable(&entry.path)).collect();
        let is_labelled = label.is_some() || !targets.is_empty();
        let (naming, said) = if is_labelled {
            (Naming::default(), String::new())
        } else {
            names::guess(&listed, names::Groups::None, true).unwrap_or_default()
        };
        let said = match label {
            Some(label) => format!("{} has the label", self.column(label)),
            None if !targets.is_empty() => format!("{} to be predicted", targets.len()),
            None if naming.label == FileLabel::Nothing => "no column seems to have a label".to_owned(),
            None => said,
        };
        let all = |indices: &[usize]| indices.iter().map(|index| self.column(*index)).collect();
        let path = self.column(self.path);
        let tables =
            if n_tables == 1 { "1 table lists".to_owned() } else { format!("{n_tables} tables list") };
        let reason = format!("{tables} files in {path}, {said}");
        let options = ListOptions {
            files,
            table: self.table(),
            path,
            label: label.map(|index| self.column(index)),
            targets: all(&targets),
            groups: all(&groups),
            part: part.map(|index| self.column(index)),
            naming,
            ..ListOptions::default()
        };
        Guess { format: Format::List(options), reason, n_files: n_found + n_tables }
    }
}
