//! Arrays in one file: how weights and checkpoints are kept.
//!
//! Layout: eight bytes of [`MAGIC`], the CRC-32 of all that follows (four bytes), the length of the head (four bytes),
//! the head as JSON (what the file is about, then the place and shape of every array), then the numbers of all arrays as
//! f32, one array after another. All numbers are little-endian.

use emberlab_core::layers::Weights;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The first bytes of every file; the last of them is the version.
const MAGIC: [u8; 8] = *b"EMBERLB\x01";

/// What precedes the head.
const PREFIX: usize = MAGIC.len() + 8;

/// Weights, each in a named section.
pub type Sections = Vec<(String, Weights)>;

#[derive(Serialize, Deserialize)]
struct Head<M> {
    meta: M,
    arrays: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    section: String,
    layer: String,
    array: String,
    shape: Vec<usize>,
}

/// The bytes of weights, to be kept in a file.
pub fn bytes_from_weights(weights: &Weights) -> Vec<u8> {
    write(&(), &[("weights", weights)])
}

/// The weights that [`bytes_from_weights`] wrote.
///
/// # Errors
/// The bytes are damaged or something else; in words.
pub fn weights_from_bytes(bytes: &[u8]) -> Result<Weights, String> {
    let ((), sections) = read(bytes)?;
    let weights = sections.into_iter().find_map(|(name, weights)| (name == "weights").then_some(weights));
    weights.ok_or_else(|| "the file holds no weights".to_owned())
}

/// The bytes of a file about `meta` with these sections.
pub(crate) fn write<M: Serialize>(meta: &M, sections: &[(&str, &Weights)]) -> Vec<u8> {
    let mut arrays = Vec::new();
    let mut values = Vec::new();
    for (section, weights) in sections {
        for (layer, named) in &weights.layers {
            for (array, data) in named {
                arrays.push(Entry {
                    section: (*section).to_owned(),
                    layer: layer.clone(),
                    array: array.clone(),
                    shape: data.shape.clone(),
                });
                values.extend(data.values.iter().flat_map(|value| value.to_le_bytes()));
            }
        }
    }
    let head = serde_json::to_vec(&Head { meta, arrays }).expect("whole numbers, text and lists are JSON");
    let mut bytes = Vec::with_capacity(PREFIX + head.len() + values.len());
    bytes.extend(MAGIC);
    bytes.extend([0; 4]);
    bytes.extend(u32::try_from(head.len()).expect("a head lists arrays, not numbers").to_le_bytes());
    bytes.extend(head);
    bytes.extend(values);
    let checksum = crc32fast::hash(&bytes[MAGIC.len() + 4..]);
    bytes[MAGIC.len()..][..4].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// What [`write`] wrote.
pub(crate) fn read<M: DeserializeOwned>(bytes: &[u8]) -> Result<(M, Sections), String> {
    let short = || "the file is cut short".to_owned();
    if bytes.get(..MAGIC.len()) != Some(MAGIC.as_slice()) {
        return Err("this is not a file of weights or a checkpoint of this version".to_owned());
    }
    let word = |place: usize| -> Result<u32, String> {
        let bytes = bytes.get(place..place + 4).ok_or_else(short)?;
        Ok(bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)))
    };
    let (checksum, head_size) = (word(MAGIC.len())?, word(MAGIC.len() + 4)? as usize);
    if crc32fast::hash(&bytes[MAGIC.len() + 4..]) != checksum {
        return Err("the file is damaged: its checksum does not fit".to_owned());
    }
    let head = bytes.get(PREFIX..).and_then(|rest| rest.get(..head_size)).ok_or_else(short)?;
    let head: Head<M> =
        serde_json::from_slice(head).map_err(|error| format!("the head is damaged: {error}"))?;
    let mut rest = &bytes[PREFIX + head_size..];
    let mut sections: Sections = Vec::new();
    for Entry { section, layer, array, shape } in head.arrays {
        let count = shape.iter().try_fold(4usize, |size, dimension| size.checked_mul(*dimension));
        let (data, after) = count.and_then(|size| rest.split_at_checked(size)).ok_or_else(short)?;
        rest = after;
        let values =
            data.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        let place = match sections.iter().position(|(name, _)| *name == section) {
            Some(place) => place,
            None => {
                sections.push((section, Weights::default()));
                sections.len() - 1
            }
        };
        sections[place].1.insert(&layer, &array, shape, values.collect());
    }
    Ok((head.meta, sections))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights() -> Weights {
        let mut weights = Weights::default();
        weights.insert("dense/1", "kernel", vec![2, 2], vec![0.1, -0.0, f32::MIN_POSITIVE, 3e38]);
        weights.insert("dense/1", "bias", vec![1], vec![f32::NAN]);
        weights.insert("“name”", "kernel", vec![0, 3], Vec::new());
        weights
    }

    fn bits(weights: &Weights) -> Vec<(String, Vec<usize>, Vec<u32>)> {
        let arrays = weights.layers.iter().flat_map(|(layer, named)| {
            named.iter().map(move |(name, array)| (format!("{layer} {name}"), array))
        });
        arrays
            .map(|(name, array)| {
                (name, array.shape.clone(), array.values.iter().map(|value| value.to_bits()).collect())
            })
            .collect()
    }

    #[test]
    fn weights_come_back_bit_for_bit() {
        let weights = weights();
        let read = weights_from_bytes(&bytes_from_weights(&weights)).unwrap();
        assert_eq!(bits(&read), bits(&weights));
    }

    #[test]
    fn every_damage_is_an_error() {
        let bytes = bytes_from_weights(&weights());
        for length in 0..bytes.len() {
            assert!(weights_from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x40;
            assert!(weights_from_bytes(&damaged).is_err(), "{place}");
        }
        let message = weights_from_bytes(b"<html>").unwrap_err();
        assert_eq!(message, "this is not a file of weights or a checkpoint of this version");
    }

    #[test]
    fn a_shape_that_asks_for_too_much_is_refused() {
        let mut head =
            br#"{"meta":null,"arrays":[{"section":"weights","layer":"a","array":"b","shape":"#.to_vec();
        head.extend(format!("[{0},{0}]}}]}}", u64::MAX / 2).bytes());
        let mut rest = (head.len() as u32).to_le_bytes().to_vec();
        rest.extend(head);
        let mut bytes = MAGIC.to_vec();
        bytes.extend(crc32fast::hash(&rest).to_le_bytes());
        bytes.extend(rest);
        assert_eq!(weights_from_bytes(&bytes).unwrap_err(), "the file is cut short");
    }
}
