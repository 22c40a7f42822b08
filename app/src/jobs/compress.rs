//! Variants made, measured and compared; their files.

use std::path::PathBuf;
use std::sync::Arc;

use emberlab_core::hash::sha256_hex;
use emberlab_core::layers::{LayerGraph, Weights};
use emberlab_core::model::Model;
use emberlab_core::plan::Target;
use emberlab_core::project::VariantRecord;
use emberlab_core::quantize::{OperatorErrors, Recipe, VariantKind, Width};
use emberlab_core::tflite;

use super::{
    Finding, JobContext, JobId, JobKind, JobSpec, Jobs, LoadRequest, LoadStage, Outcome, Subject, file_name,
    load, read_file,
};
use crate::compression::{
    Calibrated, CompressFailure, Evaluated, FloatModel, Made, calibrate, calibrating_part, compared,
    divergence, evaluate, figures, make, new_record, operator_errors, read_variant, remove_variant,
    tested_part, variant_costs, write_variant,
};
use crate::project::compress::{PreparedFor, Variant, WiderCost, data_for_model};
use crate::project::{CompressFinding, CompressOutcome};
use crate::training::{RunFolder, TrainingData};

/// A variant's name, the sum of its file, its model and its bytes.
type NamedFile = (String, String, Arc<Model>, Arc<[u8]>);

/// What the project keeps of a variant, its model and its bytes.
type RecordedFile = (VariantRecord, Arc<Model>, Arc<[u8]>);

/// Test samples that errors of operators are measured over.
const ERROR_SAMPLES: usize = 100;

/// Work on variants of a float32 model.
#[derive(Clone, Debug)]
pub struct CompressRequest {
    /// The tab it is for.
    pub subject: Subject,
    /// What the status bar calls it.
    pub title: String,
    /// The run of the float32 model; 0 for a model from outside.
    pub run: u32,
    /// Where the float32 model comes from.
    pub source: BaseSource,
    /// Samples.
    pub data: TrainingData,
    /// The chip that costs are for.
    pub target: Target,
    /// The folder beside the project; `None` keeps no files.
    pub files: Option<PathBuf>,
    /// What the float32 model answers, where that is known.
    pub reference: Option<Arc<Evaluated>>,
    /// What was seen of its activations, where that is known.
    pub calibrated: Option<Arc<Calibrated>>,
    /// What is to be done.
    pub work: CompressWork,
}

/// Where a float32 model comes from.
#[derive(Clone, Debug)]
pub enum BaseSource {
    /// It is there.
    Ready(Arc<FloatModel>),
    /// The files of a run.
    Run {
        /// Their folder.
        folder: RunFolder,
        /// What the model is called.
        title: String,
    },
    /// A network with weights of this session.
    Network {
        /// The network.
        graph: Box<LayerGraph>,
        /// Its weights.
        weights: Arc<Weights>,
        /// What the model is called.
        title: String,
    },
}

/// What is to be done about variants.
#[derive(Clone, Debug)]
pub enum CompressWork {
    /// Make variants with these names.
    Make(Vec<(String, Recipe)>),
    /// Measure models that are there.
    Measure(Vec<(VariantRecord, Arc<Model>, Arc<[u8]>)>),
    /// Find answers and errors of a variant, and what keeping operators wider would cost.
    Examine(Box<Examination>),
    /// Find where the answers to samples turn.
    Diverge(Box<DivergenceSearch>),
}

/// A variant to look into.
#[derive(Clone, Debug)]
pub struct Examination {
    /// Its name.
    pub name: String,
    /// The sum of its file.
    pub sha256: String,
    /// Its model.
    pub model: Arc<Model>,
    /// Its file.
    pub file: Arc<[u8]>,
    /// How it was made; `None` for a model from outside.
    pub recipe: Option<Recipe>,
    /// What it answers, where that is known.
    pub evaluated: Option<Arc<Evaluated>>,
}

/// Samples whose answers turn somewhere.
#[derive(Clone, Debug)]
pub struct DivergenceSearch {
    /// Name of the variant.
    pub name: String,
    /// The sum of its file.
    pub sha256: String,
    /// Its model.
    pub model: Arc<Model>,
    /// Its file.
    pub file: Arc<[u8]>,
    /// From here on a single number says class 1.
    pub border: Option<f32>,
    /// Numbers among the samples that are tested.
    pub samples: Vec<usize>,
}

