//! Charts of what a board measures. Pure: columns in, charts out, for the screen and for files alike.

use egui::Color32;
use emberlab_core::bench::{Histogram, Marker, MarkerKind};
use emberlab_core::link::Summary;

use super::columns::Column;
use super::quantity::{AxisUnit, Quantity, axis};
use crate::charts::{Area, Axis, Chart, Dash, Dot, LegendEntry, Level, Line};
use crate::panels::train::curve::Scale;
use crate::theme::{Theme, format, with_alpha};

/// The part of the time that a chart shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Beginning, in microseconds.
    pub from: u64,
    /// End.
    pub to: u64,
    /// Places are told as time before the end, not as time since the start.
    pub is_ago: bool,
}

/// How a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// What it shows of the time.
    pub window: Window,
    /// How heights are drawn.
    pub scale: Scale,
    /// Heights that the user has zoomed in to.
    pub heights: Option<(f64, f64)>,
    /// Marks at most, across and upwards.
    pub marks: [usize; 2],
}

/// A chart, and how its places are times and numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The chart.
    pub chart: Chart,
    /// Microseconds at place 0.
    pub origin_micros: f64,
    /// Microseconds from one place to the next.
    pub per_place: f64,
    /// Measured numbers in one of the axis.
    pub unit: AxisUnit,
    /// Columns that go on beyond the upper edge, and the largest number among them.
    pub beyond: Option<(usize, f64)>,
}

/// A line of named numbers.
pub struct NamedLine<'a> {
    /// What the numbers are called.
    pub name: String,
    /// Its colour.
    pub colour: Color32,
    /// On the axis at the right.
    pub is_right: bool,
    /// Its columns.
    pub columns: Vec<&'a Column>,
}

/// Up to this many microseconds places are told in seconds.
const SECONDS_UNTIL: u64 = 180_000_000;
/// A few late ones are cut where they would make all others flat: from this many times the height of 98 of 100 on.
const CUT_FROM: f64 = 3.0;
/// Markers nearer than this share of the chart have one text.
const MARKER_ROOM: f64 = 0.11;

impl Window {
    /// Places of the axis across: where place 0 is, and how many microseconds one is long.
    fn places(self) -> (f64, f64, &'static str) {
        let is_short = self.to - self.from <= SECONDS_UNTIL;
        let per = if is_short { 1e6 } else { 60e6 };
        match (self.is_ago, is_short) {
            (true, true) => (self.to as f64, per, "Seconds ago"),
            (true, false) => (self.to as f64, per, "Minutes ago"),
            (false, true) => (0.0, per, "Seconds since the start"),
            (false, false) => (0.0, per, "Minutes since the start"),
        }
    }

    fn axis(self, most: usize) -> (Axis, f64, f64) {
        let (origin, per, label) = self.places();
        let place = |micros: u64| (micros as f64 - origin) / per;
        let range = (place(self.from), place(self.to.max(self.from + 1)));
        (axis(label.to_owned(), range, Scale::Linear, most), origin, per)
    }
}

impl Made {
    /// The time at a place across.
    pub fn micros_at(&self, place: f64) -> f64 {
        self.origin_micros + place * self.per_place
    }

    /// The place across at a time.
    pub fn place_of(&self, micros: f64) -> f64 {
        (micros - self.origin_micros) / self.per_place
    }
}

