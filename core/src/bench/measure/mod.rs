//! What a measurement asks a board for, in which order, and what it makes of the answers.
//!
//! The board says what it is and which model it has. Then some inputs are computed on both sides and compared operator by
//! operator, operators are measured, and invocations go on in batches, with a measurement of the operators in between. A reset
//! and a line that comes back begin all of this anew.

mod compare;
mod said;

use std::collections::VecDeque;
use std::sync::Arc;

use super::history::{MarkerKind, Sample};
use crate::link::{
    Client, Counters, End, Event, Invocation, Mode, Model, NO_OPERATOR, Place, Reference, Refusal, Run,
    Source, Target,
};
use crate::words::grouped;
use emberlab_runtime::link::crc32;

pub use said::{Check, Compared, Difference, DifferingPlace, Inputs, Order, Plan, Said, Stage, Trouble};

/// A batch of invocations takes about so long, so that an order is followed soon.
const BATCH_MICROS: u64 = 1_000_000;
/// The most invocations of a batch.
const MAX_BATCH: u64 = 20_000;
/// A comparison of which messages were lost is made again so often.
const CHECK_TRIES: u32 = 4;
/// Operators are measured after every batch until there are so many measurements, then after every fifth.
const OFTEN_UNTIL: u64 = 50;
/// What belongs to an answer comes within this time.
const ANSWER_MICROS: u64 = 500_000;
/// A board that runs and says nothing for so long is asked whether it still does.
const SILENCE_MICROS: u64 = 2_000_000;

/// What the answers belong to.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// Waits for orders.
    Rest,
    Ask(u16),
    SendModel(u16),
    SendInputs(u16),
    Check {
        request: u16,
        tries: u32,
        reference: Arc<Reference>,
        is_settled: bool,
    },
    Fetch {
        request: u16,
    },
    Operators(u16),
    Batch {
        request: u16,
        since_micros: u64,
        n_asked: u64,
    },
    /// A run is being stopped; what follows.
    Stop(After),
}

/// What follows when a run has been stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Listen,
    Begin,
    SendModel,
    Inputs,
    Batch,
}

/// A measurement.
pub struct Measure {
    plan: Plan,
    client: Client,
    /// What earlier clients of this measurement counted.
    counted: Counters,
    step: Step,
    said: VecDeque<Said>,
    model: Option<Model>,
    check: Check,
    now_micros: u64,
    n_samples: u64,
    n_operator_runs: u64,
    n_batches: u64,
    /// Invocations of the next batch.
    batch: u64,
    /// The next sample is the first one since the model was prepared: caches are cold.
    is_cold: bool,
    /// Inputs that were given have arrived on the board.
    has_inputs: bool,
    /// The model was sent to this board once already.
    was_sent: bool,
    /// When the board said something, or was last asked whether it still runs.
    heard_micros: u64,
    /// It was asked whether it still runs.
    is_probing: bool,
    /// The board has said what it is: from now on a start is a reset.
    is_known: bool,
}

impl Measure {
    /// Begins by asking what the board is.
    pub fn new(plan: Plan) -> Self {
        let mut measure = Self {
            plan,
            client: Client::default(),
            counted: Counters::default(),
            step: Step::Rest,
            said: VecDeque::new(),
            model: None,
            check: Check::default(),
            now_micros: 0,
            n_samples: 0,
            n_operator_runs: 0,
            n_batches: 0,
            batch: 4,
            is_cold: true,
            has_inputs: false,
            was_sent: false,
            heard_micros: 0,
            is_probing: false,
            is_known: false,
        };
        measure.begin();
        measure
    }

    /// What is measured, and how.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What became of the frames of the board.
    pub fn counters(&self) -> Counters {
        sum(self.counted, self.client.counters())
    }

    /// Takes in bytes that have arrived.
    pub fn receive(&mut self, bytes: &[u8], now_micros: u64) {
        self.now_micros = now_micros;
        self.heard_micros = now_micros;
        self.client.receive(bytes);
        self.handle_events();
    }

