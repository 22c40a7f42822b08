//! Variants of a trained network, or of a float32 model that was opened: made, measured, kept, compared.
//!
//! What a project file keeps of a variant is its [`VariantRecord`]; its model lies beside the project and is read once the
//! Compress panel shows it. A model without a project keeps its variants for the session. [`refresh`] compares what is there
//! with what the panel shows and starts what is missing: reading files, costs on the chosen chip, and for the variant that is
//! selected answers, errors of its operators and what keeping them wider would cost.

mod apply;
mod found;
mod outside;
mod prepared;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use emberlab_core::export::SourceKind;
use emberlab_core::model::{Model, OperatorId};
use emberlab_core::plan::Target;
use emberlab_core::project::{RunRecord, VariantRecord};
use emberlab_core::quantize::{
    ChosenLimits, Coverage, Divergence, Limits, OperatorErrors, Ranges, Recipe, VariantKind,
    calibration_samples,
};

use crate::compression::{
    Agreement, Calibrated, CompressFailure, Evaluated, FloatModel, VariantCosts, calibrating_part,
};
use crate::document::{Document, Tab, TabContent, TabId};
use crate::jobs::{JobId, Jobs, Subject};
use crate::training::TrainingData;

/// A model to compare with: its name, the model and its bytes.
pub type AddedFile = (String, Arc<Model>, Arc<[u8]>);

pub use apply::{apply, data_of, draft_from};
pub use found::{done, ended_without_result, found};
pub use outside::projects_with_data;
pub use prepared::{PreparedFor, data_for_model, data_of_project};

/// Variants of a tab, and what is known of them in this session.
#[derive(Debug, Default)]
pub struct CompressState {
    /// The variant that is looked at.
    pub selected: Option<String>,
    /// The run whose weights new variants get; `None` for the last one.
    pub run: Option<u32>,
    /// Variants of a tab without a project; the first is the model of the tab.
    pub records: Vec<VariantRecord>,
    /// What was read or made of each variant, by its name.
    pub variants: BTreeMap<String, Variant>,
    /// What is known of the float32 models, by the numbers of their runs; 0 for a model from outside.
    pub bases: BTreeMap<u32, Base>,
    /// What a tab without a project is measured on.
    pub data: Option<TrainingData>,
    /// The tab of the project as which data of a tab without a project are prepared; `None` for as the model says, or as suits
    /// them.
    pub prepared_as: Option<TabId>,
    /// Data for a tab without a project are being read.
    pub is_reading_data: bool,
    /// Variants that are being made or measured.
    pub making: Option<Making>,
    /// The variant whose answers and errors are being found.
    pub examining: Option<String>,
    /// What failed last.
    pub failure: Option<CompressFailure>,
    /// What the next variant is to be.
    pub draft: Recipe,
    /// Drafts before each change of limits by hand, the last one at the end.
    pub undo: Vec<Recipe>,
    /// How the samples of the draft's calibration cover the classes.
    pub coverage: Option<Coverage>,
    /// Files that were asked for, by their sums.
    asked_files: BTreeSet<String>,
    /// Costs that were asked for: sums of files with chip and kernels.
    asked_costs: BTreeSet<String>,
}

/// What was read or made of a variant.
#[derive(Clone, Debug, Default)]
pub struct Variant {
    /// SHA-256 of the record's file: all the rest is about that.
    pub sha256: String,
    /// Its model; `None` before its file was read.
    pub model: Option<Arc<Model>>,
    /// Its file.
    pub file: Option<Arc<[u8]>>,
    /// Why there is no model, or why the figures of its record are those of another file.
    pub trouble: Option<String>,
    /// What it costs, by chip.
    pub costs: Vec<Arc<VariantCosts>>,
    /// What it answers.
    pub evaluated: Option<Arc<Evaluated>>,
    /// How far it says what the float32 model says.
    pub agreement: Option<Arc<Agreement>>,
    /// How much noise its operators add.
    pub errors: Option<Arc<OperatorErrors>>,
    /// Limits of its activations, by the tensors of the float32 model.
    pub ranges: Option<Arc<Ranges>>,
    /// What keeping operators of the float32 model wider, or no longer wider, would cost.
    pub wider: BTreeMap<OperatorId, Result<WiderCost, String>>,
    /// Where the answers to samples turn into others.
    pub divergences: BTreeMap<usize, Option<Divergence>>,
    /// Answers and errors were asked for.
    pub is_examined: bool,
}