impl Jobs {
    /// Works on variants; what is found is said in findings.
    pub fn compress(&mut self, request: CompressRequest) -> JobId {
        let spec =
            JobSpec { kind: JobKind::Compress, name: request.title.clone(), subject: Some(request.subject) };
        self.start(spec, move |context| {
            let result = Worker::new(&request, context).run();
            if context.is_cancelled() {
                return None;
            }
            let result = result.map(|_| ());
            Some(Outcome::Compress(match request.work {
                CompressWork::Make(_) | CompressWork::Measure(_) => CompressOutcome::Made(result),
                CompressWork::Examine(_) | CompressWork::Diverge(_) => CompressOutcome::Examined(result),
            }))
        })
    }

    /// Reads the files of variants.
    pub fn read_variants(&mut self, subject: Subject, files: PathBuf, records: Vec<VariantRecord>) {
        self.start(statistics("Reading variants", subject), move |context| {
            for record in records {
                if context.is_cancelled() {
                    return None;
                }
                let result = read_variant(&files, &record);
                say(context, CompressFinding::Read(record.name, record.file_sha256, result));
            }
            Some(Outcome::Compress(CompressOutcome::Done))
        });
    }

    /// Finds out what variants cost: names, sums, models and files.
    pub fn cost_variants(&mut self, subject: Subject, target: Target, variants: Vec<NamedFile>) {
        self.start(statistics("Counting what variants cost", subject), move |context| {
            for (name, sha256, model, file) in variants {
                if context.is_cancelled() {
                    return None;
                }
                let costs = Arc::new(variant_costs(&model, &file, target));
                say(context, CompressFinding::Costs(name, sha256, costs));
            }
            Some(Outcome::Compress(CompressOutcome::Done))
        });
    }

    /// Reads models to compare with.
    pub fn read_models(&mut self, subject: Subject, paths: Vec<PathBuf>) {
        self.start(statistics("Reading models", subject), move |context| {
            for path in paths {
                let report = |_, _| !context.is_cancelled();
                let bytes = match read_file(&path, &report) {
                    Ok(Some(bytes)) => bytes,
                    Ok(None) => return None,
                    Err(failure) => {
                        say(context, CompressFinding::Added(Err(failure.message)));
                        continue;
                    }
                };
                let file: Arc<[u8]> = bytes.into();
                let name = file_name(&path);
                let model = tflite::read(file.clone())
                    .map(|model| (name.clone(), Arc::new(model), file))
                    .map_err(|error| format!("{name} is no model that can be read: {error}"));
                say(context, CompressFinding::Added(model));
            }
            Some(Outcome::Compress(CompressOutcome::Done))
        });
    }

    /// Reads and prepares data for a model without a project.
    pub fn read_compress_data(&mut self, subject: Subject, wanted: PreparedFor, paths: Vec<PathBuf>) {
        let spec = JobSpec {
            kind: JobKind::Compress,
            name: format!("Reading {}", crate::files::name(&paths)),
            subject: Some(subject),
        };
        self.start(spec, move |context| {
            let report = |stage| {
                if let LoadStage::Reading(done, total) = stage {
                    context.progress(done, total);
                }
                !context.is_cancelled()
            };
            let request =
                LoadRequest { paths, test_paths: Vec::new(), format: None, expected: None, known_sums: None };
            let loaded = match load(&request, &report) {
                Ok(loaded) => loaded?,
                Err(failure) => {
                    let failure = CompressFailure::new(&failure.message, &failure.help);
                    return Some(Outcome::Compress(CompressOutcome::Data(Err(failure))));
                }
            };
            let watch = |done, total| {
                context.progress(done, total);
                !context.is_cancelled()
            };
            let data = data_for_model(&wanted, loaded.dataset, &watch).transpose()?;
            Some(Outcome::Compress(CompressOutcome::Data(data)))
        });
    }

    /// Writes the file of a variant that was brought back.
    pub fn write_variant(&mut self, files: PathBuf, record: VariantRecord, file: Arc<[u8]>) {
        let name = format!("Writing {}", record.name);
        self.start(JobSpec { kind: JobKind::Save, name, subject: None }, move |_| {
            Some(match write_variant(&files, &record, &file) {
                Ok(()) => Outcome::Compress(CompressOutcome::Done),
                Err(reason) => Outcome::Saved(format!("the variant {}", record.name), Err(reason)),
            })
        });
    }

    /// Removes the file of a variant.
    pub fn remove_variant(&mut self, files: PathBuf, record: VariantRecord) {
        let name = format!("Removing {}", record.name);
        self.start(JobSpec { kind: JobKind::Save, name, subject: None }, move |_| {
            Some(Outcome::Compress(match remove_variant(&files, &record) {
                Ok(()) => CompressOutcome::Done,
                Err(reason) => CompressOutcome::NotRemoved(reason),
            }))
        });
    }
}

