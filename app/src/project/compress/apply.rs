//! What the user asks for of variants.

use std::path::PathBuf;
use std::sync::Arc;

use emberlab_core::dataset::Prepared;
use emberlab_core::export::{EspIdfApp, SourceKind};
use emberlab_core::hash::sha256_hex;
use emberlab_core::plan::Target;
use emberlab_core::project::VariantRecord;
use emberlab_core::quantize::{ChosenLimits, Recipe, VariantKind};

use super::outside::{data_of_tab, prepared_for};
use super::{
    CompressCommand, CompressOutcome, Deleted, Making, Variant, base_run, compress_data, coverage,
    data_of_project, obstacle, record, stored, stored_mut,
};
use crate::command::Command;
use crate::compression::{CompressFailure, FloatModel, name_of_variant};
use crate::document::{Document, Overlay, PanelKind, Tab, TabContent, TabId};
use crate::jobs::{
    Ask, BaseSource, CompressRequest, CompressWork, EspIdfRequest, JobKind, Jobs, Outcome, SourcesRequest,
    Subject,
};
use crate::messages::Level;
use crate::project::file::safe_name;
use crate::project::files_folder;
use crate::theme::format;
use crate::training::{RunFolder, TrainingData, network_sha256};

/// Applies a change to the tab in front.
pub fn apply(command: CompressCommand, document: &mut Document, jobs: &mut Jobs) {
    let target = document.target;
    match command {
        CompressCommand::AskNew(recipe) => ask_new(recipe.map(|recipe| *recipe), document),
        CompressCommand::SetDraft(recipe) => {
            if let Some(tab) = front(document) {
                set_draft(tab, *recipe);
            }
        }
        CompressCommand::Make(recipes) => {
            document.view.overlay = document.view.overlay.filter(|overlay| *overlay != Overlay::NewVariant);
            if let Some(tab) = front(document) {
                make(tab, recipes, target, jobs);
            }
        }
        CompressCommand::MakeUsual => {
            if let Some(tab) = front(document) {
                let recipes = usual_recipes(tab);
                make(tab, recipes, target, jobs);
            }
        }
        CompressCommand::Delete(name) => delete(&name, document, jobs),
        CompressCommand::Restore(deleted) => restore(*deleted, document, jobs),
        CompressCommand::Export(name) => export(&name, document, jobs),
        CompressCommand::ExportSources(name, kind) => export_sources(&name, kind, document, jobs),
        CompressCommand::ExportEspIdf(name) => export_esp_idf(&name, document, jobs),
        CompressCommand::Open(name) => open(&name, document, jobs),
        CompressCommand::ChooseData(is_folder) => {
            let title = "Choose the data that the model is measured on";
            let ask = if is_folder { Ask::Folder(title) } else { Ask::Files(title) };
            ask_paths(ask, document, jobs, CompressOutcome::DataChosen);
        }
        CompressCommand::ChooseModels => {
            let ask = Ask::Files("Choose models to compare with");
            ask_paths(ask, document, jobs, CompressOutcome::ModelsChosen);
        }
        CompressCommand::AddTab(id) => add_tab(id, document),
        CompressCommand::TakeData(paths) => {
            if let Some(id) = document.active {
                take_data(id, paths, document, jobs);
            }
        }
        CompressCommand::TakeDataOf(id) => take_data_of(id, document),
        CompressCommand::SetLimits(recipe, tensor, limits) => {
            set_limits(&recipe, tensor, limits, document);
        }
        CompressCommand::UndoLimits => undo_limits(document),
        command => {
            if let Some(tab) = front(document) {
                change(command, tab, target, jobs);
            }
        }
    }
}

