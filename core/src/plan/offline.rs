//! Memory plans that travel in a model's metadata.
//!
//! Source: esp-tflite-micro 99f49e14, `tensorflow/lite/micro/micro_allocation_info.cc`, `GetOfflinePlannedOffsets`:
//! the buffer holds little-endian 32-bit integers: version, subgraph, number of tensors, then one offset for each
//! tensor of all subgraphs, -1 where the planner of the chip shall choose.

use crate::model::{Metadata, Model, OFFLINE_MEMORY_ALLOCATION};

/// Integers before the first offset.
const HEADER_WORDS: usize = 3;

/// Offsets that a plan in the metadata demands, one for each tensor of all subgraphs; empty without a plan.
///
/// # Errors
/// The reason for which TFLM refuses the plan, or would read beyond its buffer.
pub(super) fn offsets(model: &Model) -> Result<Vec<Option<i32>>, String> {
    let mut offsets = Vec::new();
    let n_tensors = model.subgraphs.iter().map(|subgraph| subgraph.tensors.len()).sum::<usize>();
    for metadata in plans(model) {
        let words = words(model, metadata);
        let Some(&stated) = words.get(HEADER_WORDS - 1) else {
            return Err(format!(
                "The metadata {OFFLINE_MEMORY_ALLOCATION} has {} of the {HEADER_WORDS} integers of its header",
                words.len()
            ));
        };
        if usize::try_from(stated) != Ok(n_tensors) {
            return Err(format!(
                "Nbr of offline buffer offsets ({stated}) in metadata not equal nbr tensors ({n_tensors})"
            ));
        }
        let stored = &words[HEADER_WORDS..];
        if stored.len() < n_tensors {
            return Err(format!(
                "The metadata {OFFLINE_MEMORY_ALLOCATION} has {} offsets for {n_tensors} tensors",
                stored.len()
            ));
        }
        offsets = stored[..n_tensors].iter().map(|&offset| (offset != -1).then_some(offset)).collect();
    }
    Ok(offsets)
}

/// The metadata entries that TFLM takes for a plan; the last one counts.
pub(super) fn plans(model: &Model) -> impl Iterator<Item = &Metadata> {
    model.metadata.iter().filter(|metadata| metadata.name == OFFLINE_MEMORY_ALLOCATION)
}

fn words(model: &Model, metadata: &Metadata) -> Vec<i32> {
    let data = model.buffers.get(metadata.buffer.index()).and_then(|buffer| buffer.data.as_ref());
    let bytes = data.map(|data| data.as_slice()).unwrap_or_default();
    let (words, _) = bytes.as_chunks::<4>();
    words.iter().map(|word| i32::from_le_bytes(*word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Buffer, BufferId, Subgraph, Tensor, TensorType};

    fn model(words: &[i32]) -> Model {
        let tensor = Tensor {
            name: None,
            shape: vec![1],
            shape_signature: Vec::new(),
            has_rank: false,
            ty: TensorType::Int8,
            buffer: BufferId(0),
            quantization: None,
            is_variable: false,
            sparsity: None,
            variant_tensors: Vec::new(),
            external_buffer: 0,
        };
        let bytes = words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
        Model {
            subgraphs: vec![Subgraph { tensors: vec![tensor; 2], ..Default::default() }],
            buffers: vec![Buffer { data: Some(bytes.into()), appended: false }],
            metadata: vec![Metadata { name: OFFLINE_MEMORY_ALLOCATION.to_owned(), buffer: BufferId(0) }],
            ..Default::default()
        }
    }

    #[test]
    fn minus_one_leaves_the_choice_to_the_chip() {
        assert_eq!(offsets(&model(&[1, 0, 2, 64, -1])), Ok(vec![Some(64), None]));
    }

    #[test]
    fn model_without_metadata_has_no_plan() {
        assert_eq!(offsets(&Model { metadata: Vec::new(), ..model(&[]) }), Ok(Vec::new()));
    }

    #[test]
    fn wrong_number_of_tensors_is_refused_as_tflm_does() {
        let message = offsets(&model(&[1, 0, 3, 0, 0, 0])).unwrap_err();
        assert_eq!(message, "Nbr of offline buffer offsets (3) in metadata not equal nbr tensors (2)");
    }

    #[test]
    fn short_buffer_is_refused() {
        assert!(offsets(&model(&[1, 0])).is_err());
        assert!(offsets(&model(&[1, 0, 2, 0])).is_err());
    }
}
