//! Requests to a board, one after the other, and what it says.

use std::collections::VecDeque;
use std::sync::Arc;

use emberlab_runtime::link::messages::{
    Accepted, Ask, Choose, End, Failed, Finished, Hello, Message, NO_OPERATOR, Panicked, Place, Problem, Put,
    Ready, Refused, Run, Started, Stop, Taken, Target, Unit, advice, kinds,
};
use emberlab_runtime::link::{Counters, Decoder, Frame, FrameBuffer, Item, PROTOCOL, Stack};

use super::gather::{Gather, Invocation, Piece};

/// A request without an answer is sent again after so long.
const PATIENCE_MICROS: u64 = 300_000;
/// How often a request is sent before it is given up.
const MAX_TRIES: u32 = 10;
/// A model that has arrived is prepared, which takes a board longer than an answer.
const PREPARE_TRIES: u32 = 30;
/// Bytes of a part of a model or of inputs.
const PART_BYTES: usize = 224;

/// What a board is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// The board's version of the protocol.
    pub protocol: u8,
    /// The request that it runs; 0 for none.
    pub running: u16,
    /// What its cycles are.
    pub unit: Unit,
    /// Whether its microseconds are those of a clock.
    pub has_micros: bool,
    /// Clock of the processor; 0 if it has none.
    pub clock_hz: u32,
    /// Bytes of RAM for model, inputs and arena.
    pub memory_bytes: u32,
    /// Cycles of reading the counter, taken off every figure.
    pub overhead_cycles: u32,
    /// Frames that it did not send because the line was full.
    pub dropped: u32,
    /// Which program it runs.
    pub firmware: String,
    /// Version of the program.
    pub version: String,
    /// Sources and compiler of the program.
    pub build: String,
    /// The chip.
    pub chip: String,
    /// Its stack, if that is watched.
    pub stack: Option<Stack>,
    /// How the program is read from flash, such as `dio`, if that is known.
    pub flash_mode: Option<String>,
}

/// The model that a board has ready.
pub type Model = Ready;

/// Why a board has no model that can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Number of the request; 0 if nobody asked.
    pub request: u16,
    /// Where the model would be.
    pub place: Place,
    /// Bytes and CRC-32 of the model; 0 bytes if there is none.
    pub model_bytes: u32,
    /// CRC-32 of the model.
    pub model_crc: u32,
    /// Bytes of RAM that it needs as far as is known, if memory is the reason.
    pub needed: Option<u32>,
    /// Bytes of RAM that there are.
    pub given: u32,
    /// Subgraph, index and name of the operator that cannot run.
    pub operator: Option<(u16, u16, String)>,
    /// What is wrong.
    pub reason: String,
}

/// Something that a board said, or did not say.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A line of plain text.
    Text(String),
    /// The board was reset.
    Started {
        /// Why.
        reason: String,
    },
    /// What the board is.
    Board(Board),
    /// The board speaks another version of the protocol.
    OtherVersion {
        /// The board's version.
        protocol: u8,
        /// What to do.
        advice: &'static str,
    },
    /// The model that is ready.
    Ready(Model),
    /// There is no model that can run.
    Refused(Refusal),
    /// How much of a model or of inputs has arrived.
    Sent {
        /// What the bytes are for.
        target: Target,
        /// Bytes that have arrived.
        sent: usize,
        /// Bytes of all.
        total: usize,
    },
    /// A run begins.
    Accepted {
        /// Its number.
        request: u16,
        /// CRC-32 of the inputs.
        inputs_crc: u32,
        /// Cycles of looking at one operator, which are taken off those of operators; 0 if they are not looked at. Boards
        /// with an earlier program take nothing off and say nothing.
        operator_overhead: Option<u32>,
    },
    /// Results of an invocation.
    Invocation(Box<Invocation>),
    /// A run is over.
    Finished {
        /// Its number.
        request: u16,
        /// Whole invocations that the board has done.
        invocations: u32,
        /// Why it ended.
        end: End,
    },
    /// A run is over, and how is not known: the board was reset, or what it said of the end was lost.
    Ended {
        /// Its number.
        request: u16,
    },
    /// A request is not carried out.
    Failed {
        /// Its number.
        request: u16,
        /// Why.
        problem: Problem,
        /// The same in words.
        reason: String,
    },
    /// The program on the board came to an end. Reset the board.
    Panicked {
        /// Where, and why.
        reason: String,
    },
    /// A request was sent several times, and no answer came.
    Unanswered {
        /// Its number.
        request: u16,
    },
}

