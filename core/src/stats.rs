//! Figures about the elements of a constant tensor.

use crate::model::{Tensor, TensorType, Values};

/// Figures about a tensor: of its stored numbers and, where it is quantized, of the real numbers that they stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Number of elements that the data hold.
    pub n_values: u64,
    /// Elements that are infinite or not a number; all other figures leave them out.
    pub n_non_finite: u64,
    /// Elements that stand for the real number 0: those equal to their zero point.
    pub n_zeros: u64,
    /// Number of distinct stored numbers.
    pub n_distinct: u64,
    /// Elements at the ends of a quantized type's range.
    pub saturation: Option<Saturation>,
    /// The stored numbers.
    pub raw: Distribution,
    /// The real numbers, each by the scale of its channel.
    pub real: Option<Distribution>,
}

/// Elements of an integer tensor at the ends of the type's range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saturation {
    /// At the smallest number, -128 for int8.
    pub n_lowest: u64,
    /// One above the smallest number, -127 for int8: the end of the range of symmetric weights.
    pub n_second_lowest: u64,
    /// At the largest number, 127 for int8.
    pub n_highest: u64,
}

/// How numbers are spread. All figures are 0 where there are no finite numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// The smallest number.
    pub min: f64,
    /// The largest number.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The standard deviation of the numbers themselves (divided by their count).
    pub std: f64,
    /// How many numbers fall where.
    pub histogram: Histogram,
}

/// Counts of numbers in intervals of equal width.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Where the first interval starts.
    pub start: f64,
    /// Width of an interval.
    pub width: f64,
    /// How many numbers each interval holds.
    pub counts: Vec<u64>,
}

/// More intervals than this are never made.
pub const MAX_BINS: usize = 1 << 16;

impl Statistics {
    /// The figures of a tensor with these bytes, with histograms of at most `n_bins` intervals; `None` where elements
    /// are not single numbers. Integers get intervals of whole numbers, so that no interval is empty only by rounding.
    pub fn new(tensor: &Tensor, bytes: &[u8], n_bins: usize) -> Option<Self> {
        let values = Values::of_tensor(tensor, bytes)?;
        let scales = Scales::new(tensor);
        let n_bins = n_bins.clamp(1, MAX_BINS);
        let is_zero = |(index, value): &(usize, f64)| {
            *value == scales.as_ref().map_or(0.0, |scales| scales.zero_point(*index))
        };
        let raw = Distribution::new(values.clone(), n_bins, !is_float(tensor.ty));
        let real = scales.as_ref().map(|scales| match scales.single() {
            // Whole numbers of one scale are spread as they are stored, only on another axis.
            Some((scale, zero_point)) if scale > 0.0 => raw.scaled(scale, zero_point),
            _ => {
                let real = values.clone().enumerate().map(|(index, value)| scales.real(index, value));
                Distribution::new(real, n_bins, false)
            }
        });
        Some(Self {
            n_values: values.len() as u64,
            n_non_finite: values.clone().filter(|value| !value.is_finite()).count() as u64,
            n_zeros: values.clone().enumerate().filter(is_zero).count() as u64,
            n_distinct: distinct(tensor.ty, values.clone()),
            saturation: limits(tensor.ty).map(|limits| saturation(values, limits)),
            raw,
            real,
        })
    }

    /// The share of elements that stand for 0, from 0 to 1.
    pub fn sparsity(&self) -> f64 {
        if self.n_values == 0 { 0.0 } else { self.n_zeros as f64 / self.n_values as f64 }
    }
}

impl Distribution {
    /// `whole` gives intervals whose borders lie between whole numbers.
    fn new(values: impl Iterator<Item = f64> + Clone, n_bins: usize, whole: bool) -> Self {
        let finite = || values.clone().filter(|value| value.is_finite());
        let (mut count, mut sum, mut min, mut max) = (0u64, 0.0, f64::INFINITY, f64::NEG_INFINITY);
        finite().for_each(|value| {
            count += 1;
            sum += value;
            min = value.min(min);
            max = value.max(max);
        });
        if count == 0 {
            let histogram = Histogram { start: 0.0, width: 1.0, counts: vec![0] };
            return Self { min: 0.0, max: 0.0, mean: 0.0, std: 0.0, histogram };
        }
        let mean = sum / count as f64;
        let variance = finite().map(|value| (value - mean).powi(2)).sum::<f64>() / count as f64;
        let mut histogram = Histogram::empty(min, max, n_bins, whole);
        finite().for_each(|value| histogram.add(value));
        Self { min, max, mean, std: variance.sqrt(), histogram }
    }