    /// Bytes to be sent now. To be called often, with microseconds since the measurement began.
    pub fn poll(&mut self, now_micros: u64) -> Vec<u8> {
        self.now_micros = now_micros;
        if self.run_request().is_some() && now_micros.saturating_sub(self.heard_micros) > SILENCE_MICROS {
            // The message that ends the run may be lost.
            (self.heard_micros, self.is_probing) = (now_micros, true);
            self.client.ask();
        }
        if matches!(self.step, Step::Ask(_))
            && !self.client.is_waiting()
            && now_micros.saturating_sub(self.heard_micros) > ANSWER_MICROS
        {
            // The board has said what it is, but not which model it has.
            self.heard_micros = now_micros;
            self.step = Step::Ask(self.client.ask());
        }
        let bytes = self.client.poll(now_micros);
        self.handle_events();
        bytes
    }

    /// A line of text that has had no end for a while is one.
    pub fn flush_text(&mut self) {
        self.client.flush_text();
        self.handle_events();
    }

    /// The next thing that happened.
    pub fn next_said(&mut self) -> Option<Said> {
        self.said.pop_front()
    }

    /// The line is gone.
    pub fn line_lost(&mut self) {
        self.counted = self.counters();
        self.client = Client::default();
        (self.step, self.model) = (Step::Rest, None);
        self.say(Said::Marker(MarkerKind::Lost));
        self.stage(Stage::Lost);
    }

    /// The line is back.
    pub fn line_back(&mut self) {
        self.say(Said::Marker(MarkerKind::Back));
        self.begin();
    }

    /// Does what the user asks for.
    pub fn order(&mut self, order: Order) {
        match order {
            Order::Rate(interval_micros) => {
                self.plan.interval_micros = interval_micros;
                self.batch = 4;
                self.say(Said::Marker(MarkerKind::Rate(interval_micros)));
                self.stop_batch(After::Batch);
            }
            Order::Inputs(inputs) => {
                self.plan.inputs = inputs;
                self.has_inputs = false;
                self.stop_batch(After::Inputs);
            }
            Order::Stop => {
                self.plan.measures = false;
                self.stop(After::Listen);
            }
            Order::Begin => {
                self.plan.measures = true;
                self.stop(After::Begin);
            }
            Order::SendModel => {
                self.plan.measures = true;
                self.stop(After::SendModel);
            }
        }
    }

    fn say(&mut self, said: Said) {
        self.said.push_back(said);
    }

    fn stage(&mut self, stage: Stage) {
        self.say(Said::Stage(stage));
    }

    fn trouble(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.say(Said::Trouble(Trouble { message: message.into(), help: help.into() }));
    }

    fn begin(&mut self) {
        self.is_cold = true;
        self.has_inputs = false;
        self.was_sent = false;
        self.is_probing = false;
        self.stage(Stage::Asking);
        self.step = Step::Ask(self.client.ask());
    }

    /// Stops what goes on, whatever it is. A run that was asked for and is not accepted yet is stopped as soon as it is; orders
    /// that come meanwhile change only what follows.
    fn stop(&mut self, after: After) {
        if let Step::Stop(next) = &mut self.step {
            *next = after;
        } else if self.client.running().is_some() || self.run_request().is_some() {
            self.client.stop();
            self.step = Step::Stop(after);
        } else {
            self.follow(after);
        }
    }

    /// Stops invocations that are measured; what goes on otherwise takes the new orders up by itself.
    fn stop_batch(&mut self, after: After) {
        if matches!(self.step, Step::Batch { .. } | Step::Operators(_)) {
            self.stop(after);
        }
    }

    /// The run that the step waits for.
    fn run_request(&self) -> Option<u16> {
        match &self.step {
            Step::Check { request, .. }
            | Step::Fetch { request }
            | Step::Operators(request)
            | Step::Batch { request, .. } => Some(*request),
            Step::Stop(_) => Some(0),
            Step::Rest | Step::Ask(_) | Step::SendModel(_) | Step::SendInputs(_) => None,
        }
    }

    fn follow(&mut self, after: After) {
        match after {
            After::Listen => self.listen(),
            After::Begin => self.begin(),
            After::SendModel => self.send_model(),
            After::Inputs => self.send_inputs(),
            // Others may have been given meanwhile.
            After::Batch if self.misses_inputs() => self.send_inputs(),
            After::Batch => self.run_batch(),
        }
    }

    fn listen(&mut self) {
        self.step = Step::Rest;
        self.stage(Stage::Listening);
    }

