//! What bad lines do to the bytes that go over them.

use emberlab_core::run::Generator;

/// Of 100 000 bytes: lost, changed, a run of them lost.
#[derive(Clone, Copy)]
pub struct Faults {
    pub lost: u32,
    pub changed: u32,
    pub cut: u32,
}

pub const NONE: Faults = Faults { lost: 0, changed: 0, cut: 0 };

/// One direction of a line.
pub struct Noise {
    faults: Faults,
    generator: Generator,
    skip: u32,
}

impl Noise {
    pub fn new(faults: Faults, seed: u32) -> Self {
        Self { faults, generator: Generator::new(seed), skip: 0 }
    }

    /// What arrives.
    pub fn pass(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut passed = Vec::new();
        for byte in bytes {
            let (kind, bit) = (self.generator.step() % 100_000, self.generator.step() % 8);
            let Faults { lost, changed, cut } = self.faults;
            if self.skip > 0 {
                self.skip -= 1;
            } else if kind < changed {
                passed.push(byte ^ (1 << bit));
            } else if kind < changed + cut {
                self.skip = self.generator.step() % 300;
            } else if kind >= changed + cut + lost {
                passed.push(*byte);
            }
        }
        passed
    }
}
