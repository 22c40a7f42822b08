//! Fourier transforms of real signals in 16 and 32 bits and in float32.
//!
//! TFLM uses KISS FFT (github.com/mborgerding/kissfft, tag v130: `kiss_fft.c`, `tools/kiss_fftr.c`, `_kiss_fft_guts.h`).
//! This gives the same bits: a transform of half the length on pairs of samples as complex numbers, by recursion with
//! radix 4, 2, 3 and 5, in which fixed point divides by the radix before every stage.

use core::f64::consts::PI;

/// Forward or backward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From samples to a spectrum.
    Forward,
    /// From a spectrum to samples. Fixed point scales by 1 / length on the way, float does not.
    Inverse,
}

/// A complex number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Complex<T> {
    re: T,
    im: T,
}

/// A number that signals are made of. Sums of integers wrap, as those of the reference do on the chips.
pub trait Sample: Copy + Default {
    /// Words of 32 bits that a [twiddle factor](RealFft::fill_twiddles) takes.
    const TWIDDLE_WORDS: usize;
    /// The twiddle factor for a cosine and a sine, as words.
    fn write_twiddle(cosine: f64, sine: f64, words: &mut [u32]);
    /// The twiddle factor in words.
    fn read_twiddle(words: &[u32]) -> (Self, Self);
    /// Sum.
    fn plus(self, other: Self) -> Self;
    /// Difference.
    fn minus(self, other: Self) -> Self;
    /// `-self`.
    fn negative(self) -> Self;
    /// Half of the number.
    fn half(self) -> Self;
    /// Half of the sum.
    fn half_of_sum(self, other: Self) -> Self;
    /// Half of the difference.
    fn half_of_difference(self, other: Self) -> Self;
    /// Product.
    fn times(self, other: Self) -> Self;
    /// `a * b + c * d`, rounded once.
    fn sum_of_products(a: Self, b: Self, c: Self, d: Self) -> Self;
    /// `a * b - c * d`, rounded once.
    fn difference_of_products(a: Self, b: Self, c: Self, d: Self) -> Self;
    /// What a stage of this radix does first: fixed point divides by the radix, float does nothing.
    fn before_stage(self, radix: usize) -> Self;
}

macro_rules! fixed_point_sample {
    ($ty:ty, $wide:ty, $fraction_bits:expr) => {
        fn plus(self, other: Self) -> Self {
            self.wrapping_add(other)
        }
        fn minus(self, other: Self) -> Self {
            self.wrapping_sub(other)
        }
        fn negative(self) -> Self {
            self.wrapping_neg()
        }
        fn half(self) -> Self {
            self >> 1
        }
        fn times(self, other: Self) -> Self {
            round(<$wide>::from(self).wrapping_mul(<$wide>::from(other)))
        }
        fn sum_of_products(a: Self, b: Self, c: Self, d: Self) -> Self {
            let [a, b, c, d] = [a, b, c, d].map(<$wide>::from);
            round(a.wrapping_mul(b).wrapping_add(c.wrapping_mul(d)))
        }
        fn difference_of_products(a: Self, b: Self, c: Self, d: Self) -> Self {
            let [a, b, c, d] = [a, b, c, d].map(<$wide>::from);
            round(a.wrapping_mul(b).wrapping_sub(c.wrapping_mul(d)))
        }
        fn before_stage(self, radix: usize) -> Self {
            self.times(<$ty>::MAX / radix as $ty)
        }
    };
}

/// The nearest quantized number to a cosine or sine.
fn quantized(value: f64, largest: f64) -> f64 {
    libm::floor(0.5 + largest * value)
}

impl Sample for i16 {
    const TWIDDLE_WORDS: usize = 1;
    fn write_twiddle(cosine: f64, sine: f64, words: &mut [u32]) {
        let [re, im] = [cosine, sine].map(|value| quantized(value, f64::from(i16::MAX)) as i16 as u16);
        words[0] = u32::from(im) << 16 | u32::from(re);
    }
    fn read_twiddle(words: &[u32]) -> (Self, Self) {
        (words[0] as i16, (words[0] >> 16) as i16)
    }
    fn half_of_sum(self, other: Self) -> Self {
        ((i32::from(self) + i32::from(other)) >> 1) as i16
    }
    fn half_of_difference(self, other: Self) -> Self {
        ((i32::from(self) - i32::from(other)) >> 1) as i16
    }
    fixed_point_sample!(i16, i32, 15);
}

