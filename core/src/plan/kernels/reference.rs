//! TFLM's reference kernels, component esp-tflite-micro 1.4.0.
//!
//! Source: github.com/espressif/esp-tflite-micro at commit 99f49e1498b0984f4db54d9bf3938aceb99ad422. Their sizes are
//! those of the operator table in `prepare/table.rs`, which all kernel sets start from.

use super::Kernels;

pub(super) const KERNELS: Kernels = Kernels { version: "1.4.0", esp_nn: None };
