//! Damaged copies of the models: what is not refused has to run.

use emberlab_runtime::{Interpreter, Observer, Registry, Semantics};

use super::maker::Random;
use super::{ARENA_BYTES, Aligned};

/// Changes some bytes of a file and runs what comes out; true if it is refused.
pub fn is_refused(bytes: &[u8], random: &mut Random) -> bool {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.between(1, 4) {
        let at = random.between(0, bytes.len() as i64 - 1) as usize;
        let any = random.next() as u8;
        let near = bytes[at].wrapping_add(random.pick(&[1, 2, 255, 254]));
        bytes[at] = random.pick(&[any, near, near, 0, 1, 0xff, 0x7f, 0x80]);
    }
    let model = Aligned::new(&bytes);
    let mut arena = vec![0xa5; ARENA_BYTES];
    let semantics = random.pick(&[Semantics::Tflm, Semantics::Litert]);
    let registry = Registry::default();
    let Ok(mut interpreter) = Interpreter::prepare(model.as_slice(), &mut arena, semantics, &registry) else {
        return true;
    };
    for _ in 0..2 {
        for index in 0..interpreter.n_inputs() {
            interpreter.input_bytes(index).fill_with(|| random.next() as u8);
        }
        // A loop in a damaged model may have no end.
        let _ = interpreter.invoke(&mut Steps(1000));
    }
    false
}

/// Stops after so many operators.
struct Steps(u32);

impl Observer for Steps {
    fn stop(&mut self) -> bool {
        self.0 = self.0.saturating_sub(1);
        self.0 == 0
    }
}