fn statistics(name: &str, subject: Subject) -> JobSpec {
    JobSpec { kind: JobKind::Statistics, name: name.to_owned(), subject: Some(subject) }
}

fn say(context: &JobContext, finding: CompressFinding) {
    context.found(Finding::Compress(finding));
}

/// Does the work of a request; what is needed several times is found once.
struct Worker<'a> {
    request: &'a CompressRequest,
    context: &'a JobContext,
    float: Option<Arc<FloatModel>>,
    reference: Option<Arc<Evaluated>>,
    calibrated: Option<Arc<Calibrated>>,
}

/// `None` where the work was ended.
type Step<T> = Result<Option<T>, CompressFailure>;

/// Takes what a step has given, or ends this one too.
macro_rules! wanted {
    ($step:expr) => {
        match $step? {
            Some(found) => found,
            None => return Ok(None),
        }
    };
}

impl<'a> Worker<'a> {
    fn new(request: &'a CompressRequest, context: &'a JobContext) -> Self {
        Self {
            request,
            context,
            float: None,
            reference: request.reference.clone(),
            calibrated: request.calibrated.clone(),
        }
    }

    fn run(&mut self) -> Step<()> {
        match &self.request.work {
            CompressWork::Make(variants) => self.make_all(variants),
            CompressWork::Measure(models) => self.measure_all(models),
            CompressWork::Examine(examination) => self.examine(examination),
            CompressWork::Diverge(search) => self.diverge(search),
        }
    }

