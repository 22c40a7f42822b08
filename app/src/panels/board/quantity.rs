//! What a measured number is, and how it is written. Only cycles of a chip with a clock are ever a time.

use emberlab_core::bench::Counting;
use emberlab_core::link::Unit;

use crate::board::BoardRun;
use crate::charts::Axis;
use crate::panels::train::curve::{Scale, linear_marks, log_marks};
use crate::theme::format;

/// What the numbers of a measurement are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Cycles of a chip, shown as a time.
    Time {
        /// Its clock, in Hz.
        clock_hz: u32,
    },
    /// Cycles of a chip whose clock is not known.
    Cycles,
    /// Instructions of an emulated core, which are no time.
    Instructions,
    /// Nanoseconds of this computer, which say nothing about a chip.
    Nanoseconds,
}

/// Numbers along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AxisUnit {
    /// Measured numbers in one of the axis.
    pub per: f64,
    /// What stands behind it.
    pub label: &'static str,
}

impl From<Counting> for Quantity {
    fn from(Counting { unit, clock_hz }: Counting) -> Self {
        match unit {
            Unit::Cycles if clock_hz > 0 => Self::Time { clock_hz },
            Unit::Cycles => Self::Cycles,
            Unit::Instructions => Self::Instructions,
            Unit::Nanoseconds => Self::Nanoseconds,
        }
    }
}

impl Quantity {
    /// What a measurement counts.
    pub fn of(run: &BoardRun) -> Self {
        run.counting().into()
    }

    /// The plural that stands in a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Time { .. } | Self::Cycles => "cycles",
            Self::Instructions => "instructions",
            Self::Nanoseconds => "ns of this computer",
        }
    }

    /// Microseconds, where the number is a time of a chip.
    pub fn micros(self, value: f64) -> Option<f64> {
        match self {
            Self::Time { clock_hz } => Some(value * 1e6 / f64::from(clock_hz)),
            Self::Cycles | Self::Instructions | Self::Nanoseconds => None,
        }
    }

    /// A number with its unit.
    pub fn text(self, value: u64) -> String {
        match self {
            Self::Time { .. } => format::micros(self.micros(value as f64).unwrap_or(f64::NAN)),
            Self::Cycles => format!("{} cycles", format::count(value)),
            Self::Instructions => format!("{} instructions", format::count(value)),
            Self::Nanoseconds => format!("{} ns", format::count(value)),
        }
    }

    /// A number in a row whose section names the unit.
    pub fn short(self, value: u64) -> String {
        match self {
            Self::Time { .. } => self.text(value),
            Self::Nanoseconds => format!("{} ns", format::count(value)),
            Self::Cycles | Self::Instructions => format::count(value),
        }
    }

    /// How much more or less a number is, with its sign.
    pub fn difference(self, value: u64, than: u64) -> String {
        let difference = value as i64 - than as i64;
        match self.micros(difference as f64) {
            Some(micros) => {
                let sign = if micros.round() > 0.0 { "+" } else { "" };
                format!("{sign}{}", format::micros(micros))
            }
            None if self == Self::Nanoseconds => format!("{} ns", format::signed(difference)),
            None => format::signed(difference),
        }
    }

    /// The unit of an axis on which the largest number is `largest`.
    pub fn axis_unit(self, largest: f64) -> AxisUnit {
        match self {
            Self::Time { clock_hz } if largest * 1000.0 >= f64::from(clock_hz) => {
                AxisUnit { per: f64::from(clock_hz) / 1e3, label: "ms" }
            }
            Self::Time { clock_hz } => AxisUnit { per: f64::from(clock_hz) / 1e6, label: "µs" },
            Self::Cycles => AxisUnit { per: 1.0, label: "cycles" },
            Self::Instructions => AxisUnit { per: 1.0, label: "instructions" },
            Self::Nanoseconds => AxisUnit { per: 1.0, label: "ns" },
        }
    }

    /// What stands at an axis.
    pub fn axis_label(self, unit: AxisUnit) -> String {
        let rest = match self {
            Self::Time { .. } | Self::Cycles | Self::Instructions => "",
            Self::Nanoseconds => ", this computer",
        };
        format!("{} per inference{rest}", unit.label)
    }

    /// The number along an axis.
    pub fn along(self, unit: AxisUnit, value: f64) -> String {
        match self {
            // Three digits of ms are microseconds, as everywhere else.
            Self::Time { .. } if unit.label == "ms" => format!("{:.3}", value / unit.per),
            Self::Time { .. } => format!("{:.1}", value / unit.per),
            Self::Cycles | Self::Instructions | Self::Nanoseconds => format::integer(value.round() as i64),
        }
    }
}

