//! How numbers are written: one place for thousands, units, signs and shapes.

use std::fmt::Write as _;

/// U+2212, as wide as a plus.
pub const MINUS: char = '\u{2212}';

/// What stands where a value is not known.
pub const UNKNOWN: &str = "–";

/// Exact bytes with the unit, `122,576 B`.
pub fn bytes(bytes: u64) -> String {
    format!("{} B", count(bytes))
}

/// Exact bytes for columns that have the unit in their head, `122,576`.
pub fn bytes_only(bytes: u64) -> String {
    count(bytes)
}

/// A second figure beside exact bytes, `119.7 KiB`, from 1024 KiB on `4.0 MiB`.
pub fn kib(bytes: u64) -> String {
    let kib = bytes as f64 / 1024.0;
    // Rounds first, so that 1023.96 KiB is not written as 1024.0 KiB.
    if (kib * 10.0).round() < 10_240.0 { format!("{kib:.1} KiB") } else { format!("{:.1} MiB", kib / 1024.0) }
}

/// A difference with its sign, `+1,024`, `−9,216`, `0`.
pub fn signed(difference: i64) -> String {
    let digits = count(difference.unsigned_abs());
    match difference.signum() {
        0 => digits,
        1 => format!("+{digits}"),
        _ => format!("{MINUS}{digits}"),
    }
}

/// An integer that may be negative, `−128`.
pub fn integer(value: i64) -> String {
    let digits = count(value.unsigned_abs());
    if value < 0 { format!("{MINUS}{digits}") } else { digits }
}

/// A count with thousands, `7,157,888`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun, `1 operator`, `31 operators`.
pub fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

/// Counts of errors, warnings and notes, without those of which there are none: `2 errors, 1 note`.
pub fn findings(errors: usize, warnings: usize, notes: usize) -> String {
    let parts = [(errors, "error", "errors"), (warnings, "warning", "warnings"), (notes, "note", "notes")]
        .into_iter();
    let parts = parts.filter(|(value, ..)| *value > 0);
    parts.map(|(value, one, many)| counted(value as u64, one, many)).collect::<Vec<_>>().join(", ")
}

