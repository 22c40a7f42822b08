//! The training loop.

use burn::tensor::{Tensor, TensorData};
use emberlab_core::dataset::Samples;
use emberlab_core::layers::{Activation, LayerGraph, Weights, initial_weights};
use emberlab_core::training::TrainingConfig;

use crate::backend::Backend;
use crate::batch::{Set, check_inputs, gather_changed, rows};
use crate::checkpoint::{Best, Checkpoint, Progress, Sums};
use crate::error::TrainError;
use crate::events::{Command, Control, End, EpochRecord, Event, Started, StepRecord};
use crate::network::{Mode, Network, Value};
use crate::optimizer::{Memory, Step};
use crate::predict::{self, Measured};
use crate::random::{Purpose, Random};
use crate::scaling::Scaling;
use crate::targets::TargetRows;
use crate::{fingerprint, loss, schedule};

/// What is trained, on what, and how.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The network.
    pub graph: &'a LayerGraph,
    /// Samples to train on.
    pub training: &'a Samples,
    /// Samples to validate on; `None` keeps a share of the training samples back, as the settings say.
    pub validation: Option<&'a Samples>,
    /// The settings.
    pub config: &'a TrainingConfig,
    /// Where the run begins.
    pub start: Start<'a>,
}

/// Where a run begins.
#[derive(Clone, Copy, Debug, Default)]
pub enum Start<'a> {
    /// With new weights from the seed.
    #[default]
    Fresh,
    /// With these weights, as a new run.
    Weights(&'a Weights),
    /// Where another run was left.
    Checkpoint(&'a Checkpoint),
}

/// What a run ends with.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Why it ended.
    pub end: End,
    /// The weights to keep: of the best epoch if the settings say so, else the last.
    pub weights: Weights,
    /// The epoch that the weights are from, from 0; `None` for weights of an epoch that was not finished.
    pub epoch: Option<usize>,
    /// The state at the end: training can go on from it, for instance with more epochs.
    pub checkpoint: Checkpoint,
}

/// Losses that a GPU keeps until they are read together: every reading waits for all that was asked of it.
const STEPS_PER_READING: usize = 16;

/// Gradients of products in half precision are multiplied with this, so that small ones do not become 0.
const GRADIENT_SCALE: f32 = 1024.0;

/// Trains a network.
///
/// The same job on the CPU gives the same weights bit for bit, also when it was stopped and went on from a checkpoint.
///
/// # Errors
/// Graph, samples, settings and start do not belong together; in words.
pub fn train(
    job: &Job<'_>,
    backend: &Backend,
    control: &mut dyn Control,
    events: &mut dyn FnMut(Event),
) -> Result<Outcome, TrainError> {
    let mut run = Run::new(job, backend)?;
    events(Event::Started(run.started(backend)));
    let end = run.go_on(control, events);
    Ok(run.finish(end))
}

struct Run<'a> {
    config: &'a TrainingConfig,
    network: Network,
    memory: Memory,
    training: Set<'a>,
    targets: Vec<TargetRows>,
    /// How values to predict are normalised; the network inside learns them so.
    scaling: Option<Scaling>,
    validation: Option<(Set<'a>, Vec<TargetRows>)>,
    /// Outputs that are taken before their last activation.
    raw: Vec<bool>,
    notes: Vec<String>,
    gradient_scale: f32,
    is_cpu: bool,
    /// Everything but weights and memories, which are filled in when a checkpoint is made.
    state: Checkpoint,
    pending: Vec<Pending>,
}

/// Losses of a step that were not read yet.
struct Pending {
    /// Sums over the samples of the step: loss, metric.
    sums: [Tensor<1>; 2],
    samples: usize,
    learning_rate: f32,
}

