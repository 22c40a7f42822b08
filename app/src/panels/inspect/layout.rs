//! Where the nodes and edges of a graph go. Pure: a model in, rectangles out.

/// Positions of a graph's nodes and edges, in points at zoom 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GraphLayout {}