/// A shape without the batch of 1, `48×48×16`; `scalar` without dimensions; `?` for an unknown dimension.
pub fn shape(shape: &[i32]) -> String {
    let shown = match shape {
        [] => return "scalar".to_owned(),
        [1, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    let mut text = String::new();
    for (index, dimension) in shown.iter().enumerate() {
        if index > 0 {
            text.push('×');
        }
        match dimension {
            ..0 => text.push('?'),
            known => {
                let _ = write!(text, "{known}");
            }
        }
    }
    text
}

/// A share of 0 to 1 with one decimal, `37.4 %`; [`UNKNOWN`] without a finite value.
pub fn percent_share(share: f64) -> String {
    if share.is_finite() { minus(format!("{:.1} %", share * 100.0)) } else { UNKNOWN.to_owned() }
}

/// A share of 0 to 1 without decimals, for gauges, `37 %`.
pub fn percent_whole(share: f64) -> String {
    if share.is_finite() { minus(format!("{:.0} %", share * 100.0)) } else { UNKNOWN.to_owned() }
}

/// A difference of two shares of 0 to 1, with its sign where it is below 0: `0.9 points`.
pub fn points(difference: f64) -> String {
    if difference.is_finite() {
        minus(format!("{:.1} points", difference * 100.0))
    } else {
        UNKNOWN.to_owned()
    }
}

/// A measured time given in microseconds: `412 µs`, from 1 ms on `95.906 ms`, from 1 s on `1.203 s`.
pub fn micros(micros: f64) -> String {
    if !micros.is_finite() {
        return UNKNOWN.to_owned();
    }
    if micros.abs().round() < 1000.0 {
        return minus(format!("{micros:.0} µs"));
    }
    if micros.abs() < 999_999.5 { millis(micros / 1000.0) } else { minus(format!("{:.3} s", micros / 1e6)) }
}

/// A measured time given in milliseconds, `95.906 ms`.
pub fn millis(millis: f64) -> String {
    if millis.is_finite() { minus(format!("{millis:.3} ms")) } else { UNKNOWN.to_owned() }
}

/// An estimated time given in milliseconds: `400 µs`, from 1 ms on `4.7 ms`, `84 ms`, `1,400 ms`. No estimate is good to
/// more than two digits, and below 1 ms, where what the interpreter takes prevails, to more than one.
pub fn estimated_millis(millis: f64) -> String {
    if !millis.is_finite() {
        return UNKNOWN.to_owned();
    }
    let rounded = rounded_estimate(millis);
    if rounded.abs() < 1.0 {
        return minus(format!("{} µs", (rounded * 1000.0).round()));
    }
    format!("{} ms", estimated_millis_only(millis))
}

/// An estimated time in milliseconds for columns that have the unit in their head: `0.4`, `9.4`, `140`.
pub fn estimated_millis_only(millis: f64) -> String {
    if !millis.is_finite() {
        return UNKNOWN.to_owned();
    }
    let rounded = rounded_estimate(millis);
    match rounded.abs() {
        // Two of the three decimals may be zeros.
        ..1.0 => minus(format!("{rounded:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()),
        1.0..10.0 => minus(format!("{rounded:.1}")),
        _ => integer(rounded.round() as i64),
    }
}

/// An estimate with its error bar, in milliseconds: `47 ms ±25 %`, with a long bar `2.1 to 14 ms`, and where the bar is so
/// long that only its end says something, `under 4 ms`.
pub fn estimate_with_bar(low: f64, mid: f64, high: f64) -> String {
    /// Up to this half of a bar the estimate itself is worth naming.
    const NAMED: f64 = 0.5;
    /// Up to this share of the lower end the bar's two ends are worth naming.
    const ENDS: f64 = 10.0;
    if !low.is_finite() || !high.is_finite() || mid <= 0.0 {
        return UNKNOWN.to_owned();
    }
    let error = (high - mid).max(mid - low) / mid;
    if error <= NAMED {
        // A bar that is rounded down would leave out what was measured.
        let percent = (error * 20.0 - 1e-9).ceil().max(1.0) * 5.0;
        return format!("{} ±{percent:.0} %", estimated_millis(mid));
    }
    if low > 0.0 && high <= ENDS * low {
        let (low, high) = (estimated_millis(low), estimated_millis(high));
        // The unit once, unless there are two.
        let low =
            if high.ends_with(" ms") { low.trim_end_matches(" ms") } else { low.trim_end_matches(" µs") };
        return format!("{low} to {high}");
    }
    let end = rounded_up(high);
    if end < 1.0 {
        format!("under {} µs", (end * 1000.0).round())
    } else {
        format!("under {} ms", integer(end.round() as i64))
    }
}

/// The same for columns that have the unit in their head: `47`, and where the bar is long only its end, `<4`.
pub fn estimate_only(low: f64, mid: f64, high: f64) -> String {
    let text = estimate_with_bar(low, mid, high);
    if text == UNKNOWN {
        return text;
    }
    if text.contains('±') {
        return estimated_millis_only(mid);
    }
    let end = rounded_up(high);
    if end < 1.0 {
        format!("<{}", estimated_millis_only(end))
    } else {
        format!("<{}", integer(end.round() as i64))
    }
}

/// A time that somebody chose, in milliseconds, as exactly as it was chosen: `0.5 ms`, `125 ms`, `10,000 ms`.
pub fn chosen_millis(millis: f64) -> String {
    if !millis.is_finite() {
        return UNKNOWN.to_owned();
    }
    let hundredths = (millis * 100.0).round() as i64;
    let whole = integer(hundredths / 100);
    match (hundredths % 100).unsigned_abs() {
        0 => format!("{whole} ms"),
        rest if rest % 10 == 0 => format!("{whole}.{} ms", rest / 10),
        rest => format!("{whole}.{rest:02} ms"),
    }
}

/// One significant digit, never less than the value.
fn rounded_up(millis: f64) -> f64 {
    let step = 10f64.powf(millis.max(f64::MIN_POSITIVE).log10().floor());
    (millis / step - 1e-9).ceil() * step
}

/// Two significant digits from 1 on, one below.
fn rounded_estimate(millis: f64) -> f64 {
    if millis == 0.0 {
        return 0.0;
    }
    let exponent = millis.abs().log10().floor();
    let step = 10f64.powf(if exponent < 0.0 { exponent } else { exponent - 1.0 });
    (millis / step).round() * step
}

/// A time of this program's own steps with one decimal and without the unit, `6.2`.
pub fn millis_short(micros: f64) -> String {
    format!("{:.1}", micros / 1000.0)
}

/// A scale with four significant digits, `0.003922`, `2.353e−7`.
pub fn scale(value: f32) -> String {
    significant(f64::from(value), 4)
}

/// A value with `digits` significant digits; scientific below 0.0001 and from 1,000,000 on.
pub fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return if value.is_nan() { "NaN".to_owned() } else { minus(format!("{value}")) };
    }
    let scientific = format!("{value:.*e}", digits.saturating_sub(1));
    let exponent: i32 = scientific.rsplit_once('e').and_then(|(_, digits)| digits.parse().ok()).unwrap_or(0);
    if !(-4..6).contains(&exponent) {
        return minus(scientific);
    }
    let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
    minus(format!("{value:.decimals$}"))
}

/// How long something took or will take: `46 s`, `1 min 08 s`, `2 h 05 min`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return UNKNOWN.to_owned();
    }
    let total = seconds.round() as u64;
    match total {
        0..60 => format!("{total} s"),
        60..3600 => format!("{} min {:02} s", total / 60, total % 60),
        _ => format!("{} h {:02} min", total / 3600, total % 3600 / 60),
    }
}

