//! A figure per operator that the graph shows as a bar and a colour.

use super::facts::{GraphFacts, OperatorFacts};
use crate::theme::format;

/// Which figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overlay {
    /// Bytes alive in the arena while the operator runs.
    #[default]
    Live,
    /// Multiply-accumulates.
    Macs,
    /// Bytes of weights and biases.
    Weights,
    /// None.
    Off,
}

impl Overlay {
    /// All of them, in the order of the menu.
    pub const ALL: [Overlay; 4] = [Overlay::Live, Overlay::Macs, Overlay::Weights, Overlay::Off];

    /// Name in menu and legend.
    pub fn label(self) -> &'static str {
        match self {
            Overlay::Live => "Live arena",
            Overlay::Macs => "MACs",
            Overlay::Weights => "Weights",
            Overlay::Off => "No overlay",
        }
    }

    /// The figure of an operator; `None` where it is not known.
    pub fn value(self, operator: &OperatorFacts) -> Option<u64> {
        match self {
            Overlay::Live => operator.live_bytes,
            Overlay::Macs => Some(operator.macs),
            Overlay::Weights => Some(operator.weight_bytes),
            Overlay::Off => None,
        }
    }

    /// The largest figure of all operators.
    pub fn most(self, graph: &GraphFacts) -> Option<u64> {
        match self {
            Overlay::Live => graph.most.live_bytes,
            Overlay::Macs => Some(graph.most.macs),
            Overlay::Weights => Some(graph.most.weight_bytes),
            Overlay::Off => None,
        }
    }

    /// A figure with its unit.
    pub fn text(self, value: u64) -> String {
        match self {
            Overlay::Live | Overlay::Weights => format::bytes(value),
            Overlay::Macs => format::count(value),
            Overlay::Off => String::new(),
        }
    }
}

/// Place on the sequential scale of a share of the largest figure: the darkest quarter would vanish on a node.
pub fn scale_place(share: f32) -> f32 {
    0.25 + 0.75 * share.clamp(0.0, 1.0)
}
