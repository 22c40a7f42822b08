//! The messages between host and board: one table.
//!
//! `firmware/PROTOCOL.md` describes the same for those who write another side; a test compares the two.

use super::fields::{Field, List, Reader, Record, Writer, codes};

/// Version of the messages. A board with another one is told apart by [`Hello::protocol`], which stays where it is.
pub const PROTOCOL: u8 = 1;

/// The operator of messages that name none.
pub const NO_OPERATOR: u16 = u16::MAX;

/// Name and type of a field.
pub type FieldRow = (&'static str, &'static str);
/// Name, kind and fields of a message.
pub type MessageRow = (&'static str, u8, &'static [FieldRow]);

/// A payload that is shorter than its message, or a kind or value that means nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

macro_rules! messages {
    ($(
        $(#[$doc:meta])*
        $kind:literal $number:ident $name:ident $(<$life:lifetime>)? {
            $($(#[$field_doc:meta])* $field:ident: $ty:ty,)*
        }
    )*) => {
        /// The byte that stands for each message.
        pub mod kinds {
            $(#[doc = concat!("[`super::", stringify!($name), "`].")] pub const $number: u8 = $kind;)*
        }

        /// A message of either side.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Message<'a> {
            $($(#[$doc])* $name($name $(<$life>)?),)*
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq)]
            pub struct $name $(<$life>)? {
                $($(#[$field_doc])* pub $field: $ty,)*
            }

            impl<'a> From<$name $(<$life>)?> for Message<'a> {
                fn from(message: $name $(<$life>)?) -> Self {
                    Self::$name(message)
                }
            }
        )*

        impl<'a> Message<'a> {
            /// The byte that stands for the message.
            pub fn kind(&self) -> u8 {
                match self { $(Self::$name(_) => kinds::$number,)* }
            }

            /// Reads the payload of a frame. Bytes behind the last field are no fault: a later version has put them there.
            ///
            /// # Errors
            /// The kind or a value is unknown, or the payload ends too early.
            pub fn decode(kind: u8, payload: &'a [u8]) -> Result<Self, Unreadable> {
                let reader = &mut Reader::new(payload);
                let message = match kind {
                    $(kinds::$number => {
                        $(let $field = <$ty>::read(reader).ok_or(Unreadable)?;)*
                        Self::$name($name { $($field),* })
                    })*
                    _ => return Err(Unreadable),
                };
                Ok(message)
            }

            /// Names, kinds and fields of all messages.
            pub const TABLE: &'static [MessageRow] = &[
                $((stringify!($name), $kind, &[$((stringify!($field), <$ty as Field<'a>>::TYPE)),*])),*
            ];

            pub(super) fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
                match self {
                    $(Self::$name(message) => {
                        $(message.$field.write(writer)?;)*
                        Some(())
                    })*
                }
            }
        }
    };
}

messages! {
    /// Asks the board for [`Hello`] and for its model.
    0x01 ASK Ask {
        /// Number of the request, chosen by the host and repeated in every answer; not 0.
        request: u16,
        /// The host's version of the protocol.
        protocol: u8,
    }
    /// Asks for invocations. Answered by [`Accepted`] or [`Failed`], then by results, then by [`Finished`].
    0x02 RUN Run {
        /// Number of the request. The same request once more is answered once more, and not run twice.
        request: u16,
        /// What is measured or sent.
        mode: Mode,
        /// What the inputs are.
        source: Source,
        /// 1: variable tensors and the state of kernels are reset before each invocation.
        reset: u8,
        /// 1: the outputs are sent after each invocation.
        outputs: u8,
        /// Number of invocations; 0 goes on until [`Stop`].
        invocations: u32,
        /// Microseconds from the start of one invocation to the start of the next; 0 for no pause.
        interval_micros: u32,
        /// Seed of random inputs.
        seed: u32,
        /// The operator whose outputs are sent in [`Mode::Bytes`], by subgraph and index; 65535 for all.
        subgraph: u16,
        /// Index of that operator.
        operator: u16,
    }
    /// Ends the invocations that go on, between two operators or invocations.
    0x03 STOP Stop {
        /// Number of this request.
        request: u16,
    }
    /// A part of the inputs (all of them, one behind the other), or of a model that is to lie in RAM. Answered by [`Taken`].
    0x04 PUT Put<'a> {
        /// Number of the request, the same for all parts.
        request: u16,
        /// What the bytes are for.
        target: Target,
        /// Where the bytes begin.
        offset: u32,
        /// Bytes of the whole.
        total: u32,
        /// The bytes.
        bytes: &'a [u8],
    }
    /// Chooses the model that was flashed, or the one that was put into RAM.
    0x05 CHOOSE Choose {
        /// Number of the request.
        request: u16,
        /// Where the model is.
        place: Place,
    }
    /// The first message after a reset.
    0x80 STARTED Started<'a> {
        /// The board's version of the protocol.
        protocol: u8,
        /// Why it was reset, in words.
        reason: &'a str,
    }
    /// What the board is.
    0x81 HELLO Hello<'a> {
        /// Number of the request.
        request: u16,
        /// The board's version of the protocol.
        protocol: u8,
        /// The request that is run; 0 for none.
        running: u16,
        /// What the cycles of all messages are.
        unit: Unit,
        /// 1: microseconds are those of a clock. 0: they mean nothing.
        has_micros: u8,
        /// Clock of the processor; 0 if it has none.
        clock_hz: u32,
        /// Bytes of RAM for model, inputs and arena.
        memory_bytes: u32,
        /// Cycles between two readings of the counter with nothing between; they are taken off every figure.
        overhead_cycles: u32,
        /// Frames that the board did not send because the line was full.
        dropped: u32,
        /// Which program this is, such as `emberlab`.
        firmware: &'a str,
        /// Its version.
        version: &'a str,
        /// Sources and compiler it was built with.
        build: &'a str,
        /// The chip, such as `esp32c3`; `qemu` for an emulated one.
        chip: &'a str,
        /// Bytes of the stack that are watched; 0 if they are not.
        stack_bytes: Option<u32>,
        /// Bytes of them that were ever used.
        stack_used: Option<u32>,
        /// How the program is read from flash, such as `dio`; empty if that is not known.
        flash_mode: Option<&'a str>,
    }
    /// The model that is ready to run.
    0x82 READY Ready {
        /// Number of the request; 0 if nobody asked.
        request: u16,
        /// Where the model is.
        place: Place,
        /// Bytes of the model.
        model_bytes: u32,
        /// CRC-32 of the model.
        model_crc: u32,
        /// Bytes of the arena that the model takes.
        arena_used: u32,
        /// The smallest arena for it.
        arena_minimum: u32,
        /// Bytes that were there for it.
        arena_given: u32,
        /// Number of inputs.
        n_inputs: u16,
        /// Number of outputs.
        n_outputs: u16,
        /// Number of operators in all subgraphs.
        n_operators: u16,
        /// Number of subgraphs.
        n_subgraphs: u16,
        /// Bytes of all inputs.
        input_bytes: u32,
        /// Bytes of all outputs.
        output_bytes: u32,
    }
    /// There is no model, or one that cannot run.
    0x83 REFUSED Refused<'a> {
        /// Number of the request; 0 if nobody asked.
        request: u16,
        /// Where the model would be.
        place: Place,
        /// Bytes of the model; 0 if there is none.
        model_bytes: u32,
        /// CRC-32 of the model.
        model_crc: u32,
        /// Bytes of RAM that it needs as far as is known; 0 if memory is not the reason.
        needed: u32,
        /// Bytes of RAM that there are.
        given: u32,
        /// Subgraph of the operator that cannot run.
        subgraph: u16,
        /// Its index; 65535 when it is the model as a whole.
        operator: u16,
        /// Name of the operator, or nothing.
        name: &'a str,
        /// What is wrong.
        reason: &'a str,
    }
    /// A part was taken, or not: how far the bytes go that are there.
    0x84 TAKEN Taken {
        /// Number of the request.
        request: u16,
        /// What the bytes are for.
        target: Target,
        /// Where the next part has to begin.
        next: u32,
    }
    /// The invocations begin.
    0x85 ACCEPTED Accepted {
        /// Number of the request.
        request: u16,
        /// CRC-32 of the inputs, one behind the other.
        inputs_crc: u32,
        /// Cycles of looking at one operator in [`Mode::Operators`], which are taken off; 0 in other modes.
        operator_overhead: Option<u32>,
    }
    /// One invocation, after everything else that is sent of it.
    0x86 SAMPLE Sample {
        /// Number of the request.
        request: u16,
        /// Number of the invocation, from 0.
        invocation: u32,
        /// 1: operators were observed, which takes time too; 0: only the invocation was measured.
        observed: u8,
        /// 1: an operator waits for more input, so that those behind it did not run.
        ended_early: u8,
        /// Cycles of the invocation.
        cycles: u64,
        /// Microseconds of it.
        micros: u64,
        /// Microseconds by which it began too late for the interval.
        late_micros: u32,
        /// CRC-32 of the outputs, one behind the other.
        outputs_crc: u32,
        /// Number of records of [`Operators`] or [`Checksums`] that were sent for it.
        n_records: u32,
        /// Frames that the board did not send because the line was full, since its start.
        dropped: u32,
    }
    /// What operators took in one invocation, in the order of the model.
    0x87 OPERATORS Operators<'a> {
        /// Number of the request.
        request: u16,
        /// Number of the invocation.
        invocation: u32,
        /// Number of the first record among those of the invocation.
        first: u32,
        /// The records.
        records: List<'a, OperatorTime>,
    }
    /// What operators wrote in one invocation, in the order in which they ran.
    0x88 CHECKSUMS Checksums<'a> {
        /// Number of the request.
        request: u16,
        /// Number of the invocation.
        invocation: u32,
        /// Number of the first record among those of the invocation.
        first: u32,
        /// The records.
        records: List<'a, OutputChecksum>,
    }
    /// A part of an output of the model.
    0x89 OUTPUT Output<'a> {
        /// Number of the request.
        request: u16,
        /// Number of the invocation.
        invocation: u32,
        /// Which output.
        index: u16,
        /// Where the bytes begin.
        offset: u32,
        /// Bytes of the whole.
        total: u32,
        /// The bytes.
        bytes: &'a [u8],
    }
    /// A part of what an operator wrote.
    0x8a WRITTEN Written<'a> {
        /// Number of the request.
        request: u16,
        /// Number of the invocation.
        invocation: u32,
        /// Number of the record of [`Checksums`] for the same bytes.
        record: u32,
        /// Where the bytes begin.
        offset: u32,
        /// Bytes of the whole.
        total: u32,
        /// The bytes.
        bytes: &'a [u8],
    }
    /// No more results of a request.
    0x8b FINISHED Finished {
        /// Number of the request.
        request: u16,
        /// Number of whole invocations.
        invocations: u32,
        /// Why it ended.
        end: End,
        /// Frames that the board did not send because the line was full, since its start.
        dropped: u32,
    }
    /// A request that is not carried out.
    0x8c FAILED Failed<'a> {
        /// Number of the request; 0 if it could not be read.
        request: u16,
        /// Why.
        problem: Problem,
        /// The same in words, with figures.
        reason: &'a str,
    }
    /// A line of text with a checksum. Plain text may come beside frames as well.
    0x8d NOTE Note<'a> {
        /// The text.
        text: &'a str,
    }
    /// The program came to an end that it should not come to. Its number is 0.
    0x8e PANICKED Panicked<'a> {
        /// The board's version of the protocol.
        protocol: u8,
        /// Where, and why.
        reason: &'a str,
    }
}