    fn scaled(&self, scale: f64, zero_point: f64) -> Self {
        let real = |value: f64| (value - zero_point) * scale;
        let Histogram { start, width, counts } = &self.histogram;
        Self {
            min: real(self.min),
            max: real(self.max),
            mean: real(self.mean),
            std: self.std * scale,
            histogram: Histogram { start: real(*start), width: width * scale, counts: counts.clone() },
        }
    }
}

impl Histogram {
    fn empty(min: f64, max: f64, n_bins: usize, whole: bool) -> Self {
        let (start, width, n_bins) = if whole {
            let span = max - min + 1.0;
            let width = (span / n_bins as f64).ceil();
            (min - 0.5, width, (span / width).ceil() as usize)
        } else if max > min {
            // Halves first: the difference of two large floats can be infinite.
            (min, (max / n_bins as f64 - min / n_bins as f64).max(f64::MIN_POSITIVE), n_bins)
        } else {
            (min - 0.5, 1.0, 1)
        };
        Self { start, width, counts: vec![0; n_bins.clamp(1, MAX_BINS)] }
    }

    fn add(&mut self, value: f64) {
        let place = (value / self.width - self.start / self.width) as usize;
        let last = self.counts.len() - 1;
        // The largest number lies at the end of the last interval.
        self.counts[place.min(last)] += 1;
    }

    /// Where an interval starts and ends.
    pub fn interval(&self, index: usize) -> (f64, f64) {
        let start = self.start + self.width * index as f64;
        (start, start + self.width)
    }
}

/// Scales and zero points of a quantized tensor, one or one per channel.
#[derive(Clone, Debug)]
pub struct Scales {
    scale: Vec<f64>,
    zero_point: Vec<f64>,
    /// Elements from one channel to the next.
    stride: usize,
}

impl Scales {
    /// The scales of a tensor; `None` where it has none, or not as many as channels.
    pub fn new(tensor: &Tensor) -> Option<Self> {
        let quantization =
            tensor.quantization.as_ref().filter(|quantization| !quantization.scale.is_empty())?;
        let n_scales = quantization.scale.len();
        let stride = if n_scales == 1 {
            1
        } else {
            let axis = usize::try_from(quantization.quantized_dimension).ok()?;
            let channels = tensor.shape.get(axis)?;
            if usize::try_from(*channels).ok()? != n_scales {
                return None;
            }
            let mut inner = tensor.shape.get(axis + 1..)?.iter();
            inner.try_fold(1usize, |product, dimension| {
                product.checked_mul(usize::try_from(*dimension).ok()?)
            })?
        };
        let zero_point = match quantization.zero_point.as_slice() {
            [] => vec![0.0; n_scales],
            [one] => vec![*one as f64; n_scales],
            many if many.len() == n_scales => many.iter().map(|zero_point| *zero_point as f64).collect(),
            _ => return None,
        };
        let scale = quantization.scale.iter().map(|scale| f64::from(*scale)).collect();
        Some(Self { scale, zero_point, stride: stride.max(1) })
    }

    /// The real number that an element stands for: `scale * (value - zero point)`.
    pub fn real(&self, index: usize, value: f64) -> f64 {
        let channel = self.channel(index);
        (value - self.zero_point[channel]) * self.scale[channel]
    }

    fn zero_point(&self, index: usize) -> f64 {
        self.zero_point[self.channel(index)]
    }

    fn channel(&self, index: usize) -> usize {
        // Two divisions for every element are worth avoiding where there is nothing to tell apart.
        if self.scale.len() == 1 { 0 } else { index / self.stride % self.scale.len() }
    }

    fn single(&self) -> Option<(f64, f64)> {
        match (self.scale.as_slice(), self.zero_point.as_slice()) {
            ([scale], [zero_point]) => Some((*scale, *zero_point)),
            _ => None,
        }
    }
}