/// An axis with marks that say exactly where they are; `range` in heights of the scale.
pub fn axis(label: String, range: (f64, f64), scale: Scale, most: usize) -> Axis {
    let heights = match scale {
        Scale::Linear => linear_marks(range.0, range.1, most),
        Scale::Log => log_marks(range.0, range.1, most),
    };
    let values: Vec<f64> = heights.iter().map(|height| scale.value(*height)).collect();
    let decimals = decimals(&values);
    let text = |value: f64| {
        let text = with_thousands(value, decimals);
        match scale {
            Scale::Log if text.contains('.') => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            Scale::Linear | Scale::Log => text,
        }
    };
    let marks = heights.iter().zip(&values).map(|(height, value)| (*height, text(*value))).collect();
    Axis { label, range, marks }
}

/// Digits after the point with which neighbouring marks differ.
fn decimals(values: &[f64]) -> usize {
    let steps = values.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    let least = steps.filter(|step| *step > 0.0).fold(f64::INFINITY, f64::min);
    if !least.is_finite() {
        return 0;
    }
    // 0.5 needs one digit, 0.25 two; steps are 1, 2 or 5 times a power of ten but for rounding.
    (-(least * 1.000_001).log10().floor()).clamp(0.0, 12.0) as usize
}

/// A number with thousands and so many digits after the point.
fn with_thousands(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), format::count);
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHIP: Quantity = Quantity::Time { clock_hz: 160_000_000 };

    #[test]
    fn only_cycles_of_a_clock_are_a_time() {
        assert_eq!(CHIP.text(15_344_960), "95.906 ms");
        assert_eq!(CHIP.text(1600), "10 µs");
        assert_eq!(Quantity::Instructions.text(15_344_960), "15,344,960 instructions");
        assert_eq!(Quantity::Nanoseconds.text(1_234_567), "1,234,567 ns");
        assert_eq!(Quantity::Cycles.text(5), "5 cycles");
        for quantity in [Quantity::Instructions, Quantity::Nanoseconds, Quantity::Cycles] {
            assert_eq!(quantity.micros(1e6), None);
            let unit = quantity.axis_unit(1e9);
            assert!(!["ms", "µs"].contains(&unit.label), "{quantity:?}");
        }
    }

    #[test]
    fn differences_have_a_sign_and_the_unit() {
        assert_eq!(CHIP.difference(15_428_160, 15_344_960), "+520 µs");
        assert_eq!(CHIP.difference(15_344_960, 15_428_160), "−520 µs");
        assert_eq!(CHIP.difference(7, 7), "0 µs");
        assert_eq!(Quantity::Instructions.difference(1, 2001), "−2,000");
        assert_eq!(Quantity::Nanoseconds.difference(2001, 1), "+2,000 ns");
    }

    #[test]
    fn axes_choose_a_unit_and_say_it() {
        let millis = CHIP.axis_unit(160_000.0);
        assert_eq!((CHIP.axis_label(millis).as_str(), millis.per), ("ms per inference", 160_000.0));
        let micros = CHIP.axis_unit(159_000.0);
        assert_eq!(CHIP.axis_label(micros), "µs per inference");
        assert_eq!(CHIP.along(millis, 15_344_960.0), "95.906");
        let simulated = Quantity::Nanoseconds;
        assert_eq!(simulated.axis_label(simulated.axis_unit(1.0)), "ns per inference, this computer");
    }

    fn marks(low: f64, high: f64, scale: Scale, most: usize) -> Vec<String> {
        axis(String::new(), (low, high), scale, most).marks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn marks_have_the_digits_that_tell_them_apart() {
        assert_eq!(marks(95.75, 96.55, Scale::Linear, 5), ["95.8", "96.0", "96.2", "96.4"]);
        assert_eq!(marks(0.0, 20_000_000.0, Scale::Linear, 3), ["0", "10,000,000", "20,000,000"]);
        assert_eq!(marks(-60.0, 0.0, Scale::Linear, 7), ["−60", "−50", "−40", "−30", "−20", "−10", "0"]);
        assert_eq!(marks(-1.05, 2.05, Scale::Log, 8), ["0.1", "0.3", "1", "3", "10", "30", "100"]);
        assert_eq!(marks(1.0, 1.0, Scale::Linear, 5), Vec::<String>::new());
        assert_eq!(marks(0.0, 0.5, Scale::Linear, 2), ["0.0", "0.5"]);
        assert_eq!(marks(1e6, 1e6 + 1.0, Scale::Linear, 2), ["1,000,000.0", "1,000,000.5", "1,000,001.0"]);
    }
}
