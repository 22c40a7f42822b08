//! Where the arrow keys lead in the graph.

use egui::{Rect, Vec2};
use emberlab_core::model::OperatorId;

use super::layout::{Direction, GraphLayout, NodeKind};

/// A step with an arrow key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Arrow {
    Up,
    Down,
    Left,
    Right,
}

/// The operator that an arrow leads to; `None` where the graph ends.
///
/// Along the graph it follows the edges, across it goes to the next operator of the row, and where there is none
/// (a chain), to the one before or after in the order of execution.
pub fn step(layout: &GraphLayout, from: OperatorId, arrow: Arrow) -> Option<OperatorId> {
    let node = layout.operator_node(from)?;
    let horizontal = layout.direction == Direction::Horizontal;
    let (along, forward) = match (arrow, horizontal) {
        (Arrow::Down, false) | (Arrow::Right, true) => (true, true),
        (Arrow::Up, false) | (Arrow::Left, true) => (true, false),
        (Arrow::Right, false) | (Arrow::Down, true) => (false, true),
        (Arrow::Left, false) | (Arrow::Up, true) => (false, false),
    };
    let operator = |number: u32| match layout.nodes.get(number as usize)?.kind {
        NodeKind::Operator(operator) => Some((operator, layout.nodes[number as usize].rect)),
        NodeKind::Input(..) | NodeKind::Output(..) => None,
    };
    let nearest = |candidates: Vec<(OperatorId, Rect)>| {
        candidates
            .into_iter()
            .min_by(|a, b| distance(a.1, node.rect).total_cmp(&distance(b.1, node.rect)))
            .map(|(operator, _)| operator)
    };
    if along {
        let edges = layout.edges_at(from.0).iter().map(|&edge| &layout.edges[edge as usize]);
        let next = edges.filter_map(|edge| match forward {
            true if edge.from == from.0 => operator(edge.to),
            false if edge.to == from.0 => operator(edge.from),
            _ => None,
        });
        return nearest(next.filter(|(operator, _)| *operator != from).collect())
            .or_else(|| in_file(layout, from, forward));
    }
    let row: Vec<(OperatorId, Rect)> = layout
        .nodes
        .iter()
        .filter(|other| other.layer == node.layer)
        .filter_map(|other| match other.kind {
            NodeKind::Operator(operator) => Some((operator, other.rect)),
            NodeKind::Input(..) | NodeKind::Output(..) => None,
        })
        .filter(|(_, rect)| {
            let by = rect.center() - node.rect.center();
            let by = if horizontal { by.y } else { by.x };
            if forward { by > 0.0 } else { by < 0.0 }
        })
        .collect();
    if row.is_empty() { in_file(layout, from, forward) } else { nearest(row) }
}

fn in_file(layout: &GraphLayout, from: OperatorId, forward: bool) -> Option<OperatorId> {
    let next = OperatorId(if forward { from.0.checked_add(1)? } else { from.0.checked_sub(1)? });
    layout.operator_node(next).map(|_| next)
}

fn distance(a: Rect, b: Rect) -> f32 {
    let by: Vec2 = a.center() - b.center();
    by.length()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::inspect::fixtures::{MAIN, wired};
    use crate::panels::inspect::layout::layout_graph;

    #[test]
    fn arrows_follow_edges_and_rows() {
        // 0 feeds 1 and 2, 3 joins them.
        let model = wired(&[0], &[(&[0], &[1]), (&[1], &[2]), (&[1], &[3]), (&[2, 3], &[4])]);
        let layout = layout_graph(&model, MAIN, Direction::Vertical, &|| false).unwrap();
        let check = |from: u32, arrow: Arrow, to: Option<u32>| {
            assert_eq!(step(&layout, OperatorId(from), arrow), to.map(OperatorId), "{from} {arrow:?}");
        };
        check(1, Arrow::Up, Some(0));
        check(1, Arrow::Down, Some(3));
        check(1, Arrow::Right, Some(2));
        check(2, Arrow::Left, Some(1));
        check(3, Arrow::Left, Some(2));
        check(3, Arrow::Down, None);
        check(0, Arrow::Up, None);
        check(9, Arrow::Up, None);
        let sideways = layout_graph(&model, MAIN, Direction::Horizontal, &|| false).unwrap();
        assert_eq!(step(&sideways, OperatorId(1), Arrow::Left), Some(OperatorId(0)));
        assert_eq!(step(&sideways, OperatorId(1), Arrow::Down), Some(OperatorId(2)));
    }
}
