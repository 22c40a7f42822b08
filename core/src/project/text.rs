//! Projects as text, and what is wrong with a text that is none.

use serde::Serialize;

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
/// What is missing has its default, keys that are not known do no harm and are kept where they stand at the top.
///
/// # Errors
/// The text breaks a rule of the form, a newer version wrote it, or it is something else.
pub fn from_text(text: &str) -> Result<Project, ProjectError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let table: toml::Table = toml::from_str(text).map_err(|error| text_error(text, &error))?;
    let found = table.get("version").and_then(toml::Value::as_integer).ok_or(ProjectError::NotAProject)?;
    if found > i64::from(VERSION) {
        return Err(ProjectError::Newer { found });
    }
    if found < 1 {
        return Err(ProjectError::NotAProject);
    }
    let project: Project = toml::from_str(text).map_err(|error| text_error(text, &error))?;
    let known = known_keys();
    let unknown = table.into_iter().filter(|(key, _)| !known.contains(&key.as_str())).collect();
    Ok(Project { version: VERSION, unknown, ..project })
}

/// A project as text; [`from_text`] gives an equal one.
///
/// # Errors
/// A number is larger than the form can hold.
pub fn to_text(project: &Project) -> Result<String, ProjectError> {
    #[derive(Serialize)]
    struct Whole<'a> {
        #[serde(flatten)]
        project: &'a Project,
        #[serde(flatten)]
        unknown: &'a toml::Table,
    }
    let whole = Whole { project, unknown: &project.unknown };
    let text = toml::to_string_pretty(&whole).map_err(|error| ProjectError::Unwritable(error.to_string()))?;
    // A text that cannot be read again, as with an unsigned number of 64 bits, must never replace one that can.
    from_text(&text).map_err(|error| ProjectError::Unwritable(error.to_string()))?;
    Ok(text)
}

/// Keys that stand at the top of a project file.
fn known_keys() -> [&'static str; 12] {
    [
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
    ]
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