impl Sample for i32 {
    const TWIDDLE_WORDS: usize = 2;
    fn write_twiddle(cosine: f64, sine: f64, words: &mut [u32]) {
        let [re, im] = [cosine, sine].map(|value| quantized(value, f64::from(i32::MAX)) as i32 as u32);
        words[..2].copy_from_slice(&[re, im]);
    }
    fn read_twiddle(words: &[u32]) -> (Self, Self) {
        (words[0] as i32, words[1] as i32)
    }
    fn half_of_sum(self, other: Self) -> Self {
        self.wrapping_add(other) >> 1
    }
    fn half_of_difference(self, other: Self) -> Self {
        self.wrapping_sub(other) >> 1
    }
    fixed_point_sample!(i32, i64, 31);
}

impl Sample for f32 {
    const TWIDDLE_WORDS: usize = 2;
    fn write_twiddle(cosine: f64, sine: f64, words: &mut [u32]) {
        words[..2].copy_from_slice(&[(cosine as f32).to_bits(), (sine as f32).to_bits()]);
    }
    fn read_twiddle(words: &[u32]) -> (Self, Self) {
        (f32::from_bits(words[0]), f32::from_bits(words[1]))
    }
    fn plus(self, other: Self) -> Self {
        self + other
    }
    fn minus(self, other: Self) -> Self {
        self - other
    }
    fn negative(self) -> Self {
        -self
    }
    fn half(self) -> Self {
        self * 0.5
    }
    fn half_of_sum(self, other: Self) -> Self {
        (self + other) * 0.5
    }
    fn half_of_difference(self, other: Self) -> Self {
        (self - other) * 0.5
    }
    fn times(self, other: Self) -> Self {
        self * other
    }
    fn sum_of_products(a: Self, b: Self, c: Self, d: Self) -> Self {
        a * b + c * d
    }
    fn difference_of_products(a: Self, b: Self, c: Self, d: Self) -> Self {
        a * b - c * d
    }
    fn before_stage(self, _: usize) -> Self {
        self
    }
}

/// Drops the fractional bits of a product, rounding halves up.
trait Round<T> {
    fn round(self) -> T;
}
impl Round<i16> for i32 {
    fn round(self) -> i16 {
        (self.wrapping_add(1 << 14) >> 15) as i16
    }
}
impl Round<i32> for i64 {
    fn round(self) -> i32 {
        (self.wrapping_add(1 << 30) >> 31) as i32
    }
}
fn round<W: Round<T>, T>(product: W) -> T {
    product.round()
}

impl<T: Sample> Complex<T> {
    fn plus(self, other: Self) -> Self {
        Self { re: self.re.plus(other.re), im: self.im.plus(other.im) }
    }
    fn minus(self, other: Self) -> Self {
        Self { re: self.re.minus(other.re), im: self.im.minus(other.im) }
    }
    fn times(self, other: Self) -> Self {
        Self {
            re: T::difference_of_products(self.re, other.re, self.im, other.im),
            im: T::sum_of_products(self.re, other.im, self.im, other.re),
        }
    }
    fn before_stage(self, radix: usize) -> Self {
        Self { re: self.re.before_stage(radix), im: self.im.before_stage(radix) }
    }
}

/// A transform of a signal of an even length.
#[derive(Clone, Copy, Debug)]
pub struct RealFft<'t> {
    /// Complex numbers: half of the samples.
    n: usize,
    direction: Direction,
    twiddles: &'t [u32],
}