/// A request that has no answer yet.
#[derive(Clone)]
enum Request {
    Ask(Ask),
    Run(Run, usize),
    Stop(Stop),
    Choose(Choose),
    Send { request: u16, target: Target, bytes: Arc<[u8]>, next: usize },
}

impl Request {
    fn number(&self) -> u16 {
        match self {
            Request::Ask(ask) => ask.request,
            Request::Run(run, _) => run.request,
            Request::Stop(stop) => stop.request,
            Request::Choose(choice) => choice.request,
            Request::Send { request, .. } => *request,
        }
    }
}

/// When a request was sent, and how often.
#[derive(Clone, Copy, Default)]
struct Tries {
    count: u32,
    last_micros: u64,
    /// To be sent at once.
    is_due: bool,
}

/// The app's side of one line.
#[derive(Default)]
pub struct Client {
    decoder: Decoder,
    sequence: u16,
    last_request: u16,
    requests: VecDeque<Request>,
    tries: Tries,
    /// The time at the last call of [`Client::poll`].
    now_micros: u64,
    events: VecDeque<Event>,
    gather: Gather,
    /// The run that goes on.
    running: Option<u16>,
    /// The board speaks another version, so that nothing but questions is sent.
    is_foreign: bool,
    model: Option<Model>,
}

impl Client {
    /// Asks what the board is and which model it has.
    pub fn ask(&mut self) -> u16 {
        let request = self.number();
        self.push(Request::Ask(Ask { request, protocol: PROTOCOL }))
    }

    /// Asks for invocations; `run.request` is set here.
    pub fn run(&mut self, run: Run) -> u16 {
        let request = self.number();
        let n_outputs = self.model.map_or(0, |model| usize::from(model.n_outputs));
        self.push(Request::Run(Run { request, ..run }, if run.outputs != 0 { n_outputs } else { 0 }))
    }

    /// Ends the run that goes on.
    pub fn stop(&mut self) -> u16 {
        let request = self.number();
        self.push(Request::Stop(Stop { request }))
    }

    /// Chooses the model that was flashed, or the one in RAM.
    pub fn choose(&mut self, place: Place) -> u16 {
        let request = self.number();
        self.push(Request::Choose(Choose { request, place }))
    }

    /// Sends a model into RAM, or all inputs, one behind the other.
    pub fn send(&mut self, target: Target, bytes: Arc<[u8]>) -> u16 {
        let request = self.number();
        self.push(Request::Send { request, target, bytes, next: 0 })
    }

    /// Takes in bytes that have arrived.
    pub fn receive(&mut self, mut bytes: &[u8]) {
        // Taken out, because frames are borrowed from it while they are handled.
        let mut decoder = std::mem::take(&mut self.decoder);
        while let Some(item) = decoder.next(&mut bytes) {
            match item {
                Item::Text(text) => {
                    self.events.push_back(Event::Text(String::from_utf8_lossy(text).into_owned()))
                }
                Item::Frame(frame) => self.take(&frame),
            }
        }
        self.decoder = decoder;
    }

    /// A beginning of a line of text that has had no end for a while, such as a prompt, becomes an event.
    pub fn flush_text(&mut self) {
        if let Some(text) = self.decoder.flush_text() {
            self.events.push_back(Event::Text(String::from_utf8_lossy(text).into_owned()));
        }
    }

