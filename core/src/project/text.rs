//! Projects as text, and what is wrong with a text that is none.

mod unknown;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use toml::{Table, Value};

use super::{Project, VERSION};

/// Why a text is no project that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// The text breaks a rule of the form.
    #[error("line {line}, column {column}: {message}")]
    Text {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A newer version wrote it.
    #[error("it is in version {found} of the form, this Emberlab reads up to version {VERSION}")]
    Newer {
        /// The version that it says.
        found: i64,
    },
    /// The text is sound, but no project.
    #[error("it is no Emberlab project: it does not say in which version of the form it is")]
    NotAProject,
    /// A project that has no text, as with a seed beyond 63 bits.
    #[error("it cannot be written as text: {0}")]
    Unwritable(String),
}

impl ProjectError {
    /// A step to try.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Text { .. } => "Correct the line in a text editor; the file is left as it is",
            Self::Newer { .. } => "Open it with a newer Emberlab; the file is left as it is",
            Self::NotAProject => "Choose a file that ends in .emberlab",
            Self::Unwritable(_) => "Choose seeds below 9,223,372,036,854,775,808",
        }
    }
}

/// The project of a text.
///
/// What is missing has its default; keys that are not known do no harm and are kept where they stand, in the lists of layers
/// and runs with the layer or run.
///
/// # Errors
/// The text breaks a rule of the form, a newer version wrote it, or it is something else.
pub fn from_text(text: &str) -> Result<Project, ProjectError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let table: Table = toml::from_str(text).map_err(|error| text_error(text, &error))?;
    let found = table.get("version").and_then(toml::Value::as_integer).ok_or(ProjectError::NotAProject)?;
    if found > i64::from(VERSION) {
        return Err(ProjectError::Newer { found });
    }
    if found < 1 {
        return Err(ProjectError::NotAProject);
    }
    let project: Project = toml::from_str(text).map_err(|error| text_error(text, &error))?;
    // What cannot be written again, as with a seed beyond 63 bits, has no known form to compare with.
    let known = Table::try_from(&project).unwrap_or_else(|_| table.clone());
    let mut unknown = unknown::beside(&table, &known);
    // A value of ours that is left out when it has its default is none of others.
    unknown.retain(|key, value| !KNOWN.contains(&key) || value.is_table() || value.is_array());
    Ok(Project { version: VERSION, unknown, ..project })
}

/// A project as text; [`from_text`] gives an equal one.
///
/// # Errors
/// A number is larger than the form can hold.
pub fn to_text(project: &Project) -> Result<String, ProjectError> {
    let unwritable = |error: String| ProjectError::Unwritable(error);
    let plain = toml::to_string_pretty(project).map_err(|error| unwritable(error.to_string()))?;
    // A text that cannot be read again, as with an unsigned number of 64 bits, must never replace one that can.
    from_text(&plain).map_err(|error| unwritable(error.to_string()))?;
    if project.unknown.is_empty() {
        return Ok(plain);
    }
    let known: Table = toml::from_str(&plain).map_err(|error| unwritable(error.to_string()))?;
    // What others keep where the project has nothing any more, such as data that were taken away, may make it unreadable:
    // then only tables at the top that are not ours are made anew.
    let is_of_others = |key: &str| !KNOWN.contains(&key) && project.unknown.contains_key(key);
    let everything = |_: &str, _: &Value| true;
    let harmless = |key: &str, value: &Value| !is_section(value) || is_of_others(key);
    let choices: [MayInsert<'_>; 2] = [&everything, &harmless];
    for may_insert in choices {
        let mut table = known.clone();
        unknown::put_back(&mut table, &project.unknown, may_insert);
        let text = toml::to_string_pretty(&Ordered(&table)).map_err(|error| unwritable(error.to_string()))?;
        let read = from_text(&text).ok().and_then(|project| toml::to_string_pretty(&project).ok());
        if read.as_ref() == Some(&plain) {
            return Ok(text);
        }
    }
    Ok(plain)
}

/// Says whether a value of others goes back under its key.
type MayInsert<'a> = &'a dyn Fn(&str, &Value) -> bool;

/// Keys that stand at the top of a project file, in their order.
const KNOWN: [&str; 12] = [
    "version",
    "name",
    "template",
    "target",
    "goal",
    "data",
    "preparation",
    "split",
    "training",
    "network",
    "runs",
    "variants",
];

/// A table with our keys in their order, then those of others.
struct Ordered<'a>(&'a Table);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ours = KNOWN.into_iter().filter_map(|key| Some((key, self.0.get(key)?)));
        let others = self.0.iter().filter(|(key, _)| !KNOWN.contains(&key.as_str()));
        let all: Vec<(&str, &Value)> = ours.chain(others.map(|(key, value)| (key.as_str(), value))).collect();
        // In TOML values come before tables.
        let (tables, values): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, value)| is_section(value));
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in values.into_iter().chain(tables) {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

/// The value gets a heading of its own.
fn is_section(value: &Value) -> bool {
    match value {
        Value::Table(_) => true,
        Value::Array(elements) => elements.iter().any(Value::is_table),
        _ => false,
    }
}

fn text_error(text: &str, error: &toml::de::Error) -> ProjectError {
    let at = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    ProjectError::Text {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message: error.message().trim().replace('\n', "; "),
    }
}

#[cfg(test)]
mod tests;
