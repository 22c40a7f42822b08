//! Small models that between them use every part of the schema: what mutation, fuzzing and round trips start from.

use std::sync::Arc;

use emberlab_core::model::packed::pack;
use emberlab_core::model::{
    BuiltinOperator, ExternalBuffer, Model, ModelBuilder, Operator, OptionValue, Options, Quantization,
    QuantizationDetails, SharedBytes, SparseDimension, SparseIndex, Sparsity, SubgraphId, Tensor, TensorId,
    TensorType, VariantSubType,
};
use emberlab_core::schema::{BUILTIN_OPTIONS, BUILTIN_OPTIONS_2, Kind, OptionsKind, OptionsTable};

/// Every specimen by name.
pub fn all() -> Vec<(&'static str, Model)> {
    vec![
        ("empty", Model { version: 3, ..Model::default() }),
        ("fully connected", fully_connected()),
        ("every type", every_type()),
        ("every options table", every_options_table()),
        ("every table of the schema", everything()),
        ("appended", appended()),
    ]
}

/// Every specimen by name, as a file.
pub fn files() -> Vec<(&'static str, Arc<[u8]>)> {
    let file = |model| emberlab_core::tflite::write(&model).expect("a specimen is a valid model");
    all().into_iter().map(|(name, model)| (name, file(model).into())).collect()
}

/// One int8 operator with weights per channel.
pub fn fully_connected() -> Model {
    let mut builder = ModelBuilder::new("one operator");
    let x = builder.input(Tensor::new("x", TensorType::Int8, &[1, 3]).quantized(0.5, -1));
    let w = Tensor::new("w", TensorType::Int8, &[2, 3]).quantized_per_axis(&[0.25, 0.5], &[0, 0], 0);
    let w = builder.constant(w, &[1i8, 2, 3, -1, -2, -3]);
    let b = Tensor::new("b", TensorType::Int32, &[2]).quantized_per_axis(&[0.125, 0.25], &[0, 0], 0);
    let b = builder.constant(b, &[10i32, 20]);
    let y = builder.tensor(Tensor::new("y", TensorType::Int8, &[1, 2]).quantized(1.0, -128));
    let options = Options::new("FullyConnectedOptions").with_int("fused_activation_function", 1);
    builder.operator(BuiltinOperator::FULLY_CONNECTED, [x, w, b], [y]).set_options(options);
    builder.output(y);
    builder.signature("serving_default");
    builder.metadata("min_runtime_version", b"1.5.0\0\0\0\0\0\0\0\0\0\0\0".to_vec());
    builder.build()
}

/// A constant of every element type, packed ones included.
pub fn every_type() -> Model {
    let mut builder = ModelBuilder::new("every type");
    for ty in TensorType::ALL {
        let tensor = Tensor::new(ty.name(), ty, &[5]);
        match ty.bits() {
            Some(bits @ (2 | 4)) => {
                builder.constant_bytes(tensor, pack(&[-2, -1, 0, 1, 1], bits));
            }
            Some(bits) => {
                let bytes = (0..5 * bits as usize / 8).map(|byte| byte as u8);
                builder.constant_bytes(tensor, bytes.collect::<Vec<_>>());
            }
            None => {
                builder.tensor(tensor);
            }
        }
    }
    builder.build()
}

/// An operator for every member of both unions of options, each with every field set.
pub fn every_options_table() -> Model {
    let mut builder = ModelBuilder::new("every options table");
    let x = builder.input(Tensor::new("x", TensorType::Float32, &[1]));
    for (member, table) in BUILTIN_OPTIONS.iter().enumerate().skip(1) {
        let options = filled(OptionsKind::Builtin(member as u8), table);
        builder.operator(BuiltinOperator(member as i32), [x], [x]).options = Some(options);
    }
    for (member, table) in BUILTIN_OPTIONS_2.iter().enumerate().skip(1) {
        let options = filled(OptionsKind::Builtin2(member as u8), table);
        builder.operator(BuiltinOperator(100 + member as i32), [x], [x]).options_2 = Some(options);
    }
    builder.output(x);
    builder.build()
}

fn filled(kind: OptionsKind, table: &OptionsTable) -> Options {
    let value = |slot: u16, kind: Kind| match kind {
        Kind::Bool => OptionValue::Int(1),
        Kind::I8 => OptionValue::Int(-3),
        Kind::U8 => OptionValue::Int(250),
        Kind::I32 => OptionValue::Int(-70_000 - i64::from(slot)),
        Kind::U32 => OptionValue::Int(4_000_000_000),
        Kind::I64 => OptionValue::Int(i64::MIN + i64::from(slot)),
        Kind::U64 => OptionValue::Int(-1),
        Kind::F32 => OptionValue::Float(0.125 + f32::from(slot)),
        Kind::Str => OptionValue::Text("näme".to_owned()),
        Kind::VecBool => OptionValue::Ints(vec![1, 0, 1]),
        Kind::VecU8 => OptionValue::Ints(vec![0, 255]),
        Kind::VecI32 => OptionValue::Ints(vec![-1, i64::from(i32::MAX)]),
        Kind::VecU32 => OptionValue::Ints(vec![0, i64::from(u32::MAX)]),
        Kind::VecI64 => OptionValue::Ints(vec![i64::MIN, i64::MAX]),
        Kind::VecF32 => OptionValue::Floats(vec![-0.5, f32::INFINITY]),
    };
    let values = table.fields.iter().map(|field| (field.slot, value(field.slot, field.kind)));
    Options { kind, values: values.collect() }
}