/// What the change of one operator costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WiderCost {
    /// Bytes more or fewer of the file.
    pub file: i64,
    /// Bytes more or fewer of the arena; `None` where one of both does not run on the chip.
    pub arena: Option<i64>,
    /// It runs on the chip.
    pub runs: bool,
}

/// What is known of a float32 model.
#[derive(Clone, Debug, Default)]
pub struct Base {
    /// The model.
    pub float: Option<Arc<FloatModel>>,
    /// What it answers.
    pub reference: Option<Arc<Evaluated>>,
    /// What was seen of its activations.
    pub calibrated: Option<Arc<Calibrated>>,
}

/// Variants that are being made or measured.
#[derive(Clone, Debug)]
pub struct Making {
    /// The job.
    pub job: JobId,
    /// Names of those that are not there yet.
    pub names: Vec<String>,
    /// What is done now, `int8: calibrating`.
    pub stage: String,
}

/// A variant that was taken away, to bring it back.
#[derive(Clone, Debug)]
pub struct Deleted {
    /// The tab.
    pub tab: TabId,
    /// Its record.
    pub record: VariantRecord,
    /// Its place.
    pub place: usize,
    /// What was known of it.
    pub variant: Variant,
}

/// A change that the Compress panel asks for.
#[derive(Clone, Debug)]
pub enum CompressCommand {
    /// Look at a variant.
    Select(Option<String>),
    /// Take the weights of a run.
    SelectRun(u32),
    /// Ask what the next variant is to be; begins with a recipe.
    AskNew(Option<Box<Recipe>>),
    /// Change what the next variant is to be.
    SetDraft(Box<Recipe>),
    /// Make variants.
    Make(Vec<Recipe>),
    /// Make the variants that everybody compares.
    MakeUsual,
    /// End what is being made; what is there stays.
    Cancel,
    /// Keep a variant above the others, or not.
    SetPinned(String, bool),
    /// Take a variant away, with its file.
    Delete(String),
    /// Bring one back.
    Restore(Box<Deleted>),
    /// Ask where, then write the file of a variant.
    Export(String),
    /// Ask for a folder, then write sources of a variant for firmware into it.
    ExportSources(String, SourceKind),
    /// Ask where, then write an ESP-IDF project of a variant.
    ExportEspIdf(String),
    /// Open a variant in a tab of its own.
    Open(String),
    /// Find answers and errors of a variant again.
    Examine(String),
    /// Find where the answers of a variant to samples turn into others.
    FindDivergences(String, Vec<usize>),
    /// Ask for data for a model without a project: a folder, or files.
    ChooseData(bool),
    /// Measure a model without a project on these files.
    TakeData(Vec<PathBuf>),
    /// Prepare data of a model without a project as the project in a tab does.
    SetPreparedAs(Option<TabId>),
    /// Measure a model without a project on the samples of the project in a tab.
    TakeDataOf(TabId),
    /// Set the limits of an activation, by the name of its tensor, in the next variant; `None` leaves them to calibration. The
    /// recipe is that of the variant whose limits were looked at.
    SetLimits(Box<Recipe>, String, Option<ChosenLimits>),
    /// Take the last change of limits back.
    UndoLimits,
    /// Ask for models to compare with.
    ChooseModels,
    /// Compare with models in files.
    AddModels(Vec<PathBuf>),
    /// Compare with the model of another tab.
    AddTab(TabId),
}

