//! What a variant of a model is to be.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How a variant is made of a float32 model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recipe {
    /// Which numbers weights and activations become.
    pub kind: VariantKind,
    /// How finely weights have scales; int8 and int16x8 only.
    pub weight_scales: WeightScales,
    /// What goes in and comes out; int8 and int16x8 only.
    pub interface: Interface,
    /// Where the ranges of activations come from; int8 and int16x8 only.
    pub calibration: Calibration,
    /// float16 only: the rounded weights are written as float32, which TFLM runs.
    #[serde(skip_serializing_if = "is_false")]
    pub widened: bool,
    /// Operators that keep more bits than the others, by the name of their first output; int8 only.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub wider: BTreeMap<String, Width>,
    /// Limits of activations that were chosen by hand and stand above calibration, by the names of their tensors; int8 and
    /// int16x8 only.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, ChosenLimits>,
}

/// Limits of one activation, chosen by hand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChosenLimits {
    /// Smaller values are clipped; at most 0.
    pub low: f32,
    /// Larger values are clipped; at least 0.
    pub high: f32,
}

/// Which numbers a variant computes with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariantKind {
    /// The model as it was trained.
    Float32,
    /// Weights of half the bytes, computed in float32.
    Float16,
    /// Weights in int8; activations are quantized while the model runs.
    Dynamic,
    /// Weights and activations in int8.
    #[default]
    Int8,
    /// Weights in int8, activations in int16.
    Int16x8,
}

/// How finely weights have scales.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightScales {
    /// One for each output channel of a convolution. FULLY_CONNECTED has one for all: per channel it has given wrong results
    /// on the ESP32-S3 (github.com/espressif/esp-nn/issues/34).
    #[default]
    PerChannel,
    /// One for each output channel, of FULLY_CONNECTED too.
    PerChannelEverywhere,
    /// One for each tensor.
    PerTensor,
}

/// What goes into a quantized model and comes out of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interface {
    /// The integers that the model computes with.
    #[default]
    Integer,
    /// uint8, as cameras give it; of int8 models.
    Uint8,
    /// float32: the model quantizes by itself.
    Float32,
}

/// More bits for one operator of an int8 model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Width {
    /// Activations in int16.
    Int16,
    /// Everything in float32.
    Float32,
}

/// Where the ranges of activations come from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Calibration {
    /// How limits are chosen among what was seen.
    pub method: CalibrationMethod,
    /// Number of training samples that are looked at.
    pub samples: usize,
    /// Which samples.
    pub choice: SampleChoice,
    /// Where the choice begins, if it is a random one.
    pub seed: u64,
}

/// How the limits of an activation are chosen among the values that were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationMethod {
    /// The smallest and the largest value.
    #[default]
    MinMax,
    /// A moving average of the smallest and largest values of each sample.
    MovingAverage {
        /// How much of the average each sample leaves.
        momentum: f32,
    },
    /// All but a share of the values at either end.
    Percentile {
        /// Percent of the values below the upper limit, such as 99.99.
        percent: f32,
    },
    /// The limits with the smallest mean squared error.
    Mse,
    /// The limits that keep most of the distribution (the smallest Kullback-Leibler divergence).
    Entropy,
}

/// Which training samples calibrate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleChoice {
    /// As many of each class as there are, in turn.
    #[default]
    Balanced,
    /// The first ones.
    First,
    /// Random ones.
    Random,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { method: CalibrationMethod::default(), samples: 200, choice: SampleChoice::default(), seed: 1 }
    }
}

impl CalibrationMethod {
    /// All of them, with their usual numbers.
    pub const ALL: [Self; 5] = [
        Self::MinMax,
        Self::MovingAverage { momentum: 0.99 },
        Self::Percentile { percent: 99.99 },
        Self::Mse,
        Self::Entropy,
    ];

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::MinMax => "min-max",
            Self::MovingAverage { .. } => "moving average",
            Self::Percentile { .. } => "percentile",
            Self::Mse => "MSE",
            Self::Entropy => "entropy",
        }
    }
}

impl VariantKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Float32, Self::Float16, Self::Dynamic, Self::Int8, Self::Int16x8];

    /// Activations are integers, so that their ranges have to be known.
    pub fn needs_calibration(self) -> bool {
        matches!(self, Self::Int8 | Self::Int16x8)
    }

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::Float32 => "float32",
            Self::Float16 => "float16",
            Self::Dynamic => "dynamic range",
            Self::Int8 => "int8",
            Self::Int16x8 => "int16x8",
        }
    }
}

impl Recipe {
    /// Names of variants, as the command line has them.
    pub const NAMES: [&str; 6] = ["float32", "float16", "dynamic", "int8", "int8-per-tensor", "int16x8"];

    /// The usual recipe of a kind.
    pub fn of_kind(kind: VariantKind) -> Self {
        Self { kind, ..Self::default() }
    }