    fn watch(&self) -> impl Fn(u64, u64) -> bool + use<'a> {
        let context = self.context;
        move |done, total| {
            context.progress(done, total);
            !context.is_cancelled()
        }
    }

    fn say(&self, finding: CompressFinding) {
        say(self.context, finding);
    }

    fn stage(&self, name: &str, what: &str) {
        self.say(CompressFinding::Stage(format!("{name}: {what}")));
    }

    fn float(&mut self) -> Result<Arc<FloatModel>, CompressFailure> {
        if let Some(float) = &self.float {
            return Ok(float.clone());
        }
        let data = &self.request.data;
        let float = match &self.request.source {
            BaseSource::Ready(float) => float.clone(),
            BaseSource::Run { folder, title } => Arc::new(FloatModel::of_run(folder, title, data)?),
            BaseSource::Network { graph, weights, title } => {
                Arc::new(FloatModel::of_network(graph, weights, title, data)?)
            }
        };
        self.say(CompressFinding::Float(self.request.run, float.clone()));
        self.float = Some(float.clone());
        Ok(float)
    }

    /// What the float32 model answers.
    fn reference(&mut self) -> Step<Arc<Evaluated>> {
        if let Some(reference) = &self.reference {
            return Ok(Some(reference.clone()));
        }
        let float = self.float()?;
        let request = self.request;
        let (part, _) = tested(&request.data)?;
        let found = evaluate(&float.model, &float.file, &part.samples, &self.watch())?;
        let reference = Arc::new(wanted!(Ok::<_, CompressFailure>(found)));
        self.say(CompressFinding::Reference(request.run, reference.clone()));
        self.reference = Some(reference.clone());
        Ok(Some(reference))
    }

    /// What was seen of the activations, of the samples that a recipe wants.
    fn calibrated(&mut self, recipe: &Recipe) -> Step<Arc<Calibrated>> {
        if let Some(known) = self.calibrated.as_ref().filter(|known| known.serves(&recipe.calibration)) {
            return Ok(Some(known.clone()));
        }
        let float = self.float()?;
        let request = self.request;
        let part = calibrating_part(&request.data);
        let found = calibrate(&float, part, &recipe.calibration, &self.watch())?;
        let calibrated = Arc::new(wanted!(Ok::<_, CompressFailure>(found)));
        self.say(CompressFinding::Calibrated(request.run, calibrated.clone()));
        self.calibrated = Some(calibrated.clone());
        Ok(Some(calibrated))
    }

    fn make_all(&mut self, variants: &[(String, Recipe)]) -> Step<()> {
        let mut failures: Vec<(String, CompressFailure)> = Vec::new();
        for (name, recipe) in variants {
            match self.make(name, recipe) {
                Ok(Some(())) => {}
                Ok(None) => return Ok(None),
                // The others may well be there.
                Err(failure) => failures.push((name.clone(), failure)),
            }
        }
        all_or_first(failures)
    }

    fn make(&mut self, name: &str, recipe: &Recipe) -> Step<()> {
        let float = self.float()?;
        let request = self.request;
        let mut calibrated = None;
        if recipe.kind.needs_calibration() {
            self.stage(name, "calibrating");
            calibrated = Some(wanted!(self.calibrated(recipe)));
        }
        self.stage(name, "making");
        let made = make(&float, recipe, calibrated.as_deref())?;
        if self.reference.is_none() {
            self.stage("float32", "testing on all samples");
        }
        let reference = wanted!(self.reference());
        self.stage(name, "testing on all samples");
        let (part, of_validation) = tested(&request.data)?;
        let evaluated = if made.file == float.file {
            reference.clone()
        } else {
            let found = evaluate(&made.model, &made.file, &part.samples, &self.watch())?;
            Arc::new(wanted!(Ok::<_, CompressFailure>(found)))
        };
        let agreement = Arc::new(compared(&reference, &evaluated, &part.samples));
        let figures = figures(&evaluated, of_validation, agreement.share);
        let mut record = new_record(name, &made, request.run, figures);
        match &request.files {
            Some(files) => {
                let help = "Check that the folder beside the project file can be written to.";
                write_variant(files, &record, &made.file)
                    .map_err(|reason| CompressFailure::new(reason, help))?;
            }
            None => record.file = String::new(),
        }
        let Made { model, file, ranges, .. } = made;
        let variant = Variant {
            sha256: record.file_sha256.clone(),
            costs: vec![Arc::new(variant_costs(&model, &file, request.target))],
            model: Some(model),
            file: Some(file),
            evaluated: Some(evaluated),
            agreement: Some(agreement),
            ranges,
            ..Variant::default()
        };
        self.say(CompressFinding::Made(Box::new((record, variant))));
        Ok(Some(()))
    }

    fn measure_all(&mut self, models: &[RecordedFile]) -> Step<()> {
        let mut failures: Vec<(String, CompressFailure)> = Vec::new();
        for measured in models {
            match self.measure(measured) {
                Ok(Some(())) => {}
                Ok(None) => return Ok(None),
                Err(failure) => failures.push((measured.0.name.clone(), failure)),
            }
        }
        all_or_first(failures)
    }

    fn measure(&mut self, (record, model, file): &(VariantRecord, Arc<Model>, Arc<[u8]>)) -> Step<()> {
        let request = self.request;
        self.stage(&record.name, "testing on all samples");
        let (part, of_validation) = tested(&request.data)?;
        let reference = wanted!(self.reference());
        let float = self.float()?;
        let evaluated = if *file == float.file {
            reference.clone()
        } else {
            let found = evaluate(model, file, &part.samples, &self.watch())?;
            Arc::new(wanted!(Ok::<_, CompressFailure>(found)))
        };
        let agreement = Arc::new(compared(&reference, &evaluated, &part.samples));
        let figures = figures(&evaluated, of_validation, agreement.share);
        let record = VariantRecord { figures: Some(figures), ..record.clone() };
        let variant = Variant {
            sha256: sha256_hex(file),
            model: Some(model.clone()),
            file: Some(file.clone()),
            costs: vec![Arc::new(variant_costs(model, file, request.target))],
            evaluated: Some(evaluated),
            agreement: Some(agreement),
            ..Variant::default()
        };
        self.say(CompressFinding::Made(Box::new((record, variant))));
        Ok(Some(()))
    }

    fn examine(&mut self, of: &Examination) -> Step<()> {
        let request = self.request;
        let float = self.float()?;
        let (part, _) = tested(&request.data)?;
        let reference = wanted!(self.reference());
        let evaluated = match &of.evaluated {
            Some(evaluated) => evaluated.clone(),
            None if of.file == float.file => reference.clone(),
            None => {
                let found = evaluate(&of.model, &of.file, &part.samples, &self.watch())?;
                Arc::new(wanted!(Ok::<_, CompressFailure>(found)))
            }
        };
        let agreement = Arc::new(compared(&reference, &evaluated, &part.samples));
        self.say(CompressFinding::Answers(of.name.clone(), of.sha256.clone(), evaluated, agreement));
        if of.file == float.file {
            // It differs from nothing.
            return Ok(Some(()));
        }
        let indexes = spread(part.samples.count, ERROR_SAMPLES);
        let (first, second) = ((&*float.model, &float.file[..]), (&*of.model, &of.file[..]));
        let errors = wanted!(
            operator_errors(first, second, &part.samples, &indexes, &self.watch())
                .map(|errors| errors.map(Arc::new))
        );
        self.say(CompressFinding::Errors(of.name.clone(), of.sha256.clone(), errors.clone()));
        let Some(recipe) = of.recipe.as_ref().filter(|recipe| recipe.kind.needs_calibration()) else {
            return Ok(Some(()));
        };
        let calibrated = wanted!(self.calibrated(recipe));
        let ranges = Arc::new(calibrated.observations.ranges_for(&float.model, recipe));
        self.say(CompressFinding::Ranges(of.name.clone(), of.sha256.clone(), ranges));
        if recipe.kind == VariantKind::Int8 {
            self.widen(of, &float, recipe, &calibrated, &errors);
        }
        Ok(Some(()))
    }

    /// What keeping each operator wider would cost.
    fn widen(
        &self,
        of: &Examination,
        float: &FloatModel,
        recipe: &Recipe,
        calibrated: &Calibrated,
        errors: &OperatorErrors,
    ) {
        let before = variant_costs(&of.model, &of.file, self.request.target);
        for error in errors.operators.iter().filter(|error| !error.name.is_empty()) {
            if self.context.is_cancelled() {
                return;
            }
            let other = turned(recipe, &error.name);
            let cost = make(float, &other, Some(calibrated)).map_err(|failure| failure.message).map(|made| {
                let after = variant_costs(&made.model, &made.file, self.request.target);
                let change = |after: u64, before: u64| after as i64 - before as i64;
                WiderCost {
                    file: change(after.file_bytes, before.file_bytes),
                    arena: after
                        .arena_minimum_bytes
                        .zip(before.arena_minimum_bytes)
                        .map(|(after, before)| change(after, before)),
                    runs: after.arena_minimum_bytes.is_some(),
                }
            });
            self.say(CompressFinding::Wider(of.name.clone(), of.sha256.clone(), error.float, cost));
        }
    }

    fn diverge(&mut self, search: &DivergenceSearch) -> Step<()> {
        let float = self.float()?;
        let (part, _) = tested(&self.request.data)?;
        let total = search.samples.len() as u64;
        for (done, sample) in search.samples.iter().enumerate() {
            self.context.progress(done as u64, total);
            if self.context.is_cancelled() {
                return Ok(None);
            }
            let (first, second) = ((&*float.model, &float.file[..]), (&*search.model, &search.file[..]));
            let found = divergence(first, second, &part.samples, *sample, search.border)?;
            let (name, sha256) = (search.name.clone(), search.sha256.clone());
            self.say(CompressFinding::Diverged(name, sha256, *sample, found));
        }
        Ok(Some(()))
    }
}

