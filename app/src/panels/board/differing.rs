//! The first place where board and desktop differ, with both tensors.

use emberlab_core::bench::{Difference, DifferingPlace};
use emberlab_core::model::{Model, Tensor, Values};

use crate::panels::inspect::names::operator_name;
use crate::panels::run::values::{element_text, number_text, tensor_of};
use crate::theme::format;

/// Elements that are listed.
const LISTED: usize = 8;

/// Where two tensors differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Elements {
    /// Elements that differ, and all.
    pub count: (usize, usize),
    /// The first of them: place, number on this computer, number on the board.
    pub listed: Vec<(String, String, String)>,
    /// Elements are bytes because the model is not open or the type has no numbers.
    pub are_bytes: bool,
}

/// What differs, in a sentence.
pub fn sentence(difference: &Difference, model: Option<&Model>) -> String {
    let input = match difference.seed {
        Some(seed) => format!("random input {seed}"),
        None => "the input of the Run panel".to_owned(),
    };
    match difference.place {
        DifferingPlace::Inputs => format!(
            "The board computes on other bytes than {input}. The line or the firmware is at fault, not the model."
        ),
        DifferingPlace::Order => {
            format!("On {input} the board runs other operators than this computer, or in another order.")
        }
        DifferingPlace::Outputs => format!(
            "On {input} every operator agrees, and the outputs do not: something overwrites them on the board."
        ),
        DifferingPlace::Operator(subgraph, operator, tensor, _) => {
            let name = model.and_then(|model| {
                let graph = model.subgraphs.get(usize::from(subgraph))?;
                let found = graph.operators.get(usize::from(operator))?;
                Some(format!(" {}", operator_name(model, found)))
            });
            let within = if subgraph == 0 { String::new() } else { format!(" of subgraph {subgraph}") };
            format!(
                "On {input} operator #{operator}{}{within} is the first to write other bits, into t{tensor}.",
                name.unwrap_or_default()
            )
        }
    }
}

/// The elements that differ; `None` where one of the tensors did not arrive.
pub fn elements(difference: &Difference, model: Option<&Model>) -> Option<Elements> {
    let (expected, found) = (difference.expected.as_deref()?, difference.found.as_deref()?);
    let tensor = match difference.place {
        DifferingPlace::Operator(subgraph, _, tensor, _) => {
            model.and_then(|model| tensor_of(model, u32::from(subgraph), tensor))
        }
        DifferingPlace::Inputs | DifferingPlace::Order | DifferingPlace::Outputs => None,
    };
    let numbers = tensor.and_then(|tensor| Some((tensor, values(tensor, expected)?, values(tensor, found)?)));
    let (shape, expected, found, are_bytes) = match &numbers {
        Some((tensor, expected, found)) => (tensor.shape.clone(), expected.clone(), found.clone(), false),
        None => {
            let bytes = |bytes: &[u8]| bytes.iter().map(|byte| f64::from(*byte)).collect::<Vec<_>>();
            (vec![expected.len() as i32], bytes(expected), bytes(found), true)
        }
    };
    let n_elements = expected.len().max(found.len());
    // Bits, not values: a NaN equals itself, and 0 does not equal −0.
    let bits = |values: &[f64], index: usize| values.get(index).map(|value| value.to_bits());
    let differing: Vec<usize> =
        (0..n_elements).filter(|index| bits(&expected, *index) != bits(&found, *index)).collect();
    let text = |values: &[f64], index: usize| {
        values.get(index).map_or_else(|| format::UNKNOWN.to_owned(), |value| number_text(*value))
    };
    let listed = differing.iter().take(LISTED);
    let listed =
        listed.map(|index| (element_text(&shape, *index), text(&expected, *index), text(&found, *index)));
    Some(Elements { listed: listed.collect(), count: (differing.len(), n_elements), are_bytes })
}

/// The stored numbers of a tensor.
fn values(tensor: &Tensor, bytes: &[u8]) -> Option<Vec<f64>> {
    Some(Values::of_tensor(tensor, bytes)?.collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use emberlab_core::model::{BuiltinOperator, ModelBuilder, TensorType};

    use super::*;

    fn model() -> Model {
        let mut builder = ModelBuilder::new("one operator");
        let int8 = |name: &str| Tensor::new(name, TensorType::Int8, &[1, 2, 3]).quantized(0.5, 0);
        let input = builder.input(int8("in"));
        let output = builder.tensor(int8("out"));
        builder.operator(BuiltinOperator::RELU, [input], [output]);
        builder.output(output);
        builder.build()
    }

    fn difference(expected: &[u8], found: Option<&[u8]>) -> Difference {
        Difference {
            seed: Some(3),
            place: DifferingPlace::Operator(0, 0, 1, 0),
            expected: Some(Arc::from(expected)),
            found: found.map(Arc::from),
        }
    }

    #[test]
    fn the_first_elements_that_differ_are_listed_with_their_place() {
        let model = model();
        let found =
            elements(&difference(&[1, 2, 3, 4, 5, 6], Some(&[1, 2, 3, 4, 0xff, 6])), Some(&model)).unwrap();
        assert_eq!(found.count, (1, 6));
        assert_eq!(found.listed, [("[1, 1]".to_owned(), "5".to_owned(), "−1".to_owned())]);
        assert!(!found.are_bytes);
        assert!(
            sentence(&difference(&[0], None), Some(&model))
                .contains("operator #0 ReLU is the first to write other bits, into t1")
        );
    }

    #[test]
    fn without_the_model_bytes_are_compared() {
        let found = elements(&difference(&[1, 2], Some(&[1, 255])), None).unwrap();
        assert_eq!(found.listed, [("[1]".to_owned(), "2".to_owned(), "255".to_owned())]);
        assert!(found.are_bytes);
        let cut = elements(&difference(&[1, 2], Some(&[1])), None).unwrap();
        assert_eq!(cut.listed[0].2, format::UNKNOWN);
        assert_eq!(elements(&difference(&[1], None), None), None);
    }
}
