//! Choices that outlive the session.

use serde::{Deserialize, Serialize};

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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Theme.
    pub theme: ThemeChoice,
    /// Chip, by its name on the command line.
    pub chip: String,
    /// True for ESP-NN kernels, false for TFLM's reference kernels.
    pub esp_nn: bool,
    /// Files opened lately, the newest first.
    pub recents: Vec<std::path::PathBuf>,
    /// The inspector is shown.
    pub inspector_open: bool,
    /// Width of the inspector in points.
    pub inspector_width: f32,
    /// Zoom of the whole window.
    pub zoom: f32,
    /// No animation.
    pub reduce_motion: bool,
    /// Tables with taller rows.
    pub comfortable_rows: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::default(),
            chip: "esp32s3".to_owned(),
            esp_nn: true,
            recents: Vec::new(),
            inspector_open: true,
            inspector_width: 320.0,
            zoom: 1.0,
            reduce_motion: false,
            comfortable_rows: false,
        }
    }
}
