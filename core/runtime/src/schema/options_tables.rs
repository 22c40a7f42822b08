//! The fields of every options table of the .tflite schema (version 3), by union member number.
//!
//! Source: `schema_py_generated.py` of the Python package ai-edge-litert 2.3.0.

use super::{Kind, Meaning, OptionsField, OptionsTable};

const fn field(slot: u16, name: &'static str, kind: Kind, meaning: Meaning, default: f64) -> OptionsField {
    OptionsField { slot, name, kind, meaning, default }
}

/// Members of the union `BuiltinOptions`; member 0 is "none".
pub static BUILTIN_OPTIONS: [OptionsTable; 127] = [
    OptionsTable { name: "", fields: &[] },
    OptionsTable {
        name: "Conv2DOptions",
        fields: &[
            field(0, "padding", Kind::I8, Meaning::Padding, 0.0),
            field(1, "stride_w", Kind::I32, Meaning::Plain, 0.0),
            field(2, "stride_h", Kind::I32, Meaning::Plain, 0.0),
            field(3, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
            field(4, "dilation_w_factor", Kind::I32, Meaning::Plain, 1.0),
            field(5, "dilation_h_factor", Kind::I32, Meaning::Plain, 1.0),
            field(6, "quantized_bias_type", Kind::I8, Meaning::TensorType, 0.0),
        ],
    },
    OptionsTable {
        name: "DepthwiseConv2DOptions",
        fields: &[
            field(0, "padding", Kind::I8, Meaning::Padding, 0.0),
            field(1, "stride_w", Kind::I32, Meaning::Plain, 0.0),
            field(2, "stride_h", Kind::I32, Meaning::Plain, 0.0),
            field(3, "depth_multiplier", Kind::I32, Meaning::Plain, 0.0),
            field(4, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
            field(5, "dilation_w_factor", Kind::I32, Meaning::Plain, 1.0),
            field(6, "dilation_h_factor", Kind::I32, Meaning::Plain, 1.0),
        ],
    },
    OptionsTable {
        name: "ConcatEmbeddingsOptions",
        fields: &[
            field(0, "num_channels", Kind::I32, Meaning::Plain, 0.0),
            field(1, "num_columns_per_channel", Kind::VecI32, Meaning::Plain, 0.0),
            field(2, "embedding_dim_per_channel", Kind::VecI32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable { name: "LSHProjectionOptions", fields: &[field(0, "type", Kind::I8, Meaning::Plain, 0.0)] },
    OptionsTable {
        name: "Pool2DOptions",
        fields: &[
            field(0, "padding", Kind::I8, Meaning::Padding, 0.0),
            field(1, "stride_w", Kind::I32, Meaning::Plain, 0.0),
            field(2, "stride_h", Kind::I32, Meaning::Plain, 0.0),
            field(3, "filter_width", Kind::I32, Meaning::Plain, 0.0),
            field(4, "filter_height", Kind::I32, Meaning::Plain, 0.0),
            field(5, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
        ],
    },
    OptionsTable {
        name: "SVDFOptions",
        fields: &[
            field(0, "rank", Kind::I32, Meaning::Plain, 0.0),
            field(1, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
            field(2, "asymmetric_quantize_inputs", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "RNNOptions",
        fields: &[
            field(0, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
            field(1, "asymmetric_quantize_inputs", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "FullyConnectedOptions",
        fields: &[
            field(0, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
            field(1, "weights_format", Kind::I8, Meaning::Plain, 0.0),
            field(2, "keep_num_dims", Kind::Bool, Meaning::Plain, 0.0),
            field(3, "asymmetric_quantize_inputs", Kind::Bool, Meaning::Plain, 0.0),
            field(4, "quantized_bias_type", Kind::I8, Meaning::TensorType, 0.0),
            field(5, "quant_spec", Kind::VecU8, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable { name: "SoftmaxOptions", fields: &[field(0, "beta", Kind::F32, Meaning::Plain, 0.0)] },
    OptionsTable {
        name: "ConcatenationOptions",
        fields: &[
            field(0, "axis", Kind::I32, Meaning::Plain, 0.0),
            field(1, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
        ],
    },
    OptionsTable {
        name: "AddOptions",
        fields: &[
            field(0, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
            field(1, "pot_scale_int16", Kind::Bool, Meaning::Plain, 1.0),
        ],
    },
    OptionsTable {
        name: "L2NormOptions",
        fields: &[field(0, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0)],
    },
    OptionsTable {
        name: "LocalResponseNormalizationOptions",
        fields: &[
            field(0, "radius", Kind::I32, Meaning::Plain, 0.0),
            field(1, "bias", Kind::F32, Meaning::Plain, 0.0),
            field(2, "alpha", Kind::F32, Meaning::Plain, 0.0),
            field(3, "beta", Kind::F32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "LSTMOptions",
        fields: &[
            field(0, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
            field(1, "cell_clip", Kind::F32, Meaning::Plain, 0.0),
            field(2, "proj_clip", Kind::F32, Meaning::Plain, 0.0),
            field(3, "kernel_type", Kind::I8, Meaning::Plain, 0.0),
            field(4, "asymmetric_quantize_inputs", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "ResizeBilinearOptions",
        fields: &[
            field(2, "align_corners", Kind::Bool, Meaning::Plain, 0.0),
            field(3, "half_pixel_centers", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable { name: "CallOptions", fields: &[field(0, "subgraph", Kind::U32, Meaning::Plain, 0.0)] },
    OptionsTable {
        name: "ReshapeOptions",
        fields: &[field(0, "new_shape", Kind::VecI32, Meaning::Plain, 0.0)],
    },
    OptionsTable {
        name: "SkipGramOptions",
        fields: &[
            field(0, "ngram_size", Kind::I32, Meaning::Plain, 0.0),
            field(1, "max_skip_size", Kind::I32, Meaning::Plain, 0.0),
            field(2, "include_all_ngrams", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "SpaceToDepthOptions",
        fields: &[field(0, "block_size", Kind::I32, Meaning::Plain, 0.0)],
    },
    OptionsTable {
        name: "EmbeddingLookupSparseOptions",
        fields: &[field(0, "combiner", Kind::I8, Meaning::Plain, 0.0)],
    },
    OptionsTable {
        name: "MulOptions",
        fields: &[field(0, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0)],
    },
    OptionsTable { name: "PadOptions", fields: &[] },
    OptionsTable {
        name: "GatherOptions",
        fields: &[
            field(0, "axis", Kind::I32, Meaning::Plain, 0.0),
            field(1, "batch_dims", Kind::I32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable { name: "BatchToSpaceNDOptions", fields: &[] },
    OptionsTable { name: "SpaceToBatchNDOptions", fields: &[] },
    OptionsTable { name: "TransposeOptions", fields: &[] },
    OptionsTable {
        name: "ReducerOptions",
        fields: &[field(0, "keep_dims", Kind::Bool, Meaning::Plain, 0.0)],
    },
    OptionsTable {
        name: "SubOptions",
        fields: &[
            field(0, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
            field(1, "pot_scale_int16", Kind::Bool, Meaning::Plain, 1.0),
        ],
    },
    OptionsTable {
        name: "DivOptions",
        fields: &[field(0, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0)],
    },
    OptionsTable {
        name: "SqueezeOptions",
        fields: &[field(0, "squeeze_dims", Kind::VecI32, Meaning::Plain, 0.0)],
    },
    OptionsTable {
        name: "SequenceRNNOptions",
        fields: &[
            field(0, "time_major", Kind::Bool, Meaning::Plain, 0.0),
            field(1, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
            field(2, "asymmetric_quantize_inputs", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "StridedSliceOptions",
        fields: &[
            field(0, "begin_mask", Kind::I32, Meaning::Plain, 0.0),
            field(1, "end_mask", Kind::I32, Meaning::Plain, 0.0),
            field(2, "ellipsis_mask", Kind::I32, Meaning::Plain, 0.0),
            field(3, "new_axis_mask", Kind::I32, Meaning::Plain, 0.0),
            field(4, "shrink_axis_mask", Kind::I32, Meaning::Plain, 0.0),
            field(5, "offset", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable { name: "ExpOptions", fields: &[] },
    OptionsTable { name: "TopKV2Options", fields: &[] },
    OptionsTable { name: "SplitOptions", fields: &[field(0, "num_splits", Kind::I32, Meaning::Plain, 0.0)] },
    OptionsTable { name: "LogSoftmaxOptions", fields: &[] },
    OptionsTable {
        name: "CastOptions",
        fields: &[
            field(0, "in_data_type", Kind::I8, Meaning::TensorType, 0.0),
            field(1, "out_data_type", Kind::I8, Meaning::TensorType, 0.0),
        ],
    },
    OptionsTable { name: "DequantizeOptions", fields: &[] },
    OptionsTable { name: "MaximumMinimumOptions", fields: &[] },
    OptionsTable {
        name: "ArgMaxOptions",
        fields: &[field(0, "output_type", Kind::I8, Meaning::TensorType, 0.0)],
    },
    OptionsTable { name: "LessOptions", fields: &[] },
    OptionsTable { name: "NegOptions", fields: &[] },
    OptionsTable { name: "PadV2Options", fields: &[] },
    OptionsTable { name: "GreaterOptions", fields: &[] },
    OptionsTable { name: "GreaterEqualOptions", fields: &[] },
    OptionsTable { name: "LessEqualOptions", fields: &[] },
    OptionsTable { name: "SelectOptions", fields: &[] },
    OptionsTable { name: "SliceOptions", fields: &[] },
    OptionsTable {
        name: "TransposeConvOptions",
        fields: &[
            field(0, "padding", Kind::I8, Meaning::Padding, 0.0),
            field(1, "stride_w", Kind::I32, Meaning::Plain, 0.0),
            field(2, "stride_h", Kind::I32, Meaning::Plain, 0.0),
            field(3, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
            field(4, "quantized_bias_type", Kind::I8, Meaning::TensorType, 0.0),
        ],
    },
    OptionsTable {
        name: "SparseToDenseOptions",
        fields: &[field(0, "validate_indices", Kind::Bool, Meaning::Plain, 0.0)],
    },
    OptionsTable { name: "TileOptions", fields: &[] },
    OptionsTable { name: "ExpandDimsOptions", fields: &[] },
    OptionsTable { name: "EqualOptions", fields: &[] },
    OptionsTable { name: "NotEqualOptions", fields: &[] },
    OptionsTable {
        name: "ShapeOptions",
        fields: &[field(0, "out_type", Kind::I8, Meaning::TensorType, 0.0)],
    },
    OptionsTable { name: "PowOptions", fields: &[] },
    OptionsTable {
        name: "ArgMinOptions",
        fields: &[field(0, "output_type", Kind::I8, Meaning::TensorType, 0.0)],
    },
    OptionsTable {
        name: "FakeQuantOptions",
        fields: &[
            field(0, "min", Kind::F32, Meaning::Plain, 0.0),
            field(1, "max", Kind::F32, Meaning::Plain, 0.0),
            field(2, "num_bits", Kind::I32, Meaning::Plain, 0.0),
            field(3, "narrow_range", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "PackOptions",
        fields: &[
            field(0, "values_count", Kind::I32, Meaning::Plain, 0.0),
            field(1, "axis", Kind::I32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable { name: "LogicalOrOptions", fields: &[] },
    OptionsTable { name: "OneHotOptions", fields: &[field(0, "axis", Kind::I32, Meaning::Plain, 0.0)] },
    OptionsTable { name: "LogicalAndOptions", fields: &[] },
    OptionsTable { name: "LogicalNotOptions", fields: &[] },
    OptionsTable {
        name: "UnpackOptions",
        fields: &[
            field(0, "num", Kind::I32, Meaning::Plain, 0.0),
            field(1, "axis", Kind::I32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable { name: "FloorDivOptions", fields: &[] },
    OptionsTable { name: "SquareOptions", fields: &[] },
    OptionsTable { name: "ZerosLikeOptions", fields: &[] },
    OptionsTable { name: "FillOptions", fields: &[] },
    OptionsTable {
        name: "BidirectionalSequenceLSTMOptions",
        fields: &[
            field(0, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
            field(1, "cell_clip", Kind::F32, Meaning::Plain, 0.0),
            field(2, "proj_clip", Kind::F32, Meaning::Plain, 0.0),
            field(3, "merge_outputs", Kind::Bool, Meaning::Plain, 0.0),
            field(4, "time_major", Kind::Bool, Meaning::Plain, 1.0),
            field(5, "asymmetric_quantize_inputs", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "BidirectionalSequenceRNNOptions",
        fields: &[
            field(0, "time_major", Kind::Bool, Meaning::Plain, 0.0),
            field(1, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
            field(2, "merge_outputs", Kind::Bool, Meaning::Plain, 0.0),
            field(3, "asymmetric_quantize_inputs", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "UnidirectionalSequenceLSTMOptions",
        fields: &[
            field(0, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
            field(1, "cell_clip", Kind::F32, Meaning::Plain, 0.0),
            field(2, "proj_clip", Kind::F32, Meaning::Plain, 0.0),
            field(3, "time_major", Kind::Bool, Meaning::Plain, 0.0),
            field(4, "asymmetric_quantize_inputs", Kind::Bool, Meaning::Plain, 0.0),
            field(5, "diagonal_recurrent_tensors", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable { name: "FloorModOptions", fields: &[] },
    OptionsTable { name: "RangeOptions", fields: &[] },
    OptionsTable {
        name: "ResizeNearestNeighborOptions",
        fields: &[
            field(0, "align_corners", Kind::Bool, Meaning::Plain, 0.0),
            field(1, "half_pixel_centers", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable { name: "LeakyReluOptions", fields: &[field(0, "alpha", Kind::F32, Meaning::Plain, 0.0)] },
    OptionsTable { name: "SquaredDifferenceOptions", fields: &[] },
    OptionsTable { name: "MirrorPadOptions", fields: &[field(0, "mode", Kind::I8, Meaning::Plain, 0.0)] },
    OptionsTable { name: "AbsOptions", fields: &[] },
    OptionsTable { name: "SplitVOptions", fields: &[field(0, "num_splits", Kind::I32, Meaning::Plain, 0.0)] },
    OptionsTable {
        name: "UniqueOptions",
        fields: &[field(0, "idx_out_type", Kind::I8, Meaning::TensorType, 2.0)],
    },
    OptionsTable { name: "ReverseV2Options", fields: &[] },
    OptionsTable { name: "AddNOptions", fields: &[] },
    OptionsTable { name: "GatherNdOptions", fields: &[] },
    OptionsTable { name: "CosOptions", fields: &[] },
    OptionsTable { name: "WhereOptions", fields: &[] },
    OptionsTable { name: "RankOptions", fields: &[] },
    OptionsTable {
        name: "ReverseSequenceOptions",
        fields: &[
            field(0, "seq_dim", Kind::I32, Meaning::Plain, 0.0),
            field(1, "batch_dim", Kind::I32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable { name: "MatrixDiagOptions", fields: &[] },
    OptionsTable { name: "QuantizeOptions", fields: &[] },
    OptionsTable { name: "MatrixSetDiagOptions", fields: &[] },
    OptionsTable { name: "HardSwishOptions", fields: &[] },
    OptionsTable {
        name: "IfOptions",
        fields: &[
            field(0, "then_subgraph_index", Kind::I32, Meaning::Plain, 0.0),
            field(1, "else_subgraph_index", Kind::I32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "WhileOptions",
        fields: &[
            field(0, "cond_subgraph_index", Kind::I32, Meaning::Plain, 0.0),
            field(1, "body_subgraph_index", Kind::I32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "DepthToSpaceOptions",
        fields: &[field(0, "block_size", Kind::I32, Meaning::Plain, 0.0)],
    },
    OptionsTable { name: "NonMaxSuppressionV4Options", fields: &[] },
    OptionsTable { name: "NonMaxSuppressionV5Options", fields: &[] },
    OptionsTable { name: "ScatterNdOptions", fields: &[] },
    OptionsTable { name: "SelectV2Options", fields: &[] },
    OptionsTable { name: "DensifyOptions", fields: &[] },
    OptionsTable { name: "SegmentSumOptions", fields: &[] },
    OptionsTable {
        name: "BatchMatMulOptions",
        fields: &[
            field(0, "adj_x", Kind::Bool, Meaning::Plain, 0.0),
            field(1, "adj_y", Kind::Bool, Meaning::Plain, 0.0),
            field(2, "asymmetric_quantize_inputs", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "CumsumOptions",
        fields: &[
            field(0, "exclusive", Kind::Bool, Meaning::Plain, 0.0),
            field(1, "reverse", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "CallOnceOptions",
        fields: &[field(0, "init_subgraph_index", Kind::I32, Meaning::Plain, 0.0)],
    },
    OptionsTable { name: "BroadcastToOptions", fields: &[] },
    OptionsTable { name: "Rfft2dOptions", fields: &[] },
    OptionsTable {
        name: "Conv3DOptions",
        fields: &[
            field(0, "padding", Kind::I8, Meaning::Padding, 0.0),
            field(1, "stride_d", Kind::I32, Meaning::Plain, 0.0),
            field(2, "stride_w", Kind::I32, Meaning::Plain, 0.0),
            field(3, "stride_h", Kind::I32, Meaning::Plain, 0.0),
            field(4, "fused_activation_function", Kind::I8, Meaning::Activation, 0.0),
            field(5, "dilation_d_factor", Kind::I32, Meaning::Plain, 1.0),
            field(6, "dilation_w_factor", Kind::I32, Meaning::Plain, 1.0),
            field(7, "dilation_h_factor", Kind::I32, Meaning::Plain, 1.0),
        ],
    },
    OptionsTable {
        name: "HashtableOptions",
        fields: &[
            field(0, "table_id", Kind::I32, Meaning::Plain, 0.0),
            field(1, "key_dtype", Kind::I8, Meaning::TensorType, 0.0),
            field(2, "value_dtype", Kind::I8, Meaning::TensorType, 0.0),
        ],
    },
    OptionsTable { name: "HashtableFindOptions", fields: &[] },
    OptionsTable { name: "HashtableImportOptions", fields: &[] },
    OptionsTable { name: "HashtableSizeOptions", fields: &[] },
    OptionsTable {
        name: "VarHandleOptions",
        fields: &[
            field(0, "container", Kind::Str, Meaning::Plain, 0.0),
            field(1, "shared_name", Kind::Str, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable { name: "ReadVariableOptions", fields: &[] },
    OptionsTable { name: "AssignVariableOptions", fields: &[] },
    OptionsTable {
        name: "RandomOptions",
        fields: &[
            field(0, "seed", Kind::I64, Meaning::Plain, 0.0),
            field(1, "seed2", Kind::I64, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "BucketizeOptions",
        fields: &[field(0, "boundaries", Kind::VecF32, Meaning::Plain, 0.0)],
    },
    OptionsTable { name: "GeluOptions", fields: &[field(0, "approximate", Kind::Bool, Meaning::Plain, 0.0)] },
    OptionsTable { name: "DynamicUpdateSliceOptions", fields: &[] },
    OptionsTable { name: "UnsortedSegmentProdOptions", fields: &[] },
    OptionsTable { name: "UnsortedSegmentMaxOptions", fields: &[] },
    OptionsTable { name: "UnsortedSegmentMinOptions", fields: &[] },
    OptionsTable { name: "UnsortedSegmentSumOptions", fields: &[] },
    OptionsTable { name: "ATan2Options", fields: &[] },
    OptionsTable { name: "SignOptions", fields: &[] },
    OptionsTable { name: "BitcastOptions", fields: &[] },
    OptionsTable { name: "BitwiseXorOptions", fields: &[] },
    OptionsTable { name: "RightShiftOptions", fields: &[] },
];

/// Members of the union `BuiltinOptions2`; member 0 is "none".
pub static BUILTIN_OPTIONS_2: [OptionsTable; 24] = [
    OptionsTable { name: "", fields: &[] },
    OptionsTable {
        name: "StablehloConcatenateOptions",
        fields: &[field(0, "dimension", Kind::I64, Meaning::Plain, 0.0)],
    },
    OptionsTable {
        name: "StablehloBroadcastInDimOptions",
        fields: &[field(0, "broadcast_dimensions", Kind::VecI64, Meaning::Plain, 0.0)],
    },
    OptionsTable {
        name: "StablehloSliceOptions",
        fields: &[
            field(0, "start_indices", Kind::VecI64, Meaning::Plain, 0.0),
            field(1, "limit_indices", Kind::VecI64, Meaning::Plain, 0.0),
            field(2, "strides", Kind::VecI64, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "StablehloConvolutionOptions",
        fields: &[
            field(0, "window_strides", Kind::VecI64, Meaning::Plain, 0.0),
            field(1, "padding", Kind::VecI64, Meaning::Plain, 0.0),
            field(2, "lhs_dilation", Kind::VecI64, Meaning::Plain, 0.0),
            field(3, "rhs_dilation", Kind::VecI64, Meaning::Plain, 0.0),
            field(4, "window_reversal", Kind::VecBool, Meaning::Plain, 0.0),
            field(5, "input_batch_dimension", Kind::I64, Meaning::Plain, 0.0),
            field(6, "input_feature_dimension", Kind::I64, Meaning::Plain, 0.0),
            field(7, "input_spatial_dimensions", Kind::VecI64, Meaning::Plain, 0.0),
            field(8, "kernel_input_feature_dimension", Kind::I64, Meaning::Plain, 0.0),
            field(9, "kernel_output_feature_dimension", Kind::I64, Meaning::Plain, 0.0),
            field(10, "kernel_spatial_dimensions", Kind::VecI64, Meaning::Plain, 0.0),
            field(11, "output_batch_dimension", Kind::I64, Meaning::Plain, 0.0),
            field(12, "output_feature_dimension", Kind::I64, Meaning::Plain, 0.0),
            field(13, "output_spatial_dimensions", Kind::VecI64, Meaning::Plain, 0.0),
            field(14, "feature_group_count", Kind::I64, Meaning::Plain, 0.0),
            field(15, "batch_group_count", Kind::I64, Meaning::Plain, 0.0),
            field(16, "precision_config", Kind::VecU32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "StablehloCustomCallOptions",
        fields: &[
            field(0, "call_target_name", Kind::Str, Meaning::Plain, 0.0),
            field(1, "has_side_effect", Kind::Bool, Meaning::Plain, 0.0),
            field(2, "backend_config", Kind::Str, Meaning::Plain, 0.0),
            field(3, "api_version", Kind::I32, Meaning::Plain, 0.0),
            field(4, "called_computations", Kind::VecI32, Meaning::Plain, 0.0),
            field(5, "custom_attributes", Kind::VecU8, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "StablehloReduceOptions",
        fields: &[
            field(0, "dimensions", Kind::VecI64, Meaning::Plain, 0.0),
            field(1, "body_subgraph_index", Kind::I32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "StablehloScatterOptions",
        fields: &[
            field(0, "indices_are_sorted", Kind::Bool, Meaning::Plain, 0.0),
            field(1, "update_window_dims", Kind::VecI64, Meaning::Plain, 0.0),
            field(2, "inserted_window_dims", Kind::VecI64, Meaning::Plain, 0.0),
            field(3, "scatter_dims_to_operand_dims", Kind::VecI64, Meaning::Plain, 0.0),
            field(4, "index_vector_dim", Kind::I64, Meaning::Plain, 0.0),
            field(5, "unique_indices", Kind::Bool, Meaning::Plain, 0.0),
            field(6, "update_computation_subgraph_index", Kind::I32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "StablehloCompareOptions",
        fields: &[
            field(0, "comparison_direction", Kind::U32, Meaning::Plain, 0.0),
            field(1, "compare_type", Kind::U32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "StablehloDynamicSliceOptions",
        fields: &[field(0, "slice_sizes", Kind::VecI64, Meaning::Plain, 0.0)],
    },
    OptionsTable {
        name: "StablehloPadOptions",
        fields: &[
            field(0, "edge_padding_low", Kind::VecI64, Meaning::Plain, 0.0),
            field(1, "edge_padding_high", Kind::VecI64, Meaning::Plain, 0.0),
            field(2, "interior_padding", Kind::VecI64, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "StablehloIotaOptions",
        fields: &[field(0, "iota_dimension", Kind::I64, Meaning::Plain, 0.0)],
    },
    OptionsTable {
        name: "StablehloDotGeneralOptions",
        fields: &[
            field(0, "lhs_batching_dimensions", Kind::VecI64, Meaning::Plain, 0.0),
            field(1, "rhs_batching_dimensions", Kind::VecI64, Meaning::Plain, 0.0),
            field(2, "lhs_contracting_dimensions", Kind::VecI64, Meaning::Plain, 0.0),
            field(3, "rhs_contracting_dimensions", Kind::VecI64, Meaning::Plain, 0.0),
            field(4, "precision_config", Kind::VecU32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "StablehloReduceWindowOptions",
        fields: &[
            field(0, "window_dimensions", Kind::VecI64, Meaning::Plain, 0.0),
            field(1, "window_strides", Kind::VecI64, Meaning::Plain, 0.0),
            field(2, "base_dilations", Kind::VecI64, Meaning::Plain, 0.0),
            field(3, "window_dilations", Kind::VecI64, Meaning::Plain, 0.0),
            field(4, "padding", Kind::VecI64, Meaning::Plain, 0.0),
            field(5, "body_subgraph_index", Kind::I32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "StablehloSortOptions",
        fields: &[
            field(0, "dimension", Kind::I64, Meaning::Plain, 0.0),
            field(1, "is_stable", Kind::Bool, Meaning::Plain, 0.0),
            field(2, "comparator_subgraph_index", Kind::I32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "StablehloWhileOptions",
        fields: &[
            field(0, "cond_subgraph_index", Kind::I32, Meaning::Plain, 0.0),
            field(1, "body_subgraph_index", Kind::I32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "StablehloGatherOptions",
        fields: &[
            field(0, "offset_dims", Kind::VecI64, Meaning::Plain, 0.0),
            field(1, "collapsed_slice_dims", Kind::VecI64, Meaning::Plain, 0.0),
            field(2, "start_index_map", Kind::VecI64, Meaning::Plain, 0.0),
            field(3, "index_vector_dim", Kind::I64, Meaning::Plain, 0.0),
            field(4, "slice_sizes", Kind::VecI64, Meaning::Plain, 0.0),
            field(5, "indices_are_sorted", Kind::Bool, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable {
        name: "StablehloTransposeOptions",
        fields: &[field(0, "permutation", Kind::VecI64, Meaning::Plain, 0.0)],
    },
    OptionsTable { name: "DilateOptions", fields: &[] },
    OptionsTable {
        name: "StablehloRngBitGeneratorOptions",
        fields: &[field(0, "algorithm", Kind::I8, Meaning::Plain, 0.0)],
    },
    OptionsTable {
        name: "ReduceWindowOptions",
        fields: &[field(0, "reduce_function", Kind::I32, Meaning::Plain, 0.0)],
    },
    OptionsTable {
        name: "StableHLOCompositeOptions",
        fields: &[
            field(0, "name", Kind::Str, Meaning::Plain, 0.0),
            field(1, "decomposition_subgraph_index", Kind::I32, Meaning::Plain, 0.0),
            field(2, "composite_attributes", Kind::VecU8, Meaning::Plain, 0.0),
            field(3, "composite_attributes_format", Kind::I8, Meaning::Plain, 0.0),
            field(4, "version", Kind::I32, Meaning::Plain, 0.0),
        ],
    },
    OptionsTable { name: "StablehloShiftLeftOptions", fields: &[] },
    OptionsTable {
        name: "StablehloCaseOptions",
        fields: &[field(0, "branch_subgraph_indices", Kind::VecI32, Meaning::Plain, 0.0)],
    },
];
