//! Lines of `cases.jsonl`: inputs and our outputs of a network.

use emberlab_core::run::{Memory, Semantics};
use serde_json::{Value, json};

/// Differences that float32 networks may have, of the size of their outputs: reference runtimes sum in another order.
const FLOAT_BOUND: f64 = 1e-5;

/// The same with operators that quantize while they run: a last bit that differs can make a step of an input that differs.
const DYNAMIC_BOUND: f64 = 2e-3;

pub fn line(file: &str, bytes: &[u8], inputs: &[Vec<u8>]) -> Result<Value, Box<dyn std::error::Error>> {
    let hexadecimal: Vec<String> = inputs.iter().map(|bytes| hex(bytes)).collect();
    Ok(json!({
        "file": file,
        "steps": [hexadecimal],
        "float_bound": if file.contains("_dynamic") { DYNAMIC_BOUND } else { FLOAT_BOUND },
        // Factors of int16 scales: in float32 in the firmware's TFLM, in float64 in the reference runtimes.
        "last_bit": file.contains("_int16x8"),
        "skip": [],
        "first_compared_step": 0,
        "refused_by_us": false,
        "tflm": outputs(bytes, inputs, Semantics::Tflm)?,
        "litert": outputs(bytes, inputs, Semantics::Litert)?,
    }))
}

fn outputs(
    bytes: &[u8],
    inputs: &[Vec<u8>],
    semantics: Semantics,
) -> Result<Value, Box<dyn std::error::Error>> {
    // Float16 and dynamic range are for desktops only, LSTMs in int16 for chips only.
    let mut memory = match Memory::new(bytes, semantics) {
        Ok(memory) => memory,
        Err(error) => return Ok(json!({ "refused": error.message })),
    };
    let mut interpreter = memory.interpreter()?;
    for (index, input) in inputs.iter().enumerate() {
        interpreter.input_bytes(index).copy_from_slice(input);
    }
    interpreter.invoke(&mut ()).expect("nobody stops it");
    let outputs = (0..interpreter.n_outputs()).map(|index| hex(interpreter.output_bytes(index)));
    Ok(json!([outputs.collect::<Vec<_>>()]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
