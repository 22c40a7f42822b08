//! The elements of a tensor as numbers.

use super::{Tensor, TensorType};

/// Elements of a tensor in memory order, each as the number that its bits stand for (before scale and zero point).
#[derive(Clone, Debug)]
pub struct Values<'a> {
    ty: TensorType,
    bytes: &'a [u8],
    bits: usize,
    index: usize,
    end: usize,
}

impl<'a> Values<'a> {
    /// The elements in `bytes`: as many as are there, at most `n_elements`; `None` for types whose elements are not
    /// single numbers (complex, string, resource, variant).
    pub fn new(ty: TensorType, bytes: &'a [u8], n_elements: u64) -> Option<Self> {
        match ty {
            TensorType::Complex64
            | TensorType::Complex128
            | TensorType::String
            | TensorType::Resource
            | TensorType::Variant
            | TensorType::Unknown(_) => None,
            TensorType::Float32
            | TensorType::Float16
            | TensorType::Int32
            | TensorType::Uint8
            | TensorType::Int64
            | TensorType::Bool
            | TensorType::Int16
            | TensorType::Int8
            | TensorType::Float64
            | TensorType::Uint64
            | TensorType::Uint32
            | TensorType::Uint16
            | TensorType::Int4
            | TensorType::Bfloat16
            | TensorType::Int2
            | TensorType::Uint4
            | TensorType::Float8E4m3fn
            | TensorType::Float8E5m2 => {
                let bits = ty.bits()? as usize;
                let there = (bytes.len() as u64).saturating_mul(8) / bits as u64;
                Some(Self { ty, bytes, bits, index: 0, end: n_elements.min(there) as usize })
            }
        }
    }

    /// The elements of a tensor with these bytes; see [`Self::new`]. A shape with unknown dimensions is taken to hold
    /// what the bytes hold.
    pub fn of_tensor(tensor: &Tensor, bytes: &'a [u8]) -> Option<Self> {
        Self::new(tensor.ty, bytes, tensor.element_count().unwrap_or(u64::MAX))
    }
}

impl Iterator for Values<'_> {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        if self.index >= self.end {
            return None;
        }
        let bit = self.index * self.bits;
        self.index += 1;
        Some(number(self.ty, &self.bytes[bit / 8..], (bit % 8) as u32))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.index, Some(self.end - self.index))
    }

    /// The common types are told apart once and not for every element: sums and counts of millions run over this.
    fn fold<B, F: FnMut(B, f64) -> B>(self, init: B, mut f: F) -> B {
        macro_rules! each {
            ($ty:ty) => {{
                const SIZE: usize = size_of::<$ty>();
                let bytes = &self.bytes[self.index * SIZE..self.end * SIZE];
                let number =
                    |bytes: &[u8]| <$ty>::from_le_bytes(bytes.first_chunk().copied().unwrap_or_default());
                bytes.chunks_exact(SIZE).fold(init, |folded, bytes| f(folded, f64::from(number(bytes))))
            }};
        }
        match self.ty {
            TensorType::Int8 => each!(i8),
            TensorType::Int16 => each!(i16),
            TensorType::Int32 => each!(i32),
            TensorType::Float32 => each!(f32),
            _ => {
                let mut folded = init;
                for value in self {
                    folded = f(folded, value);
                }
                folded
            }
        }
    }
}

impl ExactSizeIterator for Values<'_> {}

