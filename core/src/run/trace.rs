//! What every operator wrote.

use emberlab_runtime::{Observer, OperatorEvent};

/// Records the outputs of every operator, in order of execution.
#[derive(Default)]
pub struct Trace {
    /// One entry for every output of every operator that ran.
    pub outputs: Vec<OperatorOutput>,
    /// How many more bytes of outputs to keep; of outputs that do not fit only checksum and head are kept.
    pub room_bytes: usize,
}

/// One output of one operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorOutput {
    /// Number of the subgraph.
    pub subgraph: u32,
    /// Index of the operator in its subgraph.
    pub operator: u32,
    /// Name of the operator.
    pub name: String,
    /// The tensor that was written.
    pub tensor: u32,
    /// Number of bytes.
    pub n_bytes: usize,
    /// CRC-32 (IEEE, as in zlib) of the bytes.
    pub crc32: u32,
    /// The first 16 bytes.
    pub head: Vec<u8>,
    /// All bytes, if they were to be kept.
    pub bytes: Option<Vec<u8>>,
}

impl Trace {
    /// A trace that keeps the bytes of outputs, at most `room_bytes` of them all together.
    pub fn with_bytes(room_bytes: usize) -> Self {
        Self { outputs: Vec::new(), room_bytes }
    }
}

impl Observer for Trace {
    fn after(&mut self, operator: &OperatorEvent<'_>) {
        let place = operator.place();
        for index in 0..operator.n_outputs() {
            let Ok(tensor) = u32::try_from(operator.output_tensor(index)) else { continue };
            let bytes = operator.output(index);
            let is_kept = bytes.len() <= self.room_bytes && self.room_bytes > 0;
            if is_kept {
                self.room_bytes -= bytes.len();
            }
            self.outputs.push(OperatorOutput {
                subgraph: place.subgraph,
                operator: place.index,
                name: place.name.to_owned(),
                tensor,
                n_bytes: bytes.len(),
                crc32: crc32fast::hash(bytes),
                head: bytes[..bytes.len().min(16)].to_vec(),
                bytes: is_kept.then(|| bytes.to_vec()),
            });
        }
    }
}