/// What a job of the Compress panel says before its end. The second text is the sum of the file that it is about.
#[derive(Debug)]
pub enum CompressFinding {
    /// What is done now.
    Stage(String),
    /// The float32 model of a run.
    Float(u32, Arc<FloatModel>),
    /// What it answers.
    Reference(u32, Arc<Evaluated>),
    /// What was seen of its activations.
    Calibrated(u32, Arc<Calibrated>),
    /// A variant was made, or measured.
    Made(Box<(VariantRecord, Variant)>),
    /// The file of a variant was read, or why not.
    Read(String, String, Result<crate::compression::KeptFile, String>),
    /// What a variant costs.
    Costs(String, String, Arc<VariantCosts>),
    /// What a variant answers, and how far that is what the float32 model says.
    Answers(String, String, Arc<Evaluated>, Arc<Agreement>),
    /// How much noise its operators add.
    Errors(String, String, Arc<OperatorErrors>),
    /// Limits of its activations.
    Ranges(String, String, Arc<Ranges>),
    /// What keeping an operator wider would cost.
    Wider(String, String, OperatorId, Result<WiderCost, String>),
    /// Where the answer to a sample turns.
    Diverged(String, String, usize, Option<Divergence>),
    /// A model to compare with was read: its name, its model, its file; or why not.
    Added(Result<AddedFile, String>),
}

/// What a job of the Compress panel returns.
#[derive(Debug)]
pub enum CompressOutcome {
    /// Variants were made or measured, or why not all of them.
    Made(Result<(), CompressFailure>),
    /// A variant was looked into, or why not.
    Examined(Result<(), CompressFailure>),
    /// All that was asked for was found.
    Done,
    /// Data that the user chose; empty if none.
    DataChosen(Vec<PathBuf>),
    /// Models that the user chose; empty if none.
    ModelsChosen(Vec<PathBuf>),
    /// Data for a model without a project, or why there are none.
    Data(Result<TrainingData, CompressFailure>),
    /// The file of a variant could not be removed.
    NotRemoved(String),
}

impl CompressState {
    /// The variant that is looked at, with its name.
    pub fn selected_variant(&self) -> Option<(&str, &Variant)> {
        let name = self.selected.as_deref()?;
        self.variants.get_key_value(name).map(|(name, variant)| (name.as_str(), variant))
    }

    /// What is known of the float32 model that a variant is compared with.
    pub fn base(&self, run: u32) -> Option<&Base> {
        self.bases.get(&run)
    }
}

impl Variant {
    /// What it costs on a chip.
    pub fn cost(&self, target: Target) -> Option<&VariantCosts> {
        self.costs.iter().find(|costs| costs.target == target).map(Arc::as_ref)
    }

    /// The figures of its record are those of another file.
    pub fn is_stale(&self) -> bool {
        self.trouble.is_some()
    }

    /// Limits of an activation of the float32 model in this variant.
    pub fn limits(&self, tensor: emberlab_core::model::TensorId) -> Option<Limits> {
        self.ranges.as_ref()?.limits.get(&tensor).copied()
    }
}

/// Variants of a tab, those that are pinned first.
pub fn records(tab: &Tab) -> Vec<&VariantRecord> {
    let all = stored(tab);
    let (pinned, others): (Vec<_>, Vec<_>) = all.iter().partition(|record| record.pinned);
    pinned.into_iter().chain(others).collect()
}

/// Variants of a tab in the order in which they were made.
pub fn stored(tab: &Tab) -> &[VariantRecord] {
    match tab.project.as_deref() {
        Some(open) => &open.project.variants,
        None => &tab.compress.records,
    }
}

fn stored_mut(tab: &mut Tab) -> &mut Vec<VariantRecord> {
    match tab.project.as_deref_mut() {
        Some(open) => &mut open.project.variants,
        None => &mut tab.compress.records,
    }
}

/// The record of a variant.
pub fn record<'a>(tab: &'a Tab, name: &str) -> Option<&'a VariantRecord> {
    stored(tab).iter().find(|record| record.name == name)
}

