//! The shared suite for operators that only move elements, and what they refuse.
//!
//! The reference of a problem is a list: for every element of the output the element of the input that it comes from.

use super::{
    broadcast_to, gather, mirror_pad, pad, reverse, slice, space_to_depth, squeeze, strided_slice, transpose,
};
use crate::schema::{BuiltinOperator as Op, TensorType};
use crate::test_support::{Problem, Random, TestModel, Value, bytes_of, kernel_suite};
use TensorType::{Bool, Float32, Int8, Int16, Int32};

type Options = (&'static str, Vec<(&'static str, Value)>);

/// One operator with one input that is moved.
#[derive(Debug)]
struct Move {
    code: Op,
    ty: TensorType,
    options: Options,
    /// Constant int32 inputs behind the first one.
    constants: Vec<(Vec<i32>, Vec<i32>)>,
    shape: Vec<i32>,
    output_shape: Vec<i32>,
    /// Where every output comes from; `None` for padding, which is 0.
    sources: Vec<Option<usize>>,
    input: Vec<u8>,
}

impl Move {
    fn new(random: &mut Random, code: Op, types: &[TensorType], shape: &[i32]) -> Self {
        let ty = random.choose(types);
        let count = product(shape) * element_bytes(ty);
        let input =
            (0..count).map(|_| if ty == Bool { random.next() as u8 & 1 } else { random.next() as u8 });
        Self {
            code,
            ty,
            options: ("", Vec::new()),
            constants: Vec::new(),
            shape: shape.to_vec(),
            output_shape: Vec::new(),
            sources: Vec::new(),
            input: input.collect(),
        }
    }

    fn constant(mut self, values: &[i32]) -> Self {
        self.constants.push((vec![values.len() as i32], values.to_vec()));
        self
    }

    fn options(mut self, table: &'static str, options: &[(&'static str, i32)]) -> Self {
        let values = options.iter().map(|(name, value)| (*name, Value::Int(i64::from(*value))));
        self.options = (table, values.collect());
        self
    }

    /// The output: the coordinates in the input for the coordinates in the output.
    fn output(mut self, shape: &[i32], source: impl Fn(&[i32]) -> Vec<i32>) -> Self {
        self.output_shape = shape.to_vec();
        let input_shape = self.shape.clone();
        let index = |coordinates: &[i32]| {
            let is_inside =
                coordinates.iter().zip(&input_shape).all(|(step, size)| (0..*size).contains(step));
            is_inside.then(|| {
                coordinates
                    .iter()
                    .zip(&input_shape)
                    .fold(0, |at, (step, size)| at * *size as usize + *step as usize)
            })
        };
        self.sources =
            (0..product(shape)).map(|number| index(&source(&coordinates(number, shape)))).collect();
        self
    }

    fn model(&self) -> TestModel {
        let mut model = TestModel::default();
        let mut inputs = vec![model.tensor(self.ty, &self.shape)];
        for (shape, values) in &self.constants {
            inputs.push(model.constant(Int32, shape, values));
        }
        let output = model.tensor(self.ty, &self.output_shape);
        model.operator(self.code, (self.options.0, &self.options.1), &inputs, &[output]);
        model
    }

    fn reference(&self) -> Vec<u8> {
        let n = element_bytes(self.ty);
        let element = |source: &Option<usize>| {
            source.map_or(vec![0; n], |at| self.input[at * n..(at + 1) * n].to_vec())
        };
        self.sources.iter().flat_map(element).collect()
    }
}

fn element_bytes(ty: TensorType) -> usize {
    ty.bits().unwrap_or(8) as usize / 8
}

fn product(shape: &[i32]) -> usize {
    shape.iter().map(|size| *size as usize).product()
}

fn coordinates(number: usize, shape: &[i32]) -> Vec<i32> {
    let mut rest = number;
    let mut steps = vec![0; shape.len()];
    for (step, size) in steps.iter_mut().zip(shape).rev() {
        *step = (rest % *size as usize) as i32;
        rest /= *size as usize;
    }
    steps
}

fn shape(random: &mut Random, most: i32) -> Vec<i32> {
    (0..random.between(1, most)).map(|_| random.between(1, 5)).collect()
}

macro_rules! problem {
    ($name:ident, $make:expr) => {
        #[derive(Debug)]
        struct $name(Move);

        impl Problem for $name {
            fn random(random: &mut Random) -> Self {
                let make: fn(&mut Random) -> Move = $make;
                Self(make(random))
            }
            fn model(&self) -> TestModel {
                self.0.model()
            }
            fn inputs(&self) -> Vec<Vec<u8>> {
                vec![self.0.input.clone()]
            }
            fn reference(&self) -> Vec<Vec<u8>> {
                vec![self.0.reference()]
            }
        }
    };
}

