//! Generated models: of the size and shape of real ones, with pseudo-random weights.

use emberlab_core::model::{
    Buffer, BufferId, BuiltinOperator, Model, Operator, OperatorCode, Options, Quantization, Subgraph,
    Tensor, TensorId, TensorType,
};

/// Alternating depthwise and pointwise convolutions, as person_detect has them.
pub fn mobile_net() -> Model {
    let mut builder = Builder::new();
    let mut last = builder.activation(&[1, 96, 96, 1]);
    let input = last;
    let (mut size, mut channels) = (96, 1);
    for (stride, filters) in [
        (2, 8),
        (1, 16),
        (2, 32),
        (1, 32),
        (2, 64),
        (1, 64),
        (2, 128),
        (1, 128),
        (1, 128),
        (1, 128),
        (1, 128),
        (1, 128),
        (2, 256),
        (1, 256),
    ] {
        size = (size + stride - 1) / stride;
        last = builder.depthwise(last, size, channels, stride.into());
        last = builder.pointwise(last, size, channels, filters);
        channels = filters;
    }
    builder.finish(input, last)
}

/// Pointwise convolutions with four million weights.
pub fn of_four_megabytes() -> Model {
    let mut builder = Builder::new();
    let mut last = builder.activation(&[1, 4, 4, 512]);
    let input = last;
    for _ in 0..16 {
        last = builder.depthwise(last, 4, 512, 1);
        last = builder.pointwise(last, 4, 512, 512);
    }
    builder.finish(input, last)
}

/// Operators one after the other, in blocks of three around which the input is carried.
pub fn residual(n_operators: usize) -> Model {
    let mut builder = Builder::new();
    let mut last = builder.activation(&[1, 16, 16, 8]);
    let input = last;
    for _ in 0..n_operators / 3 {
        let first = builder.depthwise(last, 16, 8, 1);
        let second = builder.pointwise(first, 16, 8, 8);
        last = builder.add(second, last, &[1, 16, 16, 8]);
    }
    while builder.n_operators() < n_operators {
        last = builder.depthwise(last, 16, 8, 1);
    }
    builder.finish(input, last)
}

/// Rows of 20 operators; each reads what two of the row before wrote.
pub fn grid(n_operators: usize) -> Model {
    let mut builder = Builder::new();
    let shape = [1, 8, 8, 8];
    let input = builder.activation(&shape);
    let mut row = vec![input; 20];
    while builder.n_operators() < n_operators {
        let n_left = n_operators - builder.n_operators();
        row = (0..row.len().min(n_left))
            .map(|place| builder.add(row[place], row[(place + 1) % row.len()], &shape))
            .collect();
    }
    let output = row[0];
    builder.finish(input, output)
}

struct Builder {
    model: Model,
    seed: u32,
}

impl Builder {
    fn new() -> Self {
        let code = |builtin| OperatorCode { builtin, custom_code: None, version: 1 };
        let model = Model {
            version: 3,
            description: Some("generated".to_owned()),
            operator_codes: vec![
                code(BuiltinOperator::CONV_2D),
                code(BuiltinOperator::DEPTHWISE_CONV_2D),
                code(BuiltinOperator::ADD),
            ],
            subgraphs: vec![Subgraph::default()],
            buffers: vec![Buffer::default()],
            ..Model::default()
        };
        Self { model, seed: 0x2545_f491 }
    }

    fn n_operators(&self) -> usize {
        self.model.subgraphs[0].operators.len()
    }

    fn activation(&mut self, shape: &[i32]) -> TensorId {
        let name = format!("generated/layer_{}/activation", self.model.subgraphs[0].tensors.len());
        self.tensor(name, shape, TensorType::Int8, BufferId(0), vec![0.05], 0)
    }

    fn constant(&mut self, shape: &[i32], ty: TensorType, scales: Vec<f32>, axis: i32) -> TensorId {
        let bytes = shape.iter().product::<i32>() as usize * if ty == TensorType::Int32 { 4 } else { 1 };
        let data: Vec<u8> = (0..bytes).map(|_| self.random()).collect();
        self.model.buffers.push(Buffer { data: Some(data.into()), appended: false });
        let buffer = BufferId(self.model.buffers.len() as u32 - 1);
        let name = format!("generated/layer_{}/constant", self.model.subgraphs[0].tensors.len());
        self.tensor(name, shape, ty, buffer, scales, axis)
    }

    fn random(&mut self) -> u8 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 17;
        self.seed ^= self.seed << 5;
        self.seed as u8
    }

    fn tensor(
        &mut self,
        name: String,
        shape: &[i32],
        ty: TensorType,
        buffer: BufferId,
        scale: Vec<f32>,
        quantized_dimension: i32,
    ) -> TensorId {
        let zero_point = vec![0; scale.len()];
        let tensors = &mut self.model.subgraphs[0].tensors;
        tensors.push(Tensor {
            name: Some(name),
            shape: shape.to_vec(),
            shape_signature: Vec::new(),
            has_rank: false,
            ty,
            buffer,
            quantization: Some(Quantization {
                scale,
                zero_point,
                quantized_dimension,
                ..Quantization::default()
            }),
            is_variable: false,
            sparsity: None,
            variant_tensors: Vec::new(),
            external_buffer: 0,
        });
        TensorId(tensors.len() as u32 - 1)
    }

    fn depthwise(&mut self, input: TensorId, size: i32, channels: i32, stride: i64) -> TensorId {
        let scales = vec![0.01; channels as usize];
        let weights = self.constant(&[1, 3, 3, channels], TensorType::Int8, scales.clone(), 3);
        let bias = self.constant(&[channels], TensorType::Int32, scales, 0);
        let output = self.activation(&[1, size, size, channels]);
        let options = Options::new("DepthwiseConv2DOptions")
            .with_int("stride_w", stride)
            .with_int("stride_h", stride)
            .with_int("depth_multiplier", 1)
            .with_int("fused_activation_function", 3);
        self.operator(1, &[input, weights, bias], output, options)
    }

    fn pointwise(&mut self, input: TensorId, size: i32, channels: i32, filters: i32) -> TensorId {
        let scales = vec![0.01; filters as usize];
        let weights = self.constant(&[filters, 1, 1, channels], TensorType::Int8, scales.clone(), 0);
        let bias = self.constant(&[filters], TensorType::Int32, scales, 0);
        let output = self.activation(&[1, size, size, filters]);
        let options = Options::new("Conv2DOptions")
            .with_int("stride_w", 1)
            .with_int("stride_h", 1)
            .with_int("fused_activation_function", 3);
        self.operator(0, &[input, weights, bias], output, options)
    }

    fn add(&mut self, a: TensorId, b: TensorId, shape: &[i32]) -> TensorId {
        let output = self.activation(shape);
        self.operator(2, &[a, b], output, Options::new("AddOptions"))
    }

    fn operator(
        &mut self,
        code_index: u32,
        inputs: &[TensorId],
        output: TensorId,
        options: Options,
    ) -> TensorId {
        self.model.subgraphs[0].operators.push(Operator {
            code_index,
            inputs: inputs.iter().copied().map(Some).collect(),
            outputs: vec![Some(output)],
            intermediates: Vec::new(),
            mutating_variable_inputs: Vec::new(),
            options: Some(options),
            options_2: None,
            custom_options: None,
            custom_options_format: 0,
            custom_options_appended: false,
            debug_metadata_index: -1,
        });
        output
    }

    fn finish(mut self, input: TensorId, output: TensorId) -> Model {
        self.model.subgraphs[0].inputs = vec![input];
        self.model.subgraphs[0].outputs = vec![output];
        self.model
    }
}
