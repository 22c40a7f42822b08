//! Changes made to samples while training, so that a network sees none twice.

use emberlab_core::training::Augmentation;

use crate::random::Random;

/// What is changed of one sample, drawn before it is done.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Change {
    /// Places by which rows and columns move down and right.
    shift: [isize; 2],
    scale: f32,
    mirror: bool,
}

/// Nothing would be changed.
pub(crate) fn is_idle(augmentation: &Augmentation) -> bool {
    let Augmentation { shift, noise, scale, mirror } = *augmentation;
    shift == 0.0 && noise == 0.0 && scale == 0.0 && !mirror
}

/// Moves, mirrors and scales a sample of this shape. Steps and pictures move, with what is at the edge repeated; plain
/// features have no neighbours and stay in their places.
pub(crate) fn change(values: &mut [f32], shape: &[usize], augmentation: &Augmentation, random: &mut Random) {
    let [height, width, channels] = match *shape {
        [steps, channels] => [1, steps, channels],
        [height, width, channels] => [height, width, channels],
        _ => [1, 1, values.len()],
    };
    let mut shift = |size: usize| (random.signed() * augmentation.shift * size as f32).round() as isize;
    let shift = if augmentation.shift > 0.0 { [shift(height), shift(width)] } else { [0, 0] };
    let mirror = augmentation.mirror && shape.len() == 3 && random.unit() < 0.5;
    let scale = if augmentation.scale > 0.0 { 1.0 + augmentation.scale * random.signed() } else { 1.0 };
    apply(values, [height, width, channels], Change { shift, scale, mirror });
}

/// Adds noise: after [`change`], so that a network that repeats its input is asked for one without noise.
pub(crate) fn add_noise(values: &mut [f32], augmentation: &Augmentation, random: &mut Random) {
    if augmentation.noise > 0.0 {
        values.iter_mut().for_each(|value| *value += augmentation.noise * random.normal());
    }
}

fn apply(values: &mut [f32], [height, width, channels]: [usize; 3], change: Change) {
    if change.shift != [0, 0] || change.mirror {
        let before = values.to_vec();
        let from = |place: usize, shift: isize, size: usize| {
            (place as isize - shift).clamp(0, size.saturating_sub(1) as isize) as usize
        };
        for (place, target) in values.chunks_exact_mut(channels.max(1)).enumerate() {
            let (row, column) = (place / width.max(1), place % width.max(1));
            let column = if change.mirror { width - 1 - column } else { column };
            let source = from(row, change.shift[0], height) * width + from(column, change.shift[1], width);
            target.copy_from_slice(&before[source * channels..][..channels]);
        }
    }
    if change.scale != 1.0 {
        values.iter_mut().for_each(|value| *value *= change.scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    fn check(shape: [usize; 3], shift: [isize; 2], mirror: bool, expected: &[f32]) {
        let mut values: Vec<f32> = (1..=shape.iter().product()).map(|value| value as f32).collect();
        apply(&mut values, shape, Change { shift, scale: 1.0, mirror });
        assert_eq!(values, expected, "{shape:?} {shift:?} {mirror}");
    }

    #[test]
    fn samples_move_with_their_edges_repeated() {
        check([1, 4, 1], [0, 1], false, &[1.0, 1.0, 2.0, 3.0]);
        check([1, 4, 1], [0, -2], false, &[3.0, 4.0, 4.0, 4.0]);
        check([1, 3, 2], [0, 1], false, &[1.0, 2.0, 1.0, 2.0, 3.0, 4.0]);
        check([2, 2, 1], [1, 0], false, &[1.0, 2.0, 1.0, 2.0]);
        check([2, 2, 1], [-9, 9], false, &[3.0, 3.0, 3.0, 3.0]);
        check([1, 3, 1], [0, 0], true, &[3.0, 2.0, 1.0]);
        check([2, 2, 1], [0, 0], true, &[2.0, 1.0, 4.0, 3.0]);
    }

    #[test]
    fn changes_stay_within_their_limits() {
        let augmentation = Augmentation { shift: 0.25, noise: 0.0, scale: 0.5, mirror: true };
        let mut mirrored = 0;
        for index in 0..200 {
            let mut random = Random::new(1, Purpose::Augmentation, index);
            let mut values: Vec<f32> = (0..8).map(|column| 100.0 + column as f32).collect();
            change(&mut values, &[1, 8, 1], &augmentation, &mut random);
            let (low, high) = (values.iter().copied().fold(f32::MAX, f32::min), values[0].max(values[7]));
            let scale = high / 107.0;
            assert!((0.49..=1.51).contains(&scale), "{values:?}");
            // At most two of eight columns are lost.
            assert!(low / scale < 102.6, "{values:?}");
            mirrored += usize::from(values[0] > values[7]);
        }
        assert!((60..140).contains(&mirrored), "{mirrored}");
    }

    #[test]
    fn features_stay_in_their_places() {
        let augmentation = Augmentation { shift: 1.0, noise: 0.0, scale: 0.0, mirror: true };
        let mut values = vec![1.0, 2.0, 3.0];
        change(&mut values, &[3], &augmentation, &mut Random::new(1, Purpose::Augmentation, 0));
        assert_eq!(values, [1.0, 2.0, 3.0]);
        assert!(!is_idle(&augmentation));
        assert!(is_idle(&Augmentation::default()));
    }

    #[test]
    fn noise_has_the_deviation_that_is_asked_for() {
        let augmentation = Augmentation { noise: 0.1, ..Augmentation::default() };
        let mut values = vec![0.0; 10_000];
        add_noise(&mut values, &augmentation, &mut Random::new(1, Purpose::Augmentation, 0));
        let variance = values.iter().map(|value| value * value).sum::<f32>() / 10_000.0;
        assert!((variance.sqrt() - 0.1).abs() < 0.003, "{variance}");
    }
}
