//! Inputs that a program holds, and what this computer computes from them.

use std::collections::BTreeSet;

use emberlab_runtime::link::crc32;

use super::MAX_SAMPLE_BYTES;
use crate::dataset::PreparedPart;
use crate::model::Model;
use crate::run::{Generator, Interpreter, Memory, RunError, Semantics, fill, set_inputs};

/// Range of random float inputs.
const FLOAT_RANGE: (f32, f32) = (-1.0, 1.0);
/// Most samples of data.
const MAX_PREPARED: usize = 16;
/// Samples of data without classes.
const WITHOUT_CLASSES: usize = 3;

/// One input of the program's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSample {
    /// What it is, in words.
    pub name: String,
    /// All inputs of the model, one behind the other.
    pub bytes: Vec<u8>,
    /// CRC-32 of all outputs, one behind the other; `None` if Emberlab's runtime does not run the model.
    pub outputs_crc: Option<u32>,
}

/// Bytes of all inputs of a model, one behind the other; 0 for those whose size is not known.
pub(super) fn input_bytes(model: &Model) -> u64 {
    let Some(main) = model.subgraphs.first() else { return 0 };
    let bytes = |id: &crate::model::TensorId| main.tensors.get(id.index())?.byte_size();
    main.inputs.iter().filter_map(bytes).sum()
}

/// A sample whose inputs `set` writes, and what comes out of them from reset state.
///
/// # Errors
/// The model does not run here, or `set` fails.
pub fn stored_sample(
    name: &str,
    file: &[u8],
    set: impl FnOnce(&mut Interpreter<'_>) -> Result<(), RunError>,
) -> Result<StoredSample, RunError> {
    let mut memory = Memory::new(file, Semantics::Tflm)?;
    let mut interpreter = memory.interpreter()?;
    set(&mut interpreter)?;
    let bytes: Vec<u8> =
        (0..interpreter.n_inputs()).flat_map(|index| interpreter.input_bytes(index).to_vec()).collect();
    // Nothing stops it.
    interpreter.invoke(&mut ()).ok();
    let outputs: Vec<u8> =
        (0..interpreter.n_outputs()).flat_map(|index| interpreter.output_bytes(index).to_vec()).collect();
    Ok(StoredSample { name: name.to_owned(), bytes, outputs_crc: Some(crc32(&outputs)) })
}

/// Samples of random numbers, for models without data: as many as fit, at most `count`, from the seeds 1, 2, …; without
/// outputs for a model that does not run here.
pub fn random_samples(file: &[u8], model: &Model, count: usize) -> Vec<StoredSample> {
    let size = usize::try_from(input_bytes(model)).unwrap_or(usize::MAX);
    let count = count.min(MAX_SAMPLE_BYTES / size.max(1)).max(1);
    let sample = |seed: usize| {
        let name = format!("random numbers of seed {seed}");
        let random = |interpreter: &mut Interpreter<'_>| {
            let mut generator = Generator::new(seed as u32);
            for index in 0..interpreter.n_inputs() {
                let ty = interpreter.input_tensor(index).map(|tensor| tensor.ty);
                let bytes = interpreter.input_bytes(index);
                match ty {
                    Some(ty) => fill(bytes, ty, &mut generator, FLOAT_RANGE),
                    None => bytes.fill(0),
                }
            }
            Ok(())
        };
        let found = stored_sample(&name, file, random).ok();
        // Inputs that nothing reads have no bytes in our runtime.
        found.filter(|sample| sample.bytes.len() == size).unwrap_or_else(|| StoredSample {
            name: "zeros".to_owned(),
            bytes: vec![0; size],
            outputs_crc: None,
        })
    };
    let mut samples: Vec<StoredSample> = (1..=count).map(sample).collect();
    samples.dedup();
    samples
}

/// Samples of a prepared part: the first one of each class, or the first few where there are no classes; as many as fit.
///
/// # Errors
/// The model does not run here, or has other inputs.
pub fn prepared_samples(
    file: &[u8],
    model: &Model,
    part: &PreparedPart,
    classes: &[String],
) -> Result<Vec<StoredSample>, RunError> {
    let size = usize::try_from(input_bytes(model)).unwrap_or(usize::MAX);
    let most = (MAX_SAMPLE_BYTES / size.max(1)).clamp(1, MAX_PREPARED);
    let class_of = |index: &usize| part.origins.get(*index).and_then(|origin| origin.class);
    let mut seen = BTreeSet::new();
    let mut chosen: Vec<(Option<u32>, usize)> = (0..part.samples.count)
        .map(|index| (class_of(&index), index))
        .filter(|(class, index)| match class {
            Some(class) => seen.insert(*class),
            None => *index < WITHOUT_CLASSES,
        })
        .collect();
    // In the order of the outputs, those of no class last.
    chosen.sort_by_key(|(class, index)| (class.is_none(), *class, *index));
    let sample = |(class, index): (Option<u32>, usize)| {
        let name = match class.and_then(|class| classes.get(class as usize)) {
            Some(class) => format!("stored {class}"),
            None => format!("stored sample {}", index + 1),
        };
        stored_sample(&name, file, |interpreter| set_inputs(interpreter, &part.samples, index))
    };
    chosen.into_iter().take(most).map(sample).collect()
}