/// The variant that others of the same run are compared with.
pub fn float_record(tab: &Tab, run: u32) -> Option<&VariantRecord> {
    let of_run = || stored(tab).iter().filter(|record| record.run == run);
    match tab.project {
        Some(_) => {
            let is_float = |record: &&VariantRecord| {
                record.recipe.as_ref().is_some_and(|recipe| recipe.kind == VariantKind::Float32)
            };
            of_run().find(is_float)
        }
        None => of_run().next(),
    }
}

/// What variants of a tab are measured on.
pub fn compress_data(tab: &Tab) -> Option<TrainingData> {
    match tab.project.as_deref() {
        Some(open) => super::train::training_data(open),
        None => tab.compress.data.clone(),
    }
}

/// Runs of the project that have weights, the newest last.
pub fn trained_runs(tab: &Tab) -> Vec<&RunRecord> {
    let Some(open) = tab.project.as_deref() else { return Vec::new() };
    let has_weights = |run: &&RunRecord| {
        let is_live = open.train.live_run(run.number).is_some();
        let is_kept = !run.files.weights.is_empty() && open.file.is_some() && run.epochs > 0;
        !is_live && (is_kept || open.train.weights.contains_key(&run.number))
    };
    open.project.runs.iter().filter(has_weights).collect()
}

/// The run whose weights new variants get; 0 for a model without a project.
pub fn base_run(tab: &Tab) -> Option<u32> {
    if tab.project.is_none() {
        return Some(0);
    }
    let runs = trained_runs(tab);
    let chosen = tab.compress.run.filter(|chosen| runs.iter().any(|run| run.number == *chosen));
    chosen.or(runs.last().map(|run| run.number))
}

/// What stands in the way of making a variant; `None` if nothing does.
pub fn obstacle(tab: &Tab) -> Option<CompressFailure> {
    if tab.project.is_some() {
        if base_run(tab).is_none() {
            let message = "Nothing has been trained";
            return Some(CompressFailure::new(message, "Variants are made of the weights of a run."));
        }
        if compress_data(tab).is_none() {
            let message = "The samples are not there yet";
            return Some(CompressFailure::new(message, "The Data panel says what they wait for."));
        }
        return None;
    }
    match &tab.content {
        TabContent::Loading | TabContent::Failed(_) => {
            Some(CompressFailure::new("There is no model", "Open a float32 model."))
        }
        TabContent::Model(open) => {
            let main = open.model.subgraphs.first();
            let is_integer = |name: &str| matches!(name, "int8" | "uint8" | "int16");
            let is_quantized = main.is_some_and(|main| {
                main.tensors.iter().any(|tensor| {
                    is_integer(tensor.ty.name())
                        && tensor.quantization.as_ref().is_some_and(|scales| !scales.scale.is_empty())
                })
            });
            if is_quantized {
                let help =
                    "Open the float32 model that it was made of: there this one can be added and compared.";
                return Some(CompressFailure::new("The model is quantized already", help));
            }
            if tab.compress.data.is_none() {
                let help = "Choose the data that the model was made for: every figure is measured on them.";
                return Some(CompressFailure::new("No samples to measure on", help));
            }
            None
        }
    }
}

/// How the samples of a calibration cover the classes.
fn coverage(data: &TrainingData, recipe: &Recipe) -> Coverage {
    let part = calibrating_part(data);
    let class_of = |index: usize| part.origins.get(index).and_then(|origin| origin.class);
    calibration_samples(part.samples.count, class_of, &recipe.calibration).1
}