/// Changes that concern nothing but the tab.
fn change(command: CompressCommand, tab: &mut Tab, target: Target, jobs: &mut Jobs) {
    let subject = subject(tab);
    match command {
        CompressCommand::Select(name) => {
            tab.compress.selected = name.filter(|name| record(tab, name).is_some());
        }
        CompressCommand::SelectRun(run) => tab.compress.run = Some(run),
        CompressCommand::SetPinned(name, pinned) => {
            if let Some(record) = stored_mut(tab).iter_mut().find(|record| record.name == name) {
                record.pinned = pinned;
            }
        }
        CompressCommand::Cancel => match &tab.compress.making {
            Some(making) => jobs.cancel(making.job),
            None => jobs.cancel_kind(JobKind::Compress, subject.tab),
        },
        CompressCommand::Examine(name) => {
            if let Some(variant) = tab.compress.variants.get_mut(&name) {
                variant.is_examined = false;
            }
            examine(tab, &name, target, jobs);
        }
        CompressCommand::FindDivergences(name, samples) => diverge(tab, &name, samples, target, jobs),
        CompressCommand::SetPreparedAs(id) => tab.compress.prepared_as = id,
        CompressCommand::AddModels(paths) => jobs.read_models(subject, paths),
        CompressCommand::AskNew(_)
        | CompressCommand::SetDraft(_)
        | CompressCommand::Make(_)
        | CompressCommand::MakeUsual
        | CompressCommand::Delete(_)
        | CompressCommand::Restore(_)
        | CompressCommand::Export(_)
        | CompressCommand::ExportSources(..)
        | CompressCommand::ExportEspIdf(_)
        | CompressCommand::Open(_)
        | CompressCommand::ChooseData(_)
        | CompressCommand::ChooseModels
        | CompressCommand::TakeData(_)
        | CompressCommand::TakeDataOf(_)
        | CompressCommand::SetLimits(..)
        | CompressCommand::UndoLimits
        | CompressCommand::AddTab(_) => {}
    }
}

fn front(document: &mut Document) -> Option<&mut Tab> {
    let id = document.active?;
    document.tab_mut(id)
}

fn subject(tab: &Tab) -> Subject {
    Subject { tab: tab.id, revision: tab.revision }
}

fn ask_new(recipe: Option<Recipe>, document: &mut Document) {
    let Some(tab) = front(document) else { return };
    if let Some(failure) = obstacle(tab) {
        tab.compress.failure = Some(failure);
        return;
    }
    let recipe = recipe.unwrap_or_else(|| tab.compress.draft.clone());
    set_draft(tab, recipe);
    document.view.overlay = Some(Overlay::NewVariant);
}

fn set_draft(tab: &mut Tab, recipe: Recipe) {
    let is_known = tab.compress.coverage.is_some() && tab.compress.draft.calibration == recipe.calibration;
    if !is_known {
        tab.compress.coverage = compress_data(tab).map(|data| coverage(&data, &recipe));
    }
    tab.compress.draft = recipe;
}

/// Names of [`Recipe::NAMES`], as recipes; a model without a project is its own float32 variant.
fn usual_recipes(tab: &Tab) -> Vec<Recipe> {
    let recipes = Recipe::NAMES.iter().filter_map(|name| Recipe::from_name(name));
    recipes.filter(|recipe| tab.project.is_some() || recipe.kind != VariantKind::Float32).collect()
}

/// Makes variants; the first time the float32 model comes with them, since others are compared with it.
fn make(tab: &mut Tab, mut recipes: Vec<Recipe>, target: Target, jobs: &mut Jobs) {
    if tab.compress.making.is_some() || recipes.is_empty() {
        return;
    }
    if let Some(failure) = obstacle(tab) {
        tab.compress.failure = Some(failure);
        return;
    }
    let Some(run) = base_run(tab) else { return };
    let is_float = |recipe: &Recipe| recipe.kind == VariantKind::Float32;
    if super::float_record(tab, run).is_none() && !recipes.iter().any(is_float) {
        recipes.insert(0, Recipe::of_kind(VariantKind::Float32));
    }
    let mut known = stored(tab).to_vec();
    let named: Vec<(String, Recipe)> = recipes
        .into_iter()
        .map(|recipe| {
            let name = name_of_variant(&recipe, run, &known);
            // Two recipes of one request do not get the same name either.
            known.retain(|record| record.name != name);
            let reserved = VariantRecord {
                name: name.clone(),
                run,
                recipe: Some(recipe.clone()),
                ..VariantRecord::default()
            };
            known.push(reserved);
            (name, recipe)
        })
        .collect();
    let names: Vec<String> = named.iter().map(|(name, _)| name.clone()).collect();
    start_making(tab, run, names, CompressWork::Make(named), target, jobs);
}