    fn handle_events(&mut self) {
        while let Some(event) = self.client.next_event() {
            self.handle(event);
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Text(text) => self.say(Said::Text(text)),
            Event::Started { reason } => {
                self.say(match self.is_known {
                    true => Said::Marker(MarkerKind::Reset(reason)),
                    false => Said::Started(reason),
                });
                // An answer to the first question may still be on its way: then nothing is to be begun anew.
                if !matches!(self.step, Step::Ask(_)) {
                    self.begin();
                }
            }
            Event::Board(board) => {
                self.is_known = true;
                self.say(Said::Board(Box::new(board.clone())));
                if matches!(self.step, Step::Ask(_)) && board.running != 0 {
                    // A run of somebody who was here before us.
                    self.client.stop();
                    self.step = Step::Stop(After::Begin);
                } else if let Some(request) = self.run_request()
                    && std::mem::take(&mut self.is_probing)
                    && self.client.running().is_none()
                    && board.running == 0
                {
                    self.take_finished(request, End::Done);
                }
            }
            Event::OtherVersion { protocol, advice } => {
                self.step = Step::Rest;
                self.stage(Stage::OtherVersion);
                self.trouble(format!("The board speaks version {protocol} of the link"), advice);
            }
            Event::Ready(model) => self.take_model(model),
            Event::Refused(refusal) => self.take_refusal(refusal),
            Event::Sent { target: Target::Model, sent, total } => self.stage(Stage::Sending(sent, total)),
            Event::Sent { sent, total, .. } => {
                if sent == total && matches!(self.step, Step::SendInputs(_)) {
                    self.has_inputs = true;
                    self.go_on();
                }
            }
            Event::Accepted { request, inputs_crc, .. } => self.take_accepted(request, inputs_crc),
            Event::Invocation(invocation) => self.take_invocation(*invocation),
            Event::Finished { request, end, .. } => self.take_finished(request, end),
            Event::Ended { .. } => {
                if self.run_request().is_some() {
                    // How it ended is not known: what the board says now tells what follows.
                    self.is_probing = true;
                    self.client.ask();
                }
            }
            Event::Failed { request, reason, .. } => self.take_failed(request, &reason),
            Event::Panicked { reason } => {
                if self.step != Step::Rest {
                    self.step = Step::Rest;
                    self.say(Said::Marker(MarkerKind::Panicked));
                    self.stage(Stage::Panicked);
                    self.trouble(
                        format!("The program on the board came to an end: {reason}"),
                        "Reset the board. If it happens again, the model or the firmware is at fault: flash again",
                    );
                }
            }
            Event::Unanswered { request } => self.take_silence(request),
        }
    }

    fn take_model(&mut self, model: Model) {
        self.model = Some(model);
        self.say(Said::Model(model));
        match self.step {
            // What a board says by itself after a reset is said again in answer to the question.
            Step::Ask(request) if request == model.request => (),
            Step::SendModel(_) if model.place == Place::Ram => (),
            _ => return,
        }
        if !self.plan.measures {
            return self.listen();
        }
        let Some(file) = self.plan.model.clone() else { return self.prepare_inputs() };
        let is_same = (model.model_crc, model.model_bytes as usize) == (crc32(&file), file.len());
        if is_same || self.plan.trusts_model {
            return self.prepare_inputs();
        }
        if self.plan.sends_model && !self.was_sent {
            return self.send_model();
        }
        self.step = Step::Rest;
        self.stage(Stage::OtherModel);
        self.trouble(
            "Another model is on the board",
            "Flash this one, or try it without flashing if it is small",
        );
    }

    fn take_refusal(&mut self, refusal: Refusal) {
        if self.step == Step::Rest || self.run_request().is_some() {
            // Said by itself after a reset: the reset has begun all anew.
            return;
        }
        if matches!(self.step, Step::SendModel(request) if request != refusal.request) {
            // What the board had before; said twice when it is asked just as it starts.
            return;
        }
        let was_empty = refusal.model_bytes == 0;
        if self.plan.sends_model && self.plan.measures && !self.was_sent && self.plan.model.is_some() {
            return self.send_model();
        }
        self.step = Step::Rest;
        self.stage(Stage::NoModel);
        let (message, help) = if was_empty {
            (
                "There is no model on the board".to_owned(),
                "Flash one, or try one without flashing if it is small",
            )
        } else {
            let place =
                refusal.operator.as_ref().map(|(_, index, name)| format!(", at operator {index}, {name}"));
            let figures = refusal.needed.map(|needed| {
                format!("; it needs {needed} bytes of RAM, and the board has {}", refusal.given)
            });
            let text = format!(
                "The board cannot run the model{}: {}{}",
                place.unwrap_or_default(),
                refusal.reason,
                figures.unwrap_or_default()
            );
            (text, "Arena shows what takes the memory, and Inspect which operators run where")
        };
        self.say(Said::Refused(Box::new(refusal)));
        self.trouble(message, help);
    }

