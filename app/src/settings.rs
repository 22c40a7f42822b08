//! Choices that outlive the session, and where they are kept.

use std::path::{Path, PathBuf};

use emberlab_core::plan::{Chip, KernelSet, Target};
use serde::{Deserialize, Serialize};

/// Files that the list of recent ones keeps.
const RECENTS: usize = 9;

/// Which theme to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThemeChoice {
    /// As the desktop says.
    System,
    /// Dark.
    #[default]
    Dark,
    /// Light.
    Light,
}

/// Choices that outlive the session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Theme.
    pub theme: ThemeChoice,
    /// Chip, by its name on the command line.
    pub chip: String,
    /// True for ESP-NN kernels, false for TFLM's reference kernels.
    pub esp_nn: bool,
    /// Files opened lately, the newest first.
    pub recents: Vec<Recent>,
    /// The inspector is shown.
    pub inspector_open: bool,
    /// Width of the inspector in points; `None` follows the width of the window.
    pub inspector_width: Option<f32>,
    /// Zoom of the whole window, 0.8 to 2.0.
    pub zoom: f32,
    /// No animation.
    pub reduce_motion: bool,
    /// Tables with taller rows.
    pub comfortable_rows: bool,
    /// Size and place of the window.
    pub window: WindowState,
}

/// A file that was opened lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes when it was opened.
    pub bytes: u64,
    /// When it was opened, in seconds since 1970.
    pub opened: u64,
}

/// Size and place of the window, in points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowState {
    /// Inner size.
    pub size: Option<[f32; 2]>,
    /// Place of the outer top left corner; desktops may not tell.
    pub position: Option<[f32; 2]>,
    /// It fills the screen.
    pub maximized: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::default(),
            chip: "esp32s3".to_owned(),
            esp_nn: true,
            recents: Vec::new(),
            inspector_open: true,
            inspector_width: None,
            zoom: 1.0,
            reduce_motion: false,
            comfortable_rows: false,
            window: WindowState::default(),
        }
    }
}

impl Settings {
    /// The chosen chip and kernels.
    pub fn target(&self) -> Target {
        let chip = Chip::from_id(&self.chip).filter(|chip| *chip != Chip::Host64).unwrap_or(Chip::Esp32s3);
        Target { chip, kernels: if self.esp_nn { KernelSet::EspNn } else { KernelSet::Reference } }
    }

    /// Keeps a chip and kernels.
    pub fn set_target(&mut self, target: Target) {
        self.chip = target.chip.id().to_owned();
        self.esp_nn = target.kernels == KernelSet::EspNn;
    }

    /// Puts a file on top of the recent ones.
    pub fn remember(&mut self, recent: Recent) {
        self.recents.retain(|known| known.path != recent.path);
        self.recents.insert(0, recent);
        self.recents.truncate(RECENTS);
    }

    /// The settings that `text` holds; what is missing or out of range has its default.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let mut settings: Settings = serde_json::from_str(text)?;
        settings.zoom = if settings.zoom.is_finite() { settings.zoom.clamp(0.8, 2.0) } else { 1.0 };
        settings.inspector_width =
            settings.inspector_width.filter(|width| width.is_finite()).map(|width| width.clamp(280.0, 480.0));
        settings.recents.truncate(RECENTS);
        Ok(settings)
    }

    /// As text for the file.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

/// The file that keeps the settings of this user; `None` where the system names no folder for it.
pub fn file() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = if cfg!(target_os = "windows") {
        variable("APPDATA").map(|base| base.join("Emberlab"))
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Library/Application Support/Emberlab"))
    } else {
        let base = variable("XDG_CONFIG_HOME").or_else(|| variable("HOME").map(|home| home.join(".config")));
        base.map(|base| base.join("emberlab"))
    };
    folder.map(|folder| folder.join("settings.json"))
}

/// The folder that keeps the projects of this user; `None` where the system names no folder for it.
pub fn projects_folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = if cfg!(target_os = "windows") {
        variable("USERPROFILE").map(|home| home.join("Documents/Emberlab"))
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|home| home.join("Documents/Emberlab"))
    } else {
        let base =
            variable("XDG_DATA_HOME").or_else(|| variable("HOME").map(|home| home.join(".local/share")));
        base.map(|base| base.join("emberlab"))
    };
    base.map(|base| base.join("projects"))
}

/// The settings of a file.
///
/// # Errors
/// The file is there but cannot be read or is not ours; no file at all is no error and gives the defaults.
pub fn load(file: &Path) -> Result<Settings, String> {
    match std::fs::read_to_string(file) {
        Ok(text) => Settings::from_json(&text)
            .map_err(|error| format!("The settings in {} cannot be read: {error}", file.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Settings::default()),
        Err(error) => Err(format!("The settings in {} cannot be read: {error}", file.display())),
    }
}

/// Writes the text of settings; makes the folder if it is missing.
///
/// # Errors
/// In words for the user.
pub fn store(file: &Path, text: &str) -> Result<(), String> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    crate::jobs::write_atomically(file, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recent(name: &str) -> Recent {
        Recent { path: PathBuf::from(name), bytes: 1, opened: 2 }
    }

    #[test]
    fn settings_survive_being_written_and_read() {
        let mut settings = Settings { zoom: 1.25, inspector_width: Some(300.0), ..Settings::default() };
        settings.remember(recent("a.tflite"));
        assert_eq!(Settings::from_json(&settings.to_json()).expect("our own text"), settings);
    }

    #[test]
    fn unknown_and_missing_fields_do_no_harm() {
        let settings =
            Settings::from_json(r#"{"zoom": 99, "later": true, "chip": "esp9"}"#).expect("an object");
        assert_eq!(settings.zoom, 2.0);
        assert_eq!(settings.target().chip, Chip::Esp32s3);
        assert!(Settings::from_json("7").is_err() && Settings::from_json("").is_err());
    }

    #[test]
    fn a_recent_file_is_listed_once_and_on_top() {
        let mut settings = Settings::default();
        for number in 0..20 {
            settings.remember(recent(&format!("{number}.tflite")));
        }
        settings.remember(recent("15.tflite"));
        assert_eq!(settings.recents.len(), RECENTS);
        assert_eq!(settings.recents[0], recent("15.tflite"));
        let times = settings.recents.iter().filter(|known| known.path == Path::new("15.tflite")).count();
        assert_eq!(times, 1);
    }
}
