//! Two runs of a model side by side: where they differ, and by how much.

use crate::model::{Model, SubgraphId, Tensor, TensorId, Values};
use crate::stats::Scales;

use super::trace::OperatorOutput;

/// How one output of one operator differs between two runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Number of the subgraph.
    pub subgraph: u32,
    /// Index of the operator in its subgraph.
    pub operator: u32,
    /// The tensor.
    pub tensor: u32,
    /// Elements compared.
    pub n_elements: usize,
    /// Elements that are not the same.
    pub n_different: usize,
    /// Largest distance: steps of the stored integers, or the unit of floats.
    pub largest: f64,
    /// The element with the largest distance, counted in memory order; `None` where nothing differs.
    pub worst: Option<usize>,
}

impl Difference {
    /// Every byte is the same.
    pub fn is_none(&self) -> bool {
        self.n_different == 0
    }
}

/// Compares what the same operators wrote in two runs of the same model, in the order of the first run.
///
/// Both traces have to keep bytes. An output that the second run lacks (a loop that ended earlier) is left out; so is one
/// whose elements are no numbers.
pub fn compare(model: &Model, first: &[OperatorOutput], second: &[OperatorOutput]) -> Vec<Difference> {
    let same_place = |a: &OperatorOutput, b: &OperatorOutput| {
        (a.subgraph, a.operator, a.tensor) == (b.subgraph, b.operator, b.tensor)
    };
    let mut differences = Vec::with_capacity(first.len());
    let mut rest = second.iter();
    for output in first {
        let mut ahead = rest.clone();
        if let Some(other) = ahead.find(|other| same_place(output, other)) {
            rest = ahead;
            differences.extend(difference(model, output, other));
        }
    }
    differences
}

/// Compares two models layer by layer: outputs as real numbers, `scale * (value - zero point)`.
///
/// A layer of the second model belongs to the next one of the first that has the same operator and as many elements;
/// conversions between types (QUANTIZE, DEQUANTIZE, CAST) belong to none. Both traces have to keep bytes.
pub fn compare_models(
    (first_model, first): (&Model, &[OperatorOutput]),
    (second_model, second): (&Model, &[OperatorOutput]),
) -> Vec<Difference> {
    let is_layer =
        |output: &&OperatorOutput| !matches!(output.name.as_str(), "QUANTIZE" | "DEQUANTIZE" | "CAST");
    let elements =
        |model: &Model, output: &OperatorOutput| tensor_of(model, output).and_then(Tensor::element_count);
    let mut differences = Vec::new();
    let mut rest = second.iter().filter(is_layer).collect::<Vec<_>>().into_iter();
    for output in first.iter().filter(is_layer) {
        let mut ahead = rest.clone();
        let same = |other: &&OperatorOutput| {
            other.name == output.name && elements(second_model, other) == elements(first_model, output)
        };
        if let Some(other) = ahead.find(same) {
            rest = ahead;
            differences.extend(real_difference(first_model, output, second_model, other));
        }
    }
    differences
}

fn tensor_of<'m>(model: &'m Model, output: &OperatorOutput) -> Option<&'m Tensor> {
    let subgraph = model.subgraphs.get(SubgraphId(output.subgraph).index())?;
    subgraph.tensors.get(TensorId(output.tensor).index())
}

fn real_difference(
    first_model: &Model,
    first: &OperatorOutput,
    second_model: &Model,
    second: &OperatorOutput,
) -> Option<Difference> {
    let reals = |model: &Model, output: &OperatorOutput| -> Option<Vec<f64>> {
        let tensor = tensor_of(model, output)?;
        let values = Values::of_tensor(tensor, output.bytes.as_ref()?)?;
        Some(match Scales::new(tensor) {
            Some(scales) => values.enumerate().map(|(index, value)| scales.real(index, value)).collect(),
            None => values.collect(),
        })
    };
    let (first_reals, second_reals) = (reals(first_model, first)?, reals(second_model, second)?);
    Some(largest_distance(first, first_reals.into_iter().zip(second_reals)))
}