impl<'t> RealFft<'t> {
    /// True for lengths that TFLM can transform: even, at least 4, and without prime factors above 5 in the half.
    pub fn is_supported(length: usize) -> bool {
        let mut rest = length / 2;
        for factor in [2, 3, 5] {
            while rest > 1 && rest.is_multiple_of(factor) {
                rest /= factor;
            }
        }
        length >= 4 && length.is_multiple_of(2) && rest == 1
    }

    /// Words that the twiddle factors of a length take.
    pub fn twiddle_words<T: Sample>(length: usize) -> usize {
        (length / 2 + length / 4) * T::TWIDDLE_WORDS
    }

    /// Computes the twiddle factors, in double precision (`kiss_fft_alloc`, `kiss_fftr_alloc`).
    ///
    /// # Panics
    /// There are not [`RealFft::twiddle_words`].
    pub fn fill_twiddles<T: Sample>(length: usize, direction: Direction, words: &mut [u32]) {
        let n = length / 2;
        let sign = if direction == Direction::Forward { 1.0 } else { -1.0 };
        let (stages, pairs) = words.split_at_mut(n * T::TWIDDLE_WORDS);
        let write = |words: &mut [u32], phase: f64| {
            T::write_twiddle(libm::cos(phase), libm::sin(phase), words);
        };
        for (index, words) in stages.chunks_exact_mut(T::TWIDDLE_WORDS).enumerate() {
            write(words, -2.0 * PI * index as f64 / n as f64 * sign);
        }
        for (index, words) in pairs.chunks_exact_mut(T::TWIDDLE_WORDS).enumerate() {
            write(words, -PI * ((index + 1) as f64 / n as f64 + 0.5) * sign);
        }
    }

    /// The transform of signals of `length` samples with the factors that [`RealFft::fill_twiddles`] made.
    pub fn new(length: usize, direction: Direction, twiddles: &'t [u32]) -> Self {
        Self { n: length / 2, direction, twiddles }
    }

    /// The spectrum of a signal: `length / 2 + 1` complex numbers as real and imaginary part (`kiss_fftr`). Samples that the
    /// signal lacks are 0. `work` holds `length` numbers.
    ///
    /// # Panics
    /// The output or `work` is too short.
    pub fn forward<T: Sample>(&self, signal: &[T], work: &mut [T], output: &mut [T]) {
        let n = self.n;
        let sample = |index: usize| signal.get(index).copied().unwrap_or_default();
        let pair = |index: usize| Complex { re: sample(2 * index), im: sample(2 * index + 1) };
        self.transform(&pair, work);
        let sums = get(work, 0).before_stage(2);
        set(output, 0, Complex { re: sums.re.plus(sums.im), im: T::default() });
        set(output, n, Complex { re: sums.re.minus(sums.im), im: T::default() });
        for k in 1..=n / 2 {
            let mirrored = get(work, n - k);
            let low = get(work, k).before_stage(2);
            let high = Complex { re: mirrored.re, im: mirrored.im.negative() }.before_stage(2);
            let even = low.plus(high);
            let odd = low.minus(high).times(self.pair_twiddle(k - 1));
            let (re, im) = (even.re.half_of_sum(odd.re), even.im.half_of_sum(odd.im));
            set(output, k, Complex { re, im });
            let (re, im) = (even.re.half_of_difference(odd.re), odd.im.half_of_difference(even.im));
            set(output, n - k, Complex { re, im });
        }
    }

    /// The signal of a spectrum as [`RealFft::forward`] makes it (`kiss_fftri`).
    ///
    /// # Panics
    /// The spectrum, `work` or the output is too short.
    pub fn inverse<T: Sample>(&self, spectrum: &[T], work: &mut [T], output: &mut [T]) {
        let n = self.n;
        let (first, last) = (get(spectrum, 0), get(spectrum, n));
        let sums = Complex { re: first.re.plus(last.re), im: first.re.minus(last.re) };
        set(work, 0, sums.before_stage(2));
        for k in 1..=n / 2 {
            let mirrored = get(spectrum, n - k);
            let low = get(spectrum, k).before_stage(2);
            let high = Complex { re: mirrored.re, im: mirrored.im.negative() }.before_stage(2);
            let even = low.plus(high);
            let odd = low.minus(high).times(self.pair_twiddle(k - 1));
            set(work, k, even.plus(odd));
            let difference = even.minus(odd);
            set(work, n - k, Complex { re: difference.re, im: difference.im.negative() });
        }
        let work = &*work;
        self.transform(&|index| get(work, index), output);
    }

