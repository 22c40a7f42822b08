//! Which recordings train, which validate, which test.

use serde::{Deserialize, Serialize};

use super::random::Random;
use super::recording::natural_order;
use super::{DataError, Dataset, Part};

/// How a set is divided. Whole recordings go to a part, unless a rule divides them in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Split {
    /// Where everything random begins.
    pub seed: u64,
    /// Parts that the source fixes are kept; the rules divide the rest. With fixed test recordings no others test.
    pub keep_fixed: bool,
    /// What tests.
    pub test: Rule,
    /// What validates, of what does not test.
    pub validation: Rule,
    /// Shares are taken from every class alike.
    pub stratified: bool,
    /// Kind of groups that stay together when shares are taken, such as `speaker`. With groups, classes are not balanced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub together: Option<String>,
}

/// Which recordings go to a part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Rule {
    /// None.
    #[default]
    None,
    /// A share, drawn at random.
    Share {
        /// From 0 to 1.
        share: f32,
    },
    /// All recordings of these groups.
    Groups {
        /// Kind of the groups, such as `speaker`.
        kind: String,
        /// The groups.
        groups: Vec<String>,
    },
    /// One of several equal pieces of all groups in natural order.
    Fold {
        /// Kind of the groups.
        kind: String,
        /// Number of pieces; as many as there are groups leaves one out at a time.
        folds: usize,
        /// Which piece, from 0.
        fold: usize,
    },
    /// The last share of the steps of every recording: for few long recordings. Validation lies before the test.
    End {
        /// From 0 to 1.
        share: f32,
    },
}

/// Where every recording goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The part of each recording, or of its beginning where it is divided in time.
    pub parts: Vec<Part>,
    /// Share of the steps of each training recording that goes to validation, before those that test.
    pub validation_end: f32,
    /// Share of the last steps of each training recording that tests.
    pub test_end: f32,
}

impl Default for Split {
    fn default() -> Self {
        Self {
            seed: 1,
            keep_fixed: true,
            test: Rule::Share { share: 0.2 },
            validation: Rule::Share { share: 0.2 },
            stratified: true,
            together: None,
        }
    }
}

impl Split {
    /// The part of every recording. The same for the same recordings and the same split, everywhere.
    ///
    /// # Errors
    /// A rule names a kind of groups or a group that there is not, or its numbers make no sense.
    pub fn assign(&self, dataset: &Dataset) -> Result<Assignment, DataError> {
        let recordings = &dataset.recordings;
        let fixed = |index: usize| recordings[index].part.filter(|_| self.keep_fixed);
        let mut parts: Vec<Part> =
            (0..recordings.len()).map(|index| fixed(index).unwrap_or(Part::Train)).collect();
        let mut ends = [0.0; 2];
        for (number, (part, rule)) in
            [(Part::Test, &self.test), (Part::Validation, &self.validation)].into_iter().enumerate()
        {
            rule.check()?;
            if (0..recordings.len()).any(|index| fixed(index) == Some(part)) {
                continue;
            }
            // Recordings that the source gives for training may validate, but not test.
            let is_free = |index: &usize| {
                parts[*index] == Part::Train && (part == Part::Validation || fixed(*index).is_none())
            };
            let free: Vec<usize> = (0..recordings.len()).filter(is_free).collect();
            if let Rule::End { share } = rule {
                ends[number] = *share;
            }
            for index in self.chosen(dataset, rule, &free, part)? {
                parts[index] = part;
            }
        }
        let [test_end, validation_end] = ends;
        if test_end + validation_end >= 1.0 {
            return Err(DataError::new(
                "the test and validation ends of recordings leave nothing to train on",
                "Choose shares that are less than 100 % together",
            ));
        }
        Ok(Assignment { parts, validation_end, test_end })
    }

    /// The recordings among `free` that a rule chooses.
    fn chosen(
        &self,
        dataset: &Dataset,
        rule: &Rule,
        free: &[usize],
        part: Part,
    ) -> Result<Vec<usize>, DataError> {
        let is_in = |kind: &GroupKind, chosen: &[&str], index: usize| {
            chosen.contains(&kind.group(dataset, index).as_str())
        };
        let free_in = |kind: &GroupKind, chosen: &[&str]| {
            free.iter().copied().filter(|index| is_in(kind, chosen, *index)).collect()
        };
        Ok(match rule {
            Rule::None | Rule::End { .. } => Vec::new(),
            Rule::Share { share } => {
                let random = Random::of(self.seed, part as u64);
                match &self.together {
                    Some(kind) => {
                        let units = units(dataset, &GroupKind::find(dataset, kind)?, free);
                        share_of_groups(units, f64::from(*share), random)
                    }
                    None => self.share_of_recordings(dataset, free, f64::from(*share), random),
                }
            }
            Rule::Groups { kind, groups } => {
                let kind = GroupKind::find(dataset, kind)?;
                let chosen: Vec<&str> = groups.iter().map(String::as_str).collect();
                let missing = chosen.iter().find(|group| {
                    !(0..dataset.recordings.len()).any(|index| kind.group(dataset, index) == **group)
                });
                if let Some(group) = missing {
                    return Err(DataError::new(
                        format!("the split names “{group}”, which no recording has"),
                        "Choose from the groups of this set",
                    ));
                }
                free_in(&kind, &chosen)
            }
            Rule::Fold { kind, folds, fold } => {
                let kind = GroupKind::find(dataset, kind)?;
                let units = units(dataset, &kind, free);
                let n_groups = units.len();
                if *folds > n_groups {
                    return Err(DataError::new(
                        format!("{n_groups} groups cannot be divided into {folds} folds"),
                        "Choose fewer folds",
                    ));
                }
                let range = fold * n_groups / folds..(fold + 1) * n_groups / folds;
                units.into_iter().skip(range.start).take(range.len()).flat_map(|(_, unit)| unit).collect()
            }
        })
    }