codes! {
    /// What [`Run`] measures or sends.
    Mode {
        /// Each invocation as a whole, with nothing that slows it down.
        0 Invocations,
        /// Each operator.
        1 Operators,
        /// Checksums of what each operator writes. Times mean nothing.
        2 Checksums,
        /// Checksums, and the bytes that chosen operators write. Times mean nothing.
        3 Bytes,
    }
    /// What inputs are.
    Source {
        /// Bytes of 0.
        0 Zeros,
        /// What [`Put`] has brought.
        1 Given,
        /// Numbers of the generator of [`crate::random_inputs`].
        2 Random,
    }
    /// What bytes of [`Put`] are for.
    Target {
        /// The inputs.
        0 Inputs,
        /// A model in RAM.
        1 Model,
    }
    /// Where a model is.
    Place {
        /// In the window of the program, in flash.
        0 Window,
        /// In RAM.
        1 Ram,
    }
    /// What a counter counts.
    Unit {
        /// Cycles of the processor.
        0 Cycles,
        /// Instructions of an emulated processor. No measure of time.
        1 Instructions,
        /// Nanoseconds of another computer's clock: a simulated board.
        2 Nanoseconds,
    }
    /// Why a run ended.
    End {
        /// All invocations are done.
        0 Done,
        /// [`Stop`] came.
        1 Stopped,
    }
    /// Why a request is not carried out.
    Problem {
        /// The message cannot be read: another version of the protocol?
        0 Unreadable,
        /// There is no model, or one that cannot run.
        1 NoModel,
        /// Inputs are missing.
        2 InputsMissing,
        /// The inputs have another size.
        3 WrongInputs,
        /// The model does not fit into RAM.
        4 TooLarge,
        /// Another run goes on.
        5 Busy,
    }
}