/// The latency over time: everything between smallest and largest behind, the median in front.
pub fn latency_chart(
    band: &[&Column],
    trend: &[&Column],
    markers: &[&Marker],
    p99: Option<u64>,
    quantity: Quantity,
    look: &Look,
    theme: &Theme,
) -> Made {
    let largest = band.iter().map(|column| column.high).fold(0.0, f64::max);
    let unit = quantity.axis_unit(largest);
    let is_whole = unit.per == 1.0;
    let fitted = fitted(band, unit.per, look.scale, is_whole);
    let range = look.heights.unwrap_or(fitted.range);
    let (x, origin_micros, per_place) = look.window.axis(look.marks[0]);
    let place = |micros: f64| (micros - origin_micros) / per_place;
    let height = |value: f64| look.scale.height(value / unit.per);
    let colour = theme.series[0];
    let breaks: Vec<f64> = markers
        .iter()
        .filter(|marker| is_break(&marker.kind))
        .map(|marker| marker.at_micros as f64)
        .collect();
    let mut lines = Vec::new();
    let ends = band.iter().flat_map(|column| ends(column)).map(|(at, value)| (at, place(at), height(value)));
    for points in parts(ends, &breaks) {
        let colour = with_alpha(colour, if theme.dark { 0.5 } else { 0.42 });
        lines.push(Line { name: "min to max".to_owned(), points, colour, width: 1.0, dash: Dash::Solid });
    }
    let middles =
        trend.iter().map(|column| (column.at_micros, place(column.at_micros), height(column.middle)));
    for points in parts(middles, &breaks) {
        lines.push(Line { name: "median".to_owned(), points, colour, width: 2.0, dash: Dash::Solid });
    }
    let mut dots = Vec::new();
    put_markers(markers, &x, range, &place, theme, &mut lines, &mut dots);
    let levels = p99.and_then(|p99| {
        let at = height(p99 as f64).filter(|at| (range.0..=range.1).contains(at))?;
        let text = format!("p99 {}", quantity.along(unit, p99 as f64));
        Some(Level { at, text, colour: theme.status.warn })
    });
    let legend = |text: &str, alpha: f32| LegendEntry {
        text: text.to_owned(),
        colour: with_alpha(colour, alpha),
        dash: Some(Dash::Solid),
    };
    let chart = Chart {
        title: "Latency".to_owned(),
        x,
        y: axis(quantity.axis_label(unit), range, look.scale, look.marks[1]),
        right: None,
        areas: Vec::new(),
        lines,
        dots,
        levels: levels.into_iter().collect(),
        legend: vec![legend("median", 1.0), legend("smallest to largest", 0.5)],
    };
    let beyond = fitted.beyond.filter(|_| look.heights.is_none());
    Made { chart, origin_micros, per_place, unit, beyond }
}