/// A time that a computation took, `0.43 s`, `12.4 s`; from a minute on as [`duration`].
pub fn short_duration(seconds: f64) -> String {
    match seconds {
        0.0..59.95 => format!("{} s", significant(seconds, if seconds < 10.0 { 2 } else { 3 })),
        _ => duration(seconds),
    }
}

/// A clock, `240 MHz`.
pub fn clock(hertz: u64) -> String {
    format!("{} MHz", count(hertz / 1_000_000))
}

/// A number in a field that can be dragged: as few decimals within the range as show it exactly.
pub fn with_decimals(value: f64, decimals: std::ops::RangeInclusive<usize>) -> String {
    minus(egui::emath::format_with_decimals_in_range(value, decimals))
}

/// A type-writer minus becomes U+2212.
fn minus(text: String) -> String {
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cases: &[(String, &str)]) {
        for (found, expected) in cases {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn bytes_have_commas_and_a_unit() {
        check(&[
            (bytes(0), "0 B"),
            (bytes(999), "999 B"),
            (bytes(1000), "1,000 B"),
            (bytes(122_576), "122,576 B"),
            (bytes_only(1_234_567), "1,234,567"),
            (count(u64::MAX), "18,446,744,073,709,551,615"),
            (counted(1, "operator", "operators"), "1 operator"),
            (counted(1031, "operator", "operators"), "1,031 operators"),
            (findings(2, 0, 1), "2 errors, 1 note"),
            (findings(0, 1, 1200), "1 warning, 1,200 notes"),
        ]);
    }

    #[test]
    fn kib_has_one_decimal_and_turns_into_mib() {
        check(&[
            (kib(0), "0.0 KiB"),
            (kib(122_576), "119.7 KiB"),
            (kib(1_048_520), "1023.9 KiB"),
            (kib(1_048_575), "1.0 MiB"),
            (kib(4 << 20), "4.0 MiB"),
        ]);
    }

    #[test]
    fn differences_carry_a_sign() {
        check(&[
            (signed(0), "0"),
            (signed(1024), "+1,024"),
            (signed(-9216), "−9,216"),
            (signed(i64::MIN), "−9,223,372,036,854,775,808"),
            (integer(-128), "−128"),
            (integer(127), "127"),
        ]);
    }

    #[test]
    fn shapes_drop_a_batch_of_one() {
        check(&[
            (shape(&[1, 48, 48, 16]), "48×48×16"),
            (shape(&[2, 48]), "2×48"),
            (shape(&[1]), "1"),
            (shape(&[]), "scalar"),
            (shape(&[1, -1, 3]), "?×3"),
            (shape(&[0]), "0"),
        ]);
    }

    #[test]
    fn shares_have_one_decimal_and_a_space() {
        check(&[
            (percent_share(0.374_1), "37.4 %"),
            (percent_share(f64::NAN), UNKNOWN),
            (percent_whole(1.076), "108 %"),
            (percent_whole(f64::INFINITY), UNKNOWN),
        ]);
    }

    #[test]
    fn times_choose_their_unit() {
        check(&[
            (micros(0.0), "0 µs"),
            (micros(412.4), "412 µs"),
            (micros(999.6), "1.000 ms"),
            (micros(95_906.0), "95.906 ms"),
            (micros(1_203_000.0), "1.203 s"),
            (micros(999_999.9), "1.000 s"),
            (millis_short(6_240.0), "6.2"),
            (estimated_millis(0.0), "0 µs"),
            (estimated_millis(0.021), "20 µs"),
            (estimated_millis(0.314), "300 µs"),
            (estimated_millis(0.9996), "1.0 ms"),
            (estimated_millis(4.72), "4.7 ms"),
            (estimated_millis(9.96), "10 ms"),
            (estimated_millis(84.04), "84 ms"),
            (estimated_millis(1_430.2), "1,400 ms"),
            (estimated_millis(f64::NAN), UNKNOWN),
            (estimated_millis_only(0.0), "0"),
            (estimated_millis_only(0.021), "0.02"),
            (estimated_millis_only(0.314), "0.3"),
            (estimated_millis_only(9.44), "9.4"),
            (estimated_millis_only(16.21), "16"),
            (estimated_millis_only(142.9), "140"),
            (chosen_millis(0.5), "0.5 ms"),
            (chosen_millis(1.05), "1.05 ms"),
            (chosen_millis(125.0), "125 ms"),
            (chosen_millis(10_000.0), "10,000 ms"),
            (duration(46.2), "46 s"),
            (duration(59.6), "1 min 00 s"),
            (duration(68.0), "1 min 08 s"),
            (duration(7500.0), "2 h 05 min"),
            (duration(-1.0), UNKNOWN),
            (short_duration(0.43), "0.43 s"),
            (short_duration(12.44), "12.4 s"),
            (short_duration(59.96), "1 min 00 s"),
        ]);
    }

    #[test]
    fn an_estimate_says_no_more_than_its_bar_allows() {
        check(&[
            (estimate_with_bar(38.0, 47.2, 58.0), "47 ms ±25 %"),
            (estimate_with_bar(47.0, 47.2, 47.4), "47 ms ±5 %"),
            (estimate_with_bar(60.0, 100.0, 145.2), "100 ms ±50 %"),
            (estimate_with_bar(2.1, 5.0, 13.8), "2.1 to 14 ms"),
            (estimate_with_bar(0.6, 1.4, 3.0), "600 µs to 3.0 ms"),
            (estimate_with_bar(0.03, 0.39, 1.93), "under 2 ms"),
            (estimate_with_bar(0.012, 0.37, 3.61), "under 4 ms"),
            (estimate_with_bar(0.0, 0.01, 0.07), "under 70 µs"),
            (estimate_with_bar(0.0, 0.0, f64::NAN), UNKNOWN),
            (estimate_only(38.0, 47.2, 58.0), "47"),
            (estimate_only(0.012, 0.37, 3.61), "<4"),
            (estimate_only(2.1, 5.0, 13.8), "<20"),
        ]);
    }

    #[test]
    fn scales_have_four_significant_digits() {
        check(&[
            (scale(0.003_921_569), "0.003922"),
            (scale(1.0), "1.000"),
            (scale(0.0), "0"),
            (scale(2.353e-7), "2.353e−7"),
            (scale(-12.5), "−12.50"),
            (scale(123_456.0), "123456"),
            (scale(f32::NAN), "NaN"),
            (scale(f32::NEG_INFINITY), "−inf"),
        ]);
    }
}
