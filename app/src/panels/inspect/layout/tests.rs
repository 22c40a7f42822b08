use super::*;
use crate::panels::inspect::fixtures::{MAIN, chain, residual, wired};

fn laid_out(model: &Model, direction: Direction) -> GraphLayout {
    layout_graph(model, MAIN, direction, &|| false).expect("nothing cancels")
}

/// Checks what holds for every graph, in both directions; returns the vertical layout.
fn check(model: &Model) -> GraphLayout {
    for direction in [Direction::Vertical, Direction::Horizontal] {
        let layout = laid_out(model, direction);
        assert_eq!(layout, laid_out(model, direction), "the same graph gives the same picture");
        let subgraph = model.subgraph(MAIN);
        let n_nodes = subgraph.operators.len() + subgraph.inputs.len() + subgraph.outputs.len();
        assert_eq!(layout.nodes.len(), n_nodes);
        for (number, node) in layout.nodes.iter().enumerate() {
            assert!(node.rect.is_finite() && layout.bounds.expand(0.5).contains_rect(node.rect), "{node:?}");
            let overlaps: Vec<u32> =
                layout.nodes_in(node.rect.shrink(0.5)).filter(|&other| other as usize != number).collect();
            assert!(overlaps.is_empty(), "node {number} overlaps {overlaps:?} ({direction:?})");
        }
        let along = |point: Pos2| if direction == Direction::Vertical { point.y } else { point.x };
        for edge in &layout.edges {
            let (first, last) = (edge.points[0], edge.points[edge.points.len() - 1]);
            let (from, to) = (layout.nodes[edge.from as usize].rect, layout.nodes[edge.to as usize].rect);
            assert!(
                from.expand(0.5).contains(first) && to.expand(0.5).contains(last),
                "{edge:?} leaves its nodes"
            );
            assert!(edge.points.iter().all(|point| point.is_finite()));
            if !edge.backward {
                assert!(along(first) < along(last), "{edge:?} runs against the graph");
                let forward = edge.points.windows(2).all(|pair| along(pair[0]) <= along(pair[1]));
                assert!(forward, "{edge:?} turns back");
            }
        }
    }
    laid_out(model, Direction::Vertical)
}

fn centre(layout: &GraphLayout, node: usize) -> f32 {
    layout.nodes[node].rect.center().x
}

#[test]
fn no_operators_no_nodes() {
    check(&wired(&[], &[]));
}

#[test]
fn a_chain_is_one_straight_line() {
    let layout = check(&chain(31));
    assert!((0..31).all(|node| centre(&layout, node) == centre(&layout, 0)));
    assert!(layout.edges.iter().all(|edge| edge.points.len() == 2));
    let first = layout.nodes[0].rect;
    assert_eq!(first.size(), egui::vec2(248.0, 52.0));
    assert_eq!(layout.nodes[1].rect.min.y - first.max.y, 36.0);
    // One label below every operator but the last, whose tensor is written on the pill of the output.
    assert_eq!(layout.labels.len(), 30);
}

#[test]
fn residual_blocks_keep_their_chain_straight() {
    let layout = check(&residual(5));
    assert!((0..15).all(|node| centre(&layout, node) == centre(&layout, 0)));
    let skips: Vec<&Edge> = layout.edges.iter().filter(|edge| edge.points.len() > 2).collect();
    assert_eq!(skips.len(), 5);
    // No skip runs through a node.
    for skip in skips {
        for point in skip.points.iter() {
            let inside = layout.node_at(*point).filter(|&node| node != skip.from && node != skip.to);
            assert_eq!(inside, None, "{skip:?}");
        }
    }
}

#[test]
fn branches_stand_side_by_side() {
    // 0 feeds 1, 2 and 3; 4 joins them.
    let layout =
        check(&wired(&[0], &[(&[0], &[1]), (&[1], &[2]), (&[1], &[3]), (&[1], &[4]), (&[2, 3, 4], &[5])]));
    let rows: Vec<u32> = (0..5).map(|node| layout.nodes[node].layer).collect();
    assert_eq!(rows, [1, 2, 2, 2, 3]);
    assert_eq!(centre(&layout, 0), centre(&layout, 2), "the middle branch is straight");
    assert_eq!(centre(&layout, 4), centre(&layout, 2));
}

#[test]
fn crossed_wires_are_uncrossed() {
    // Rows {0, 1} and {2, 3} in the order of the file would cross.
    let layout = check(&wired(&[0, 1], &[(&[0], &[2]), (&[1], &[3]), (&[3], &[4]), (&[2], &[5])]));
    assert_eq!((centre(&layout, 0), centre(&layout, 1)), (centre(&layout, 3), centre(&layout, 2)));
}

#[test]
fn operators_on_constants_stand_above_their_reader() {
    // Operator 1 reads nothing that flows, and is needed by operator 2 only.
    let layout = check(&wired(&[0], &[(&[0], &[1]), (&[9], &[2]), (&[1], &[3]), (&[3, 2], &[4])]));
    let rows: Vec<u32> = (0..4).map(|node| layout.nodes[node].layer).collect();
    assert_eq!(rows, [1, 2, 2, 3]);
}