    fn send_model(&mut self) {
        let Some(file) = self.plan.model.clone() else { return self.begin() };
        self.was_sent = true;
        self.stage(Stage::Sending(0, file.len()));
        self.step = Step::SendModel(self.client.send(Target::Model, file));
    }

    /// Sends inputs that were given, and begins to compare.
    fn prepare_inputs(&mut self) {
        self.check = Check { total: self.n_checks(), ..Check::default() };
        self.send_inputs();
    }

    fn n_checks(&self) -> u32 {
        if self.plan.model.is_some() { self.plan.n_checks } else { 0 }
    }

    fn send_inputs(&mut self) {
        let Inputs::Given(bytes) = &self.plan.inputs else { return self.go_on() };
        let expected = self.model.map_or(0, |model| model.input_bytes);
        if bytes.len() != expected as usize {
            let message = format!(
                "The inputs have {} bytes, and the model takes {}",
                grouped(bytes.len() as u64),
                grouped(expected.into())
            );
            self.trouble(message, "Random inputs are used instead");
            self.plan.inputs = Inputs::Random(1);
            return self.go_on();
        }
        self.step = Step::SendInputs(self.client.send(Target::Inputs, bytes.clone()));
    }

    /// Inputs were given that the board does not have yet.
    fn misses_inputs(&self) -> bool {
        !self.has_inputs && matches!(self.plan.inputs, Inputs::Given(_))
    }

    /// What comes after the step that is done.
    fn go_on(&mut self) {
        if self.misses_inputs() {
            return self.send_inputs();
        }
        if self.check.done + self.check.incomplete < self.check.total && self.check.difference.is_none() {
            return self.run_check(1);
        }
        if self.plan.runs.is_some_and(|runs| self.n_samples >= runs) {
            self.step = Step::Rest;
            return self.stage(Stage::Done);
        }
        let every = if self.n_operator_runs < OFTEN_UNTIL { 1 } else { 5 };
        if matches!(self.step, Step::Batch { .. }) && self.n_batches.is_multiple_of(every) {
            return self.run_operators(1);
        }
        if self.n_operator_runs == 0 {
            self.stage(Stage::Live);
            return self.run_operators(3);
        }
        if !matches!(self.step, Step::Batch { .. } | Step::Operators(_)) {
            self.stage(Stage::Live);
        }
        self.run_batch();
    }

    fn run_of(&self, mode: Mode, invocations: u32) -> Run {
        let (source, seed) = match &self.plan.inputs {
            Inputs::Random(seed) => (Source::Random, *seed),
            Inputs::Given(_) => (Source::Given, 0),
        };
        Run {
            request: 0,
            mode,
            source,
            reset: 1,
            outputs: 0,
            invocations,
            interval_micros: 0,
            seed,
            subgraph: NO_OPERATOR,
            operator: NO_OPERATOR,
        }
    }

    fn run_operators(&mut self, invocations: u32) {
        self.step = Step::Operators(self.client.run(self.run_of(Mode::Operators, invocations)));
    }

    fn run_batch(&mut self) {
        let interval = u64::from(self.plan.interval_micros);
        let wanted = BATCH_MICROS.checked_div(interval).unwrap_or(self.batch).clamp(1, MAX_BATCH);
        let left = self.plan.runs.map_or(u64::MAX, |runs| runs.saturating_sub(self.n_samples));
        // The first one is not counted.
        let n_asked = wanted.min(left.saturating_add(u64::from(self.is_cold)));
        let run = Run {
            interval_micros: self.plan.interval_micros,
            outputs: u8::from(self.plan.sends_outputs),
            ..self.run_of(Mode::Invocations, n_asked as u32)
        };
        let request = self.client.run(run);
        self.n_batches += 1;
        self.step = Step::Batch { request, since_micros: self.now_micros, n_asked };
    }