/// Starts what the Compress panel shows and nobody has found yet; cheap when there is nothing.
pub fn refresh(document: &mut Document, jobs: &mut Jobs) {
    if document.panel != crate::document::PanelKind::Compress {
        return;
    }
    let target = document.target;
    let Some(tab) = document.active.and_then(|id| document.tab_mut(id)) else { return };
    outside::begin(tab);
    forget_others(tab);
    let subject = Subject { tab: tab.id, revision: tab.revision };
    ask_files(tab, subject, jobs);
    ask_costs(tab, subject, target, jobs);
    if tab.compress.selected.is_none() && tab.compress.making.is_none() {
        tab.compress.selected = first_choice(tab);
    }
    if tab.compress.making.is_none() {
        apply::measure_unmeasured(tab, target, jobs);
    }
    if tab.compress.examining.is_none()
        && tab.compress.making.is_none()
        && let Some(name) = tab.compress.selected.clone()
        && tab.compress.variants.get(&name).is_some_and(|known| !known.is_examined && known.model.is_some())
    {
        apply::examine(tab, &name, target, jobs);
    }
}

/// What is looked at before anything was chosen: a pinned variant, else one in int8, else the first one.
fn first_choice(tab: &Tab) -> Option<String> {
    let records = records(tab);
    let is_int8 = |record: &&&VariantRecord| {
        record.recipe.as_ref().is_some_and(|recipe| recipe.kind == VariantKind::Int8)
    };
    let pinned = records.iter().find(|record| record.pinned);
    let chosen = pinned.or(records.iter().find(is_int8)).or(records.first());
    chosen.map(|record| record.name.clone())
}

/// Forgets what is known of files that the records do not mean any more.
fn forget_others(tab: &mut Tab) {
    let known: BTreeMap<&str, &str> =
        stored(tab).iter().map(|record| (record.name.as_str(), record.file_sha256.as_str())).collect();
    let is_known = |name: &str, sha256: &str| known.get(name).is_some_and(|known| *known == sha256);
    let gone: Vec<String> = tab
        .compress
        .variants
        .iter()
        .filter(|(name, variant)| !is_known(name, &variant.sha256))
        .map(|(name, _)| name.clone())
        .collect();
    let selection_is_gone = tab.compress.selected.as_ref().is_some_and(|name| !known.contains_key(&**name));
    if selection_is_gone {
        tab.compress.selected = None;
    }
    for name in gone {
        if let Some(variant) = tab.compress.variants.remove(&name) {
            tab.compress.asked_files.remove(&format!("{name} {}", variant.sha256));
        }
    }
}

/// Reads the files of variants that were not asked for yet.
fn ask_files(tab: &mut Tab, subject: Subject, jobs: &mut Jobs) {
    let Some(files) = tab.project.as_deref().and_then(super::OpenProject::files_folder) else { return };
    let state = &tab.compress;
    let is_unread = |record: &&VariantRecord| {
        !state.variants.contains_key(&record.name) && !state.asked_files.contains(&key(record))
    };
    let unread: Vec<VariantRecord> = stored(tab).iter().filter(is_unread).cloned().collect();
    if unread.is_empty() {
        return;
    }
    tab.compress.asked_files.extend(unread.iter().map(key));
    jobs.read_variants(subject, files, unread);
}

/// Names a record with its file.
fn key(record: &VariantRecord) -> String {
    format!("{} {}", record.name, record.file_sha256)
}

/// Finds out what variants cost on the chosen chip.
fn ask_costs(tab: &mut Tab, subject: Subject, target: Target, jobs: &mut Jobs) {
    let state = &mut tab.compress;
    let key = |sha256: &str| format!("{sha256} {} {}", target.chip.id(), target.kernels.id());
    let missing = state.variants.iter().filter_map(|(name, variant)| {
        let (model, file) = (variant.model.clone()?, variant.file.clone()?);
        let is_missing = variant.cost(target).is_none() && !state.asked_costs.contains(&key(&variant.sha256));
        is_missing.then(|| (name.clone(), variant.sha256.clone(), model, file))
    });
    let missing: Vec<_> = missing.collect();
    if missing.is_empty() {
        return;
    }
    state.asked_costs.extend(missing.iter().map(|(_, sha256, ..)| key(sha256)));
    jobs.cost_variants(subject, target, missing);
}
