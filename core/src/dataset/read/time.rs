//! Times: texts and numbers as seconds, and the rate of steps.

use crate::dataset::TimeUnit;

/// Seconds of a date and time of day such as `2014-04-01 00:05:00.25`, counted from 1970 without leap seconds or zones.
/// Separators of the date may be `-`, `/` or `.`; between date and time stands a space or `T`; seconds may be missing.
pub(in crate::dataset) fn seconds_of_date_time(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches('Z');
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "0:0"));
    let mut date = date.split(['-', '/', '.']);
    let mut whole = || date.next()?.parse::<i64>().ok();
    let (year, month, day) = (whole()?, whole()?, whole()?);
    if date.next().is_some()
        || !(0..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
    {
        return None;
    }
    let mut time = time.split(':');
    let mut number = || time.next()?.parse::<f64>().ok().filter(|number| (0.0..=60.0).contains(number));
    let (hours, minutes) = (number()?, number()?);
    let seconds = match time.next() {
        Some(seconds) => seconds.parse::<f64>().ok().filter(|number| (0.0..=61.0).contains(number))?,
        None => 0.0,
    };
    if time.next().is_some() || hours > 24.0 {
        return None;
    }
    Some(days_from_1970(year, month, day) as f64 * 86_400.0 + hours * 3600.0 + minutes * 60.0 + seconds)
}

/// Days of the Gregorian calendar since 1970-01-01. Years begin in March here, so that the leap day ends them.
fn days_from_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Seconds of a number of a unit. Dates are no numbers: they count as seconds.
pub(in crate::dataset) fn seconds(number: f64, unit: TimeUnit) -> f64 {
    number
        / match unit {
            TimeUnit::Seconds | TimeUnit::DateTime => 1.0,
            TimeUnit::Milliseconds => 1e3,
            TimeUnit::Microseconds => 1e6,
            TimeUnit::Nanoseconds => 1e9,
        }
}

/// A step of time more than that many times the usual one is a gap that no straight line can bridge.
pub(in crate::dataset) const LONGEST_BRIDGE: f64 = 20.0;

/// Steps that differ from their median by at most this share, and at least half of all, tell the usual one.
const NEAR_MEDIAN: f64 = 0.2;

/// The usual step between times, without gaps and steps back: the mean of those near the median where these are most, so that
/// missing rows do not count; else the mean of all, since clocks that jitter keep their mean. `None` without a step forward.
pub(in crate::dataset) fn usual_step(times: &[f64]) -> Option<f64> {
    let mut steps: Vec<f64> = times
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .filter(|step| *step >= 0.0 && step.is_finite())
        .collect();
    steps.sort_by(f64::total_cmp);
    let median = *steps.get(steps.len() / 2)?;
    let mean = |steps: &[f64]| steps.iter().sum::<f64>() / steps.len() as f64;
    let below = |limit: f64| steps.partition_point(|step| *step <= limit);
    let near = below((1.0 - NEAR_MEDIAN) * median)..below((1.0 + NEAR_MEDIAN) * median);
    if median > 0.0 && near.len() * 2 >= steps.len() {
        return Some(mean(&steps[near]));
    }
    // Rows that arrive in bursts may have a median of 0.
    let limit = LONGEST_BRIDGE * if median > 0.0 { median } else { mean(&steps) };
    let usual = mean(&steps[..below(limit)]);
    (usual > 0.0).then_some(usual)
}

/// Where times jump or run backwards: the index after the jump, and the step.
pub(in crate::dataset) fn jumps(times: &[f64], usual_step: f64) -> impl Iterator<Item = (usize, f64)> {
    let steps = times.windows(2).enumerate().map(|(index, pair)| (index + 1, pair[1] - pair[0]));
    steps.filter(move |(_, step)| *step < 0.0 || *step > LONGEST_BRIDGE * usual_step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_counted_in_seconds() {
        // Unix times as `date -u -d … +%s` gives them.
        for (text, expected) in [
            ("1970-01-01 00:00:00", 0.0),
            ("2014-04-01 00:05:00", 1_396_310_700.0),
            ("2000-02-29T23:59:59.500Z", 951_868_799.5),
            ("2014/02/08 14:30", 1_391_869_800.0),
            ("1900-03-01", -2_203_891_200.0),
        ] {
            assert_eq!(seconds_of_date_time(text), Some(expected), "{text}");
        }
        for text in ["", "2014", "2014-13-01", "2014-01-01 25:00", "2014-01-01 00:00:00:00", "walking", "1.5"]
        {
            assert_eq!(seconds_of_date_time(text), None, "{text}");
        }
    }

    #[test]
    fn gaps_and_steps_back_do_not_change_the_rate() {
        assert_eq!(usual_step(&[0.0, 1.0, 2.0, 3.0]), Some(1.0));
        assert_eq!(usual_step(&[0.0, 1.0, 2.0, 1000.0, 1001.0, 900.0, 901.0]), Some(1.0));
        assert_eq!(usual_step(&[0.0, 0.0, 0.0, 0.0, 4.0, 4.0]), Some(0.8), "bursts");
        let missing = [0.0, 1.0, 2.0, 3.0, 5.0, 6.0, 8.0, 9.0, 10.0];
        assert_eq!(usual_step(&missing), Some(1.0), "rows that are missing");
        assert_eq!(usual_step(&[0.0, 1.0, 5.0, 8.0, 10.0, 17.0]), Some(3.4), "no step is usual");
        assert_eq!(usual_step(&[1.0]), None);
        assert_eq!(usual_step(&[2.0, 1.0]), None);
        assert_eq!(usual_step(&[f64::NAN, 1.0, f64::INFINITY]), None);
        assert_eq!(jumps(&[0.0, 1.0, 0.5, 50.0], 1.0).collect::<Vec<_>>(), [(2, -0.5), (3, 49.5)]);
    }
}