/// Measures models of a tab without a project that were not measured yet.
pub(super) fn measure_unmeasured(tab: &mut Tab, target: Target, jobs: &mut Jobs) {
    if tab.project.is_some() || obstacle(tab).is_some() || tab.compress.failure.is_some() {
        return;
    }
    let state = &tab.compress;
    let unmeasured = state.records.iter().filter(|record| record.figures.is_none());
    let models: Vec<_> = unmeasured
        .filter_map(|record| {
            let variant = state.variants.get(&record.name)?;
            Some((record.clone(), variant.model.clone()?, variant.file.clone()?))
        })
        .collect();
    if models.is_empty() {
        return;
    }
    let names = models.iter().map(|(record, ..)| record.name.clone()).collect();
    start_making(tab, 0, names, CompressWork::Measure(models), target, jobs);
}

fn start_making(
    tab: &mut Tab,
    run: u32,
    names: Vec<String>,
    work: CompressWork,
    target: Target,
    jobs: &mut Jobs,
) {
    let verb = match &work {
        CompressWork::Make(_) => "Making",
        CompressWork::Measure(_) | CompressWork::Examine(_) | CompressWork::Diverge(_) => "Measuring",
    };
    let what = match &names[..] {
        [one] => one.clone(),
        more => format!("{} variants", more.len()),
    };
    let Some(request) = request(tab, run, format!("{verb} {what} of {}", tab.title), work, target) else {
        return;
    };
    // What is looked into meanwhile is looked into again afterwards.
    jobs.cancel_kind(JobKind::Compress, tab.id);
    let job = jobs.compress(request);
    tab.compress.failure = None;
    tab.compress.making = Some(Making { job, names, stage: String::new() });
}

/// Finds answers and errors of a variant.
pub(super) fn examine(tab: &mut Tab, name: &str, target: Target, jobs: &mut Jobs) {
    let Some(record) = record(tab, name).cloned() else { return };
    let Some(variant) = tab.compress.variants.get_mut(name) else { return };
    let (Some(model), Some(file)) = (variant.model.clone(), variant.file.clone()) else { return };
    if variant.is_examined {
        return;
    }
    let work = CompressWork::Examine(Box::new(crate::jobs::Examination {
        name: name.to_owned(),
        sha256: variant.sha256.clone(),
        model,
        file,
        recipe: record.recipe,
        evaluated: variant.evaluated.clone(),
    }));
    // Without samples there is nothing to wait for: they may come.
    let Some(request) = request(tab, record.run, format!("Looking into {name}"), work, target) else {
        return;
    };
    if let Some(variant) = tab.compress.variants.get_mut(name) {
        variant.is_examined = true;
    }
    tab.compress.examining = Some(name.to_owned());
    jobs.compress(request);
}

fn diverge(tab: &mut Tab, name: &str, samples: Vec<usize>, target: Target, jobs: &mut Jobs) {
    let Some(run) = record(tab, name).map(|record| record.run) else { return };
    let Some(variant) = tab.compress.variants.get(name) else { return };
    let (Some(model), Some(file)) = (variant.model.clone(), variant.file.clone()) else { return };
    let samples: Vec<usize> =
        samples.into_iter().filter(|sample| !variant.divergences.contains_key(sample)).collect();
    if samples.is_empty() || tab.compress.making.is_some() {
        return;
    }
    let work = CompressWork::Diverge(Box::new(crate::jobs::DivergenceSearch {
        name: name.to_owned(),
        sha256: variant.sha256.clone(),
        model,
        file,
        border: variant.evaluated.as_ref().and_then(|evaluated| evaluated.border),
        samples,
    }));
    if let Some(request) = request(tab, run, format!("Looking where {name} turns"), work, target) {
        jobs.compress(request);
    }
}

