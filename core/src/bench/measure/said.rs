//! What a measurement is asked for, and what it says.

use std::sync::Arc;

use super::super::history::{MarkerKind, Sample};
use super::super::operators::OperatorTime;
use crate::link::{Board, Model, Refusal};

/// What is to be measured, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The file of the model that the board is to have; `None` for any model, which is then compared with nothing.
    pub model: Option<Arc<[u8]>>,
    /// A board whose model has another checksum is compared all the same: what a firmware that does not know the file's
    /// bytes computes can still be right.
    pub trusts_model: bool,
    /// A board that has another model gets this one over the line into RAM.
    pub sends_model: bool,
    /// Without measuring only text is listened to.
    pub measures: bool,
    /// Inputs that are computed on both sides.
    pub n_checks: u32,
    /// Invocations that are measured; `None` for no end.
    pub runs: Option<u64>,
    /// Microseconds from one invocation to the next; 0 for no pause.
    pub interval_micros: u32,
    /// What the inputs are.
    pub inputs: Inputs,
    /// The outputs of every invocation are sent, too.
    pub sends_outputs: bool,
}

/// What the inputs of measured invocations are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inputs {
    /// Random numbers that begin with this seed.
    Random(u32),
    /// The bytes of all inputs, one behind the other.
    Given(Arc<[u8]>),
}

/// What the user may ask for while it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Measure at another rate; microseconds from one invocation to the next.
    Rate(u32),
    /// Measure with other inputs.
    Inputs(Inputs),
    /// Stop measuring, and listen.
    Stop,
    /// Begin anew.
    Begin,
    /// Send the model into RAM, and begin anew.
    SendModel,
}

/// Where a measurement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Asks the board what it is.
    Asking,
    /// Sends the model into RAM: bytes that have arrived, bytes of all.
    Sending(usize, usize),
    /// Compares with this computer: inputs that are done, inputs of all.
    Checking(u32, u32),
    /// Fetches the tensor that differs.
    Fetching,
    /// Measures.
    Live,
    /// Listens to text.
    Listening,
    /// Nothing speaks the link at the other end.
    Silent,
    /// The board has no model that can run.
    NoModel,
    /// The board has another model than the one that is to be measured.
    OtherModel,
    /// The board speaks another version of the link.
    OtherVersion,
    /// The program on the board came to an end.
    Panicked,
    /// The line is gone.
    Lost,
    /// All invocations that were asked for are measured.
    Done,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// The measurement goes on with something else.
    Stage(Stage),
    /// What the board is.
    Board(Box<Board>),
    /// The model that the board has ready.
    Model(Model),
    /// Why the board has no model that can run.
    Refused(Box<Refusal>),
    /// What comparing has shown so far.
    Check(Arc<Check>),
    /// What every operator took in one invocation.
    Operators(Vec<OperatorTime>),
    /// An invocation, and the bytes of its outputs if they were asked for and arrived.
    Sample(Sample, Option<Vec<u8>>),
    /// The board started while the line to it was being opened; the reason it gave.
    Started(String),
    /// A point of time to be marked.
    Marker(MarkerKind),
    /// A line of text.
    Text(String),
    /// Something went wrong.
    Trouble(Trouble),
}

/// Something that went wrong, for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What.
    pub message: String,
    /// What to try.
    pub help: String,
}

/// What an operator wrote on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compared {
    /// Number of the subgraph.
    pub subgraph: u16,
    /// Index of the operator.
    pub operator: u16,
    /// The tensor.
    pub tensor: u32,
    /// CRC-32 on this computer.
    pub expected: u32,
    /// CRC-32 on the board; `None` if it did not say.
    pub found: Option<u32>,
}

/// What comparing has shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Check {
    /// Inputs that were computed on both sides.
    pub done: u32,
    /// Inputs that are to be.
    pub total: u32,
    /// Inputs that could not be compared because the line lost too much.
    pub incomplete: u32,
    /// What operators wrote, for the latest input.
    pub operators: Vec<Compared>,
    /// The first difference.
    pub difference: Option<Difference>,
}

/// The first difference between board and computer.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Seed of the random input; `None` for one that was given.
    pub seed: Option<u32>,
    /// Where.
    pub place: DifferingPlace,
    /// The tensor's bytes on this computer.
    pub expected: Option<Arc<[u8]>>,
    /// The tensor's bytes on the board.
    pub found: Option<Arc<[u8]>>,
}

/// Where board and computer differ first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferingPlace {
    /// The board computes on other inputs than it was told.
    Inputs,
    /// The operator writes something else: subgraph, index, tensor, place in the order of execution.
    Operator(u16, u16, u32, u32),
    /// The board runs other operators than this computer does.
    Order,
    /// The outputs, although all operators agree.
    Outputs,
}

impl Check {
    /// Every input was compared and nothing differs.
    pub fn is_equal(&self) -> bool {
        self.done == self.total && self.total > 0 && self.incomplete == 0 && self.difference.is_none()
    }
}
