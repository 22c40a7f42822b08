//! How long 10,000 pictures take through an int8 network of 784-64-64-10 on all cores:
//!
//! `cargo run --release -p emberlab-core --example throughput -- [--limit SECONDS]`
//!
//! The network is that of MNIST tutorials, with pseudo-random weights; pictures are noise, which takes no other time than
//! digits. With a limit it is an error to take longer.

use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use emberlab_core::model::{BuiltinOperator, Model, ModelBuilder, Options, Tensor, TensorType};
use emberlab_core::tflite;
use emberlab_runtime::{Interpreter, Registry, Semantics};

const SIZES: [i32; 4] = [784, 64, 64, 10];
const N_PICTURES: usize = 10_000;
const ARENA_BYTES: usize = 16 << 10;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let limit = match &arguments[..] {
        [] => f64::INFINITY,
        [option, limit] if option == "--limit" && limit.parse::<f64>().is_ok() => {
            limit.parse().unwrap_or(f64::INFINITY)
        }
        _ => {
            eprintln!("usage: throughput [--limit SECONDS]");
            return ExitCode::from(2);
        }
    };
    let model = match tflite::write(&network()) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let n_threads = thread::available_parallelism().map_or(1, usize::from);
    let start = Instant::now();
    let counts: Vec<[u32; 10]> = thread::scope(|scope| {
        let workers: Vec<_> = (0..n_threads)
            .map(|worker| (worker, &model))
            .map(|(worker, model)| {
                scope.spawn(move || classify(model, (worker..N_PICTURES).step_by(n_threads)))
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker does not panic")).collect()
    });
    let seconds = start.elapsed().as_secs_f64();
    let n_classified: u32 = counts.iter().flatten().sum();
    assert_eq!(n_classified as usize, N_PICTURES);
    eprintln!(
        "{N_PICTURES} pictures on {n_threads} threads in {seconds:.3} s, {:.0} per second",
        f64::from(n_classified) / seconds
    );
    if seconds <= limit {
        return ExitCode::SUCCESS;
    }
    eprintln!("more than {limit} s");
    ExitCode::FAILURE
}

/// Runs the network on the pictures of some numbers; how often each class won.
fn classify(model: &[u8], numbers: impl Iterator<Item = usize>) -> [u32; 10] {
    let mut arena = vec![0; ARENA_BYTES];
    let registry = Registry::default();
    let mut interpreter = Interpreter::prepare(model, &mut arena, Semantics::Tflm, &registry)
        .unwrap_or_else(|error| panic!("the network is one that runs: {error}"));
    let mut counts = [0; 10];
    for number in numbers {
        let mut random = Random(number as u32);
        interpreter.input::<i8>(0).fill_with(|| random.next());
        interpreter.invoke(&mut ()).expect("nobody stops it");
        let scores = interpreter.output::<i8>(0);
        let best = (0..scores.len()).max_by_key(|class| scores[*class]).unwrap_or(0);
        counts[best] += 1;
    }
    counts
}

fn network() -> Model {
    let mut builder = ModelBuilder::new("784-64-64-10, untrained");
    let mut random = Random(1);
    let mut scale = 1.0 / 255.0;
    let mut x =
        builder.input(Tensor::new("picture", TensorType::Int8, &[1, SIZES[0]]).quantized(scale, -128));
    for (layer, sizes) in SIZES.windows(2).enumerate() {
        let [depth, units] = [sizes[0], sizes[1]];
        let weight_scale = 1.0 / 512.0;
        let mut numbers = |count: i32| (0..count).map(|_| random.next()).collect::<Vec<_>>();
        let weights = Tensor::new("weights", TensorType::Int8, &[units, depth]).quantized(weight_scale, 0);
        let weights = builder.constant(weights, &numbers(units * depth));
        let bias: Vec<i32> = numbers(units).into_iter().map(i32::from).collect();
        let of_bias = Tensor::new("bias", TensorType::Int32, &[units]).quantized(scale * weight_scale, 0);
        let bias = builder.constant(of_bias, &bias);
        let is_last = layer + 2 == SIZES.len();
        scale = if is_last { 0.05 } else { 0.02 };
        let y = Tensor::new("sums", TensorType::Int8, &[1, units])
            .quantized(scale, if is_last { 0 } else { -128 });
        let y = builder.tensor(y);
        let options =
            Options::new("FullyConnectedOptions").with_int("fused_activation_function", i64::from(!is_last));
        builder.operator(BuiltinOperator::FULLY_CONNECTED, [x, weights, bias], [y]).set_options(options);
        x = y;
    }
    builder.output(x);
    builder.build()
}

/// A linear congruential generator, of which the high bits are used.
struct Random(u32);

impl Random {
    fn next(&mut self) -> i8 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 24) as i8
    }
}