/// Everything that a job about variants needs; `None` while the samples or the weights are not there.
fn request(
    tab: &Tab,
    run: u32,
    title: String,
    work: CompressWork,
    target: Target,
) -> Option<CompressRequest> {
    let data = compress_data(tab)?;
    let base = tab.compress.base(run).cloned().unwrap_or_default();
    let source = match &base.float {
        Some(float) => BaseSource::Ready(float.clone()),
        None => source_of(tab, run)?,
    };
    Some(CompressRequest {
        subject: subject(tab),
        title,
        run,
        source,
        data,
        target,
        files: tab.project.as_deref().and_then(crate::project::OpenProject::files_folder),
        reference: base.reference,
        calibrated: base.calibrated,
        work,
    })
}

/// Where the float32 model of a run comes from.
fn source_of(tab: &Tab, run: u32) -> Option<BaseSource> {
    let Some(open) = tab.project.as_deref() else {
        let TabContent::Model(open) = &tab.content else { return None };
        let float = FloatModel { model: open.model.clone(), file: open.file.clone()? };
        return Some(BaseSource::Ready(Arc::new(float)));
    };
    let record = open.project.run(run)?;
    let title = open.project.name.clone();
    let is_same = record.network_sha256 == network_sha256(&open.project.network);
    match (open.train.weights.get(&run), &open.file) {
        (Some(weights), _) if is_same => Some(BaseSource::Network {
            graph: Box::new(open.project.network.clone()),
            weights: weights.clone(),
            title,
        }),
        (_, Some(file)) => Some(BaseSource::Run { folder: RunFolder::new(&files_folder(file), run), title }),
        (_, None) => None,
    }
}

fn delete(name: &str, document: &mut Document, jobs: &mut Jobs) {
    let Some(tab) = front(document) else { return };
    let Some(place) = stored(tab).iter().position(|record| record.name == name) else { return };
    // The first one of a tab without a project is the model of the tab.
    if tab.project.is_none() && place == 0 {
        return;
    }
    let record = stored_mut(tab).remove(place);
    let variant = tab.compress.variants.remove(name).unwrap_or_default();
    tab.compress.asked_files.remove(&super::key(&record));
    let next = stored(tab).get(place).or(stored(tab).last()).map(|record| record.name.clone());
    if tab.compress.selected.as_deref() == Some(name) {
        tab.compress.selected = next;
    }
    if let Some(files) = tab.project.as_deref().and_then(crate::project::OpenProject::files_folder) {
        jobs.remove_variant(files, record.clone());
    }
    let words = format!("Deleted the variant {name}");
    if variant.file.is_none() {
        document.messages.toast(Level::Info, words);
        return;
    }
    let deleted = Deleted { tab: tab.id, record, place, variant };
    let undo = Command::Compress(CompressCommand::Restore(Box::new(deleted)));
    document.messages.toast_with(Level::Info, words, "Undo", undo);
}

fn restore(deleted: Deleted, document: &mut Document, jobs: &mut Jobs) {
    let Some(tab) = document.tab_mut(deleted.tab) else { return };
    let Deleted { record, place, variant, .. } = deleted;
    if stored(tab).iter().any(|known| known.name == record.name) {
        return;
    }
    if let (Some(files), Some(file)) =
        (tab.project.as_deref().and_then(crate::project::OpenProject::files_folder), variant.file.clone())
    {
        jobs.write_variant(files, record.clone(), file);
    }
    let name = record.name.clone();
    let records = stored_mut(tab);
    records.insert(place.min(records.len()), record);
    tab.compress.variants.insert(name.clone(), variant);
    tab.compress.selected = Some(name);
}

/// The name that a variant gets as a file.
fn file_name(tab: &Tab, name: &str) -> String {
    let name = name.strip_suffix(".tflite").unwrap_or(name);
    match tab.project {
        Some(_) => format!("{}.tflite", safe_name(&format!("{} {name}", tab.title))),
        None => format!("{}.tflite", safe_name(name)),
    }
}