/// The number at the start of `bytes`, `shift` bits into the first one for packed types.
fn number(ty: TensorType, bytes: &[u8], shift: u32) -> f64 {
    let one = || bytes.first().copied().unwrap_or(0);
    macro_rules! le {
        ($ty:ty) => {
            <$ty>::from_le_bytes(bytes.first_chunk().copied().unwrap_or_default())
        };
    }
    match ty {
        TensorType::Float32 => f64::from(le!(f32)),
        TensorType::Float64 => le!(f64),
        TensorType::Float16 => f64::from(f32_from_f16(le!(u16))),
        TensorType::Bfloat16 => f64::from(f32_from_bf16(le!(u16))),
        TensorType::Float8E4m3fn => f64::from(f32_from_f8_e4m3fn(one())),
        TensorType::Float8E5m2 => f64::from(f32_from_f8_e5m2(one())),
        TensorType::Int8 => f64::from(le!(i8)),
        TensorType::Uint8 => f64::from(one()),
        TensorType::Bool => f64::from(u8::from(one() != 0)),
        TensorType::Int16 => f64::from(le!(i16)),
        TensorType::Uint16 => f64::from(le!(u16)),
        TensorType::Int32 => f64::from(le!(i32)),
        TensorType::Uint32 => f64::from(le!(u32)),
        TensorType::Int64 => le!(i64) as f64,
        TensorType::Uint64 => le!(u64) as f64,
        TensorType::Int4 => f64::from(((one() >> shift) << 4) as i8 >> 4),
        TensorType::Uint4 => f64::from((one() >> shift) & 15),
        TensorType::Int2 => f64::from(((one() >> shift) << 6) as i8 >> 6),
        TensorType::Complex64
        | TensorType::Complex128
        | TensorType::String
        | TensorType::Resource
        | TensorType::Variant
        | TensorType::Unknown(_) => f64::NAN,
    }
}

/// IEEE 754 binary16.
pub fn f32_from_f16(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10) & 31;
    let fraction = u32::from(bits) & 0x3ff;
    let magnitude = match exponent {
        // Subnormal: the fraction counts steps of 2^-24, which is exact in binary32.
        0 => return f32::from_bits(sign | (fraction as f32 * (-24f32).exp2()).to_bits()),
        31 => 0x7f80_0000 | fraction << 13,
        _ => (exponent + 112) << 23 | fraction << 13,
    };
    f32::from_bits(sign | magnitude)
}

/// To IEEE 754 binary16, to the nearest and of two equally near the even one; too large becomes infinite.
pub fn f16_from_f32(value: f32) -> u16 {
    let sign = (value.to_bits() >> 16) as u16 & 0x8000;
    let magnitude = f64::from(value.abs());
    if value.is_nan() {
        return sign | 0x7e00;
    }
    // Steps of the number's binade, of subnormals 2^-24: exact in binary64, so that rounding happens once.
    let exponent = ((value.abs().to_bits() >> 23) as i32 - 127).max(-14);
    let steps = (magnitude * f64::from(10 - exponent).exp2()).round_ties_even();
    // A carry out of the fraction runs into the exponent, as it should.
    let bits = steps + f64::from((exponent + 14) << 10);
    sign | bits.min(f64::from(0x7c00)) as u16
}

/// bfloat16: the upper half of a binary32.
pub fn f32_from_bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// FP8 E5M2 (Open Compute Project, "8-bit Floating Point Specification", 2023): the upper half of a binary16.
pub fn f32_from_f8_e5m2(bits: u8) -> f32 {
    f32_from_f16(u16::from(bits) << 8)
}