/// What one operator took in one invocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OperatorTime {
    /// Number of the subgraph.
    pub subgraph: u16,
    /// Index in the subgraph.
    pub operator: u16,
    /// How often it ran.
    pub calls: u16,
    /// Cycles, those of operators in subgraphs that it called included.
    pub cycles: u32,
    /// Microseconds, computed from cycles and clock; 0 if the clock is not known.
    pub micros: u32,
}

impl Field<'_> for OperatorTime {
    const TYPE: &'static str = "times";

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (subgraph, operator, calls) = (u16::read(reader)?, u16::read(reader)?, u16::read(reader)?);
        Some(Self { subgraph, operator, calls, cycles: u32::read(reader)?, micros: u32::read(reader)? })
    }

    fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        self.subgraph.write(writer)?;
        self.operator.write(writer)?;
        self.calls.write(writer)?;
        self.cycles.write(writer)?;
        self.micros.write(writer)
    }
}

impl Record for OperatorTime {
    const BYTES: usize = 14;
}

/// What one operator wrote into one of its outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputChecksum {
    /// Number of the subgraph.
    pub subgraph: u16,
    /// Index of the operator in the subgraph.
    pub operator: u16,
    /// The tensor.
    pub tensor: u32,
    /// Its bytes.
    pub n_bytes: u32,
    /// CRC-32 of them.
    pub crc: u32,
}

impl Field<'_> for OutputChecksum {
    const TYPE: &'static str = "checksums";

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (subgraph, operator, tensor) = (u16::read(reader)?, u16::read(reader)?, u32::read(reader)?);
        Some(Self { subgraph, operator, tensor, n_bytes: u32::read(reader)?, crc: u32::read(reader)? })
    }

    fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        self.subgraph.write(writer)?;
        self.operator.write(writer)?;
        self.tensor.write(writer)?;
        self.n_bytes.write(writer)?;
        self.crc.write(writer)
    }
}

impl Record for OutputChecksum {
    const BYTES: usize = 16;
}

/// What to do about a board that speaks another version of the protocol; nothing for the own one.
pub fn advice(board: u8) -> Option<&'static str> {
    match board.cmp(&PROTOCOL) {
        core::cmp::Ordering::Less => {
            Some("the firmware on the board is older than this app; flash the board again")
        }
        core::cmp::Ordering::Equal => None,
        core::cmp::Ordering::Greater => {
            Some("the firmware on the board is newer than this app; update the app, or flash the board again")
        }
    }
}