impl<'a> Run<'a> {
    fn new(job: &Job<'a>, backend: &Backend) -> Result<Self, TrainError> {
        let config = job.config;
        check_settings(config)?;
        let mut notes = Vec::new();
        let mut half = config.mixed_precision;
        if let (true, Some(obstacle)) = (half, backend.mixed_precision_obstacle()) {
            notes.push(obstacle.to_owned());
            half = false;
        }
        let fresh;
        let weights = match job.start {
            Start::Fresh => {
                fresh = initial_weights(job.graph, config.seed)
                    .map_err(|error| TrainError::Graph(error.to_string()))?;
                &fresh
            }
            Start::Weights(weights) => weights,
            Start::Checkpoint(checkpoint) => &checkpoint.weights,
        };
        let mut network = Network::with_precision(job.graph, weights, backend, half)?;
        check_inputs(&network, job.training)?;
        let (training, validation) = match job.validation.filter(|samples| samples.count > 0) {
            Some(samples) => {
                check_inputs(&network, samples)?;
                (Set::all(job.training), Some(Set::all(samples)))
            }
            None => Set::split(job.training, config.validation_share, config.seed),
        };
        if training.indexes.is_empty() {
            return Err(TrainError::Samples("There are no samples to train on".to_owned()));
        }
        let targets = target_rows(&network, job.training, config)?;
        let scaling = Scaling::new(job.graph, job.training, &training.indexes, config);
        if let (Some(scaling), Start::Weights(weights)) = (&scaling, job.start) {
            network = Network::with_precision(job.graph, &scaling.unfolded(weights), backend, half)?;
        }
        let scaled = |rows: Vec<TargetRows>| -> Vec<TargetRows> {
            rows.into_iter().map(|rows| rows.scaled(scaling.as_ref())).collect()
        };
        let targets = scaled(targets);
        let validation = match validation {
            Some(set) => {
                // As in Keras, class weights are for training only.
                let plain = TrainingConfig { class_weights: Default::default(), ..config.clone() };
                let targets = target_rows(&network, set.samples, &plain)?;
                Some((set, scaled(targets)))
            }
            None => None,
        };
        let raw =
            network.output_activations().map(|activation| loss::takes_raw(config.loss, activation)).collect();
        let is_plain =
            |activation| activation == Activation::Linear && loss::takes_raw(config.loss, activation);
        if network.output_activations().any(is_plain) {
            notes.push(
                "The network ends in no softmax or sigmoid: the loss takes its outputs for what goes into one"
                    .to_owned(),
            );
        }
        let fingerprint = fingerprint::of_run(
            job.graph,
            config,
            training.indexes.len(),
            validation.as_ref().map(|(set, _)| set),
        );
        let mut memory = Memory::new(config.optimizer, network.parameters(), backend.is_cpu());
        let state = match job.start {
            Start::Fresh | Start::Weights(_) => Checkpoint::begin(fingerprint),
            Start::Checkpoint(checkpoint) => {
                if checkpoint.fingerprint != fingerprint {
                    return Err(TrainError::Checkpoint(
                        "The checkpoint belongs to another network, other samples or other settings"
                            .to_owned(),
                    ));
                }
                let memories: Result<Vec<_>, _> =
                    checkpoint.memories.iter().map(|memory| network.arrays(memory)).collect();
                if !memory.write(memories?) {
                    return Err(TrainError::Checkpoint("The checkpoint is of another optimizer".to_owned()));
                }
                Checkpoint { weights: Weights::default(), memories: Vec::new(), ..checkpoint.clone() }
            }
        };
        Ok(Self {
            config,
            network,
            memory,
            training,
            targets,
            scaling,
            validation,
            raw,
            notes,
            gradient_scale: if half { GRADIENT_SCALE } else { 1.0 },
            is_cpu: backend.is_cpu(),
            state,
            pending: Vec::new(),
        })
    }

    fn started(&self, backend: &Backend) -> Started {
        Started {
            training_samples: self.training.indexes.len(),
            validation_samples: self.validation.as_ref().map_or(0, |(set, _)| set.indexes.len()),
            steps_per_epoch: self.steps_per_epoch(),
            epochs: self.config.epochs,
            steps_taken: self.state.step,
            parameters: self.network.parameter_count(),
            backend: backend.info().label(),
            notes: self.notes.clone(),
            metric: self.targets[0].metric(),
        }
    }

    fn steps_per_epoch(&self) -> usize {
        self.training.indexes.len().div_ceil(self.config.batch_size)
    }

    fn go_on(&mut self, control: &mut dyn Control, events: &mut dyn FnMut(Event)) -> End {
        let steps = self.steps_per_epoch();
        while self.state.epoch < self.config.epochs {
            let waited = self.state.stopping.epochs_without;
            if self.config.early_stopping.is_some_and(|stopping| waited >= stopping.patience.max(1)) {
                return End::NoProgress;
            }
            let mut order = self.training.indexes.clone();
            Random::new(self.config.seed, Purpose::Order, self.state.epoch as u64).shuffle(&mut order);
            while self.state.step_in_epoch < steps {
                if !self.may_go_on(control, events) {
                    return End::Stopped;
                }
                let start = self.state.step_in_epoch * self.config.batch_size;
                let end = (start + self.config.batch_size).min(order.len());
                self.step(&order[start..end]);
                if (self.is_cpu || self.pending.len() >= STEPS_PER_READING) && !self.read(events) {
                    return End::Diverged;
                }
            }
            if !self.read(events) {
                return End::Diverged;
            }
            let mut is_stopped = false;
            let measured = self.validate(&mut |run| {
                is_stopped = is_stopped || !run.may_go_on(control, events);
                !is_stopped
            });
            if is_stopped {
                return End::Stopped;
            }
            self.end_epoch(measured, events);
        }
        End::Complete
    }

