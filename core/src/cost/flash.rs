//! How much flash an application with a model takes.

/// Flash of a model and of the application that runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlashEstimate {
    /// Bytes of the .tflite file: exact.
    pub model_bytes: u64,
    /// Bytes of the application without the model: an estimate.
    pub runtime_bytes: u64,
    /// Smallest and largest of the applications that the estimate comes from.
    pub runtime_range: (u64, u64),
    /// Where the estimate comes from.
    pub source: &'static str,
}

/// Flash of a model of this size. The application is one made with ESP-IDF, TFLM and its kernels, without Wi-Fi.
///
/// Source: analysis/memory of github.com/matteocarnelos/microflow-rs, applications with TFLM on the ESP32: 306.8, 341.3 and
/// 642.6 kB with models of 2,704, 18,800 and 300,568 bytes; without these 304, 323 and 342 kB.
pub fn flash(model_bytes: u64) -> FlashEstimate {
    FlashEstimate {
        model_bytes,
        runtime_bytes: 323_000,
        runtime_range: (304_000, 342_000),
        source: "three applications with TFLM on the ESP32, without their models",
    }
}

impl FlashEstimate {
    /// Model and application together.
    pub fn total_bytes(&self) -> u64 {
        self.model_bytes + self.runtime_bytes
    }
}
