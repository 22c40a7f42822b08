//! Inputs that can be made again anywhere: random numbers from a seed.

use crate::schema::TensorType;

/// The xorshift32 generator whose numbers fill inputs; the first 16 are thrown away.
///
/// One step is `s ^= s << 13; s ^= s >> 17; s ^= s << 5`, modulo 2³².
#[derive(Clone, Debug)]
pub struct Generator {
    state: u32,
}

impl Generator {
    /// A generator that starts from the seed. Seed 0 would stay 0 for ever and is taken as 1.
    pub fn new(seed: u32) -> Self {
        let mut generator = Self { state: seed.max(1) };
        for _ in 0..16 {
            generator.step();
        }
        generator
    }

    /// The next number.
    pub fn step(&mut self) -> u32 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        self.state
    }
}

/// Fills the bytes of an input, one step of the generator for each element.
///
/// Integers take the low bits of the number; float32 lies between `range.0` and `range.1` in steps of 1/65536 of the
/// distance. Other types are set to zero.
pub fn fill(bytes: &mut [u8], ty: TensorType, generator: &mut Generator, range: (f32, f32)) {
    match ty {
        TensorType::Int8 | TensorType::Uint8 => {
            bytes.iter_mut().for_each(|byte| *byte = generator.step() as u8)
        }
        TensorType::Int16 | TensorType::Uint16 => {
            for element in bytes.chunks_exact_mut(2) {
                element.copy_from_slice(&(generator.step() as u16).to_le_bytes());
            }
        }
        TensorType::Int32 | TensorType::Uint32 => {
            for element in bytes.chunks_exact_mut(4) {
                element.copy_from_slice(&generator.step().to_le_bytes());
            }
        }
        TensorType::Float32 => {
            let (low, high) = range;
            for element in bytes.chunks_exact_mut(4) {
                let fraction = (generator.step() >> 16) as f32 / 65536.0;
                element.copy_from_slice(&(low + (high - low) * fraction).to_le_bytes());
            }
        }
        _ => bytes.fill(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers that the description of the golden data gives for seed 1.
    #[test]
    fn numbers_of_seed_1() {
        let mut generator = Generator::new(1);
        let numbers: [u32; 4] = std::array::from_fn(|_| generator.step());
        assert_eq!(numbers, [0x3521_9908, 0xc613_db08, 0x1322_3391, 0xff57_1e19]);
        let mut bytes = [0xa5; 4];
        fill(&mut bytes, TensorType::Int8, &mut Generator::new(1), (0.0, 1.0));
        assert_eq!(bytes.map(|byte| byte as i8), [8, 8, -111, 25]);
    }

    #[test]
    fn floats_stay_within_their_range() {
        let mut bytes = [0xa5; 4000];
        fill(&mut bytes, TensorType::Float32, &mut Generator::new(7), (-1.0, 1.0));
        let values =
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect::<Vec<_>>();
        assert!(values.iter().all(|value| (-1.0..1.0).contains(value)));
        assert!(values.iter().any(|value| *value < -0.9) && values.iter().any(|value| *value > 0.9));
    }

    #[test]
    fn seed_0_is_not_stuck() {
        assert_ne!(Generator::new(0).step(), 0);
    }
}