fn distinct(ty: TensorType, values: Values<'_>) -> u64 {
    if !is_float(ty) && ty.bits().is_some_and(|bits| bits <= 16) {
        let mut seen = vec![false; 1 << 16];
        values.for_each(|value| seen[usize::from(value as i32 as u16)] = true);
        return seen.iter().filter(|seen| **seen).count() as u64;
    }
    // Zero and minus zero are one number, and so are all that are none.
    let bits = |value: f64| if value.is_nan() { f64::NAN.to_bits() } else { (value + 0.0).to_bits() };
    let mut seen: Vec<u64> = values.map(bits).collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len() as u64
}

fn saturation(values: Values<'_>, (lowest, highest): (f64, f64)) -> Saturation {
    let mut saturation = Saturation::default();
    values.for_each(|value| {
        saturation.n_lowest += u64::from(value == lowest);
        saturation.n_second_lowest += u64::from(value == lowest + 1.0);
        saturation.n_highest += u64::from(value == highest);
    });
    saturation
}

/// The range of the types that quantization uses for activations and weights.
fn limits(ty: TensorType) -> Option<(f64, f64)> {
    match ty {
        TensorType::Int2 => Some((-2.0, 1.0)),
        TensorType::Int4 => Some((-8.0, 7.0)),
        TensorType::Uint4 => Some((0.0, 15.0)),
        TensorType::Int8 => Some((-128.0, 127.0)),
        TensorType::Uint8 => Some((0.0, 255.0)),
        TensorType::Int16 => Some((-32768.0, 32767.0)),
        TensorType::Float32
        | TensorType::Float16
        | TensorType::Float64
        | TensorType::Bfloat16
        | TensorType::Float8E4m3fn
        | TensorType::Float8E5m2
        | TensorType::Int32
        | TensorType::Int64
        | TensorType::Uint16
        | TensorType::Uint32
        | TensorType::Uint64
        | TensorType::Bool
        | TensorType::String
        | TensorType::Complex64
        | TensorType::Complex128
        | TensorType::Resource
        | TensorType::Variant
        | TensorType::Unknown(_) => None,
    }
}