/// Subgraphs, sparsity, every kind of quantization, variables, variants, custom operators, external buffers, metadata.
pub fn everything() -> Model {
    let mut builder = ModelBuilder::new("every table of the schema");
    let x = builder.input(Tensor {
        shape_signature: vec![-1, 4],
        has_rank: true,
        ..Tensor::new("x", TensorType::Float32, &[1, 4])
    });
    let state = builder.tensor(Tensor::new("state", TensorType::Float32, &[1, 4]).variable());
    let calibrated =
        Quantization { min: vec![-1.0], max: vec![1.5], scale: vec![0.1], ..Quantization::default() };
    let y = builder
        .tensor(Tensor { quantization: Some(calibrated), ..Tensor::new("y", TensorType::Int8, &[1, 4]) });
    for details in [
        QuantizationDetails::Custom(vec![1, 2, 3]),
        QuantizationDetails::Blockwise {
            scales: 0,
            zero_points: 1,
            block_size: 32,
            block_shape: vec![1, 32],
        },
        QuantizationDetails::MultiAxis {
            scales: 0,
            zero_points: -1,
            block_size: 0,
            quantized_dimensions: vec![0, 1],
        },
    ] {
        let quantization = Quantization { details: Some(details), ..Quantization::default() };
        builder
            .tensor(Tensor { quantization: Some(quantization), ..Tensor::new("q", TensorType::Int4, &[64]) });
    }
    builder.tensor(Tensor {
        variant_tensors: vec![VariantSubType { shape: vec![2, 2], ty: TensorType::Int16, has_rank: true }],
        ..Tensor::new("variant", TensorType::Variant, &[])
    });
    builder.tensor(Tensor { external_buffer: 7, name: None, ..Tensor::new("", TensorType::Float32, &[2]) });
    let sparse = builder.constant(sparse_tensor(), &[1.0f32, 2.0, 3.0]);

    let unidirectional = builder.operator(
        BuiltinOperator::UNIDIRECTIONAL_SEQUENCE_LSTM,
        [Some(x), None, Some(sparse), Some(state)],
        [Some(y)],
    );
    unidirectional.intermediates = vec![Some(state), None];
    unidirectional.mutating_variable_inputs = vec![false, false, false, true];
    unidirectional.set_options(Options::new("UnidirectionalSequenceLSTMOptions").with_int("time_major", 0));
    let custom = builder.custom_operator("SignalWindow", [y], [y]);
    custom.custom_options = Some(vec![0x73, 0x68, 0x00, 0x01].into());
    custom.debug_metadata_index = 3;
    builder.operator(BuiltinOperator(12_345), [y], [y]);
    builder.output(y);
    builder.signature("step");

    builder.subgraph("other");
    let z = builder.input(Tensor::new("z", TensorType::Bool, &[]));
    builder.output(z);
    builder.signature("other");

    builder.metadata("a", vec![0; 17]);
    builder.metadata("b", Vec::new());
    let model = builder.model();
    model.operator_codes[0].version = 4;
    model.metadata_buffers = vec![1, 2];
    model.external_buffer_groups = vec![Some("weights.bin".to_owned()), None];
    model.external_buffers =
        vec![ExternalBuffer { id: 7, group: 0, offset: 1 << 33, length: 8, packing: Some("raw".to_owned()) }];
    model.subgraphs[0].debug_metadata_index = 2;
    model.signatures[0].key = None;
    builder.build()
}

fn sparse_tensor() -> Tensor {
    let dimension = |format, dense_size, segments, indices| SparseDimension {
        format,
        dense_size,
        array_segments: segments,
        array_indices: indices,
    };
    let sparsity = Sparsity {
        traversal_order: vec![0, 1, 2],
        block_map: vec![1],
        dimensions: vec![
            dimension(0, 3, None, None),
            dimension(1, 0, Some(SparseIndex::Uint8(vec![0, 1, 3])), Some(SparseIndex::Uint16(vec![0, 300]))),
            dimension(1, 0, Some(SparseIndex::Int32(vec![0, 2])), Some(SparseIndex::Int32(vec![1, 70_000]))),
        ],
    };
    Tensor { sparsity: Some(sparsity), ..Tensor::new("sparse", TensorType::Float32, &[3]) }
}

/// Data and custom options behind the flatbuffer, as in files of more than 2 GB.
pub fn appended() -> Model {
    let mut model = fully_connected();
    for buffer in &mut model.buffers[1..] {
        buffer.appended = true;
    }
    model.operator_codes.push(emberlab_core::model::OperatorCode {
        builtin: BuiltinOperator::CUSTOM,
        custom_code: Some("Tail".to_owned()),
        version: 1,
    });
    let output = model.subgraph(SubgraphId(0)).outputs[0];
    model.subgraphs[0].operators.push(Operator {
        inputs: vec![Some(output)],
        outputs: vec![Some(TensorId(output.0))],
        custom_options: Some(SharedBytes::from(vec![7; 5])),
        custom_options_appended: true,
        ..Operator::new(1)
    });
    model
}