    fn transform<T: Sample>(&self, input: &impl Fn(usize) -> Complex<T>, output: &mut [T]) {
        let mut factors = [(0, 0); MAX_FACTORS];
        let n_factors = factorize(self.n, &mut factors);
        self.stages(input, 0, 1, &factors[..n_factors], output);
    }

    /// `kf_work`: transforms of every `radix`-th number, put together by a butterfly.
    fn stages<T: Sample>(
        &self,
        input: &impl Fn(usize) -> Complex<T>,
        start: usize,
        stride: usize,
        factors: &[(usize, usize)],
        output: &mut [T],
    ) {
        let Some((&(radix, length), rest)) = factors.split_first() else { return };
        for part in 0..radix {
            let start = start + part * stride;
            if length == 1 {
                set(output, part, input(start));
            } else {
                let output = &mut output[2 * part * length..2 * (part + 1) * length];
                self.stages(input, start, stride * radix, rest, output);
            }
        }
        match radix {
            2 => self.butterfly_2(output, stride, length),
            3 => self.butterfly_3(output, stride, length),
            4 => self.butterfly_4(output, stride, length),
            _ => self.butterfly_5(output, stride, length),
        }
    }

    fn butterfly_2<T: Sample>(&self, x: &mut [T], stride: usize, m: usize) {
        for k in 0..m {
            let [a, b] = [k, k + m].map(|at| get(x, at).before_stage(2));
            let b = b.times(self.twiddle(k * stride));
            set(x, k + m, a.minus(b));
            set(x, k, a.plus(b));
        }
    }

    fn butterfly_3<T: Sample>(&self, x: &mut [T], stride: usize, m: usize) {
        let third = self.twiddle::<T>(stride * m).im;
        for k in 0..m {
            let [a, b, c] = [k, k + m, k + 2 * m].map(|at| get(x, at).before_stage(3));
            let b = b.times(self.twiddle(k * stride));
            let c = c.times(self.twiddle(2 * k * stride));
            let sum = b.plus(c);
            let difference = b.minus(c);
            let difference = Complex { re: difference.re.times(third), im: difference.im.times(third) };
            let middle = a.minus(Complex { re: sum.re.half(), im: sum.im.half() });
            set(x, k, a.plus(sum));
            let (re, im) = (middle.re.plus(difference.im), middle.im.minus(difference.re));
            set(x, k + 2 * m, Complex { re, im });
            let (re, im) = (middle.re.minus(difference.im), middle.im.plus(difference.re));
            set(x, k + m, Complex { re, im });
        }
    }

    fn butterfly_4<T: Sample>(&self, x: &mut [T], stride: usize, m: usize) {
        for k in 0..m {
            let [a, b, c, d] = [k, k + m, k + 2 * m, k + 3 * m].map(|at| get(x, at).before_stage(4));
            let b = b.times(self.twiddle(k * stride));
            let c = c.times(self.twiddle(2 * k * stride));
            let d = d.times(self.twiddle(3 * k * stride));
            let (even, odd) = (a.plus(c), a.minus(c));
            let (sum, difference) = (b.plus(d), b.minus(d));
            set(x, k + 2 * m, even.minus(sum));
            set(x, k, even.plus(sum));
            let (re, im) = (odd.re.plus(difference.im), odd.im.minus(difference.re));
            let down = Complex { re, im };
            let (re, im) = (odd.re.minus(difference.im), odd.im.plus(difference.re));
            let up = Complex { re, im };
            let is_forward = self.direction == Direction::Forward;
            set(x, k + m, if is_forward { down } else { up });
            set(x, k + 3 * m, if is_forward { up } else { down });
        }
    }