    /// Bytes to be sent now; empty for none. To be called often, with the time.
    pub fn poll(&mut self, now_micros: u64) -> Vec<u8> {
        self.now_micros = now_micros;
        let Some(request) = self.requests.front().cloned() else { return Vec::new() };
        let is_question = matches!(request, Request::Ask(_));
        let waited = now_micros.saturating_sub(self.tries.last_micros);
        if self.is_foreign && !is_question {
            self.answered();
            self.events.push_back(Event::Unanswered { request: request.number() });
            return Vec::new();
        }
        if !self.tries.is_due && waited < PATIENCE_MICROS {
            return Vec::new();
        }
        let is_all_sent = matches!(&request, Request::Send { bytes, next, .. } if *next == bytes.len());
        let max_tries = if is_all_sent { PREPARE_TRIES } else { MAX_TRIES };
        if self.tries.count >= max_tries {
            self.answered();
            if self.running == Some(request.number()) {
                self.running = None;
                self.give_out_rest();
            }
            self.events.push_back(Event::Unanswered { request: request.number() });
            return Vec::new();
        }
        self.tries = Tries { count: self.tries.count + 1, last_micros: now_micros, is_due: false };
        match &request {
            Request::Ask(ask) => self.encode(&(*ask).into()),
            Request::Run(run, n_outputs) => {
                // While another run goes on, this one begins when the board says something of it.
                if self.running.is_none() {
                    self.gather.begin(run.request, *n_outputs);
                    self.running = Some(run.request);
                }
                self.encode(&(*run).into())
            }
            Request::Stop(stop) => self.encode(&(*stop).into()),
            Request::Choose(choice) => self.encode(&(*choice).into()),
            Request::Send { request, target, bytes, next } => {
                // The last part once more asks what became of it.
                let offset =
                    if is_all_sent { next.saturating_sub(1) / PART_BYTES * PART_BYTES } else { *next };
                let end = usize::min(offset + PART_BYTES, bytes.len());
                let (offset_u32, total) = (offset as u32, bytes.len() as u32);
                let put = Put {
                    request: *request,
                    target: *target,
                    offset: offset_u32,
                    total,
                    bytes: &bytes[offset..end],
                };
                self.encode(&put.into())
            }
        }
    }

    /// The next thing that happened.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// True if requests wait for answers.
    pub fn is_waiting(&self) -> bool {
        !self.requests.is_empty()
    }

    /// The run that goes on, as far as is known.
    pub fn running(&self) -> Option<u16> {
        self.running
    }

    /// What became of the frames of the board.
    pub fn counters(&self) -> Counters {
        self.decoder.counters()
    }

    fn number(&mut self) -> u16 {
        self.last_request = match self.last_request.wrapping_add(1) {
            0 => 1,
            number => number,
        };
        self.last_request
    }

    fn push(&mut self, request: Request) -> u16 {
        let number = request.number();
        self.requests.push_back(request);
        if self.requests.len() == 1 {
            self.tries = Tries { is_due: true, ..Tries::default() };
        }
        number
    }

    /// The first request has its answer.
    fn answered(&mut self) {
        self.requests.pop_front();
        self.tries = Tries { is_due: true, ..Tries::default() };
    }

    fn encode(&mut self, message: &Message<'_>) -> Vec<u8> {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        FrameBuffer::default().encode(sequence, message).map(<[u8]>::to_vec).unwrap_or_default()
    }

