//! Lines of the runs that are drawn, kept while nothing has changed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::figures::ShownRun;
use super::lines::{LineRequest, RunLines};
use crate::document::TabId;
use crate::project::OpenProject;
use crate::project::train::Phase;
use crate::theme::Theme;

/// Lines of runs with what they were made of.
#[derive(Default)]
pub struct LineCache {
    tab: Option<TabId>,
    runs: BTreeMap<u32, Known>,
    /// Grows whenever lines have changed.
    pub changes: u64,
}

struct Known {
    revision: u64,
    request: LineRequest,
    lines: RunLines,
    made: Instant,
    took: Duration,
}

/// Lines of a run that goes on are made anew so seldom that this takes at most one part in so many of the time.
const SHARE: u32 = 10;

impl LineCache {
    /// Makes the lines of all runs that are shown; `request` lacks the steps of an epoch, which each run has its own.
    pub fn refresh(&mut self, tab: TabId, open: &OpenProject, request: LineRequest) {
        if self.tab != Some(tab) {
            self.runs.clear();
            self.tab = Some(tab);
            self.changes += 1;
        }
        self.runs.retain(|run, _| open.project.run(*run).is_some());
        for record in open.project.runs.iter().filter(|record| is_shown(open, record.number)) {
            let Some(measured) = open.train.measured.get(&record.number) else { continue };
            let request = LineRequest { steps_per_epoch: measured.steps_per_epoch, ..request };
            let known = self.runs.get(&record.number);
            if known.is_some_and(|known| known.revision == measured.revision && known.request == request) {
                continue;
            }
            let live = open.train.live_run(record.number);
            let is_live = live.is_some_and(|live| live.phase == Phase::Running);
            let is_young =
                |known: &Known| known.request == request && known.made.elapsed() < known.took * SHARE;
            // What is left out now comes with a later frame: while the run goes on there are many.
            if is_live && known.is_some_and(is_young) {
                continue;
            }
            let made = Instant::now();
            let lines = RunLines::new(&measured.history, &request);
            let took = made.elapsed();
            self.changes += 1;
            self.runs
                .insert(record.number, Known { revision: measured.revision, request, lines, made, took });
        }
    }

    /// The runs that are drawn, the selected one last.
    pub fn shown<'a>(&'a self, open: &'a OpenProject, theme: &Theme) -> Vec<ShownRun<'a>> {
        let selected = open.train.selected.or(open.project.runs.last().map(|record| record.number));
        let records = open.project.runs.iter().filter(|record| is_shown(open, record.number));
        let mut shown: Vec<ShownRun<'a>> = records
            .filter_map(|record| {
                Some(ShownRun {
                    number: record.number,
                    name: &record.name,
                    colour: theme.series[record.colour as usize % theme.series.len()],
                    selected: selected == Some(record.number),
                    lines: &self.runs.get(&record.number)?.lines,
                })
            })
            .collect();
        shown.sort_by_key(|run| run.selected);
        shown
    }
}

/// The run is drawn: it was not hidden, or it is the one that is looked at.
fn is_shown(open: &OpenProject, run: u32) -> bool {
    let is_hidden = open.project.run(run).is_none_or(|record| record.hidden);
    !is_hidden || open.train.live_run(run).is_some()
}