fn difference(model: &Model, first: &OperatorOutput, second: &OperatorOutput) -> Option<Difference> {
    let tensor = tensor_of(model, first)?;
    let (first_bytes, second_bytes) = (first.bytes.as_ref()?, second.bytes.as_ref()?);
    let pairs = Values::of_tensor(tensor, first_bytes)?.zip(Values::of_tensor(tensor, second_bytes)?);
    Some(largest_distance(first, pairs))
}

fn largest_distance(output: &OperatorOutput, pairs: impl Iterator<Item = (f64, f64)>) -> Difference {
    let mut difference = Difference {
        subgraph: output.subgraph,
        operator: output.operator,
        tensor: output.tensor,
        n_elements: 0,
        n_different: 0,
        largest: 0.0,
        worst: None,
    };
    for (index, (a, b)) in pairs.enumerate() {
        difference.n_elements += 1;
        if a == b || (a.is_nan() && b.is_nan()) {
            continue;
        }
        difference.n_different += 1;
        // A number against not-a-number is as far apart as can be.
        let distance = if a.is_nan() || b.is_nan() { f64::INFINITY } else { (a - b).abs() };
        if difference.worst.is_none() || distance > difference.largest {
            difference.largest = distance;
            difference.worst = Some(index);
        }
    }
    difference
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Subgraph, Tensor, TensorType};

    fn model() -> Model {
        let tensor = Tensor::new("y", TensorType::Int8, &[1, 3]);
        let subgraph = Subgraph { tensors: vec![tensor], ..Subgraph::default() };
        Model { subgraphs: vec![subgraph], ..Model::default() }
    }

    fn output(operator: u32, values: [i8; 3]) -> OperatorOutput {
        OperatorOutput {
            subgraph: 0,
            operator,
            name: "RELU".to_owned(),
            tensor: 0,
            n_bytes: 3,
            crc32: 0,
            head: Vec::new(),
            bytes: Some(values.map(|value| value as u8).to_vec()),
        }
    }

    fn check(first: [i8; 3], second: [i8; 3], n_different: usize, largest: f64, worst: Option<usize>) {
        let differences = compare(&model(), &[output(0, first)], &[output(0, second)]);
        let [found] = differences.as_slice() else { panic!("{differences:?}") };
        assert_eq!((found.n_different, found.largest, found.worst), (n_different, largest, worst));
        assert_eq!(found.is_none(), n_different == 0);
    }

    #[test]
    fn distances_are_steps_of_the_stored_integers() {
        check([1, 2, 3], [1, 2, 3], 0, 0.0, None);
        check([1, 2, 3], [2, 2, 0], 2, 3.0, Some(2));
        check([-128, 0, 0], [127, 0, 0], 1, 255.0, Some(0));
    }

    #[test]
    fn models_are_compared_as_real_numbers_and_conversions_are_passed_over() {
        let quantized = |ty, scale| {
            let tensor = Tensor::new("y", ty, &[1, 3]).quantized(scale, 0);
            Model {
                subgraphs: vec![Subgraph { tensors: vec![tensor], ..Subgraph::default() }],
                ..Model::default()
            }
        };
        let (fine, coarse) = (quantized(TensorType::Int8, 0.25), quantized(TensorType::Int8, 0.5));
        let converted = OperatorOutput { name: "QUANTIZE".to_owned(), ..output(0, [9; 3]) };
        let first = [converted, output(1, [4, 8, 5])];
        let second = [output(0, [2, 4, 2])];
        let found = compare_models((&fine, &first), (&coarse, &second));
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((found.operator, found.n_different, found.largest, found.worst), (1, 1, 0.25, Some(2)));
    }

    #[test]
    fn an_operator_that_ran_only_once_is_left_out() {
        let first = [output(0, [0; 3]), output(1, [0; 3]), output(2, [5; 3])];
        let second = [output(0, [0; 3]), output(2, [4; 3])];
        let found = compare(&model(), &first, &second);
        let summary = found.iter().map(|found| (found.operator, found.n_different)).collect::<Vec<_>>();
        assert_eq!(summary, [(0, 0), (2, 3)]);
    }
}
