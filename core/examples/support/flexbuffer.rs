//! The options of a custom operator as bytes.

/// A number in a map, of four bytes.
#[derive(Clone, Copy, Debug)]
pub enum FlexNumber {
    Int(i32),
    // Not every program that shares this file has floats.
    #[allow(dead_code)]
    Float(f32),
}

impl From<i32> for FlexNumber {
    fn from(number: i32) -> Self {
        Self::Int(number)
    }
}

/// A FlexBuffers map of numbers; the keys must come sorted.
pub fn flexbuffer_map<N: Copy + Into<FlexNumber>>(entries: &[(&str, N)]) -> Vec<u8> {
    const TYPE_INT: u8 = 1 << 2 | 2;
    const TYPE_FLOAT: u8 = 3 << 2 | 2;
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
    let mut types = Vec::new();
    for (_, number) in entries {
        let (ty, bits) = match (*number).into() {
            FlexNumber::Int(number) => (TYPE_INT, number as u32),
            FlexNumber::Float(number) => (TYPE_FLOAT, number.to_bits()),
        };
        types.push(ty);
        append(&mut bytes, bits);
    }
    bytes.extend(types);
    bytes.resize(bytes.len().next_multiple_of(WIDTH as usize), 0);
    let distance = (bytes.len() - values) as u32;
    append(&mut bytes, distance);
    bytes.extend_from_slice(&[TYPE_MAP, WIDTH as u8]);
    bytes
}