fn export(name: &str, document: &mut Document, jobs: &mut Jobs) {
    let Some(tab) = document.active_tab() else { return };
    if let Some(file) = tab.compress.variants.get(name).and_then(|variant| variant.file.clone()) {
        jobs.ask_target(&file_name(tab, name), file, format!("the variant {name}"));
    }
}

fn export_sources(name: &str, kind: SourceKind, document: &Document, jobs: &mut Jobs) {
    let Some(tab) = document.active_tab() else { return };
    let Some(bytes) = tab.compress.variants.get(name).and_then(|variant| variant.file.clone()) else {
        return;
    };
    let folder = tab.path.as_deref().and_then(|path| path.parent()).unwrap_or(&document.projects_folder);
    jobs.ask_export_folder(SourcesRequest {
        file_name: file_name(tab, name),
        bytes,
        kind,
        target: document.target,
        folder: folder.to_owned(),
    });
}

fn export_esp_idf(name: &str, document: &Document, jobs: &mut Jobs) {
    let Some(tab) = document.active_tab() else { return };
    let Some(bytes) = tab.compress.variants.get(name).and_then(|variant| variant.file.clone()) else {
        return;
    };
    let folder = tab.path.as_deref().and_then(|path| path.parent()).unwrap_or(&document.projects_folder);
    jobs.ask_esp_idf_folder(EspIdfRequest {
        file_name: file_name(tab, name),
        bytes,
        target: document.target,
        memory: None,
        app: EspIdfApp::Classify,
        data: data_of(tab),
        folder: folder.to_owned(),
    });
}

/// The samples that a tab's model was made or is compared with, where they are at hand.
pub fn data_of(tab: &Tab) -> Option<Arc<Prepared>> {
    match &tab.project {
        Some(project) => project.data.prepared.clone(),
        None => tab.compress.data.as_ref().map(|data| data.prepared.clone()),
    }
}

fn open(name: &str, document: &mut Document, jobs: &mut Jobs) {
    let Some(tab) = document.active_tab() else { return };
    let Some(file) = tab.compress.variants.get(name).and_then(|variant| variant.file.clone()) else { return };
    let title = file_name(tab, name);
    crate::command::open_bytes(document, jobs, title, file);
    document.panel = PanelKind::Inspect;
}

fn ask_paths(ask: Ask, document: &Document, jobs: &mut Jobs, outcome: fn(Vec<PathBuf>) -> CompressOutcome) {
    let Some(tab) = document.active_tab() else { return };
    let folder = tab.path.as_deref().and_then(|path| path.parent()).unwrap_or(&document.projects_folder);
    jobs.ask_paths(ask, folder, Some(subject(tab)), move |paths| Outcome::Compress(outcome(paths)));
}

/// Reads and prepares data for a tab without a project.
pub(super) fn take_data(id: TabId, paths: Vec<PathBuf>, document: &mut Document, jobs: &mut Jobs) {
    let chosen = document.tab(id).and_then(|tab| tab.compress.prepared_as);
    let project = chosen.and_then(|id| data_of_tab(document, id));
    let Some(tab) = document.tab_mut(id) else { return };
    if paths.is_empty() || tab.project.is_some() || tab.compress.is_reading_data {
        return;
    }
    let Some(wanted) = prepared_for(tab, project.as_ref()) else { return };
    tab.compress.failure = None;
    tab.compress.is_reading_data = true;
    jobs.read_compress_data(subject(tab), wanted, paths);
}

/// Measures the model in front on the samples of a project.
fn take_data_of(id: TabId, document: &mut Document) {
    let Some(data) = data_of_tab(document, id) else { return };
    let Some(tab) = front(document).filter(|tab| tab.project.is_none()) else { return };
    let TabContent::Model(open) = &tab.content else { return };
    let Some(file) = &open.file else { return };
    let result = data_of_project(&open.model, file, &data);
    tab.compress.failure = None;
    take(tab, result);
}

