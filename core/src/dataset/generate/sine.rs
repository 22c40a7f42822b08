//! The first network of most tutorials: one number in, its sine out.

use std::f64::consts::PI;

use super::{Content, Dataset, Label, Random, Stream, recording};
use crate::dataset::{Shared, StreamKind};

/// Deviation of the noise, as in the `hello_world` example of TensorFlow Lite Micro.
const NOISE: f64 = 0.1;

pub(super) fn generate(seed: u64, count: usize) -> Dataset {
    let point = |index: usize| {
        let mut random = Random::of(seed, index as u64);
        let x = random.between(0.0, 2.0 * PI);
        let y = libm::sin(x) + NOISE * random.normal();
        let contents = vec![Content::Values(Shared::from(vec![x as f32]))];
        recording(format!("x = {x:.3}"), Vec::new(), Label::Values(vec![y as f32]), contents)
    };
    Dataset {
        value_names: vec!["sin(x)".to_owned()],
        streams: vec![Stream {
            name: "x".to_owned(),
            kind: StreamKind::Values { shape: vec![1] },
            channels: vec!["x".to_owned()],
            rate_hz: None,
        }],
        recordings: (0..count).map(point).collect(),
        ..Dataset::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_lie_near_the_curve() {
        let dataset = generate(1, 2_000);
        let mut squares = 0.0;
        for recording in &dataset.recordings {
            let (Content::Values(x), Label::Values(y)) = (&recording.contents[0], &recording.label) else {
                panic!("numbers in, numbers out");
            };
            assert!((0.0..=6.3).contains(&x[0]));
            squares += (y[0] - x[0].sin()).powi(2);
        }
        let deviation = (squares / 2_000.0).sqrt();
        assert!((0.095..0.105).contains(&deviation), "{deviation}");
    }
}