problem!(Transpose, |random| {
    let shape = shape(random, 5);
    let mut order: Vec<i32> = (0..shape.len() as i32).collect();
    order.sort_by_key(|_| random.next());
    let turned: Vec<i32> = order.iter().map(|axis| shape[*axis as usize]).collect();
    Move::new(random, Op::TRANSPOSE, &[Float32, Int8, Int16], &shape).constant(&order).output(&turned, |at| {
        let mut source = vec![0; at.len()];
        order.iter().zip(at).for_each(|(axis, step)| source[*axis as usize] = *step);
        source
    })
});
kernel_suite!(transpose, transpose::ENTRY, Transpose, 200);

problem!(Reverse, |random| {
    let shape = shape(random, 4);
    let first = random.between(0, shape.len() as i32 - 1);
    let last = random.between(first, shape.len() as i32 - 1);
    let axes: Vec<i32> = (first..=last).collect();
    Move::new(random, Op::REVERSE_V2, &[Float32, Int8, Int16, Bool], &shape).constant(&axes).output(
        &shape,
        |at| {
            let mut source = at.to_vec();
            axes.iter().map(|axis| *axis as usize).for_each(|axis| source[axis] = shape[axis] - 1 - at[axis]);
            source
        },
    )
});
kernel_suite!(reverse, reverse::ENTRY, Reverse, 200);

problem!(Slice, |random| {
    let shape = shape(random, 5);
    let begin: Vec<i32> = shape.iter().map(|size| random.between(0, size - 1)).collect();
    let size: Vec<i32> =
        shape.iter().zip(&begin).map(|(size, begin)| random.between(1, size - begin)).collect();
    let made =
        Move::new(random, Op::SLICE, &[Float32, Int8, Int16, Bool], &shape).constant(&begin).constant(&size);
    made.output(&size, |at| at.iter().zip(&begin).map(|(step, begin)| step + begin).collect())
});
kernel_suite!(slice, slice::ENTRY, Slice, 200);

problem!(StridedSlice, |random| {
    let shape = shape(random, 4);
    let (mut begin, mut end, mut stride, mut sizes) = (vec![], vec![], vec![], vec![]);
    for size in &shape {
        let step: i32 = random.choose(&[1, 2, 3, -1, -2]);
        let first = random.between(0, size - 1);
        begin.push(if random.between(0, 1) == 0 { first } else { first - size });
        stride.push(step);
        let last = if step > 0 { random.between(first + 1, 2 * size) } else { -2 * size - 1 };
        end.push(last);
        let distance = if step > 0 { last.min(*size) - first } else { first + 1 };
        sizes.push((distance + step.abs() - 1) / step.abs());
    }
    let made = Move::new(random, Op::STRIDED_SLICE, &[Float32, Int8, Int16, Bool], &shape);
    let made = made.constant(&begin).constant(&end).constant(&stride).options("StridedSliceOptions", &[]);
    made.output(&sizes, |at| {
        let start = |axis: usize| if begin[axis] < 0 { begin[axis] + shape[axis] } else { begin[axis] };
        at.iter().enumerate().map(|(axis, step)| start(axis) + step * stride[axis]).collect()
    })
});
kernel_suite!(strided_slice, strided_slice::ENTRY, StridedSlice, 300);

problem!(Pad, |random| {
    let shape = shape(random, 5);
    let pairs: Vec<i32> = shape.iter().flat_map(|_| [random.between(0, 2), random.between(0, 2)]).collect();
    let padded: Vec<i32> =
        shape.iter().zip(pairs.chunks(2)).map(|(size, pair)| size + pair[0] + pair[1]).collect();
    let made = Move::new(random, Op::PAD, &[Float32, Int8, Int16, Int32], &shape).constant(&pairs);
    made.output(&padded, |at| at.iter().zip(pairs.chunks(2)).map(|(step, pair)| step - pair[0]).collect())
});
kernel_suite!(pad, pad::PAD, Pad, 200);

problem!(MirrorPad, |random| {
    let mode = random.between(0, 1);
    let shape = shape(random, 4);
    let most = |size: i32| if mode == 0 { size - 1 } else { size };
    let pairs: Vec<i32> = shape
        .iter()
        .flat_map(|size| [random.between(0, most(*size)), random.between(0, most(*size))])
        .collect();
    let padded: Vec<i32> =
        shape.iter().zip(pairs.chunks(2)).map(|(size, pair)| size + pair[0] + pair[1]).collect();
    let mut made = Move::new(random, Op::MIRROR_PAD, &[Float32, Int8], &shape)
        .options("MirrorPadOptions", &[("mode", mode)]);
    made.constants.push((vec![shape.len() as i32, 2], pairs.clone()));
    made.output(&padded, |at| {
        let fold = |step: i32, size: i32| match step {
            step if step < 0 => -step - mode,
            step if step >= size => 2 * size - 2 + mode - step,
            step => step,
        };
        at.iter()
            .zip(pairs.chunks(2).zip(&shape))
            .map(|(step, (pair, size))| fold(step - pair[0], *size))
            .collect()
    })
});
kernel_suite!(mirror_pad, mirror_pad::ENTRY, MirrorPad, 200);