#[test]
fn a_tensor_read_twice_by_one_operator_is_one_edge() {
    let layout = check(&wired(&[0], &[(&[0, 0], &[1])]));
    assert_eq!(layout.edges.len(), 2);
}

#[test]
fn a_read_before_the_write_is_marked() {
    let layout = check(&wired(&[0], &[(&[0, 2], &[1]), (&[1], &[2])]));
    let backward: Vec<(u32, u32)> =
        layout.edges.iter().filter(|edge| edge.backward).map(|edge| (edge.from, edge.to)).collect();
    assert_eq!(backward, [(1, 0)]);
}

#[test]
fn an_operator_that_reads_its_own_output_is_marked() {
    let layout = check(&wired(&[0], &[(&[0, 1], &[1])]));
    assert_eq!(layout.edges.iter().filter(|edge| edge.backward && edge.from == edge.to).count(), 1);
}

#[test]
fn the_latest_writer_counts() {
    let layout = check(&wired(&[0], &[(&[0], &[1]), (&[0], &[1]), (&[1], &[2])]));
    let into_last: Vec<u32> = layout.edges.iter().filter(|edge| edge.to == 2).map(|edge| edge.from).collect();
    assert_eq!(into_last, [1]);
}

#[test]
fn random_graphs_keep_the_rules() {
    let mut state = 0x9e37_79b9u32;
    let mut random = move |below: u32| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state % below.max(1)
    };
    for _ in 0..60 {
        let n_operators = 1 + random(40);
        let n_tensors = n_operators + 4;
        let operators: Vec<(Vec<u32>, Vec<u32>)> = (0..n_operators)
            .map(|place| {
                // Mostly earlier tensors, sometimes any: reads before writes, loops, two writers.
                let reads = (0..1 + random(3))
                    .map(|_| if random(12) == 0 { random(n_tensors) } else { random(place + 2) });
                let reads = reads.collect();
                let writes =
                    (0..1 + random(2)).map(|_| if random(12) == 0 { random(n_tensors) } else { place + 2 });
                (reads, writes.collect())
            })
            .collect();
        let borrowed: Vec<(&[u32], &[u32])> =
            operators.iter().map(|(reads, writes)| (reads.as_slice(), writes.as_slice())).collect();
        check(&wired(&[0, 1], &borrowed));
    }
}

#[test]
fn hostile_graphs_stay_small() {
    // Every operator reads everything before it: two million links that would pass rows.
    let all: Vec<u32> = (0..400).collect();
    let writes: Vec<[u32; 1]> = (0..400).map(|place| [place + 1]).collect();
    let operators: Vec<(&[u32], &[u32])> =
        writes.iter().enumerate().map(|(place, write)| (&all[..=place], write.as_slice())).collect();
    let layout = check(&wired(&[0], &operators));
    assert!(layout.edges.iter().map(|edge| edge.points.len()).sum::<usize>() < 2_000_000);
    // Thousands of operators side by side, and thousands that have no link at all.
    let wide: Vec<[u32; 1]> = (0..2_000).map(|place| [place + 1]).collect();
    let operators: Vec<(&[u32], &[u32])> =
        wide.iter().map(|write| ([0].as_slice(), write.as_slice())).collect();
    check(&wired(&[0], &operators));
    let operators: Vec<(&[u32], &[u32])> = wide.iter().map(|_| ([].as_slice(), [].as_slice())).collect();
    check(&wired(&[0], &operators));
}

#[test]
fn tensors_that_do_not_exist_are_ignored() {
    let mut model = wired(&[0], &[(&[0], &[1])]);
    model.subgraphs[0].operators[0].inputs.push(Some(TensorId(900)));
    model.subgraphs[0].operators[0].outputs.push(Some(TensorId(u32::MAX)));
    model.subgraphs[0].outputs.push(TensorId(77));
    check(&model);
    assert_eq!(
        layout_graph(&model, SubgraphId(5), Direction::Vertical, &|| false),
        Some(GraphLayout::default())
    );
}

#[test]
fn cancelling_ends_the_work() {
    assert_eq!(layout_graph(&residual(50), MAIN, Direction::Vertical, &|| true), None);
}

#[test]
fn a_view_finds_what_it_shows_and_nothing_else() {
    let layout = laid_out(&chain(500), Direction::Vertical);
    let view = layout.nodes[250].rect;
    assert_eq!(layout.nodes_in(view).collect::<Vec<_>>(), [250]);
    assert_eq!(layout.node_at(view.center()), Some(250));
    assert_eq!(layout.node_at(view.min - egui::vec2(4.0, 4.0)), None);
    assert_eq!(layout.edges_in(view).count(), 2);
    assert_eq!(layout.nodes_in(layout.bounds).count(), 502);
}