    fn take(&mut self, frame: &Frame<'_>) {
        // These stay where they are in all versions; the rest of another version is not looked at.
        match (frame.kind, frame.payload) {
            (kinds::HELLO, [low, high, protocol, ..]) if *protocol != PROTOCOL => {
                self.take_other_version(Some(u16::from_le_bytes([*low, *high])), *protocol);
                return;
            }
            (kinds::STARTED, [protocol, ..]) if *protocol != PROTOCOL => {
                self.take_other_version(None, *protocol);
                return;
            }
            _ => (),
        }
        let Ok(message) = Message::decode(frame.kind, frame.payload) else { return };
        match message {
            Message::Started(started) => self.take_started(&started),
            Message::Hello(hello) => self.take_hello(&hello),
            Message::Ready(ready) => self.take_ready(ready),
            Message::Refused(refused) => self.take_refused(&refused),
            Message::Taken(taken) => self.take_taken(&taken),
            Message::Accepted(Accepted { request, inputs_crc, operator_overhead }) => {
                self.begin_if_asked_for(request);
                if self.is_first(|first| matches!(first, Request::Run(run, _) if run.request == request)) {
                    self.answered();
                    self.events.push_back(Event::Accepted { request, inputs_crc, operator_overhead });
                }
            }
            Message::Sample(sample) => self.put(sample.request, sample.invocation, Piece::Sample(sample)),
            Message::Operators(part) => {
                let piece = Piece::Operators(part.first, part.records.iter().collect());
                self.put(part.request, part.invocation, piece);
            }
            Message::Checksums(part) => {
                let piece = Piece::Checksums(part.first, part.records.iter().collect());
                self.put(part.request, part.invocation, piece);
            }
            Message::Output(part) => {
                let piece = Piece::Output(part.index, part.offset, part.total, part.bytes);
                self.put(part.request, part.invocation, piece);
            }
            Message::Written(part) => {
                let piece = Piece::Written(part.record, part.offset, part.total, part.bytes);
                self.put(part.request, part.invocation, piece);
            }
            Message::Finished(finished) => self.take_finished(&finished),
            Message::Failed(failed) => self.take_failed(&failed),
            Message::Note(note) => self.events.push_back(Event::Text(note.text.to_owned())),
            Message::Panicked(Panicked { reason, .. }) => {
                self.events.push_back(Event::Panicked { reason: reason.to_owned() });
            }
            // Requests: what we have sent comes back from a line that is a loop.
            Message::Ask(_) | Message::Run(_) | Message::Stop(_) | Message::Put(_) | Message::Choose(_) => (),
        }
    }

    fn is_first(&self, is_it: impl FnOnce(&Request) -> bool) -> bool {
        self.requests.front().is_some_and(is_it)
    }

    fn take_started(&mut self, started: &Started<'_>) {
        // Requests that wait are sent again by themselves, if the board does not find them on its line when it starts. So a
        // run that is not accepted yet is still to come; one that went on does not go on.
        match self.requests.front() {
            Some(Request::Run(run, n_outputs)) if self.running == Some(run.request) => {
                let (request, n_outputs) = (run.request, *n_outputs);
                self.give_out_rest();
                self.gather.begin(request, n_outputs);
            }
            _ => self.lose_run(),
        }
        self.is_foreign = false;
        self.events.push_back(Event::Started { reason: started.reason.to_owned() });
    }

    fn take_other_version(&mut self, request: Option<u16>, protocol: u8) {
        self.is_foreign = true;
        self.lose_run();
        if self.is_first(|first| request == Some(first.number())) {
            self.answered();
        }
        if let Some(advice) = advice(protocol) {
            self.events.push_back(Event::OtherVersion { protocol, advice });
        }
    }

    fn take_hello(&mut self, hello: &Hello<'_>) {
        self.is_foreign = false;
        if self.is_first(|first| matches!(first, Request::Ask(ask) if ask.request == hello.request)) {
            self.answered();
        }
        // The message that says that the run is over was lost.
        if let Some(running) = self.running
            && hello.running != running
            && !self.is_first(|first| matches!(first, Request::Run(..)))
        {
            self.lose_run();
        }
        self.events.push_back(Event::Board(Board {
            protocol: hello.protocol,
            running: hello.running,
            unit: hello.unit,
            has_micros: hello.has_micros != 0,
            clock_hz: hello.clock_hz,
            memory_bytes: hello.memory_bytes,
            overhead_cycles: hello.overhead_cycles,
            dropped: hello.dropped,
            firmware: hello.firmware.to_owned(),
            version: hello.version.to_owned(),
            build: hello.build.to_owned(),
            chip: hello.chip.to_owned(),
            stack: match (hello.stack_bytes, hello.stack_used) {
                (Some(bytes), Some(used)) if bytes > 0 => Some(Stack { bytes, used }),
                _ => None,
            },
            flash_mode: hello.flash_mode.filter(|mode| !mode.is_empty()).map(str::to_owned),
        }));
    }

    fn take_ready(&mut self, ready: Ready) {
        self.model = Some(ready);
        self.settle(ready.request);
        self.events.push_back(Event::Ready(ready));
    }

