//! The ten kinds of operators that have a colour of their own.

use emberlab_core::model::BuiltinOperator as Op;

/// A kind of operator; its name always stands beside its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Category {
    Conv,
    Depthwise,
    Dense,
    Pool,
    Activation,
    Arithmetic,
    Recurrent,
    Quantise,
    Control,
    Shape,
}

impl Category {
    /// In the order of the legend.
    pub const ALL: [Category; 10] = [
        Category::Conv,
        Category::Depthwise,
        Category::Dense,
        Category::Pool,
        Category::Activation,
        Category::Arithmetic,
        Category::Recurrent,
        Category::Quantise,
        Category::Control,
        Category::Shape,
    ];

    /// The name in legends.
    pub fn label(self) -> &'static str {
        match self {
            Category::Conv => "conv",
            Category::Depthwise => "depthwise",
            Category::Dense => "dense",
            Category::Pool => "pool, reduce",
            Category::Activation => "activation, norm",
            Category::Arithmetic => "arithmetic",
            Category::Recurrent => "recurrent",
            Category::Quantise => "quantise, cast",
            Category::Control => "control, custom",
            Category::Shape => "shape, copy",
        }
    }

    /// The kind of an operator; operators that the schema does not name are [`Category::Control`].
    pub fn of(operator: Op) -> Self {
        match operator {
            Op::CONV_2D
            | Op::CONV_3D
            | Op::CONV_3D_TRANSPOSE
            | Op::TRANSPOSE_CONV
            | Op::STABLEHLO_CONVOLUTION
            | Op::DILATE => Self::Conv,
            Op::DEPTHWISE_CONV_2D => Self::Depthwise,
            Op::FULLY_CONNECTED
            | Op::BATCH_MATMUL
            | Op::EMBEDDING_LOOKUP
            | Op::EMBEDDING_LOOKUP_SPARSE
            | Op::LSH_PROJECTION
            | Op::STABLEHLO_DOT_GENERAL => Self::Dense,
            Op::AVERAGE_POOL_2D
            | Op::MAX_POOL_2D
            | Op::L2_POOL_2D
            | Op::MEAN
            | Op::SUM
            | Op::REDUCE_MAX
            | Op::REDUCE_MIN
            | Op::REDUCE_PROD
            | Op::REDUCE_ANY
            | Op::REDUCE_ALL
            | Op::REDUCE_WINDOW
            | Op::ARG_MAX
            | Op::ARG_MIN
            | Op::TOPK_V2
            | Op::CUMSUM
            | Op::SEGMENT_SUM
            | Op::UNSORTED_SEGMENT_MAX
            | Op::UNSORTED_SEGMENT_MIN
            | Op::UNSORTED_SEGMENT_PROD
            | Op::UNSORTED_SEGMENT_SUM
            | Op::STABLEHLO_REDUCE
            | Op::STABLEHLO_REDUCE_WINDOW => Self::Pool,
            Op::RELU
            | Op::RELU6
            | Op::RELU_N1_TO_1
            | Op::RELU_0_TO_1
            | Op::LEAKY_RELU
            | Op::PRELU
            | Op::ELU
            | Op::GELU
            | Op::HARD_SWISH
            | Op::LOGISTIC
            | Op::TANH
            | Op::SOFTMAX
            | Op::LOG_SOFTMAX
            | Op::L2_NORMALIZATION
            | Op::LOCAL_RESPONSE_NORMALIZATION
            | Op::STABLEHLO_LOGISTIC
            | Op::STABLEHLO_TANH => Self::Activation,
            Op::LSTM
            | Op::RNN
            | Op::SVDF
            | Op::UNIDIRECTIONAL_SEQUENCE_LSTM
            | Op::UNIDIRECTIONAL_SEQUENCE_RNN
            | Op::BIDIRECTIONAL_SEQUENCE_LSTM
            | Op::BIDIRECTIONAL_SEQUENCE_RNN => Self::Recurrent,
            Op::QUANTIZE
            | Op::DEQUANTIZE
            | Op::CAST
            | Op::FAKE_QUANT
            | Op::DENSIFY
            | Op::BITCAST
            | Op::STABLEHLO_CONVERT => Self::Quantise,
            Op::CUSTOM
            | Op::DELEGATE
            | Op::CALL
            | Op::CALL_ONCE
            | Op::IF
            | Op::WHILE
            | Op::VAR_HANDLE
            | Op::READ_VARIABLE
            | Op::ASSIGN_VARIABLE
            | Op::HASHTABLE
            | Op::HASHTABLE_FIND
            | Op::HASHTABLE_IMPORT
            | Op::HASHTABLE_LOOKUP
            | Op::HASHTABLE_SIZE
            | Op::NON_MAX_SUPPRESSION_V4
            | Op::NON_MAX_SUPPRESSION_V5
            | Op::RANDOM_STANDARD_NORMAL
            | Op::RANDOM_UNIFORM
            | Op::MULTINOMIAL
            | Op::STABLEHLO_CUSTOM_CALL
            | Op::STABLEHLO_COMPOSITE
            | Op::STABLEHLO_WHILE
            | Op::STABLEHLO_CASE
            | Op::STABLEHLO_RNG_BIT_GENERATOR => Self::Control,
            Op::RESHAPE
            | Op::SQUEEZE
            | Op::EXPAND_DIMS
            | Op::TRANSPOSE
            | Op::CONCATENATION
            | Op::CONCAT_EMBEDDINGS
            | Op::SPLIT
            | Op::SPLIT_V
            | Op::PACK
            | Op::UNPACK
            | Op::SLICE
            | Op::STRIDED_SLICE
            | Op::DYNAMIC_UPDATE_SLICE
            | Op::GATHER
            | Op::GATHER_ND
            | Op::SCATTER_ND
            | Op::PAD
            | Op::PADV2
            | Op::MIRROR_PAD
            | Op::TILE
            | Op::FILL
            | Op::RANGE
            | Op::RANK
            | Op::SHAPE
            | Op::ZEROS_LIKE
            | Op::ONE_HOT
            | Op::BROADCAST_TO
            | Op::BROADCAST_ARGS
            | Op::REVERSE_V2
            | Op::REVERSE_SEQUENCE
            | Op::DEPTH_TO_SPACE
            | Op::SPACE_TO_DEPTH
            | Op::SPACE_TO_BATCH_ND
            | Op::BATCH_TO_SPACE_ND
            | Op::RESIZE_BILINEAR
            | Op::RESIZE_NEAREST_NEIGHBOR
            | Op::SPARSE_TO_DENSE
            | Op::SKIP_GRAM
            | Op::UNIQUE
            | Op::MATRIX_DIAG
            | Op::MATRIX_SET_DIAG
            | Op::STABLEHLO_RESHAPE
            | Op::STABLEHLO_CONCATENATE
            | Op::STABLEHLO_BROADCAST_IN_DIM
            | Op::STABLEHLO_SLICE
            | Op::STABLEHLO_DYNAMIC_SLICE
            | Op::STABLEHLO_DYNAMIC_UPDATE_SLICE
            | Op::STABLEHLO_GATHER
            | Op::STABLEHLO_SCATTER
            | Op::STABLEHLO_PAD
            | Op::STABLEHLO_IOTA
            | Op::STABLEHLO_SORT
            | Op::STABLEHLO_TRANSPOSE => Self::Shape,
            other if other.name().is_none() => Self::Control,
            // What is left computes element by element.
            _ => Self::Arithmetic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_of_the_field_have_the_expected_category() {
        for (name, category) in [
            ("CONV_2D", Category::Conv),
            ("DEPTHWISE_CONV_2D", Category::Depthwise),
            ("FULLY_CONNECTED", Category::Dense),
            ("AVERAGE_POOL_2D", Category::Pool),
            ("MEAN", Category::Pool),
            ("SOFTMAX", Category::Activation),
            ("ADD", Category::Arithmetic),
            ("RSQRT", Category::Arithmetic),
            ("SVDF", Category::Recurrent),
            ("DEQUANTIZE", Category::Quantise),
            ("CUSTOM", Category::Control),
            ("WHILE", Category::Control),
            ("RESHAPE", Category::Shape),
        ] {
            let operator = Op::from_name(name).expect(name);
            assert_eq!(Category::of(operator), category, "{name}");
        }
        assert_eq!(Category::of(Op(9999)), Category::Control);
    }
}