/// Named numbers over time. Those of the axis at the right have heights of their own, and are drawn at the same height of the
/// field as they would be on it.
pub fn named_chart(
    title: &str,
    label: &str,
    named: &[NamedLine<'_>],
    markers: &[&Marker],
    look: &Look,
    theme: &Theme,
) -> Made {
    let fitted_of = |is_right: bool| {
        let lines = named.iter().filter(|line| line.is_right == is_right);
        let all: Vec<&Column> = lines.flat_map(|line| line.columns.iter().copied()).collect();
        fitted(&all, 1.0, look.scale, false)
    };
    let (left, right) = (fitted_of(false), fitted_of(true));
    let has_right = named.iter().any(|line| line.is_right);
    // Without a line of its own the left axis would stand for nothing.
    let is_alone = has_right && named.iter().all(|line| line.is_right);
    let whole = if is_alone { right.range } else { left.range };
    let range = look.heights.unwrap_or(whole);
    let [left_axis, right_axis] =
        [whole, right.range].map(|range| Axis { label: String::new(), range, marks: Vec::new() });
    let moved = |height: f64| left_axis.at(right_axis.share(height));
    let (x, origin_micros, per_place) = look.window.axis(look.marks[0]);
    let place = |micros: f64| (micros - origin_micros) / per_place;
    let breaks: Vec<f64> = markers
        .iter()
        .filter(|marker| is_break(&marker.kind))
        .map(|marker| marker.at_micros as f64)
        .collect();
    let mut lines = Vec::new();
    for line in named {
        let ends = line.columns.iter().flat_map(|column| ends(column));
        let height = |value: f64| match line.is_right {
            true => look.scale.height(value).map(moved),
            false => look.scale.height(value),
        };
        let points = ends.map(|(at, value)| (at, place(at), height(value)));
        for points in parts(points, &breaks) {
            let (name, colour) = (line.name.clone(), line.colour);
            lines.push(Line { name, points, colour, width: 1.5, dash: Dash::Solid });
        }
    }
    let mut dots = Vec::new();
    put_markers(markers, &x, range, &place, theme, &mut lines, &mut dots);
    let legend = named.iter().map(|line| LegendEntry {
        text: if line.is_right { format!("{} (right)", line.name) } else { line.name.clone() },
        colour: line.colour,
        dash: Some(Dash::Solid),
    });
    // The names of few lines say more than the word for all.
    let label_of = |is_right: bool| {
        let names: Vec<&str> =
            named.iter().filter(|line| line.is_right == is_right).map(|line| line.name.as_str()).collect();
        if has_right && (1..=3).contains(&names.len()) { names.join(", ") } else { label.to_owned() }
    };
    let own = (right_axis.at(left_axis.share(range.0)), right_axis.at(left_axis.share(range.1)));
    let right_axis = axis(label_of(true), own, look.scale, look.marks[1]);
    let left_axis = axis(label_of(is_alone), range, look.scale, look.marks[1]);
    let chart = Chart {
        title: title.to_owned(),
        x,
        y: if is_alone { Axis { label: String::new(), marks: Vec::new(), ..left_axis } } else { left_axis },
        right: has_right.then_some(right_axis),
        areas: Vec::new(),
        lines,
        dots,
        levels: Vec::new(),
        legend: legend.collect(),
    };
    let unit = AxisUnit { per: 1.0, label: "" };
    let beyond = left.beyond.or(right.beyond).filter(|_| look.heights.is_none());
    Made { chart, origin_micros, per_place, unit, beyond }
}

/// How often which latency occurs, with median and 95th percentile.
pub fn histogram_chart(
    histogram: &Histogram,
    summary: &Summary,
    quantity: Quantity,
    marks: usize,
    theme: &Theme,
) -> Chart {
    let end = histogram.start + histogram.width * histogram.counts.len() as f64;
    let unit = quantity.axis_unit(end);
    let most = f64::from(histogram.counts.iter().copied().max().unwrap_or(1).max(1));
    // A bin of one whole number stands over that number.
    let is_whole = unit.per == 1.0 && histogram.width == 1.0;
    let shift = if is_whole { 0.5 } else { 0.0 };
    let (low, high) = (histogram.start / unit.per - shift, end / unit.per - shift);
    let least = if is_whole { 2.5 } else { 0.0 };
    let margin = ((high - low) * 0.04).max(least);
    let top = most * 1.14;
    let width = histogram.width / unit.per;
    let gap = if histogram.counts.len() > 1 { width * 0.08 } else { 0.0 };
    let colour = with_alpha(theme.series[0], 0.8);
    let bars = histogram.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(index, count)| {
        let left = low + index as f64 * width;
        let count = f64::from(*count);
        Area { points: vec![[left + gap, 0.0, count], [left + width - gap, 0.0, count]], colour }
    });
    let mut lines = Vec::new();
    let mut dots = Vec::new();
    let percentiles = [
        ("median", summary.median, theme.text.text_1, top),
        ("p95", summary.p95, theme.status.warn, top * 0.91),
    ];
    for (name, value, colour, height) in percentiles {
        let at = value as f64 / unit.per;
        if (low..=high).contains(&at) {
            let points = vec![[at, 0.0], [at, height]];
            lines.push(Line { name: name.to_owned(), points, colour, width: 1.5, dash: Dash::Dashed });
            dots.push(Dot { at: [at, height], colour, radius: 1.0, ring: false, text: name.to_owned() });
        }
    }
    let runs = format::counted(summary.count as u64, "run", "runs");
    let above = match histogram.above {
        0 => String::new(),
        above => format!(", {} above", format::count(u64::from(above))),
    };
    Chart {
        title: "Distribution".to_owned(),
        x: axis(
            format!("{}, {runs}{above}", quantity.axis_label(unit)),
            (low - margin, high + margin),
            Scale::Linear,
            marks,
        ),
        y: Axis { label: String::new(), range: (0.0, top), marks: Vec::new() },
        right: None,
        areas: bars.collect(),
        lines,
        dots,
        levels: Vec::new(),
        legend: Vec::new(),
    }
}

/// What a marker says.
pub fn marker_text(kind: &MarkerKind) -> String {
    match kind {
        MarkerKind::Reset(_) => "reset".to_owned(),
        MarkerKind::Lost => "line lost".to_owned(),
        MarkerKind::Back => "line back".to_owned(),
        MarkerKind::Rate(micros) => rate_text(*micros),
        MarkerKind::Panicked => "program ended".to_owned(),
    }
}

/// A rate, from the microseconds between two invocations: `10 Hz`, `every 250 ms`.
pub fn rate_text(micros: u32) -> String {
    if micros == 0 {
        return "no pause".to_owned();
    }
    if 1_000_000_u32.is_multiple_of(micros) {
        return format!("{} Hz", format::count(u64::from(1_000_000 / micros)));
    }
    format!("every {}", format::chosen_millis(f64::from(micros) / 1000.0))
}