problem!(BroadcastTo, |random| {
    let to = shape(random, 5);
    let from: Vec<i32> = to.iter().map(|size| if random.between(0, 1) == 0 { 1 } else { *size }).collect();
    let made = Move::new(random, Op::BROADCAST_TO, &[Float32, Int8, Int16, Bool], &from).constant(&to);
    made.output(&to, |at| {
        at.iter().zip(&from).map(|(step, size)| if *size == 1 { 0 } else { *step }).collect()
    })
});
kernel_suite!(broadcast_to, broadcast_to::BROADCAST_TO, BroadcastTo, 200);

problem!(Gather, |random| {
    let shape = shape(random, 4);
    let axis = random.between(0, shape.len() as i32 - 1);
    let place = axis as usize;
    let n_indexes = random.between(1, 4) as usize;
    let indexes = random.i32s(n_indexes, 0, shape[place] - 1);
    let mut output = shape.clone();
    output[place] = n_indexes as i32;
    let made = Move::new(random, Op::GATHER, &[Float32, Int8], &shape).constant(&indexes);
    made.options("GatherOptions", &[("axis", axis)]).output(&output, |at| {
        let mut source = at.to_vec();
        source[place] = indexes[at[place] as usize];
        source
    })
});
kernel_suite!(gather, gather::GATHER, Gather, 200);

problem!(SpaceToDepth, |random| {
    let block = random.between(1, 3);
    let [batches, height, width, depth] = core::array::from_fn(|_| random.between(1, 3));
    let made = Move::new(
        random,
        Op::SPACE_TO_DEPTH,
        &[Float32, Int8],
        &[batches, height * block, width * block, depth],
    );
    made.options("SpaceToDepthOptions", &[("block_size", block)]).output(
        &[batches, height, width, depth * block * block],
        |at| {
            let pixel = at[3] / depth;
            vec![at[0], at[1] * block + pixel / block, at[2] * block + pixel % block, at[3] % depth]
        },
    )
});
kernel_suite!(space_to_depth, space_to_depth::SPACE_TO_DEPTH, SpaceToDepth, 200);

problem!(ExpandDims, |random| {
    let shape = shape(random, 4);
    let axis = random.between(0, shape.len() as i32);
    let mut expanded = shape.clone();
    expanded.insert(axis as usize, 1);
    Move::new(random, Op::EXPAND_DIMS, &[Float32, Int8, Int16], &shape).constant(&[axis]).output(
        &expanded,
        |at| {
            let mut source = at.to_vec();
            source.remove(axis as usize);
            source
        },
    )
});
kernel_suite!(expand_dims, squeeze::EXPAND_DIMS, ExpandDims, 100);

#[test]
fn fill_repeats_a_scalar() {
    for (ty, value) in [(Float32, bytes_of(&[1.5f32])), (Int8, vec![0x85]), (Int32, bytes_of(&[-7i32]))] {
        let mut model = TestModel::default();
        let (dims, scalar) = (model.constant(Int32, &[2], &[3, 2]), model.tensor(ty, &[]));
        let output = model.tensor(ty, &[3, 2]);
        model.operator(Op::FILL, ("FillOptions", &[]), &[dims, scalar], &[output]);
        assert_eq!(model.run_tflm(std::slice::from_ref(&value)), Ok(vec![value.repeat(6)]));
    }
}

#[test]
fn shape_and_zeros_do_not_depend_on_the_elements() {
    let mut model = TestModel::default();
    let (input, shape) = (model.tensor(Int16, &[2, 1, 5]), model.tensor(Int32, &[3]));
    model.operator(Op::SHAPE, ("ShapeOptions", &[]), &[input], &[shape]);
    assert_eq!(model.run_tflm(&[vec![9; 20]]), Ok(vec![bytes_of(&[2i32, 1, 5])]));
    let mut model = TestModel::default();
    let (input, zeros) = (model.tensor(Float32, &[3]), model.tensor(Float32, &[3]));
    model.operator(Op::ZEROS_LIKE, ("ZerosLikeOptions", &[]), &[input], &[zeros]);
    assert_eq!(model.run_tflm(&[vec![9; 12]]), Ok(vec![vec![0; 12]]));
}