    /// Does what the control asks for; `false` to stop.
    fn may_go_on(&mut self, control: &mut dyn Control, events: &mut dyn FnMut(Event)) -> bool {
        let command = control.command();
        match command {
            Command::Continue => true,
            Command::Checkpoint | Command::Stop => {
                self.read(events);
                events(Event::Checkpoint(Box::new(self.checkpoint())));
                command == Command::Checkpoint
            }
        }
    }

    /// One step with these samples.
    fn step(&mut self, indexes: &[usize]) {
        let config = self.config;
        let device = self.network.device().clone().autodiff();
        let samples = self.training.samples;
        let number = self.state.step;
        let mut random = Random::new(config.seed, Purpose::Augmentation, number);
        let (inputs, targets) =
            gather_changed(samples, indexes, &config.augmentation, &mut random, &self.targets, config.loss);
        let count = inputs.count;
        let weights = self.targets[0].weights(samples, indexes);
        let values = inputs.into_values(&self.network, &device);
        let leaves = self.network.leaves_with_gradients();
        let mut dropout = Random::new(config.seed, Purpose::Dropout, number);
        let pass = self.network.forward(&leaves, values, Mode::Training(&mut dropout), &self.raw);
        let weights: Option<Tensor<1>> =
            weights.map(|weights| Tensor::from_data(TensorData::new(weights, [count]), &device));
        let mut metric = None;
        let mut total: Option<Tensor<1>> = None;
        let activations: Vec<Activation> = self.network.output_activations().collect();
        for (place, (output, targets)) in pass.outputs.into_iter().zip(targets).enumerate() {
            let targets = rows(targets, count, &device);
            if place == 0 {
                let (output, targets) = (inner(&output), targets.clone().inner());
                metric =
                    Some(predict::metric(&self.targets[0], output, targets, activations[0], self.raw[0]));
            }
            let loss = self.targets[place].loss(config.loss);
            let mut losses = loss::losses(loss, output, targets, self.raw[place]);
            if let Some(weights) = &weights {
                losses = losses * weights.clone();
            }
            let sum = losses.sum();
            total = Some(match total {
                Some(total) => total + sum,
                None => sum,
            });
        }
        let total = total.expect("a network has at least one output");
        let metric = metric.expect("a network has at least one output");
        let mut gradients = total.clone().mul_scalar(self.gradient_scale / count as f32).backward();
        let gradients = leaves.iter().map(|leaf| leaf.grad_remove(&mut gradients)).collect();
        drop(leaves);
        let [loss_factor, metric_factor] = self.targets[0].factors(config.loss);
        let metric = metric.mul_scalar(metric_factor);
        let mut sum = total.inner().mul_scalar(loss_factor);
        if let Some(penalty) = self.network.penalty() {
            sum = sum + penalty.mul_scalar(count as f32);
        }
        for (place, statistic) in pass.statistics {
            self.network.parameters_mut()[place].tensor = statistic;
        }
        let learning_rate = schedule::learning_rate(
            config,
            self.state.epoch,
            self.state.step_in_epoch,
            self.steps_per_epoch(),
            self.state.rate_factor,
        );
        let step = Step {
            number: number + 1,
            learning_rate,
            weight_decay: config.weight_decay,
            gradient_scale: self.gradient_scale,
            clip_norm: config.clip_norm,
            clip_value: config.clip_value,
        };
        self.memory.step(self.network.parameters_mut(), gradients, &step);
        self.pending.push(Pending { sums: [sum, metric], samples: count, learning_rate });
        self.state.step += 1;
        self.state.step_in_epoch += 1;
    }

    /// Reads the losses of the last steps and reports them; `false` if one is not finite.
    fn read(&mut self, events: &mut dyn FnMut(Event)) -> bool {
        if self.pending.is_empty() {
            return true;
        }
        let pending = std::mem::take(&mut self.pending);
        let (samples, rates): (Vec<usize>, Vec<f32>) =
            pending.iter().map(|step| (step.samples, step.learning_rate)).unzip();
        let sums = pending.into_iter().flat_map(|step| step.sums).collect();
        let values = crate::network::values_from_tensor(Tensor::cat(sums, 0));
        let mut sums = Sums::default();
        for (step, samples) in values.chunks_exact(2).zip(&samples) {
            sums.add(f64::from(step[0]), f64::from(step[1]), *samples);
        }
        self.state.sums.add(sums.loss, sums.metric, sums.samples);
        let (loss, metric) = sums.means();
        events(Event::Step(StepRecord {
            epoch: self.state.epoch,
            step: self.state.step,
            samples: sums.samples,
            loss,
            metric,
            learning_rate: rates.last().copied().unwrap_or(self.config.learning_rate),
        }));
        sums.loss.is_finite()
    }