    fn take_refused(&mut self, refused: &Refused<'_>) {
        self.model = None;
        self.settle(refused.request);
        let has_operator = refused.operator != NO_OPERATOR;
        let operator = (refused.subgraph, refused.operator, refused.name.to_owned());
        self.events.push_back(Event::Refused(Refusal {
            request: refused.request,
            place: refused.place,
            model_bytes: refused.model_bytes,
            model_crc: refused.model_crc,
            needed: (refused.needed > 0).then_some(refused.needed),
            given: refused.given,
            operator: has_operator.then_some(operator),
            reason: refused.reason.to_owned(),
        }));
    }

    /// Ready or Refused answers a choice and the last part of a model.
    fn settle(&mut self, request: u16) {
        let is_settled = self.is_first(|first| match first {
            Request::Choose(choice) => choice.request == request,
            Request::Send { request: number, target, bytes, next } => {
                *number == request && *target == Target::Model && *next == bytes.len()
            }
            Request::Ask(_) | Request::Run(..) | Request::Stop(_) => false,
        });
        if is_settled {
            self.answered();
        }
    }

    fn take_taken(&mut self, taken: &Taken) {
        let Some(Request::Send { request, target, bytes, next }) = self.requests.front_mut() else { return };
        let arrived = taken.next as usize;
        if *request != taken.request || *target != taken.target || arrived > bytes.len() {
            return;
        }
        let (target, total, is_progress) = (*target, bytes.len(), arrived != *next);
        *next = arrived;
        if is_progress {
            self.tries = Tries { is_due: true, ..Tries::default() };
            self.events.push_back(Event::Sent { target, sent: arrived, total });
        }
        if arrived == total {
            if target == Target::Inputs {
                self.answered();
            } else {
                // The board prepares the model now, and says when it is done.
                self.tries = Tries { last_micros: self.now_micros, ..Tries::default() };
            }
        }
    }

    fn take_finished(&mut self, finished: &Finished) {
        let Finished { request, invocations, end, .. } = *finished;
        // A stop without a run is answered with its own number.
        let is_without_run =
            self.is_first(|first| matches!(first, Request::Stop(stop) if stop.request == request));
        self.begin_if_asked_for(request);
        let is_answer = self.is_first(|first| match first {
            Request::Run(run, _) => run.request == request,
            Request::Stop(_) => is_without_run || self.running == Some(request),
            Request::Ask(_) | Request::Choose(_) | Request::Send { .. } => false,
        });
        if is_answer {
            self.answered();
        }
        if self.running == Some(request) {
            self.running = None;
            self.give_out_rest();
            self.events.push_back(Event::Finished { request, invocations, end });
        } else if is_without_run {
            self.lose_run();
        }
    }

    fn take_failed(&mut self, failed: &Failed<'_>) {
        let request = failed.request;
        let is_first = self.is_first(|first| first.number() == request);
        // A request that was sent twice may be refused twice. One that the board could not read has no number.
        if !is_first && self.running != Some(request) && request != 0 {
            return;
        }
        if self.running == Some(request) {
            self.running = None;
            self.give_out_rest();
        }
        if is_first {
            self.answered();
        }
        self.events.push_back(Event::Failed {
            request,
            problem: failed.problem,
            reason: failed.reason.to_owned(),
        });
    }

    /// The board says something of the run that is asked for first: one that went on until now is over.
    fn begin_if_asked_for(&mut self, request: u16) {
        let n_outputs = match self.requests.front() {
            Some(Request::Run(run, n_outputs)) if run.request == request => *n_outputs,
            _ => return,
        };
        if self.running != Some(request) {
            self.lose_run();
            self.gather.begin(request, n_outputs);
            self.running = Some(request);
        }
    }

    fn put(&mut self, request: u16, number: u32, piece: Piece<'_>) {
        self.begin_if_asked_for(request);
        let done = self.gather.put(request, number, piece);
        self.events.extend(done.into_iter().map(|invocation| Event::Invocation(Box::new(invocation))));
    }

    /// The run that goes on, if there is one, is over without a message that says so.
    fn lose_run(&mut self) {
        let lost = self.running.take();
        self.give_out_rest();
        self.events.extend(lost.map(|request| Event::Ended { request }));
    }

    /// Results of a run that is over wait for nothing.
    fn give_out_rest(&mut self) {
        let rest = self.gather.end();
        self.events.extend(rest.into_iter().map(|invocation| Event::Invocation(Box::new(invocation))));
    }
}