/// No line is drawn across: nobody knows what happened meanwhile.
pub fn is_break(kind: &MarkerKind) -> bool {
    match kind {
        MarkerKind::Reset(_) | MarkerKind::Lost | MarkerKind::Back | MarkerKind::Panicked => true,
        MarkerKind::Rate(_) => false,
    }
}

/// The two ends of a column, or its one point.
fn ends(column: &Column) -> impl Iterator<Item = (f64, f64)> + use<> {
    let (at, low, high) = (column.at_micros, column.low, column.high);
    std::iter::once((at, low)).chain((high > low).then_some((at, high)))
}

/// Points with their times, parted at breaks; points without a height are left out.
fn parts(points: impl Iterator<Item = (f64, f64, Option<f64>)>, breaks: &[f64]) -> Vec<Vec<[f64; 2]>> {
    let mut parts: Vec<Vec<[f64; 2]>> = Vec::new();
    let mut before: Option<f64> = None;
    for (at, place, height) in points {
        let Some(height) = height else { continue };
        let is_broken =
            before.is_none_or(|before| breaks.iter().any(|gap| before <= *gap && *gap <= at && before < at));
        before = Some(at);
        match parts.last_mut().filter(|_| !is_broken) {
            Some(part) => part.push([place, height]),
            None => parts.push(vec![[place, height]]),
        }
    }
    parts
}

/// Vertical lines with a text at the top, for those that are in sight.
fn put_markers(
    markers: &[&Marker],
    x: &Axis,
    range: (f64, f64),
    place: &dyn Fn(f64) -> f64,
    theme: &Theme,
    lines: &mut Vec<Line>,
    dots: &mut Vec<Dot>,
) {
    let mut text_until = f64::NEG_INFINITY;
    for marker in markers {
        let at = place(marker.at_micros as f64);
        if !(x.range.0..=x.range.1).contains(&at) {
            continue;
        }
        let colour = match marker.kind {
            MarkerKind::Rate(_) | MarkerKind::Back => theme.text.text_3,
            MarkerKind::Reset(_) | MarkerKind::Lost => theme.status.warn,
            MarkerKind::Panicked => theme.status.over,
        };
        let name = marker_text(&marker.kind);
        let points = vec![[at, range.0], [at, range.1]];
        lines.push(Line { name: name.clone(), points, colour, width: 1.5, dash: Dash::Dotted });
        if x.share(at) >= text_until {
            text_until = x.share(at) + MARKER_ROOM;
            dots.push(Dot { at: [at, range.1], colour, radius: 1.5, ring: false, text: name });
        }
    }
}

struct Fitted {
    range: (f64, f64),
    beyond: Option<(usize, f64)>,
}

/// Heights that show the columns. They end at round numbers, so that they do not move with every new point.
fn fitted(columns: &[&Column], per: f64, scale: Scale, is_whole: bool) -> Fitted {
    let heights = |value: fn(&Column) -> f64| {
        columns
            .iter()
            .filter_map(move |column| scale.height(value(column) / per))
            .filter(|height| height.is_finite())
    };
    let low = heights(|column| column.low).fold(f64::INFINITY, f64::min);
    let mut highs: Vec<f64> = heights(|column| column.high).collect();
    highs.sort_unstable_by(f64::total_cmp);
    let Some(largest) = highs.last().copied().filter(|_| low.is_finite()) else {
        return Fitted { range: (0.0, 1.0), beyond: None };
    };
    let usual = highs[(highs.len() - 1) * 98 / 100];
    let (mut high, mut beyond) = (largest, None);
    if scale == Scale::Linear && usual > low && largest - low > CUT_FROM * (usual - low) {
        high = low + 1.5 * (usual - low);
        let n_cut = highs.iter().filter(|height| **height > high).count();
        beyond = Some((n_cut, largest * per));
    }
    let least = match scale {
        // Whole numbers that do not differ are not drawn as if they did.
        Scale::Linear if is_whole => 10.0,
        Scale::Linear => low.abs().max(1e-6) * 1e-3,
        Scale::Log => 0.1,
    };
    Fitted { range: rounded(low, high, least), beyond }
}

/// A range that shows all values; it ends at round numbers.
pub fn fitted_range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    if low > high { (0.0, 1.0) } else { rounded(low, high, low.abs().max(1e-6) * 1e-3) }
}