    fn validate(&mut self, go_on: &mut dyn FnMut(&mut Self) -> bool) -> Option<Measured> {
        let (set, targets) = self.validation.take()?;
        let mut sums = Sums::default();
        let mut is_whole = true;
        for indexes in set.indexes.chunks(predict::BATCH.max(self.config.batch_size)) {
            is_whole = go_on(self);
            if !is_whole {
                break;
            }
            predict::measure_batch(&self.network, &set, indexes, &targets, self.config.loss, &mut sums);
        }
        self.validation = Some((set, targets));
        is_whole.then(|| predict::measured(&self.network, &sums))
    }

    fn end_epoch(&mut self, measured: Option<Measured>, events: &mut dyn FnMut(Event)) {
        let steps = self.steps_per_epoch();
        let state = &mut self.state;
        let (loss, metric) = state.sums.means();
        let mut record = EpochRecord {
            epoch: state.epoch,
            step: state.step,
            loss,
            metric,
            validation_loss: measured.map(|measured| measured.loss),
            validation_metric: measured.map(|measured| measured.metric),
            learning_rate: schedule::learning_rate(
                self.config,
                state.epoch,
                steps - 1,
                steps,
                state.rate_factor,
            ),
            is_best: false,
        };
        let deciding = record.deciding_loss();
        record.is_best = state.best.as_ref().is_none_or(|best| deciding < best.loss);
        if record.is_best {
            state.best = Some(Best { epoch: state.epoch, loss: deciding, weights: self.network.weights() });
        }
        if let Some(stopping) = self.config.early_stopping {
            state.stopping.note(deciding, stopping.minimum_change);
        }
        state.rate_factor =
            schedule::factor_after_epoch(self.config, &mut state.plateau, state.rate_factor, deciding);
        state.history.push(record);
        state.epoch += 1;
        state.step_in_epoch = 0;
        state.sums = Sums::default();
        events(Event::Epoch(record));
        events(Event::Checkpoint(Box::new(self.checkpoint())));
    }

    fn checkpoint(&self) -> Checkpoint {
        let memories = self.memory.read().into_iter();
        Checkpoint {
            weights: self.network.weights(),
            memories: memories.map(|memory| self.network.named(memory.into_iter())).collect(),
            ..self.state.clone()
        }
    }

    fn finish(self, end: End) -> Outcome {
        let checkpoint = self.checkpoint();
        let best = checkpoint.best.as_ref().filter(|_| self.config.keep_best || end == End::Diverged);
        let (weights, epoch) = match best {
            Some(best) => (best.weights.clone(), Some(best.epoch)),
            None => {
                let is_whole = checkpoint.step_in_epoch == 0;
                (checkpoint.weights.clone(), checkpoint.epoch.checked_sub(1).filter(|_| is_whole))
            }
        };
        let weights = match &self.scaling {
            Some(scaling) => scaling.folded(&weights),
            None => weights,
        };
        Outcome { end, weights, epoch, checkpoint }
    }
}

impl Checkpoint {
    /// The state before the first step.
    fn begin(fingerprint: u64) -> Self {
        Self {
            fingerprint,
            step: 0,
            epoch: 0,
            step_in_epoch: 0,
            weights: Weights::default(),
            memories: Vec::new(),
            best: None,
            history: Vec::new(),
            plateau: Progress::START,
            stopping: Progress::START,
            rate_factor: 1.0,
            sums: Sums::default(),
        }
    }
}

/// One per output of the network.
pub(crate) fn target_rows(
    network: &Network,
    samples: &Samples,
    config: &TrainingConfig,
) -> Result<Vec<TargetRows>, TrainError> {
    network.output_shapes().map(|shape| TargetRows::new(samples, config, shape)).collect()
}

fn inner(value: &Value) -> Value {
    let shape = value.shape().to_vec();
    Value::rows(value.clone().into_rows().inner(), &shape)
}

fn check_settings(config: &TrainingConfig) -> Result<(), TrainError> {
    let check = |is_fine: bool, message: &str| {
        if is_fine { Ok(()) } else { Err(TrainError::Settings(message.to_owned())) }
    };
    check(config.batch_size > 0, "The batch size has to be at least 1")?;
    check(
        config.learning_rate.is_finite() && config.learning_rate >= 0.0,
        "The learning rate has to be 0 or more",
    )?;
    check((0.0..1.0).contains(&config.label_smoothing), "Label smoothing has to lie between 0 and 1")?;
    check(
        (0.0..1.0).contains(&config.validation_share),
        "The share for validation has to lie between 0 and 1",
    )?;
    check(config.clip_norm.is_none_or(|limit| limit > 0.0), "The largest norm has to be above 0")?;
    check(config.clip_value.is_none_or(|limit| limit > 0.0), "The largest gradient has to be above 0")
}
