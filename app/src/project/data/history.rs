//! Steps back and forward through the settings of the data.

use std::time::{Duration, Instant};

use emberlab_core::dataset::{Preparation, Split};
use emberlab_core::project::{DataReference, Project};

/// Changes of one control that follow one another this fast are one step.
const ONE_STEP: Duration = Duration::from_millis(900);

/// Everything about the data that can be undone.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSettings {
    /// Where they are and how they are read.
    pub data: Option<DataReference>,
    /// How samples come out of them.
    pub preparation: Preparation,
    /// How they are divided.
    pub split: Split,
}

/// Settings before and after the present ones.
#[derive(Debug, Default)]
pub(super) struct History {
    before: Vec<DataSettings>,
    after: Vec<DataSettings>,
    latest: Option<(&'static str, Instant)>,
}

impl DataSettings {
    fn of(project: &Project) -> Self {
        Self {
            data: project.data.clone(),
            preparation: project.preparation.clone(),
            split: project.split.clone(),
        }
    }

    fn put(self, project: &mut Project) {
        project.data = self.data;
        project.preparation = self.preparation;
        project.split = self.split;
    }
}

impl History {
    /// Keeps the settings before a change by `control`.
    pub(super) fn note(&mut self, project: &Project, control: &'static str) {
        let now = Instant::now();
        let goes_on = self.latest.is_some_and(|(latest, at)| latest == control && now - at < ONE_STEP);
        self.latest = Some((control, now));
        self.after.clear();
        if !goes_on || self.before.is_empty() {
            self.before.push(DataSettings::of(project));
        }
    }

    pub(super) fn undo(&mut self, project: &mut Project) {
        if let Some(settings) = self.before.pop() {
            self.after.push(DataSettings::of(project));
            self.latest = None;
            settings.put(project);
        }
    }

    pub(super) fn redo(&mut self, project: &mut Project) {
        if let Some(settings) = self.after.pop() {
            self.before.push(DataSettings::of(project));
            self.latest = None;
            settings.put(project);
        }
    }

    pub(super) fn can_undo(&self) -> bool {
        !self.before.is_empty()
    }

    pub(super) fn can_redo(&self) -> bool {
        !self.after.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_seed(seed: u64) -> Project {
        Project { split: Split { seed, ..Split::default() }, ..Project::default() }
    }

    #[test]
    fn a_drag_is_one_step() {
        let mut history = History::default();
        for seed in 1..50 {
            history.note(&with_seed(seed), "seed");
        }
        let mut project = with_seed(50);
        history.undo(&mut project);
        assert_eq!(project.split.seed, 1);
        assert!(!history.can_undo() && history.can_redo());
        history.redo(&mut project);
        assert_eq!(project.split.seed, 50);
    }

    #[test]
    fn other_controls_are_other_steps_and_a_change_forgets_what_was_undone() {
        let mut history = History::default();
        history.note(&with_seed(1), "a");
        history.note(&with_seed(2), "b");
        let mut project = with_seed(3);
        history.undo(&mut project);
        assert_eq!(project.split.seed, 2);
        history.note(&project, "a");
        assert!(!history.can_redo());
        history.undo(&mut project);
        history.undo(&mut project);
        assert_eq!(project.split.seed, 1);
    }
}
