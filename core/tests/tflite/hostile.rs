use std::sync::Arc;

use emberlab_core::schema::tables::{model, subgraph, tensor};
use emberlab_core::tflite::{ReadError, read};
use emberlab_runtime::tflite_view::{BufferPlace, ModelView, ViewError};
use flatbuffers::{FlatBufferBuilder, UnionWIPOffset, WIPOffset};

use crate::shared_models;
use crate::support::check::{Outcome, check};
use crate::support::counting::peak_bytes;
use crate::support::specimens;

#[test]
fn every_prefix_is_refused_or_opened() {
    let mut files = specimens::files();
    for path in shared_models() {
        let bytes = std::fs::read(&path).expect("the file can be read");
        if bytes.len() < 4096 {
            files.push(("a shared model", bytes.into()));
        }
    }
    for (name, file) in files {
        for length in 0..file.len() {
            if check(file[..length].to_vec()) != Outcome::Refused {
                // The end of a file may be padding or data of a text that nothing follows; what is opened then lacks
                // nothing. Only the last bytes can be so.
                assert!(file.len() - length <= 16, "{name} cut at {length} of {} is opened", file.len());
            }
        }
    }
}

/// Every four bytes of a file replaced by claims that no file can keep.
#[test]
fn every_number_claims_four_gigabytes() {
    for (_, file) in specimens::files() {
        for position in 0..file.len() {
            for claim in [u32::MAX, 1 << 31, i32::MAX as u32] {
                let mut bytes = file.to_vec();
                for (byte, new) in bytes.iter_mut().skip(position).zip(claim.to_le_bytes()) {
                    *byte = new;
                }
                check(bytes);
            }
        }
    }
}

/// Every four bytes of a file replaced by an offset to every eighth place of it: cycles, tables that are each other.
#[test]
fn every_offset_points_everywhere() {
    let file =
        specimens::files().into_iter().find(|(name, _)| *name == "fully connected").expect("a specimen").1;
    for position in (0..file.len() - 4).step_by(4) {
        for target in (0..file.len()).step_by(8) {
            let mut bytes = file.to_vec();
            let distance = (target as u32).wrapping_sub(position as u32);
            bytes[position..position + 4].copy_from_slice(&distance.to_le_bytes());
            check(bytes);
        }
    }
}

/// A file whose subgraphs, tensors and names are few but referred to many times: 500 * 500 * 2 kB if it were copied.
#[test]
fn tables_that_are_named_many_times_are_refused() {
    let mut builder = FlatBufferBuilder::new();
    let name = builder.create_string(&"n".repeat(2000));
    let start = builder.start_table();
    builder.push_slot_always(entry(tensor::NAME.slot), name);
    let one: WIPOffset<UnionWIPOffset> = WIPOffset::new(builder.end_table(start).value());
    let tensors = builder.create_vector(&[one; 500]);
    let start = builder.start_table();
    builder.push_slot_always(entry(subgraph::TENSORS.slot), tensors);
    let one: WIPOffset<UnionWIPOffset> = WIPOffset::new(builder.end_table(start).value());
    let subgraphs = builder.create_vector(&[one; 500]);
    let start = builder.start_table();
    builder.push_slot_always(entry(model::SUBGRAPHS.slot), subgraphs);
    let root = builder.end_table(start);
    builder.finish(root, Some("TFL3"));

    let file: Arc<[u8]> = builder.finished_data().into();
    let (result, peak) = peak_bytes(|| read(file.clone()));
    let error = result.expect_err("500 MB from 6 kB");
    assert!(matches!(error, ReadError::Repetitive { .. }), "{error}");
    assert!(error.place().starts_with("Tensor.name (tensor "), "{}", error.place());
    assert!(peak < 32 * file.len() + 65_536 + 4096, "{peak} bytes for a file of {}", file.len());
}

fn entry(slot: u16) -> u16 {
    4 + 2 * slot
}

/// A vtable that says that every field of the root lies at its own table.
#[test]
fn a_root_that_is_its_own_child_is_refused() {
    let mut file = vec![0u8; 64];
    file[0..4].copy_from_slice(&32u32.to_le_bytes());
    file[4..8].copy_from_slice(b"TFL3");
    // The vtable at byte 8: 24 bytes for ten slots, table of 4 bytes, each field at distance 4 from the table.
    file[8..12].copy_from_slice(&[24, 0, 8, 0]);
    for slot in 0..10 {
        file[12 + 2 * slot] = 4;
    }
    file[32..36].copy_from_slice(&24i32.to_le_bytes());
    // The offset behind the table points back at the table (it is unsigned, so nearly 4 GiB ahead).
    file[36..40].copy_from_slice(&(-4i32).to_le_bytes());
    let error = read(file.into()).expect_err("nothing is in it");
    assert!(matches!(error, ReadError::CutShort(ViewError { table: "Model", .. })), "{error:?}");
}

#[test]
fn appended_data_beyond_the_end_are_refused() {
    let file = specimens::files().into_iter().find(|(name, _)| *name == "appended").expect("a specimen").1;
    let view = ModelView::new_checked(&file).expect("a model");
    let place =
        |index| view.buffers().and_then(|buffers| buffers.get(index)).and_then(|buffer| buffer.place());
    let Ok(BufferPlace::Appended(first)) = place(1) else { panic!("buffer 1 is not appended") };
    let error = read(file[..first.start].into()).expect_err("the appendix is cut off");
    assert_eq!(error.place(), "Buffer.offset (buffer 1)");
    assert!(matches!(error, ReadError::CutShort(_)));
}