fn is_float(ty: TensorType) -> bool {
    match ty {
        TensorType::Float32
        | TensorType::Float16
        | TensorType::Float64
        | TensorType::Bfloat16
        | TensorType::Float8E4m3fn
        | TensorType::Float8E5m2
        | TensorType::Complex64
        | TensorType::Complex128 => true,
        TensorType::Int2
        | TensorType::Int4
        | TensorType::Uint4
        | TensorType::Int8
        | TensorType::Uint8
        | TensorType::Int16
        | TensorType::Uint16
        | TensorType::Int32
        | TensorType::Uint32
        | TensorType::Int64
        | TensorType::Uint64
        | TensorType::Bool
        | TensorType::String
        | TensorType::Resource
        | TensorType::Variant
        | TensorType::Unknown(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bytes_from_elements;

    fn int8(values: &[i8], tensor: impl Fn(Tensor) -> Tensor) -> Statistics {
        let tensor = tensor(Tensor::new("t", TensorType::Int8, &[values.len() as i32]));
        Statistics::new(&tensor, &bytes_from_elements(values), 4).expect("numbers")
    }

    #[test]
    fn figures_of_int8_are_raw_and_real() {
        let statistics = int8(&[-128, -127, 0, 4, 4, 127, 127], |tensor| tensor.quantized(0.5, 4));
        assert_eq!((statistics.n_values, statistics.n_distinct, statistics.n_zeros), (7, 5, 2));
        let expected = Saturation { n_lowest: 1, n_second_lowest: 1, n_highest: 2 };
        assert_eq!(statistics.saturation, Some(expected));
        let raw = &statistics.raw;
        assert_eq!((raw.min, raw.max, raw.mean), (-128.0, 127.0, 1.0));
        // Deviations from the mean 1: 129, 128, 1, 3, 3, 126, 126.
        let variance = (129.0f64 * 129.0 + 128.0 * 128.0 + 1.0 + 9.0 + 9.0 + 2.0 * 126.0 * 126.0) / 7.0;
        assert!((raw.std - variance.sqrt()).abs() < 1e-9);
        let real = statistics.real.expect("quantized");
        assert_eq!((real.min, real.max, real.mean), (-66.0, 61.5, -1.5));
        assert_eq!(real.histogram.counts, raw.histogram.counts);
    }

    #[test]
    fn whole_numbers_get_whole_intervals() {
        let statistics = int8(&[0, 1, 2, 3, 4, 5, 5], |tensor| tensor);
        let histogram = &statistics.raw.histogram;
        assert_eq!((histogram.start, histogram.width), (-0.5, 2.0));
        assert_eq!(histogram.counts, [2, 2, 3]);
        assert_eq!(histogram.interval(2), (3.5, 5.5));
        assert_eq!(int8(&[7], |tensor| tensor).raw.histogram.counts, [1]);
    }

    #[test]
    fn every_channel_has_its_scale() {
        let tensor = Tensor::new("w", TensorType::Int8, &[2, 3, 2]).quantized_per_axis(
            &[1.0, 10.0, 100.0],
            &[0, 0, 1],
            1,
        );
        let bytes = bytes_from_elements(&[1i8, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]);
        let statistics = Statistics::new(&tensor, &bytes, 4).expect("numbers");
        let real = statistics.real.expect("quantized");
        // Channel 2 stands for 0 and 100: the zero point is 1.
        assert_eq!((real.min, real.max), (0.0, 100.0));
        assert_eq!(real.mean, (2.0 * (1.0 + 10.0 + 0.0) + 2.0 * (2.0 + 20.0 + 100.0)) / 12.0);
        assert_eq!(statistics.n_zeros, 2);
        assert_eq!(real.histogram.counts, [10, 0, 0, 2]);
    }

    #[test]
    fn distinct_numbers_of_sixteen_bits_are_counted() {
        let values = [i16::MIN, -1, 0, 1, i16::MAX, -1];
        let tensor = Tensor::new("t", TensorType::Int16, &[6]);
        let statistics = Statistics::new(&tensor, &bytes_from_elements(&values), 2).expect("numbers");
        assert_eq!(statistics.n_distinct, 5);
        let tensor = Tensor::new("t", TensorType::Uint16, &[3]);
        let statistics =
            Statistics::new(&tensor, &bytes_from_elements(&[u16::MAX, 0, 0]), 2).expect("numbers");
        assert_eq!(statistics.n_distinct, 2);
    }

    #[test]
    fn floats_that_are_not_finite_are_counted_apart() {
        let values = [0.0f32, -0.0, 1.0, f32::NAN, f32::INFINITY, f32::NAN];
        let tensor = Tensor::new("t", TensorType::Float32, &[6]);
        let statistics = Statistics::new(&tensor, &bytes_from_elements(&values), 2).expect("numbers");
        assert_eq!((statistics.n_non_finite, statistics.n_zeros, statistics.n_distinct), (3, 2, 4));
        assert_eq!((statistics.raw.max, statistics.raw.histogram.counts.as_slice()), (1.0, &[2, 1][..]));
        assert_eq!((statistics.real, statistics.saturation), (None, None));
    }

    #[test]
    fn extremes_do_not_overflow() {
        let check = |values: &[f64]| {
            let tensor = Tensor::new("t", TensorType::Float64, &[values.len() as i32]);
            let statistics = Statistics::new(&tensor, &bytes_from_elements(values), 8).expect("numbers");
            assert_eq!(
                statistics.raw.histogram.counts.iter().sum::<u64>(),
                values.len() as u64,
                "{values:?}"
            );
        };
        check(&[f64::MIN, 0.0, f64::MAX]);
        check(&[0.0, f64::from_bits(1)]);
        check(&[5.0; 3]);
        check(&[]);
        let tensor = Tensor::new("t", TensorType::Int64, &[2]);
        let bytes = bytes_from_elements(&[i64::MIN, i64::MAX]);
        let statistics = Statistics::new(&tensor, &bytes, 8).expect("numbers");
        assert_eq!(statistics.raw.histogram.counts.iter().sum::<u64>(), 2);
    }

    #[test]
    fn scales_that_do_not_fit_the_shape_are_left_out() {
        let wrong_axis = int8(&[1, 2], |tensor| tensor.quantized_per_axis(&[1.0, 2.0], &[0, 0], 7));
        let wrong_count = int8(&[1, 2], |tensor| tensor.quantized_per_axis(&[1.0, 2.0, 3.0], &[0], 0));
        assert_eq!((wrong_axis.real, wrong_count.real), (None, None));
    }
}
