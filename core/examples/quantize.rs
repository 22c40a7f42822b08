//! Quantizes a float32 `.tflite` with samples from `.npy` files:
//! `quantize MODEL.tflite RECIPE OUT.tflite [--calibration min-max|mse|…] INPUT.npy …`.
//!
//! RECIPE is a name of the command line, such as `int8` or `int16x8`; every input of the model has one file with as many samples
//! as the others, along the first dimension. `core/compare/edge_quantizer.py` compares the result with that of
//! ai-edge-quantizer.

use std::error::Error;
use std::process::ExitCode;

use emberlab_core::dataset::{SampleInput, Samples};
use emberlab_core::model::{Model, Signature, SubgraphId, TensorId, Values};
use emberlab_core::npy;
use emberlab_core::quantize::{CalibrationMethod, Ranges, Recipe, observe, variant, widened};
use emberlab_core::tflite;

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(message) => {
            eprintln!("{message}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!(
                "{error}\nusage: quantize MODEL.tflite RECIPE OUT.tflite [--calibration METHOD] INPUT.npy …"
            );
            ExitCode::from(2)
        }
    }
}

fn run(mut arguments: Vec<String>) -> Result<String, Box<dyn Error>> {
    let mut method = CalibrationMethod::MinMax;
    if let Some(place) = arguments.iter().position(|argument| argument == "--calibration") {
        arguments.remove(place);
        let name = if place < arguments.len() { arguments.remove(place) } else { String::new() };
        let known =
            CalibrationMethod::ALL.into_iter().find(|method| method.label() == name.replace('-', " "));
        method = known.or((name == "min-max").then_some(method)).ok_or("no such calibration")?;
    }
    let [model, recipe, out, inputs @ ..] = &arguments[..] else {
        return Err("arguments are missing".into());
    };
    let mut model = widened(&tflite::read(std::fs::read(model)?.into())?);
    add_signature(&mut model);
    let recipe = Recipe::from_name(recipe).ok_or("no such recipe")?;
    let samples = samples(inputs)?;
    let file = tflite::write(&model)?;
    let all: Vec<usize> = (0..samples.count).collect();
    let ranges = match all.is_empty() {
        true => Ranges::default(),
        false => observe(&model, &file, &samples, &all, &mut || true)?.ranges(method),
    };
    let made = tflite::write(&variant(&model, &recipe, Some(&ranges))?.model)?;
    std::fs::write(out, &made)?;
    Ok(format!("{} bytes, {} calibrated with {} samples", made.len(), recipe, samples.count))
}

/// Other quantizers ask for an entry point with a name.
fn add_signature(model: &mut Model) {
    if model.signatures.is_empty() {
        let main = &model.subgraphs[0];
        let named = |ids: &[TensorId], what: &str| -> Vec<(Option<String>, TensorId)> {
            ids.iter().enumerate().map(|(place, id)| (Some(format!("{what}_{place}")), *id)).collect()
        };
        let (inputs, outputs) = (named(&main.inputs, "input"), named(&main.outputs, "output"));
        let key = Some("serving_default".to_owned());
        model.signatures.push(Signature { key, inputs, outputs, subgraph: SubgraphId(0) });
    }
}

fn samples(files: &[String]) -> Result<Samples, Box<dyn Error>> {
    let mut samples = Samples::default();
    for file in files {
        let array = npy::read(&std::fs::read(file)?)?;
        let (count, shape) = array.shape.split_first().ok_or("an array has no dimension for samples")?;
        let values = Values::new(array.ty, &array.data, u64::MAX).ok_or("an array holds no numbers")?;
        samples
            .inputs
            .push(SampleInput { shape: shape.to_vec(), values: values.map(|value| value as f32).collect() });
        if samples.inputs.len() > 1 && samples.count != *count {
            return Err("the arrays hold different numbers of samples".into());
        }
        samples.count = *count;
    }
    Ok(samples)
}
