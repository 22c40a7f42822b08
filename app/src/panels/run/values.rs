//! The numbers of a tensor for the screen.

use emberlab_core::model::{Model, SubgraphId, Tensor, TensorId, TensorType, Values};
use emberlab_core::stats::Scales;

use crate::theme::format;

/// Numbers of a tensor, stored and real.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    /// As they are stored.
    pub stored: Vec<f64>,
    /// As real numbers: the stored ones where there is no scale.
    pub real: Vec<f64>,
    /// Stored and real numbers are not the same.
    pub is_quantized: bool,
}

impl Numbers {
    /// The numbers in the bytes of a tensor; `None` for types without single numbers.
    pub fn new(tensor: &Tensor, bytes: &[u8]) -> Option<Self> {
        let stored = Values::of_tensor(tensor, bytes)?.collect::<Vec<_>>();
        let scales = Scales::new(tensor).filter(|_| tensor.ty != TensorType::Float32);
        let real = match &scales {
            Some(scales) => {
                stored.iter().enumerate().map(|(index, value)| scales.real(index, *value)).collect()
            }
            None => stored.clone(),
        };
        Some(Self { is_quantized: scales.is_some(), stored, real })
    }

    /// Smallest and largest finite real number; `None` where there is none.
    pub fn range(&self) -> Option<(f64, f64)> {
        let finite = || self.real.iter().copied().filter(|value| value.is_finite());
        let lowest = finite().reduce(f64::min)?;
        Some((lowest, finite().reduce(f64::max)?))
    }

    /// The place of the largest number; `None` where there is none or several share it.
    pub fn winner(&self) -> Option<usize> {
        let (_, highest) = self.range()?;
        let mut places = self.real.iter().enumerate().filter(|(_, value)| **value == highest);
        let winner = places.next().map(|(index, _)| index);
        winner.filter(|_| places.next().is_none())
    }
}

/// A tensor of a model by its numbers.
pub fn tensor_of(model: &Model, subgraph: u32, tensor: u32) -> Option<&Tensor> {
    let subgraph = model.subgraphs.get(SubgraphId(subgraph).index())?;
    subgraph.tensors.get(TensorId(tensor).index())
}

/// A number with at most five digits after the point.
pub fn number_text(value: f64) -> String {
    if value.is_nan() {
        "not a number".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "∞".to_owned() } else { "−∞".to_owned() }
    } else if value.fract() == 0.0 && value.abs() < 1e15 {
        format::integer(value as i64)
    } else {
        format::significant(value, 5)
    }
}

/// The place of an element, `[12, 3, 7]`, without the batch of 1.
pub fn element_text(shape: &[i32], index: usize) -> String {
    let mut rest = index;
    let mut place = Vec::with_capacity(shape.len());
    for dim in shape.iter().rev() {
        let dim = usize::try_from(*dim).unwrap_or(1).max(1);
        place.push(rest % dim);
        rest /= dim;
    }
    place.reverse();
    if shape.len() > 1 && shape.first() == Some(&1) {
        place.remove(0);
    }
    let place = place.iter().map(usize::to_string).collect::<Vec<_>>();
    format!("[{}]", place.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_the_outermost_dimension() {
        for (shape, index, expected) in [
            (&[1, 2, 3][..], 5, "[1, 2]"),
            (&[4], 3, "[3]"),
            (&[2, 2, 2], 6, "[1, 1, 0]"),
            (&[], 0, "[]"),
            (&[0, -1], 0, "[0, 0]"),
        ] {
            assert_eq!(element_text(shape, index), expected);
        }
    }

    #[test]
    fn the_winner_is_alone_at_the_top() {
        let numbers =
            |real: &[f64]| Numbers { stored: real.to_vec(), real: real.to_vec(), is_quantized: false };
        assert_eq!(numbers(&[0.1, 0.9, 0.3]).winner(), Some(1));
        assert_eq!(numbers(&[0.9, 0.9]).winner(), None);
        assert_eq!(numbers(&[f64::NAN]).winner(), None);
        assert_eq!(numbers(&[]).range(), None);
    }

    #[test]
    fn quantized_numbers_have_two_readings() {
        let tensor = Tensor::new("t", TensorType::Int8, &[1, 2]).quantized(0.5, 1);
        let numbers = Numbers::new(&tensor, &[3, 255]).expect("int8 are numbers");
        assert_eq!(
            (numbers.stored, numbers.real, numbers.is_quantized),
            (vec![3.0, -1.0], vec![1.0, -1.0], true)
        );
    }
}
