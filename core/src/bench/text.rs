//! Numbers in lines of text, as any firmware prints them.

/// How much a line of a log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Every detail.
    Verbose,
    /// For those who look for a fault.
    Debug,
    /// Worth knowing, or without a level.
    Info,
    /// Look at this.
    Warning,
    /// Something failed.
    Error,
}

/// A line of text, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextLine<'a> {
    /// Its level.
    pub level: LogLevel,
    /// Milliseconds since the board's start, where the line says them.
    pub at_millis: Option<u64>,
    /// The part of the program that wrote it.
    pub tag: Option<&'a str>,
    /// What it says.
    pub text: &'a str,
}

/// Takes a line apart that may come from ESP-IDF's log: `I (1234) tag: text`. Colours are to be removed before.
pub fn text_line(line: &str) -> TextLine<'_> {
    esp_idf(line).unwrap_or(TextLine { level: LogLevel::Info, at_millis: None, tag: None, text: line })
}

fn esp_idf(line: &str) -> Option<TextLine<'_>> {
    let (letter, rest) = line.split_once(" (")?;
    let level = match letter {
        "E" => LogLevel::Error,
        "W" => LogLevel::Warning,
        "I" => LogLevel::Info,
        "D" => LogLevel::Debug,
        "V" => LogLevel::Verbose,
        _ => return None,
    };
    let (time, rest) = rest.split_once(") ")?;
    let (tag, text) = rest.split_once(": ")?;
    // The time is milliseconds, or a clock such as 12:00:01.123.
    let at_millis = time.parse().ok();
    (!time.is_empty() && !tag.contains(' ')).then_some(TextLine { level, at_millis, tag: Some(tag), text })
}

/// Named numbers in a line: `name:value` or `name=value`, several of them separated by blanks, commas or semicolons, with
/// units behind the number or not; or a line of numbers only, which are called `1`, `2` and so on.
pub fn text_values(line: &str) -> Vec<(String, f64)> {
    let text = text_line(line).text;
    let named = named_values(text);
    if named.is_empty() { bare_values(text) } else { named }
}

fn named_values(text: &str) -> Vec<(String, f64)> {
    let mut values = Vec::new();
    for (index, sign) in text.char_indices().filter(|(_, character)| matches!(character, ':' | '=')) {
        let before = text[..index].trim_end();
        let start = before.rfind([' ', '\t', ',', ';', '{', '(', '|']).map_or(0, |place| place + 1);
        let name = before[start..].trim_matches(['"', '\'', '>']);
        let is_name = name.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_');
        if !is_name {
            continue;
        }
        if let Some((value, _)) = number(text[index + sign.len_utf8()..].trim_start()) {
            values.push((name.to_owned(), value));
        }
    }
    values
}

fn bare_values(text: &str) -> Vec<(String, f64)> {
    let fields: Vec<&str> =
        text.split([',', ';', '\t', ' ']).map(str::trim).filter(|field| !field.is_empty()).collect();
    let numbers: Option<Vec<f64>> = fields
        .iter()
        .map(|field| number(field).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value))
        .collect();
    let numbers = numbers.unwrap_or_default();
    numbers.into_iter().enumerate().map(|(index, value)| ((index + 1).to_string(), value)).collect()
}

/// The number that a text begins with, if it is finite and no part of a word, and what follows it.
fn number(text: &str) -> Option<(f64, &str)> {
    let is_part = |(index, character): &(usize, char)| {
        let before = text[..*index].chars().next_back();
        character.is_ascii_digit()
            || *character == '.'
            || (matches!(character, '+' | '-') && (*index == 0 || matches!(before, Some('e' | 'E'))))
            || (matches!(character, 'e' | 'E')
                && before.is_some_and(|before| before.is_ascii_digit() || before == '.')
                && text[index + 1..].starts_with(|next: char| next.is_ascii_digit() || "+-".contains(next)))
    };
    let end = text.char_indices().find(|place| !is_part(place)).map_or(text.len(), |(index, _)| index);
    let value: f64 = text[..end].parse().ok()?;
    let rest = &text[end..];
    // An address such as 0x3c or a clock such as 12:30 is no measurement.
    let is_other = rest.starts_with([':', 'x', 'X', '_', '/']);
    (value.is_finite() && !is_other).then_some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &[(&str, f64)]) {
        let found = text_values(line);
        let found: Vec<(&str, f64)> = found.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn names_with_values() {
        check("temp:21.5", &[("temp", 21.5)]);
        check("temp: 21.5 C, humidity=40%", &[("temp", 21.5), ("humidity", 40.0)]);
        check("x:1\ty:-2.5e-3\tz:+7", &[("x", 1.0), ("y", -2.5e-3), ("z", 7.0)]);
        check("I (1234) bench: latency_us=812 heap=203344", &[("latency_us", 812.0), ("heap", 203_344.0)]);
        check(">loss:0.25", &[("loss", 0.25)]);
        check("{\"a\": 3, \"b\": 4}", &[("a", 3.0), ("b", 4.0)]);
    }

    #[test]
    fn rows_of_numbers() {
        check("1,2.5,-3", &[("1", 1.0), ("2", 2.5), ("3", -3.0)]);
        check("17", &[("1", 17.0)]);
        check("4 5", &[("1", 4.0), ("2", 5.0)]);
    }

    #[test]
    fn what_is_no_measurement() {
        for line in [
            "",
            "hello world",
            "rst:0x1 (POWERON),boot:0x8",
            "time: 12:30:01",
            "load:0x3fff0030,len:abc",
            "nan, nan",
            "value:nan",
            "see http://example.org",
            "1, two, 3",
            "a: 1/2",
        ] {
            check(line, &[]);
        }
    }

    #[test]
    fn lines_of_esp_idf() {
        let expected = TextLine {
            level: LogLevel::Warning,
            at_millis: Some(512),
            tag: Some("wifi"),
            text: "no: signal",
        };
        assert_eq!(text_line("W (512) wifi: no: signal"), expected);
        let plain =
            TextLine { level: LogLevel::Info, at_millis: None, tag: None, text: "I am (not) one: really" };
        assert_eq!(text_line(plain.text), plain);
    }
}
