//! Whole networks: chains with branches, so that lifetimes overlap, and plans in the metadata.

use emberlab_core::model::{BuiltinOperator as Op, OFFLINE_MEMORY_ALLOCATION, Options, TensorId, TensorType};

use super::Recipe;
use super::maker::Maker;
use TensorType::{Float32, Int8};

pub const RECIPES: &[Recipe] = &[
    ("network_float", |maker| network(maker, Float32)),
    ("network_int8", |maker| network(maker, Int8)),
    ("network_unused", network_unused),
    ("offline_all", |maker| offline(maker, Placing::All)),
    ("offline_some", |maker| offline(maker, Placing::Some)),
    ("offline_none", |maker| offline(maker, Placing::None)),
    ("offline_overlapping", |maker| offline(maker, Placing::Overlapping)),
    ("offline_misaligned", |maker| offline(maker, Placing::Misaligned)),
    ("offline_variable", offline_variable),
    ("no_operators", no_operators),
];

/// Elementwise operators whose inputs are any tensors made before, and a reduction now and then.
fn network(maker: &mut Maker, ty: TensorType) {
    let shape = maker.shape(2..=4);
    let input = maker.input(ty, &shape);
    let mut same_shape = vec![input];
    let mut ends = Vec::new();
    for _ in 0..maker.random.between(5, 30) {
        let source = maker.random.pick(&same_shape);
        match maker.random.between(0, 3) {
            0 => {
                let other = maker.random.pick(&same_shape);
                let sum = maker.activation_like(input, &shape);
                maker.operator(Op::ADD, &[source, other], &[sum], Some(Options::new("AddOptions")));
                same_shape.push(sum);
            }
            1 => {
                let mean = maker.activation_like(input, &shape[1..]);
                let axis = maker.ints(&[0]);
                maker.operator(Op::MEAN, &[source, axis], &[mean], Some(Options::new("ReducerOptions")));
                ends.push(mean);
            }
            _ => {
                let next = maker.activation_like(input, &shape);
                maker.operator(Op::RELU, &[source], &[next], None);
                same_shape.push(next);
            }
        }
    }
    let last = same_shape[same_shape.len() - 1];
    if last != input {
        ends.push(last);
    }
    ends.iter().for_each(|&end| maker.output(end));
}

/// Tensors that nothing uses, an input that no operator reads, and one that nothing writes.
fn network_unused(maker: &mut Maker) {
    network(maker, Float32);
    for _ in 0..maker.random.between(1, 4) {
        let shape = maker.shape(1..=3);
        maker.activation(Float32, &shape);
    }
    let shape = maker.shape(1..=3);
    maker.input(Int8, &shape);
    let orphan = maker.activation(Float32, &shape);
    let output = maker.activation(Float32, &shape);
    maker.last(Op::RELU, &[orphan], &[output], None);
}

#[derive(Clone, Copy, PartialEq)]
enum Placing {
    All,
    Some,
    None,
    Overlapping,
    Misaligned,
}

/// A network with a plan: one tensor behind the other, or as the kind of plan says.
fn offline(maker: &mut Maker, placing: Placing) {
    network(maker, Float32);
    let tensors = maker.builder.model().subgraphs[0].tensors.clone();
    let mut end = 0;
    let mut offsets = Vec::with_capacity(tensors.len());
    for tensor in &tensors {
        let is_placed = match placing {
            Placing::All | Placing::Overlapping | Placing::Misaligned => true,
            Placing::Some => maker.random.chance(),
            Placing::None => false,
        };
        let is_activation = tensor.buffer.0 == 0;
        offsets.push(if is_placed && is_activation { end } else { -1 });
        let size = tensor.byte_size().unwrap_or_default() as i32;
        end += match placing {
            Placing::Overlapping => 16,
            Placing::Misaligned => size + 4,
            _ => (size + 15) / 16 * 16,
        };
    }
    plan(maker, &offsets);
}

fn plan(maker: &mut Maker, offsets: &[i32]) {
    const VERSION: i32 = 1;
    const SUBGRAPH: i32 = 0;
    let header = [VERSION, SUBGRAPH, offsets.len() as i32];
    let bytes = header.iter().chain(offsets).flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
    maker.builder.metadata(OFFLINE_MEMORY_ALLOCATION, bytes);
}

/// A plan may place a variable tensor, which then lies in the head.
fn offline_variable(maker: &mut Maker) {
    let ty = Float32;
    let (depth, units) = (maker.random.between(1, 9), maker.random.between(1, 9));
    let input = maker.input(ty, &[1, depth]);
    let features = maker.weights(ty, &[units, depth]);
    let time = maker.weights(ty, &[units, 2]);
    let bias = maker.weights(ty, &[units]);
    let state = maker.describe(ty, &[1, 2 * units]).variable();
    let state: TensorId = maker.builder.tensor(state);
    let output = maker.activation(ty, &[1, units]);
    let options = Options::new("SVDFOptions").with_int("rank", 1);
    maker.last(Op::SVDF, &[input, features, time, bias, state], &[output], Some(options));
    let state_offset = maker.random.pick(&[0, 64, -1]);
    plan(maker, &[512, -1, -1, -1, state_offset, -1]);
}

fn no_operators(maker: &mut Maker) {
    let shape = maker.shape(1..=3);
    let input = maker.input(Float32, &shape);
    maker.output(input);
}