/// The message with which an operator on a tensor and constants is refused.
fn refusal(
    code: Op,
    (ty, shape): (TensorType, &[i32]),
    constants: &[&[i32]],
    options: Options,
    output: &[i32],
) -> String {
    let mut model = TestModel::default();
    let mut inputs = vec![model.tensor(ty, shape)];
    inputs.extend(constants.iter().map(|values| model.constant(Int32, &[values.len() as i32], values)));
    let output = model.tensor(ty, output);
    model.operator(code, (options.0, &options.1), &inputs, &[output]);
    let count = product(shape) * element_bytes(ty);
    model.run_tflm(&[vec![0; count]]).expect_err("the model has to be refused")
}

#[test]
fn refusals_name_the_reason() {
    let int = |table, name, value| (table, vec![(name, Value::Int(value))]);
    let none = || ("", vec![]);
    let check = |message: String, expected: &str| {
        assert!(message.contains(expected), "{message:?} lacks {expected:?}")
    };
    let int8 = |shape: &'static [i32]| (Int8, shape);
    check(refusal(Op::TRANSPOSE, int8(&[2, 3]), &[&[0, 0]], none(), &[2, 2]), "comes twice");
    check(refusal(Op::TRANSPOSE, int8(&[2, 3]), &[&[0, 2]], none(), &[2, 3]), "out of bounds");
    check(
        refusal(Op::TRANSPOSE, int8(&[2, 3]), &[&[1, 0]], none(), &[2, 3]),
        "size of a dimension of the output is 2, expected 3",
    );
    check(
        refusal(Op::TRANSPOSE, (Int32, &[2, 3]), &[&[1, 0]], none(), &[3, 2]),
        "input is int32, expected float32, int8 or int16",
    );
    check(refusal(Op::REVERSE_V2, int8(&[2, 3, 4]), &[&[0, 2]], none(), &[2, 3, 4]), "Non-contiguous");
    check(refusal(Op::SLICE, int8(&[4]), &[&[3], &[2]], none(), &[2]), "begin of the slice is 3");
    check(
        refusal(Op::STRIDED_SLICE, int8(&[4]), &[&[0], &[4], &[0]], none(), &[4]),
        "stride value has to be non-zero",
    );
    check(refusal(Op::PAD, int8(&[2]), &[&[-1, 2]], none(), &[3]), "padding is -1");
    check(refusal(Op::PAD, int8(&[2]), &[&[1, 2]], none(), &[4]), "is 4, expected 5");
    check(
        refusal(Op::CONCATENATION, int8(&[2]), &[], int("ConcatenationOptions", "axis", 1), &[2]),
        "axis is 1",
    );
    check(
        refusal(
            Op::CONCATENATION,
            int8(&[2]),
            &[],
            int("ConcatenationOptions", "fused_activation_function", 1),
            &[2],
        ),
        "fused activation is 1",
    );
    check(
        refusal(Op::PACK, int8(&[2]), &[], int("PackOptions", "values_count", 2), &[1, 2]),
        "values_count is 2, expected 1",
    );
    check(
        refusal(Op::UNPACK, int8(&[1, 2]), &[], int("UnpackOptions", "num", 3), &[2]),
        "num is 3, expected 1",
    );
    check(refusal(Op::GATHER, int8(&[4]), &[&[1, 4]], none(), &[2]), "index is 4");
    check(refusal(Op::GATHER_ND, int8(&[4]), &[&[4]], none(), &[]), "out of bounds");
    check(refusal(Op::BROADCAST_TO, int8(&[3]), &[&[2]], none(), &[2]), "broadcastable");
    check(refusal(Op::SQUEEZE, int8(&[1, 3]), &[], none(), &[2]), "no room");
    check(
        refusal(
            Op::SPACE_TO_DEPTH,
            int8(&[1, 3, 2, 1]),
            &[],
            int("SpaceToDepthOptions", "block_size", 2),
            &[1, 1, 1, 4],
        ),
        "left after the blocks",
    );
    check(refusal(Op::DEPTH_TO_SPACE, int8(&[1, 3, 2, 1]), &[], none(), &[1, 3, 2, 1]), "block_size is 0");
    check(refusal(Op::MEAN, int8(&[2, 3]), &[&[2]], none(), &[2]), "axis is 2");
    check(
        refusal(Op::MEAN, (Float32, &[2, 3]), &[&[1]], none(), &[3]),
        "elements of the output is 3, expected 2",
    );
    check(refusal(Op::REDUCE_ALL, int8(&[2]), &[&[0]], none(), &[]), "expected bool");
    check(refusal(Op::CUMSUM, (Float32, &[2]), &[&[-2]], none(), &[2]), "axis is -2");
    check(
        refusal(Op::RESIZE_BILINEAR, int8(&[1, 2, 2, 1]), &[&[3, 3]], none(), &[1, 3, 2, 1]),
        "is 2, expected 3",
    );
}
