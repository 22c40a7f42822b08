//! Free text in sources: names of files, tensors and operators may hold anything.

/// Longest part of a file name that becomes an identifier.
const LONGEST: usize = 48;

/// An identifier of C++ and Rust in lower case that a file name suggests: `kws_ref_model`, `person_detect_model`.
///
/// It is `model`, or ends in `_model`, or begins with `model_`, which no keyword, macro or namespace of either language
/// does.
pub fn c_identifier(file_name: &str) -> String {
    let stem = match file_name.rsplit_once('.') {
        Some((stem, ending)) if ["tflite", "lite"].iter().any(|known| ending.eq_ignore_ascii_case(known)) => {
            stem
        }
        _ => file_name,
    };
    let words = words(stem);
    let starts_with_digit = words.starts_with(|first: char| first.is_ascii_digit());
    if words.is_empty() || words == "model" {
        "model".to_owned()
    } else if words.starts_with("model_") || (words.ends_with("_model") && !starts_with_digit) {
        words
    } else if starts_with_digit {
        format!("model_{words}")
    } else {
        format!("{words}_model")
    }
}

/// Letters and digits in lower case, everything else as single underscores between them.
fn words(text: &str) -> String {
    let mut words = String::new();
    for character in text.chars() {
        if words.len() >= LONGEST {
            break;
        }
        if character.is_ascii_alphanumeric() {
            words.push(character.to_ascii_lowercase());
        } else if !words.is_empty() && !words.ends_with('_') {
            words.push('_');
        }
    }
    words.truncate(words.trim_end_matches('_').len());
    words
}

/// The part of an identifier in CamelCase that a name suggests, for names of functions; empty if there is no letter.
pub(super) fn camel_case(text: &str) -> String {
    let mut camel = String::new();
    let mut starts_word = true;
    for character in text.chars().filter(char::is_ascii).take(LONGEST) {
        if character.is_ascii_alphanumeric() {
            let upper = character.to_ascii_uppercase();
            camel.push(if starts_word { upper } else { character });
        }
        starts_word = !character.is_ascii_alphanumeric();
    }
    camel
}

/// Text for a comment: on one line, without a backslash, which would take in the next line, and without characters that
/// change the direction of writing.
pub fn comment_text(text: &str) -> String {
    let kept = |character: char| match character {
        '\\' => '_',
        ' '..='~' => character,
        _ if character.is_alphanumeric() => character,
        _ if character.is_control() || character.is_whitespace() => ' ',
        // Typographic signs that our own sentences hold.
        '–' | '—' | '…' | '“' | '”' | '’' | '×' | '±' | 'µ' | '²' | '³' => character,
        _ => '_',
    };
    // The end of a comment of C, should somebody put the line into one; and no trigraph for a backslash.
    text.chars().map(kept).collect::<String>().replace("*/", "* /").replace("??/", "?? /")
}

/// A string literal of C++, quotes included: what is not plain ASCII as octal escapes of its UTF-8 bytes.
pub(super) fn c_string(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | b'?' => literal.extend(['\\', byte as char]),
            b' '..=b'~' => literal.push(byte as char),
            _ => literal.push_str(&format!("\\{byte:03o}")),
        }
    }
    literal.push('"');
    literal
}

/// A string literal of Rust, quotes included: what is not plain ASCII as escapes.
pub(super) fn rust_string(text: &str) -> String {
    format!("\"{}\"", text.escape_default())
}
