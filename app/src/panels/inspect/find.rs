//! Find in graph and tables: what was typed, and what it matches.

/// What to look for: every term must match.
///
/// Terms are parted by spaces; a term in quotes must equal a whole field, another must be part of one. Capitals do
/// not matter. A term of numbers is a shape, with `,`, `x` or `×` between them: it must be a run of a shape's
/// dimensions, so that `1x1` does not find `1×16`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    text: String,
    dimensions: Option<Vec<i32>>,
    exact: bool,
}

/// What can be found about one operator or tensor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Haystack {
    /// Names, operator and type, in lower case.
    words: Vec<String>,
    shapes: Vec<Box<[i32]>>,
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
                terms.push(Term { text: term.to_lowercase(), dimensions: dimensions(term), exact });
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
            let in_words = haystack
                .words
                .iter()
                .any(|word| if term.exact { *word == term.text } else { word.contains(&term.text) });
            in_words || term.dimensions.as_ref().is_some_and(|run| haystack.has_run(run, term.exact))
        })
    }
}

impl Haystack {
    /// Adds a name, a type or a number as it is.
    pub fn with(mut self, field: &str) -> Self {
        if !field.is_empty() {
            self.words.push(field.to_lowercase());
        }
        self
    }

    /// Adds a shape; a batch of 1 may be left out when it is looked for.
    pub fn with_shape(mut self, shape: &[i32]) -> Self {
        self.shapes.push(shape.into());
        self
    }

    fn has_run(&self, run: &[i32], exact: bool) -> bool {
        self.shapes.iter().any(|shape| {
            if exact {
                **shape == *run || matches!(&**shape, [1, rest @ ..] if !rest.is_empty() && rest == run)
            } else {
                shape.windows(run.len()).any(|window| window == run)
            }
        })
    }
}

/// The numbers of a term like `24,24,16`, `3x3`, `[1,48,48,16]` or `16`; `None` for words.
fn dimensions(term: &str) -> Option<Vec<i32>> {
    let inside = term.trim_start_matches('[').trim_end_matches(']');
    inside.split([',', 'x', 'X', '×']).map(|number| number.parse().ok()).collect()
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
            ("24,1", false),
            ("4,24", false),
            ("16", true),
            ("6", true),
            ("7", false),
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
