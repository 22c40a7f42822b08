//! What the pictures show: the measurement, or a recording that was opened again.

use std::collections::BTreeMap;

use emberlab_core::bench::{Histogram, History};
use emberlab_core::link::Summary;

use super::quantity::Quantity;
use crate::board::{BoardRun, BoardState, OpenRecording, Series};
use crate::document::{Document, OpenModel, Tab, TabContent};

/// What the pictures show.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// Invocations.
    pub history: &'a History,
    /// What their numbers are.
    pub quantity: Quantity,
    /// Up to where they go.
    pub end_micros: u64,
    /// Numbers in text by their names.
    pub series: &'a BTreeMap<String, Series>,
    /// More comes.
    pub is_live: bool,
    /// The measurement; `None` for a recording.
    pub run: Option<&'a BoardRun>,
    /// Name of the recording.
    pub name: Option<&'a str>,
}

/// What invocations come to.
#[derive(Clone, Copy)]
pub struct Numbers<'a> {
    /// Smallest, middle and largest.
    pub summary: &'a Summary,
    /// How often which value occurs.
    pub histogram: &'a Histogram,
}

/// The numbers of a recording, made once.
#[derive(Default)]
pub struct RecordingNumbers {
    known: Option<(String, u64, Option<SummaryAndHistogram>)>,
}

/// What the samples of a recording come to.
type SummaryAndHistogram = (Summary, Histogram);

/// Bins of a histogram.
const BINS: usize = 48;

impl<'a> Shown<'a> {
    /// What there is to show.
    pub fn of(board: &'a BoardState) -> Option<Self> {
        if let Some(OpenRecording { name, counting, history, series }) = &board.opened {
            let end_micros = history.last().map_or(0, |sample| sample.at_micros).max(last_number(series));
            let name = Some(name.as_str());
            let quantity = Quantity::from(*counting);
            return Some(Self { history, quantity, end_micros, series, is_live: false, run: None, name });
        }
        let run = board.run.as_deref()?;
        let last = run.history.last().map_or(0, |sample| sample.at_micros);
        // Text may go on when invocations do not.
        let now = if run.is_open { run.now_micros } else { last.max(last_number(&run.series)) };
        Some(Self {
            history: &run.history,
            quantity: Quantity::of(run),
            end_micros: run.paused_at.unwrap_or(now),
            series: &run.series,
            is_live: run.is_open,
            run: Some(run),
            name: None,
        })
    }

    /// Only numbers in text were there: firmware of others, of which nothing but a plot is known.
    pub fn is_plain(&self) -> bool {
        let has_link = self.run.is_some_and(|run| run.model.is_some() || run.board.is_some());
        !has_link && self.history.samples().is_empty() && !self.series.is_empty()
    }

    /// What the invocations come to.
    pub fn numbers(&self, recording: &'a mut RecordingNumbers) -> Option<Numbers<'a>> {
        if let Some(run) = self.run {
            let figures = run.figures.as_ref()?;
            return Some(Numbers { summary: &figures.cycles, histogram: &figures.histogram });
        }
        let (name, total) = (self.name.unwrap_or_default(), self.history.total());
        let is_known = matches!(&recording.known, Some((known, of, _)) if known == name && *of == total);
        if !is_known {
            let summary = self.history.summary(|sample| sample.cycles);
            let histogram = self.history.histogram(BINS, |sample| sample.cycles);
            recording.known = Some((name.to_owned(), total, summary.zip(histogram)));
        }
        let (summary, histogram) = recording.known.as_ref()?.2.as_ref()?;
        Some(Numbers { summary, histogram })
    }
}

/// When the latest text with numbers came.
fn last_number(series: &BTreeMap<String, Series>) -> u64 {
    series.values().filter_map(|series| series.points.back()).map(|(at, _)| *at).max().unwrap_or(0)
}

/// The tab and the model that are measured, where they are open as they were then.
pub fn measured_model<'a>(document: &'a Document, run: &BoardRun) -> Option<(&'a Tab, &'a OpenModel)> {
    let (id, revision) = run.tab?;
    let tab = document.tab(id).filter(|tab| tab.revision == revision)?;
    match &tab.content {
        TabContent::Model(open) => Some((tab, open)),
        TabContent::Loading | TabContent::Failed(_) => None,
    }
}