    /// A share of recordings, of each class alike if wanted. Classes of one recording keep it.
    fn share_of_recordings(
        &self,
        dataset: &Dataset,
        free: &[usize],
        share: f64,
        mut random: Random,
    ) -> Vec<usize> {
        let stratum = |index: usize| {
            dataset.recordings[index]
                .class()
                .filter(|_| self.stratified)
                .map_or(0, |class| u64::from(class) + 1)
        };
        let mut strata: std::collections::BTreeMap<u64, Vec<usize>> = std::collections::BTreeMap::new();
        free.iter().for_each(|index| strata.entry(stratum(*index)).or_default().push(*index));
        let (mut seen, mut chosen) = (0, Vec::new());
        for mut stratum in strata.into_values() {
            random.shuffle(&mut stratum);
            seen += stratum.len();
            // Rounding what all strata so far should give keeps the whole share right.
            let wanted = ((seen as f64 * share).round() as usize).saturating_sub(chosen.len());
            chosen.extend(&stratum[..wanted.min(stratum.len() - 1)]);
        }
        chosen
    }
}

/// Whole groups, drawn at random, whose recordings come near to a share of all.
fn share_of_groups(mut units: Vec<(String, Vec<usize>)>, share: f64, mut random: Random) -> Vec<usize> {
    let wanted = units.iter().map(|(_, unit)| unit.len()).sum::<usize>() as f64 * share;
    random.shuffle(&mut units);
    let mut chosen: Vec<usize> = Vec::new();
    let last = units.len().saturating_sub(1);
    for (_, unit) in units.into_iter().take(last) {
        // The first group goes in even if it is larger than the share: a part that was asked for is not empty.
        let is_nearer = chosen.len() as f64 + unit.len() as f64 / 2.0 <= wanted;
        if is_nearer || chosen.is_empty() && share > 0.0 {
            chosen.extend(unit);
        }
    }
    chosen
}

/// Recordings of each group, in the natural order of groups.
pub(super) fn units(dataset: &Dataset, kind: &GroupKind, free: &[usize]) -> Vec<(String, Vec<usize>)> {
    let mut units: std::collections::BTreeMap<String, Vec<usize>> = std::collections::BTreeMap::new();
    for index in free {
        units.entry(kind.group(dataset, *index)).or_default().push(*index);
    }
    let mut units: Vec<_> = units.into_iter().collect();
    units.sort_by(|(a, _), (b, _)| natural_order(a, b));
    units
}

/// A kind of groups: one of the set's own, or one that every set has.
pub(super) enum GroupKind {
    Own(usize),
    Recording,
    File,
}

impl GroupKind {
    /// Every recording is a group.
    const RECORDING: &'static str = "recording";
    /// Recordings of one file are a group.
    const FILE: &'static str = "file";

    pub(super) fn find(dataset: &Dataset, name: &str) -> Result<Self, DataError> {
        if let Some(kind) = dataset.group_kind(name) {
            return Ok(Self::Own(kind));
        }
        match name {
            Self::RECORDING => Ok(Self::Recording),
            Self::FILE => Ok(Self::File),
            _ => Err(DataError::new(
                format!("recordings have no “{name}”"),
                format!("Choose one of {}", group_kinds(dataset).join(", ")),
            )),
        }
    }

    fn group(&self, dataset: &Dataset, index: usize) -> String {
        let recording = &dataset.recordings[index];
        match self {
            Self::Own(kind) => {
                recording.groups.get(*kind).map_or_else(String::new, |group| group.to_string())
            }
            Self::Recording => index.to_string(),
            Self::File => recording.origin.file.to_string(),
        }
    }
}

/// Kinds of groups that a split can name: those of the set, `file` and `recording`. Groups of the last are the numbers of
/// recordings.
pub fn group_kinds(dataset: &Dataset) -> Vec<String> {
    let common = [GroupKind::FILE, GroupKind::RECORDING].map(str::to_owned);
    let mut kinds = dataset.group_kinds.clone();
    for kind in common {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

impl Rule {
    fn check(&self) -> Result<(), DataError> {
        match self {
            Self::Share { share } | Self::End { share } if !(0.0..1.0).contains(share) => {
                Err(DataError::new(
                    format!("a share of {share} cannot be taken"),
                    "Choose a share from 0 to less than 1",
                ))
            }
            Self::Fold { folds, fold, .. } if *folds < 2 || fold >= folds => Err(DataError::new(
                format!("there is no fold {fold} of {folds}"),
                "Choose at least two folds, and count them from 0",
            )),
            Self::None | Self::Share { .. } | Self::Groups { .. } | Self::Fold { .. } | Self::End { .. } => {
                Ok(())
            }
        }
    }
}