    fn butterfly_5<T: Sample>(&self, x: &mut [T], stride: usize, m: usize) {
        let [ya, yb] = [self.twiddle::<T>(stride * m), self.twiddle::<T>(2 * stride * m)];
        for k in 0..m {
            let at = [k, k + m, k + 2 * m, k + 3 * m, k + 4 * m];
            let [a, b, c, d, e] = at.map(|at| get(x, at).before_stage(5));
            let b = b.times(self.twiddle(k * stride));
            let c = c.times(self.twiddle(2 * k * stride));
            let d = d.times(self.twiddle(3 * k * stride));
            let e = e.times(self.twiddle(4 * k * stride));
            let (outer, outer_difference) = (b.plus(e), b.minus(e));
            let (inner, inner_difference) = (c.plus(d), c.minus(d));
            let sum = outer.plus(inner);
            set(x, at[0], a.plus(sum));
            let mixed = |a: T, outer: T, by: T, inner: T, inner_by: T| {
                a.plus(outer.times(by)).plus(inner.times(inner_by))
            };
            let near = Complex {
                re: mixed(a.re, outer.re, ya.re, inner.re, yb.re),
                im: mixed(a.im, outer.im, ya.re, inner.im, yb.re),
            };
            let near_turn = Complex {
                re: outer_difference.im.times(ya.im).plus(inner_difference.im.times(yb.im)),
                im: outer_difference.re.times(ya.im).negative().minus(inner_difference.re.times(yb.im)),
            };
            set(x, at[1], near.minus(near_turn));
            set(x, at[4], near.plus(near_turn));
            let far = Complex {
                re: mixed(a.re, outer.re, yb.re, inner.re, ya.re),
                im: mixed(a.im, outer.im, yb.re, inner.im, ya.re),
            };
            let far_turn = Complex {
                re: outer_difference.im.times(yb.im).negative().plus(inner_difference.im.times(ya.im)),
                im: outer_difference.re.times(yb.im).minus(inner_difference.re.times(ya.im)),
            };
            set(x, at[2], far.plus(far_turn));
            set(x, at[3], far.minus(far_turn));
        }
    }

    fn twiddle<T: Sample>(&self, index: usize) -> Complex<T> {
        let (re, im) = T::read_twiddle(&self.twiddles[index * T::TWIDDLE_WORDS..]);
        Complex { re, im }
    }

    fn pair_twiddle<T: Sample>(&self, index: usize) -> Complex<T> {
        self.twiddle(self.n + index)
    }
}

/// More than any number of 32 bits has.
const MAX_FACTORS: usize = 32;

/// Radix and remaining length of every stage, from the outermost (`kf_factor`): fours first, then a two, threes and fives.
fn factorize(n: usize, factors: &mut [(usize, usize); MAX_FACTORS]) -> usize {
    let (mut rest, mut n_factors) = (n, 0);
    for radix in [4, 2, 3, 5] {
        while rest.is_multiple_of(radix) {
            rest /= radix;
            factors[n_factors] = (radix, rest);
            n_factors += 1;
        }
    }
    n_factors
}

fn get<T: Sample>(numbers: &[T], index: usize) -> Complex<T> {
    Complex { re: numbers[2 * index], im: numbers[2 * index + 1] }
}

