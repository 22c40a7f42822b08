//! Elements of two and four bits: several in a byte, the first in the lowest bits.
//!
//! Source of the order: `UnpackDenseInt4IntoInt8` and `UnpackPackedIntToInt8` in tensorflow/lite/kernels/internal/
//! (portable_tensor_utils.cc) of github.com/espressif/esp-tflite-micro at commit 99f49e1.

/// `n_elements` signed values of `bits` (2 or 4) bits each; fewer where there are not enough bytes.
pub fn unpack_signed(bytes: &[u8], bits: u32, n_elements: usize) -> Vec<i8> {
    let unused = 8 - bits;
    fields(bytes, bits).take(n_elements).map(|field| ((field << unused) as i8) >> unused).collect()
}

/// `n_elements` unsigned values of `bits` (2 or 4) bits each; fewer where there are not enough bytes.
pub fn unpack_unsigned(bytes: &[u8], bits: u32, n_elements: usize) -> Vec<u8> {
    let mask = (1 << bits) - 1;
    fields(bytes, bits).take(n_elements).map(|field| field & mask).collect()
}

/// Values packed into `bits` (2 or 4) bits each; higher bits are dropped, unused ones of the last byte are zero.
pub fn pack(values: &[i8], bits: u32) -> Vec<u8> {
    let mask = (1u8 << bits) - 1;
    let per_byte = (8 / bits) as usize;
    let byte = |chunk: &[i8]| {
        chunk
            .iter()
            .zip(0u32..)
            .fold(0, |byte, (value, place)| byte | (*value as u8 & mask) << (place * bits))
    };
    values.chunks(per_byte).map(byte).collect()
}

/// The bytes shifted so that each field comes to the lowest bits in turn; higher bits are those of its neighbours.
fn fields(bytes: &[u8], bits: u32) -> impl Iterator<Item = u8> {
    bytes.iter().flat_map(move |byte| (0..8 / bits).map(move |place| byte >> (place * bits)))
}

#[cfg(test)]
mod tests {
    use super::{pack, unpack_signed, unpack_unsigned};

    #[test]
    fn the_first_element_is_in_the_low_nibble() {
        assert_eq!(unpack_signed(&[0x2f, 0x08], 4, 3), [-1, 2, -8]);
        assert_eq!(unpack_unsigned(&[0x2f, 0x08], 4, 4), [15, 2, 8, 0]);
        assert_eq!(unpack_signed(&[0b11_10_01_00], 2, 4), [0, 1, -2, -1]);
    }

    #[test]
    fn packing_is_undone_by_unpacking() {
        let values = [-8, 7, 0, -1, 3];
        assert_eq!(pack(&values, 4), [0x78, 0xf0, 0x03]);
        assert_eq!(unpack_signed(&pack(&values, 4), 4, 5), values);
        let values = [-2, 1, 0, -1, 1];
        assert_eq!(unpack_signed(&pack(&values, 2), 2, 5), values);
    }

    #[test]
    fn missing_bytes_give_fewer_elements() {
        assert_eq!(unpack_signed(&[0x21], 4, 9), [1, 2]);
    }
}