    /// The recipe with one of [`Recipe::NAMES`], or `int8-per-channel-dense`, whose FULLY_CONNECTED has a scale per channel too.
    pub fn from_name(name: &str) -> Option<Self> {
        let kind = match name {
            "float32" => VariantKind::Float32,
            "float16" => VariantKind::Float16,
            "dynamic" => VariantKind::Dynamic,
            "int8" | "int8-per-tensor" | "int8-per-channel-dense" => VariantKind::Int8,
            "int16x8" => VariantKind::Int16x8,
            _ => return None,
        };
        let weight_scales = match name {
            "int8-per-tensor" => WeightScales::PerTensor,
            "int8-per-channel-dense" => WeightScales::PerChannelEverywhere,
            _ => WeightScales::default(),
        };
        Some(Self { weight_scales, ..Self::of_kind(kind) })
    }

    /// The recipe in a text as project files have it.
    ///
    /// # Errors
    /// The text is no TOML, or a value is none of its kind.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// What comes closest and runs on a chip; `None` for recipes whose models do by themselves.
    ///
    /// TFLM has neither float16 nor operators that quantize while they run: weights of half precision are written as float32,
    /// and dynamic range becomes int8 that takes and gives float32 as before.
    pub fn device_safe(&self) -> Option<Self> {
        match self.kind {
            VariantKind::Float16 if !self.widened => Some(Self { widened: true, ..self.clone() }),
            VariantKind::Dynamic => {
                Some(Self { interface: Interface::Float32, ..Self::of_kind(VariantKind::Int8) })
            }
            VariantKind::Float32 | VariantKind::Float16 | VariantKind::Int8 | VariantKind::Int16x8 => None,
        }
    }

    /// A name that says what it is; the usual recipes have those of [`Recipe::NAMES`].
    pub fn name(&self) -> String {
        let mut name = match self.kind {
            VariantKind::Float32 => "float32",
            VariantKind::Float16 => "float16",
            VariantKind::Dynamic => "dynamic",
            VariantKind::Int8 => "int8",
            VariantKind::Int16x8 => "int16x8",
        }
        .to_owned();
        if self.kind.needs_calibration() {
            match self.weight_scales {
                WeightScales::PerChannel => {}
                WeightScales::PerChannelEverywhere => name.push_str("-per-channel-dense"),
                WeightScales::PerTensor => name.push_str("-per-tensor"),
            }
            match self.interface {
                Interface::Integer => {}
                Interface::Uint8 => name.push_str("-uint8-io"),
                Interface::Float32 => name.push_str("-float-io"),
            }
            match self.calibration.method {
                CalibrationMethod::MinMax => {}
                CalibrationMethod::MovingAverage { .. } => name.push_str("-average"),
                CalibrationMethod::Percentile { .. } => name.push_str("-percentile"),
                CalibrationMethod::Mse => name.push_str("-mse"),
                CalibrationMethod::Entropy => name.push_str("-entropy"),
            }
        } else if self.widened && self.kind == VariantKind::Float16 {
            name.push_str("-widened");
        }
        match self.wider.len() {
            0 => {}
            count => name.push_str(&format!("-{count}-wider")),
        }
        match self.limits.len() {
            count if count > 0 && self.kind.needs_calibration() => {
                name.push_str(&format!("-{count}-limited"));
            }
            _ => {}
        }
        name
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_recipes_have_the_names_of_the_command_line() {
        for name in Recipe::NAMES {
            assert_eq!(Recipe::from_name(name).map(|recipe| recipe.name()).as_deref(), Some(name));
        }
        assert_eq!(Recipe::from_name("int7"), None);
        let recipe = Recipe {
            interface: Interface::Uint8,
            calibration: Calibration { method: CalibrationMethod::Mse, ..Calibration::default() },
            ..Recipe::default()
        };
        assert_eq!(recipe.name(), "int8-uint8-io-mse");
    }

    #[test]
    fn recipes_are_kept_as_text() {
        let mut recipe = Recipe::from_name("int16x8").expect("a name");
        recipe.calibration.method = CalibrationMethod::Percentile { percent: 99.9 };
        recipe.wider.insert("dense".to_owned(), Width::Float32);
        recipe.limits.insert("conv/Relu".to_owned(), ChosenLimits { low: 0.0, high: 2.75 });
        assert_eq!(recipe.name(), "int16x8-percentile-1-wider-1-limited");
        let text = toml::to_string(&recipe).expect("text");
        assert_eq!(toml::from_str::<Recipe>(&text).expect("recipe"), recipe);
        assert_eq!(Recipe::from_toml("kind = \"int8\"").expect("recipe"), Recipe::default());
        let text = "kind = \"int8\"\n[limits.\"conv/Relu\"]\nlow = 0\nhigh = 2.5\n";
        let limits = Recipe::from_toml(text).map(|recipe| recipe.limits["conv/Relu"]);
        assert_eq!(limits, Ok(ChosenLimits { low: 0.0, high: 2.5 }));
        assert!(Recipe::from_toml("kind = \"int9\"").is_err());
    }
}