fn set<T: Sample>(numbers: &mut [T], index: usize, value: Complex<T>) {
    numbers[2 * index] = value.re;
    numbers[2 * index + 1] = value.im;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward<T: Sample>(length: usize, signal: &[T]) -> Vec<T> {
        let mut twiddles = vec![0; RealFft::twiddle_words::<T>(length)];
        RealFft::fill_twiddles::<T>(length, Direction::Forward, &mut twiddles);
        let (mut work, mut output) = (vec![T::default(); length], vec![T::default(); length + 2]);
        RealFft::new(length, Direction::Forward, &twiddles).forward(signal, &mut work, &mut output);
        output
    }

    fn inverse<T: Sample>(length: usize, spectrum: &[T]) -> Vec<T> {
        let mut twiddles = vec![0; RealFft::twiddle_words::<T>(length)];
        RealFft::fill_twiddles::<T>(length, Direction::Inverse, &mut twiddles);
        let (mut work, mut output) = (vec![T::default(); length], vec![T::default(); length]);
        RealFft::new(length, Direction::Inverse, &twiddles).inverse(spectrum, &mut work, &mut output);
        output
    }

    /// The transform by its definition.
    fn reference(length: usize, signal: &[f64]) -> Vec<f64> {
        (0..=length / 2)
            .flat_map(|bin| {
                let phase = |index: usize| -2.0 * PI * (bin * index % length) as f64 / length as f64;
                let sum = |part: fn(f64) -> f64| {
                    signal.iter().enumerate().map(|(index, sample)| sample * part(phase(index))).sum::<f64>()
                };
                [sum(f64::cos), sum(f64::sin)]
            })
            .collect()
    }

    fn noise(length: usize) -> Vec<f64> {
        let mut state = 12_345u32;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            f64::from(state as i32) / 2_147_483_648.0
        };
        (0..length).map(|_| next()).collect()
    }

    const LENGTHS: [usize; 14] = [4, 6, 8, 10, 12, 16, 18, 20, 30, 50, 64, 120, 480, 512];

    #[test]
    fn float_spectra_are_those_of_the_definition() {
        for length in LENGTHS {
            let signal = noise(length);
            let samples: Vec<f32> = signal.iter().map(|sample| *sample as f32).collect();
            let found = forward(length, &samples);
            for (found, expected) in found.iter().zip(reference(length, &signal)) {
                assert!((f64::from(*found) - expected).abs() < 2e-5, "{length}: {found}, {expected}");
            }
            let back = inverse(length, &found);
            for (found, expected) in back.iter().zip(&samples) {
                assert!((found / length as f32 - expected).abs() < 1e-5, "{length}: {found}, {expected}");
            }
        }
    }

    #[test]
    fn fixed_point_spectra_are_scaled_by_the_length() {
        for length in LENGTHS {
            let signal: Vec<f64> = noise(length).iter().map(|sample| sample * 0.9).collect();
            let expected = reference(length, &signal);
            let short: Vec<i16> = signal.iter().map(|sample| (sample * 32_768.0) as i16).collect();
            for (found, expected) in forward(length, &short).iter().zip(&expected) {
                let expected = expected * 32_768.0 / length as f64;
                assert!((f64::from(*found) - expected).abs() < 8.0, "{length}: {found}, {expected}");
            }
            let long: Vec<i32> = signal.iter().map(|sample| (sample * 2_147_483_648.0) as i32).collect();
            for (found, expected) in forward(length, &long).iter().zip(&expected) {
                let expected = expected * 2_147_483_648.0 / length as f64;
                assert!((f64::from(*found) - expected).abs() < 20.0, "{length}: {found}, {expected}");
            }
        }
    }

    #[test]
    fn missing_samples_are_silence() {
        let whole: Vec<i16> = [300, -200, 100, 50, 7].into_iter().chain([0; 11]).collect();
        assert_eq!(forward(16, &whole[..5]), forward(16, &whole));
    }

    #[test]
    fn lengths_have_small_factors() {
        for length in [0, 1, 2, 3, 7, 14, 22, 28, 49, 510] {
            assert!(!RealFft::is_supported(length), "{length}");
        }
        assert!(LENGTHS.into_iter().all(RealFft::is_supported));
        let mut factors = [(0, 0); MAX_FACTORS];
        assert_eq!(factorize(240, &mut factors), 4);
        assert_eq!(factors[..4], [(4, 60), (4, 15), (3, 5), (5, 1)]);
    }

    #[test]
    fn extremes_do_not_panic() {
        for length in LENGTHS {
            for value in [i16::MIN, i16::MAX] {
                forward(length, &vec![value; length]);
                inverse(length, &vec![value; length + 2]);
            }
            for value in [i32::MIN, i32::MAX] {
                forward(length, &vec![value; length]);
                inverse(length, &vec![value; length + 2]);
            }
        }
    }
}