    fn take_invocation(&mut self, invocation: Invocation) {
        match &self.step {
            Step::Check { request, reference, .. } if *request == invocation.request => {
                let reference = reference.clone();
                self.compare(&invocation, &reference);
            }
            Step::Fetch { request } if *request == invocation.request => self.take_tensor(&invocation),
            Step::Operators(request)
                if *request == invocation.request
                    && !invocation.operators.is_empty()
                    && invocation.is_whole =>
            {
                self.n_operator_runs += 1;
                self.say(Said::Operators(invocation.operators));
            }
            Step::Batch { request, .. } if *request == invocation.request => self.take_sample(invocation),
            _ => (),
        }
    }

    fn take_sample(&mut self, mut invocation: Invocation) {
        let Some(sample) = invocation.sample else { return };
        if std::mem::take(&mut self.is_cold) {
            return;
        }
        let outputs: Option<Vec<u8>> = match self.plan.sends_outputs {
            true => std::mem::take(&mut invocation.outputs)
                .into_values()
                .collect::<Option<Vec<_>>>()
                .map(|all| all.concat()),
            false => None,
        };
        let sample = Sample {
            at_micros: self.now_micros,
            number: self.n_samples,
            cycles: sample.cycles,
            micros: sample.micros,
            late_micros: sample.late_micros,
        };
        self.n_samples += 1;
        self.say(Said::Sample(sample, outputs.filter(|bytes| !bytes.is_empty())));
    }

    fn take_finished(&mut self, request: u16, end: End) {
        match self.step.clone() {
            Step::Stop(after) => self.follow(after),
            Step::Check { request: expected, tries, is_settled, .. } if expected == request => {
                if !is_settled && end == End::Done && tries < CHECK_TRIES {
                    return self.run_check(tries + 1);
                }
                self.check.incomplete += u32::from(!is_settled);
                if self.check.difference.is_some() { self.explain() } else { self.end_check() }
            }
            Step::Fetch { request: expected } if expected == request => self.end_check(),
            Step::Operators(expected) if expected == request => {
                // A line that loses everything must not end in a loop without a pause.
                self.n_operator_runs = self.n_operator_runs.max(1);
                self.go_on();
            }
            Step::Batch { request: expected, since_micros, n_asked } if expected == request => {
                let took = self.now_micros.saturating_sub(since_micros).max(1);
                // At most ten times as many: the first batch is mostly waiting.
                let fitting = (u128::from(n_asked) * u128::from(BATCH_MICROS) / u128::from(took)) as u64;
                self.batch = fitting.clamp(1, (n_asked * 10).min(MAX_BATCH));
                self.go_on();
            }
            _ => (),
        }
    }

    fn take_failed(&mut self, request: u16, reason: &str) {
        let is_ours = match &self.step {
            Step::SendInputs(own) | Step::SendModel(own) => *own == request,
            Step::Stop(_) => true,
            Step::Rest | Step::Ask(_) => false,
            _ => self.run_request() == Some(request),
        };
        if !is_ours {
            return;
        }
        self.step = Step::Rest;
        self.stage(Stage::Listening);
        self.trouble(format!("The board does not do it: {reason}"), "Reset the board and measure again");
    }

    fn take_silence(&mut self, request: u16) {
        match &self.step {
            Step::Rest => (),
            Step::Ask(_) => {
                self.step = Step::Rest;
                self.stage(Stage::Silent);
                self.trouble(
                    "Nothing at the other end speaks Emberlab's link",
                    "Flash the board, or look at the numbers that its own firmware prints: they are plotted as well",
                );
            }
            Step::SendModel(own) if *own == request && self.client.running().is_none() => {
                self.trouble("The model did not arrive", "Reset the board and try again, or flash it");
                self.step = Step::Rest;
                self.stage(Stage::Silent);
            }
            // The board was busy or the line is bad: find out what it is now.
            _ => self.begin(),
        }
    }
}

fn sum(first: Counters, second: Counters) -> Counters {
    Counters {
        frames: first.frames + second.frames,
        lost: first.lost + second.lost,
        corrupt: first.corrupt + second.corrupt,
        duplicate: first.duplicate + second.duplicate,
        reordered: first.reordered + second.reordered,
        restarts: first.restarts + second.restarts,
    }
}
