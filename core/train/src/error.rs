//! What can keep a network from being trained, in words.

/// Why a network was not built or trained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrainError {
    /// The graph does not compute.
    #[error("{0}")]
    Graph(String),
    /// A layer has no array of weights, or one of another shape.
    #[error("layer “{layer}”: expected {array} of shape {expected:?}, found {found}")]
    Weights {
        /// Name of the layer.
        layer: String,
        /// Name of the array.
        array: String,
        /// What the graph asks for.
        expected: Vec<usize>,
        /// What is there, in words.
        found: String,
    },
    /// Samples and network do not belong together.
    #[error("{0}")]
    Samples(String),
    /// Settings that exclude each other or the network.
    #[error("{0}")]
    Settings(String),
    /// There is no such backend on this machine, or it cannot do what the settings ask for.
    #[error("{0}")]
    Backend(String),
    /// A checkpoint is damaged or belongs to another run.
    #[error("{0}")]
    Checkpoint(String),
}