/// Takes samples for a tab without a project, or why there are none.
pub(super) fn take(tab: &mut Tab, result: Result<TrainingData, CompressFailure>) {
    let data = match result {
        Ok(data) => data,
        Err(failure) => {
            tab.compress.failure = Some(failure);
            return;
        }
    };
    // Figures on other samples are none on these.
    tab.compress.records.iter_mut().for_each(|record| record.figures = None);
    tab.compress.bases.clear();
    for variant in tab.compress.variants.values_mut() {
        let kept = std::mem::take(variant);
        let Variant { sha256, model, file, costs, .. } = kept;
        *variant = Variant { sha256, model, file, costs, ..Variant::default() };
    }
    tab.compress.data = Some(data);
}

/// Steps of limits that can be taken back.
const MOST_UNDO: usize = 100;

/// Puts limits of an activation into the draft. A draft that differs from the recipe in more than limits begins with the recipe.
fn set_limits(recipe: &Recipe, tensor: String, limits: Option<ChosenLimits>, document: &mut Document) {
    let Some(tab) = front(document) else { return };
    let mut draft = draft_from(&tab.compress.draft, recipe);
    match limits {
        Some(limits) => draft.limits.insert(tensor.clone(), limits),
        None => draft.limits.remove(&tensor),
    };
    if draft == tab.compress.draft {
        return;
    }
    let before = std::mem::take(&mut tab.compress.draft);
    tab.compress.undo.push(before);
    let surplus = tab.compress.undo.len().saturating_sub(MOST_UNDO);
    tab.compress.undo.drain(..surplus);
    set_draft(tab, draft);
    let words = match limits {
        Some(limits) => {
            let [low, high] = [limits.low, limits.high].map(|value| format::significant(f64::from(value), 3));
            format!("The next variant has limits of {low} to {high} for {tensor}")
        }
        None => format!("Calibration chooses the limits of {tensor} again"),
    };
    let undo = Command::Compress(CompressCommand::UndoLimits);
    document.messages.toast_with(Level::Info, words, "Undo", undo);
}

fn undo_limits(document: &mut Document) {
    let Some(tab) = front(document) else { return };
    if let Some(before) = tab.compress.undo.pop() {
        set_draft(tab, before);
    }
}

/// The draft that limits of a variant with this recipe are changed in.
pub fn draft_from(draft: &Recipe, recipe: &Recipe) -> Recipe {
    let without_limits = |recipe: &Recipe| Recipe { limits: Default::default(), ..recipe.clone() };
    if without_limits(draft) == without_limits(recipe) { draft.clone() } else { recipe.clone() }
}

/// Adds the model of another tab to those that are compared.
fn add_tab(id: TabId, document: &mut Document) {
    let Some(TabContent::Model(open)) = document.tab(id).map(|tab| &tab.content) else { return };
    let Some(file) = open.file.clone() else { return };
    let (model, title) =
        (open.model.clone(), document.tab(id).map_or_else(String::new, |tab| tab.title.clone()));
    if let Some(tab) = front(document) {
        add_model(tab, title, model, file);
    }
}

/// Adds a model to those that a tab without a project compares.
pub(super) fn add_model(
    tab: &mut Tab,
    title: String,
    model: Arc<emberlab_core::model::Model>,
    file: Arc<[u8]>,
) {
    let sha256 = sha256_hex(&file);
    let state = &mut tab.compress;
    if let Some(known) = state.records.iter().find(|record| record.file_sha256 == sha256) {
        state.selected = Some(known.name.clone());
        return;
    }
    let is_free = |name: &String| state.records.iter().all(|record| record.name != *name);
    let numbered = (2..).map(|number| format!("{title}, {number}"));
    let mut names = std::iter::once(title.clone()).chain(numbered);
    let name = names.find(is_free).unwrap_or(title);
    state.records.push(VariantRecord {
        name: name.clone(),
        file_bytes: file.len() as u64,
        file_sha256: sha256.clone(),
        ..VariantRecord::default()
    });
    state.failure = None;
    let variant = Variant { sha256, model: Some(model), file: Some(file), ..Variant::default() };
    state.variants.insert(name, variant);
}

/// Says that variants cannot be made, in the panel.
pub(super) fn failed(tab: &mut Tab, failure: CompressFailure) {
    tab.compress.failure = Some(failure);
}
