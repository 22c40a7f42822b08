//! Runs models of one layer through the interpreter on an emulated RV32IMC core, and prints how many instructions one
//! invocation retires. The outputs have to be those that the host computed.
//!
//! The models come from `cargo run -p emberlab-core --example measured_layers -- FOLDER`; the build takes the folder from
//! `EMBERLAB_LAYERS`. `tests/emulated/run.sh` does all of it and compares with the committed table.

#![no_std]
#![no_main]

use core::fmt::Write as _;

use emberlab_runtime::{Interpreter, Registry, Semantics};
use emberlab_virt::{Serial, end, instructions};

/// One model, its input, and the output that the host computed.
struct Layer {
    name: &'static str,
    model: &'static Aligned<[u8]>,
    input: &'static [u8],
    expected: &'static [u8],
}

/// Bytes that begin at a multiple of 16, as the weights of a model have to.
#[repr(C, align(16))]
struct Aligned<T: ?Sized>(T);

macro_rules! layers {
    ($($name:literal)*) => {
        [$(Layer {
            name: $name,
            model: &Aligned(*include_bytes!(concat!(env!("EMBERLAB_LAYERS"), "/", $name, ".tflite"))),
            input: include_bytes!(concat!(env!("EMBERLAB_LAYERS"), "/", $name, ".input")),
            expected: include_bytes!(concat!(env!("EMBERLAB_LAYERS"), "/", $name, ".output")),
        }),*]
    };
}

static LAYERS: [Layer; 4] = layers!("conv_3x3" "conv_1x1" "depthwise_3x3" "fully_connected");

/// Enough for every layer; on the stack, which has all of the memory that is left.
const ARENA_BYTES: usize = 64 << 10;

/// Called by the start code.
// SAFETY: nothing else has this name.
#[unsafe(no_mangle)]
extern "C" fn main_on_virt() -> ! {
    let registry = Registry::default();
    let mut arena = Aligned([0xa5; ARENA_BYTES]);
    for layer in &LAYERS {
        if let Err(problem) = measure(layer, &mut arena.0, &registry) {
            say(format_args!("{}: {problem}", layer.name));
            end(1);
        }
    }
    end(0)
}

fn measure(layer: &Layer, arena: &mut [u8], registry: &Registry<'static>) -> Result<(), &'static str> {
    let mut interpreter = match Interpreter::prepare(&layer.model.0, arena, Semantics::Tflm, registry) {
        Ok(interpreter) => interpreter,
        Err(error) => {
            say(format_args!("{error}"));
            return Err("the model is refused");
        }
    };
    let input = interpreter.input_bytes(0);
    if input.len() != layer.input.len() {
        return Err("the input has another size");
    }
    input.copy_from_slice(layer.input);
    let before = instructions();
    let result = interpreter.invoke(&mut ());
    let count = instructions().wrapping_sub(before);
    if result.is_err() || interpreter.output_bytes(0) != layer.expected {
        return Err("the output is not that of the host");
    }
    say(format_args!("{} {count}", layer.name));
    Ok(())
}

fn say(line: core::fmt::Arguments<'_>) {
    // Nothing is left to be done if the line does not work.
    let _ = writeln!(Serial, "{line}");
}

#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    say(format_args!("{info}"));
    end(2)
}
