//! Find in graph and tables: what was typed, and what it matches.

/// What to look for: every term must match.
///
/// Terms are parted by spaces; a term in quotes must equal a whole field, another must be part of one. Capitals do
/// not matter, and `×`, `x` and `,` are the same in a shape, with or without the batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    text: String,
    exact: bool,
}

/// What can be found about one operator or tensor: names, operator, type, shapes, in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Haystack {
    fields: Vec<String>,
}

impl Query {
    /// Reads what was typed. An open quote reaches to the end.
    pub fn parse(text: &str) -> Self {
        let mut terms = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let (term, exact, after) = if first == '"' {
                let inside = &rest[1..];
                match inside.split_once('"') {
                    Some((term, after)) => (term, true, after),
                    None => (inside, true, ""),
                }
            } else {
                let (term, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                (term, false, after)
            };
            if !term.is_empty() {
                terms.push(Term { text: normalised(term), exact });
            }
            rest = after.trim_start();
        }
        Self { terms }
    }

    /// Nothing to look for: everything matches.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Every term matches some field.
    pub fn matches(&self, haystack: &Haystack) -> bool {
        self.terms.iter().all(|term| {
            haystack.fields.iter().any(|field| {
                if term.exact { *field == term.text } else { field.contains(&term.text) }
            })
        })
    }
}

impl Haystack {
    /// Adds a name, a type or a number as it is.
    pub fn with(mut self, field: &str) -> Self {
        if !field.is_empty() {
            self.fields.push(normalised(field));
        }
        self
    }

    /// Adds a shape, with and without a batch of 1.
    pub fn with_shape(mut self, shape: &[i32]) -> Self {
        let text = |shape: &[i32]| shape.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
        if let [1, rest @ ..] = shape
            && !rest.is_empty()
        {
            self.fields.push(text(rest));
        }
        self.fields.push(text(shape));
        self
    }
}

/// Lower case; a shape typed with `×` or `x` becomes one with commas.
fn normalised(text: &str) -> String {
    let lower = text.to_lowercase();
    let is_shape = lower.chars().any(|c| c.is_ascii_digit())
        && lower.chars().all(|c| c.is_ascii_digit() || matches!(c, '×' | 'x' | ',' | '-' | '[' | ']'));
    if !is_shape {
        return lower;
    }
    lower.chars().filter(|c| !matches!(c, '[' | ']')).map(|c| if matches!(c, '×' | 'x') { ',' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_must_match() {
        let conv = || {
            Haystack::default()
                .with("Conv2D")
                .with("CONV_2D")
                .with("MobilenetV1/Conv2d_2_pointwise/Relu6")
                .with("int8")
                .with_shape(&[1, 24, 24, 16])
                .with("#4")
        };
        for (typed, found) in [
            ("", true),
            ("   ", true),
            ("conv", true),
            ("CONV2D", true),
            ("conv_2d", true),
            ("depthwise", false),
            ("conv int8", true),
            ("int8 conv 24", true),
            ("conv float32", false),
            ("24,24,16", true),
            ("24×24×16", true),
            ("24x24x16", true),
            ("1,24,24,16", true),
            ("[1,24,24,16]", true),
            ("24,24,17", false),
            ("\"conv2d\"", true),
            ("\"conv\"", false),
            ("\"24,24,16\"", true),
            ("\"24,24\"", false),
            ("\"int8\" pointwise", true),
            ("\"int8", true),
            ("\"\"", true),
            ("#4", true),
            ("\"#4\"", true),
            ("#5", false),
            ("relu6 pointwise conv2d_2", true),
        ] {
            assert_eq!(Query::parse(typed).matches(&conv()), found, "{typed:?}");
        }
    }

    #[test]
    fn only_quotes_keep_spaces() {
        let haystack = Haystack::default().with("my layer");
        assert!(Query::parse("\"my layer\"").matches(&haystack));
        assert!(Query::parse("layer my").matches(&haystack));
        assert!(!Query::parse("\"layer my\"").matches(&haystack));
    }

    #[test]
    fn an_empty_query_says_so() {
        for (typed, empty) in [("", true), (" \t", true), ("\"\"", true), ("a", false)] {
            assert_eq!(Query::parse(typed).is_empty(), empty, "{typed:?}");
        }
    }
}