/// A range with some room around it that ends at round numbers; not narrower than `least`.
fn rounded(low: f64, high: f64, least: f64) -> (f64, f64) {
    let span = (high - low).max(least);
    let middle = (high + low) / 2.0;
    let step = round_up(span / 8.0);
    let (low, high) = (middle - span / 2.0 - span * 0.04, middle + span / 2.0 + span * 0.1);
    ((low / step).floor() * step, (high / step).ceil() * step)
}

/// 1, 2 or 5 times a power of ten, not less than the number.
fn round_up(number: f64) -> f64 {
    let power = 10f64.powf(number.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= number)
        .unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHIP: Quantity = Quantity::Time { clock_hz: 160_000_000 };

    fn column(seconds: f64, low: f64, high: f64) -> Column {
        Column { at_micros: seconds * 1e6, low, middle: (low + high) / 2.0, high, count: 3 }
    }

    fn look(scale: Scale) -> Look {
        let window = Window { from: 0, to: 60_000_000, is_ago: true };
        Look { window, scale, heights: None, marks: [7, 5] }
    }

    fn made(columns: &[Column], markers: &[Marker], quantity: Quantity, scale: Scale) -> Made {
        let columns: Vec<&Column> = columns.iter().collect();
        let markers: Vec<&Marker> = markers.iter().collect();
        latency_chart(&columns, &columns, &markers, Some(15_366_400), quantity, &look(scale), Theme::of(true))
    }

    #[test]
    fn a_time_has_its_unit_and_everything_else_has_none() {
        let columns = [column(1.0, 15_336_000.0, 15_360_000.0), column(50.0, 15_340_000.0, 15_400_000.0)];
        let time = made(&columns, &[], CHIP, Scale::Linear);
        assert_eq!(time.chart.y.label, "ms per inference");
        assert_eq!(time.chart.levels[0].text, "p99 96.040");
        assert!(time.chart.y.marks.iter().any(|(_, text)| text == "96.0"), "{:?}", time.chart.y.marks);
        let emulated = made(&columns, &[], Quantity::Instructions, Scale::Linear);
        assert_eq!(emulated.chart.y.label, "instructions per inference");
        assert_eq!(emulated.chart.levels[0].text, "p99 15,366,400");
        assert!(emulated.chart.y.marks.iter().all(|(_, text)| !text.contains('.')));
        let simulated = made(&columns, &[], Quantity::Nanoseconds, Scale::Linear);
        assert_eq!(simulated.chart.y.label, "ns per inference, this computer");
    }

    #[test]
    fn a_number_that_never_changes_has_an_axis_of_whole_numbers() {
        let columns = [column(1.0, 9_040_181.0, 9_040_181.0)];
        let made = made(&columns, &[], Quantity::Instructions, Scale::Linear);
        let (low, high) = made.chart.y.range;
        assert!(low < 9_040_181.0 && high > 9_040_181.0 && high - low >= 10.0);
        let texts: Vec<&str> = made.chart.y.marks.iter().map(|(_, text)| text.as_str()).collect();
        assert!(texts.len() >= 2 && texts.iter().all(|text| text.starts_with("9,040,1")), "{texts:?}");
    }

    #[test]
    fn a_few_late_ones_are_cut_and_said() {
        let mut columns: Vec<Column> =
            (0..200).map(|index| column(f64::from(index) / 4.0, 1000.0, 1010.0)).collect();
        columns[77].high = 90_000.0;
        let linear = made(&columns, &[], Quantity::Nanoseconds, Scale::Linear);
        assert_eq!(linear.beyond, Some((1, 90_000.0)));
        assert!(linear.chart.y.range.1 < 1100.0);
        let log = made(&columns, &[], Quantity::Nanoseconds, Scale::Log);
        assert_eq!(log.beyond, None);
        assert!(log.chart.y.range.1 >= 90_000f64.log10());
    }

    #[test]
    fn lines_end_where_the_board_was_reset() {
        let columns: Vec<Column> = (0..10).map(|second| column(f64::from(second), 5.0, 5.0)).collect();
        let marker = |at_micros, kind| Marker { at_micros, kind };
        let markers = [
            marker(4_500_000, MarkerKind::Reset("power on".to_owned())),
            marker(7_500_000, MarkerKind::Rate(100_000)),
        ];
        let made = made(&columns, &markers, Quantity::Cycles, Scale::Linear);
        let count = |name: &str| made.chart.lines.iter().filter(|line| line.name == name).count();
        assert_eq!((count("median"), count("reset"), count("10 Hz")), (2, 1, 1));
        assert_eq!(made.chart.dots.len(), 1, "texts that would lie upon each other are left out");
        assert_eq!(made.chart.x.label, "Seconds ago");
        assert_eq!(made.micros_at(made.place_of(12.0)), 12.0);
    }

    #[test]
    fn lines_of_the_right_axis_have_heights_of_their_own() {
        fn line<'a>(name: &str, columns: &'a [Column], is_right: bool) -> NamedLine<'a> {
            NamedLine {
                name: name.to_owned(),
                colour: Color32::RED,
                is_right,
                columns: columns.iter().collect(),
            }
        }
        let temperature = [column(1.0, 20.0, 20.0), column(50.0, 30.0, 30.0)];
        let pressure = [column(1.0, 1000.0, 1000.0), column(50.0, 1010.0, 1010.0)];
        let chart = |is_right, look: Look| {
            let lines = [line("°C", &temperature, false), line("hPa", &pressure, is_right)];
            named_chart("Text values", "Value", &lines, &[], &look, Theme::of(true)).chart
        };
        let one = chart(false, look(Scale::Linear));
        assert!(one.right.is_none() && one.y.range.1 >= 1010.0 && one.y.label == "Value");
        let two = chart(true, look(Scale::Linear));
        let right = two.right.as_ref().expect("an axis of its own");
        assert_eq!((two.y.label.as_str(), right.label.as_str()), ("°C", "hPa"));
        assert!(two.y.range.1 < 40.0 && right.range.0 > 990.0, "{:?} {:?}", two.y.range, right.range);
        let value = |chart: &Chart, line: usize, point: usize| {
            let axis = chart.right.as_ref().expect("an axis of its own");
            axis.at(chart.y.share(chart.lines[line].points[point][1]))
        };
        assert!((value(&two, 1, 0) - 1000.0).abs() < 1e-9 && (value(&two, 1, 1) - 1010.0).abs() < 1e-9);
        // Where the user zooms in, both axes go along.
        let zoomed = chart(true, Look { heights: Some((20.0, 25.0)), ..look(Scale::Linear) });
        assert!((value(&zoomed, 1, 1) - 1010.0).abs() < 1e-9);
    }

    #[test]
    fn rates_read_as_people_say_them() {
        for (micros, expected) in [
            (0, "no pause"),
            (1_000_000, "1 Hz"),
            (10_000, "100 Hz"),
            (250, "4,000 Hz"),
            (300_000, "every 300 ms"),
            (1_500_000, "every 1,500 ms"),
        ] {
            assert_eq!(rate_text(micros), expected);
        }
    }

    #[test]
    fn a_distribution_says_what_it_leaves_out() {
        let histogram = Histogram { start: 1000.0, width: 1.0, counts: vec![5, 0, 90, 4], above: 3 };
        let summary =
            Summary { count: 102, minimum: 1000, median: 1002, p95: 1003, p99: 2000, maximum: 9000 };
        let chart = histogram_chart(&histogram, &summary, Quantity::Instructions, 4, Theme::of(false));
        assert_eq!(chart.x.label, "instructions per inference, 102 runs, 3 above");
        assert_eq!(chart.areas.len(), 3);
        assert_eq!(chart.lines.len(), 2);
        let same = Histogram { start: 9010.0, width: 1.0, counts: vec![50], above: 0 };
        let always = Summary { minimum: 9010, median: 9010, p95: 9010, p99: 9010, maximum: 9010, count: 50 };
        let chart = histogram_chart(&same, &always, Quantity::Instructions, 4, Theme::of(false));
        assert!(chart.x.marks.iter().all(|(_, text)| !text.contains('.')), "{:?}", chart.x.marks);
        assert!(
            chart.x.marks.iter().any(|(at, text)| *at == 9010.0 && text == "9,010"),
            "{:?}",
            chart.x.marks
        );
        let late = Summary { p95: 5000, ..summary };
        let chart = histogram_chart(&histogram, &late, CHIP, 4, Theme::of(true));
        assert_eq!((chart.lines.len(), chart.x.label.starts_with("µs")), (1, true));
    }
}