/// FP8 E4M3 of the same specification: bias 7, no infinities, not-a-number where all other bits are ones.
pub fn f32_from_f8_e4m3fn(bits: u8) -> f32 {
    let sign = if bits & 0x80 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 3 & 15);
    let fraction = f32::from(bits & 7);
    match (exponent, bits & 7) {
        (15, 7) => f32::NAN,
        (0, _) => sign * fraction * (-9f32).exp2(),
        _ => sign * (1.0 + fraction / 8.0) * ((exponent - 7) as f32).exp2(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ty: TensorType, bytes: &[u8], expected: &[f64]) {
        let values = Values::new(ty, bytes, u64::MAX).expect("numbers");
        let mut one_by_one = Vec::new();
        for value in values.clone() {
            one_by_one.push(value);
        }
        assert_eq!(one_by_one, expected, "{ty:?}");
        for start in 0..expected.len() {
            let mut rest = values.clone();
            rest.by_ref().take(start).for_each(drop);
            let folded = rest.fold(Vec::new(), |mut folded, value| {
                folded.push(value);
                folded
            });
            assert_eq!(folded, expected[start..], "{ty:?}");
        }
    }

    #[test]
    fn every_kind_of_number_is_decoded() {
        check(TensorType::Int8, &[0x80, 0x7f, 0xff], &[-128.0, 127.0, -1.0]);
        check(TensorType::Uint8, &[0x80], &[128.0]);
        check(TensorType::Bool, &[0, 1, 2], &[0.0, 1.0, 1.0]);
        check(TensorType::Int16, &[0xff, 0x7f, 0, 0x80], &[32767.0, -32768.0]);
        check(TensorType::Uint16, &[0xff, 0xff], &[65535.0]);
        check(TensorType::Int32, &[0, 0, 0, 0x80], &[-2147483648.0]);
        check(TensorType::Uint32, &[0, 0, 0, 0x80], &[2147483648.0]);
        check(TensorType::Int64, &[0xff; 8], &[-1.0]);
        check(TensorType::Uint64, &[1, 0, 0, 0, 0, 0, 0, 0], &[1.0]);
        check(TensorType::Float32, &1.5f32.to_le_bytes(), &[1.5]);
        check(TensorType::Float64, &(-0.1f64).to_le_bytes(), &[-0.1]);
        check(TensorType::Bfloat16, &[0xc0, 0x3f], &[1.5]);
        check(TensorType::Int4, &[0x2f, 0x80], &[-1.0, 2.0, 0.0, -8.0]);
        check(TensorType::Uint4, &[0x2f], &[15.0, 2.0]);
        check(TensorType::Int2, &[0b11_10_01_00], &[0.0, 1.0, -2.0, -1.0]);
    }

    /// Values of the formats' specifications: largest, smallest normal, smallest subnormal.
    #[test]
    fn small_floats_have_the_extremes_of_their_specifications() {
        let infinity = f32::INFINITY;
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x3555, 0.333_251_95),
            (0x7c00, infinity),
            (0xfc00, -infinity),
        ] {
            assert_eq!(f32_from_f16(bits), value, "{bits:#x}");
        }
        assert!(f32_from_f16(0x7e00).is_nan() && f32_from_f16(0x8000).is_sign_negative());
        assert_eq!(
            [0x7b, 0x04, 0x01, 0x7c].map(f32_from_f8_e5m2),
            [57344.0, 6.103_515_6e-5, 1.525_878_9e-5, infinity]
        );
        assert_eq!([0x7e, 0x08, 0x01, 0xb8].map(f32_from_f8_e4m3fn), [448.0, 0.015_625, 0.001_953_125, -1.0]);
        assert!(f32_from_f8_e4m3fn(0x7f).is_nan() && f32_from_f8_e4m3fn(0xff).is_nan());
    }

    #[test]
    fn halves_are_rounded_once() {
        for bits in (0..=0x7c00u16).chain(0x8000..=0xfc00) {
            assert_eq!(f16_from_f32(f32_from_f16(bits)), bits, "{bits:#x}");
        }
        // Halfway between two halves, and a little to either side.
        for bits in (0..0x7bff).step_by(7) {
            let (low, high) = (f32_from_f16(bits), f32_from_f16(bits + 1));
            let middle = low + (high - low) / 2.0;
            assert_eq!(f16_from_f32(middle), bits + bits % 2, "{bits:#x}");
            assert_eq!(f16_from_f32(f32::from_bits(middle.to_bits() - 1)), bits, "{bits:#x}");
            assert_eq!(f16_from_f32(f32::from_bits(middle.to_bits() + 1)), bits + 1, "{bits:#x}");
        }
        assert_eq!((f16_from_f32(65519.9), f16_from_f32(65520.0)), (0x7bff, 0x7c00));
        assert!(f32_from_f16(f16_from_f32(f32::NAN)).is_nan());
    }

    #[test]
    fn the_shape_and_the_bytes_bound_the_elements() {
        let tensor = Tensor::new("t", TensorType::Int16, &[2, 3]);
        assert_eq!(Values::of_tensor(&tensor, &[0; 100]).expect("numbers").count(), 6);
        assert_eq!(Values::of_tensor(&tensor, &[0; 5]).expect("numbers").count(), 2);
        let unknown = Tensor::new("t", TensorType::Int16, &[-1, 3]);
        assert_eq!(Values::of_tensor(&unknown, &[0; 100]).expect("numbers").count(), 50);
        assert!(Values::new(TensorType::Complex64, &[0; 8], 1).is_none());
    }
}
