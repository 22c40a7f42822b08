//! The options of a custom operator as bytes.

/// A FlexBuffers map of integers, each of four bytes; the keys must come sorted.
pub fn flexbuffer_map(entries: &[(&str, i32)]) -> Vec<u8> {
    const TYPE_INT: u8 = 1 << 2 | 2;
    const TYPE_MAP: u8 = 9 << 2 | 2;
    const WIDTH: u32 = 4;
    let mut bytes = Vec::new();
    let mut texts = Vec::new();
    for (key, _) in entries {
        texts.push(bytes.len());
        bytes.extend_from_slice(key.as_bytes());
        bytes.push(0);
    }
    bytes.resize(bytes.len().next_multiple_of(WIDTH as usize), 0);
    let append = |bytes: &mut Vec<u8>, number: u32| bytes.extend_from_slice(&number.to_le_bytes());
    let n_entries = entries.len() as u32;
    append(&mut bytes, n_entries);
    let keys = bytes.len();
    for text in texts {
        let distance = (bytes.len() - text) as u32;
        append(&mut bytes, distance);
    }
    let distance = (bytes.len() - keys) as u32;
    append(&mut bytes, distance);
    append(&mut bytes, WIDTH);
    append(&mut bytes, n_entries);
    let values = bytes.len();
    entries.iter().for_each(|(_, value)| append(&mut bytes, *value as u32));
    bytes.resize(bytes.len() + entries.len(), TYPE_INT);
    bytes.resize(bytes.len().next_multiple_of(WIDTH as usize), 0);
    let distance = (bytes.len() - values) as u32;
    append(&mut bytes, distance);
    bytes.extend_from_slice(&[TYPE_MAP, WIDTH as u8]);
    bytes
}