/// The recipe with an operator kept in int16, or no longer.
pub fn turned(recipe: &Recipe, output: &str) -> Recipe {
    let mut other = recipe.clone();
    if other.wider.remove(output).is_none() {
        other.wider.insert(output.to_owned(), Width::Int16);
    }
    other
}

/// At most `most` numbers below `count`, evenly spread.
fn spread(count: usize, most: usize) -> Vec<usize> {
    let n = count.min(most);
    (0..n).map(|index| index * count / n.max(1)).collect()
}

fn tested(data: &TrainingData) -> Result<(&emberlab_core::dataset::PreparedPart, bool), CompressFailure> {
    tested_part(data).ok_or_else(|| {
        let help = "Give the split of the data a share for the test.";
        CompressFailure::new("The split leaves no samples to test with.", help)
    })
}

fn all_or_first(failures: Vec<(String, CompressFailure)>) -> Step<()> {
    let more = failures.len().saturating_sub(1);
    match failures.into_iter().next() {
        None => Ok(Some(())),
        Some((name, failure)) => {
            let others = if more > 0 { format!(" and {more} more") } else { String::new() };
            let message = format!("{name}{others} could not be made. {}", failure.message);
            Err(CompressFailure::new(message, &failure.help))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_spread_over_all() {
        assert_eq!(spread(10, 100), (0..10).collect::<Vec<_>>());
        assert_eq!(spread(1000, 4), [0, 250, 500, 750]);
        assert!(spread(0, 100).is_empty());
    }

    #[test]
    fn keeping_an_operator_wider_can_be_taken_back() {
        let recipe = Recipe::default();
        let wider = turned(&recipe, "conv");
        assert_eq!(wider.wider.get("conv"), Some(&Width::Int16));
        assert_eq!(turned(&wider, "conv"), recipe);
    }

    #[test]
    fn several_failures_become_one_message() {
        let failure = || CompressFailure::new("No such operator.", "Choose another kind of variant.");
        assert_eq!(all_or_first(Vec::new()), Ok(Some(())));
        let both = vec![("int8".to_owned(), failure()), ("int16x8".to_owned(), failure())];
        let error = all_or_first(both).expect_err("two failures");
        assert_eq!(error.message, "int8 and 1 more could not be made. No such operator.");
    }
}
