//! Cycles per unit of work, from published measurements.
//!
//! The shape of the cost comes from the kernel benchmark of ESP-NN (README.md of github.com/espressif/esp-nn at d45b843c:
//! ESP32-S3 at 240 MHz, ESP32-P4 at 360 MHz): each pair of convolutions gives cycles per multiply-accumulate and per output.
//! Whole models measured on boards then say by how much a model takes longer than its kernels alone (`whole_model`), and how
//! far such measurements lie apart (`spread`).
//!
//! Whole models:
//! - E: `person_detection`, README.md of github.com/espressif/esp-tflite-micro: with ESP-NN ESP32 380 ms, ESP32-S3 47 ms
//!   (internal RAM) and 54 ms, ESP32-C3 426 ms, ESP32-P4 73 ms; without ESP-NN 4084, 2300, 3355 and 1395 ms.
//! - G: MLPerf Tiny by S. Geffert, github.com/SamsiGg/1.-Studienarbeit---KI-auf-ESP32 at 9ae142bb, at 160 MHz, built for
//!   debugging: ESP32 kws 236.6 ms, ic 1000.5 ms; ESP32-S3 kws 36.9 ms, ic 100.9 ms, vww 110.8 ms.
//! - M: `person_detection` without ESP-NN on the ESP32, 4976 ms, github.com/matteocarnelos/microflow-rs.
//! - M also: the sine network (1, 16, 16 and 1 values) in 1.786 ms and the spoken words of TFLM's examples in 207.4 ms,
//!   medians of 100, at 67031350.
//! - Q: `hello_world` without ESP-NN on the ESP32 in a loop, 86 µs, github.com/quietcricket/tflite-micro-benchmark at 8dfdb998.
//! - F: a float32 network of 1, 16, 16 and 2 values on two ESP32 boards, `Analisi.ipynb` of
//!   github.com/MartaCaffagnini/TinyML-Performance-Evaluation-using-different-Microcontrollers at 85ef0c7b: medians 70 and
//!   53 µs, the first invocations 368 and 213 µs.
//! - T: four networks with TinyMaix's C kernels, benchmark.md of github.com/sipeed/TinyMaix: the ESP32-S2 takes 1.25 to 1.83
//!   times as long as the ESP32.

use super::latency::Cycles;
use crate::plan::{Chip, KernelSet};

/// Kinds of work that have a rate of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperatorClass {
    /// CONV_2D of 1×1.
    Pointwise,
    /// CONV_2D of which a row of the filter holds at least 16 values.
    WideConvolution,
    /// CONV_2D over few channels, usually the first.
    NarrowConvolution,
    /// DEPTHWISE_CONV_2D.
    Depthwise,
    /// FULLY_CONNECTED.
    Dense,
    /// MAX_POOL_2D.
    MaxPool,
    /// AVERAGE_POOL_2D.
    AveragePool,
    /// ADD of tensors of one shape.
    Addition,
    /// MUL of tensors of one shape.
    Product,
    /// SOFTMAX.
    Softmax,
}

/// Which code runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// ESP-NN's assembly.
    Simd,
    /// ESP-NN in C.
    Generic,
    /// TFLM's reference kernels.
    Reference,
}

/// Cycles of an operator: `per_mac` for each multiply-accumulate (each tap of a pooling window), `per_output` for each
/// element of the output; the truth lies between the result over and times `spread`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    pub per_mac: f64,
    pub per_output: f64,
    pub spread: f64,
    pub source: &'static str,
}

/// Clock at which chips of this kind usually run, in Hz; `None` for the host.
pub fn usual_clock_hz(chip: Chip) -> Option<u64> {
    match chip {
        Chip::Esp32 | Chip::Esp32s2 | Chip::Esp32s3 => Some(240_000_000),
        Chip::Esp32c3 | Chip::Esp32c6 => Some(160_000_000),
        Chip::Esp32p4 => Some(360_000_000),
        Chip::Host64 => None,
    }
}

/// Kernel times of one kind of code: cycles per multiply-accumulate (or tap) and per output.
struct Kernels {
    pointwise: [f64; 2],
    narrow: [f64; 2],
    depthwise: [f64; 2],
    dense: [f64; 2],
    max_pool: [f64; 2],
    average_pool: [f64; 2],
    addition: [f64; 2],
    product: [f64; 2],
    softmax: [f64; 2],
}

/// ESP32-S3, assembly. 1×1 with 64 and with 16 channels: 409,600 products and 6,400 outputs in 331,008 ticks, 16,384 and
/// 1,024 in 39,022. 3×3 over 3 channels: 110,592 and 4,096 in 394,842. Depthwise 3×3 over 16 channels: 36,864 and 4,096 in
/// 184,176; 5×5 with 8 filters for each of 4 channels: 115,200 and 4,608 in 372,435. Dense: 813 products in 1,078. Pooling
/// 3×3: 36,864 taps in 48,069 (largest) and 118,052 (mean). 1,615 sums in 74,440, products in 35,002. Softmax of 256 values in
/// 11,107. Sizes are those of `tests/src` in the same repository, where the README says less.
const S3_SIMD: Kernels = Kernels {
    pointwise: [0.284, 33.57],
    narrow: [2.33, 33.57],
    depthwise: [2.241, 24.79],
    dense: [1.33, 0.0],
    max_pool: [1.30, 0.0],
    average_pool: [3.20, 0.0],
    addition: [0.0, 46.1],
    product: [0.0, 21.7],
    softmax: [0.0, 43.4],
};

/// ESP32-S3, ANSI C, the same measurements: 4,712,500 and 312,754; 2,193,289; 1,159,831 and 1,671,363; 8,443; 376,294 and
/// 427,293; 281,337 and 122,703; 15,209 ticks.
const S3_C: Kernels = Kernels {
    pointwise: [8.977, 161.8],
    narrow: [13.84, 161.8],
    depthwise: [4.972, 238.4],
    dense: [10.4, 0.0],
    max_pool: [10.2, 0.0],
    average_pool: [11.6, 0.0],
    addition: [0.0, 174.0],
    product: [0.0, 76.0],
    softmax: [0.0, 59.4],
};

/// ESP32-P4, assembly, the same measurements: 572,459 and 71,104; 533,318; 482,389 and 703,989; 915; 24,178 and 84,401; 88,451
/// and 47,601; 8,587 ticks.
const P4_SIMD: Kernels = Kernels {
    pointwise: [0.417, 62.77],
    narrow: [2.498, 62.77],
    depthwise: [2.188, 98.08],
    dense: [1.13, 0.0],
    max_pool: [0.656, 0.0],
    average_pool: [2.29, 0.0],
    addition: [0.0, 54.8],
    product: [0.0, 29.5],
    softmax: [0.0, 33.5],
};

/// ESP32-P4, ANSI C, the same measurements: 4,005,512 and 249,700; 816,975; 962,834 and 1,365,066; 7,650; 482,184 and 303,210;
/// 190,786 and 76,585; 14,260 ticks.
const P4_C: Kernels = Kernels {
    pointwise: [7.959, 116.5],
    narrow: [3.072, 116.5],
    depthwise: [3.823, 200.7],
    dense: [9.41, 0.0],
    max_pool: [13.1, 0.0],
    average_pool: [8.22, 0.0],
    addition: [0.0, 118.1],
    product: [0.0, 47.4],
    softmax: [0.0, 55.7],
};

/// How a chip's models relate to kernel times.
struct Calibration {
    kernels: &'static Kernels,
    /// Time of whole models over that of their kernels.
    whole_model: f64,
    /// How far measured models lie from that, as a factor.
    spread: f64,
    source: &'static str,
}

/// Classes that no whole model weighs on: only the benchmark of the kernel speaks for them.
const KERNEL_ONLY_SPREAD: f64 = 2.0;

fn calibration(chip: Chip, code: Code) -> Option<Calibration> {
    let calibration = match (chip, code) {
        // E (47 and 54 ms) and three of G lie between 1.05 and 1.51 times the kernels.
        (Chip::Esp32s3, Code::Simd) => Calibration {
            kernels: &S3_SIMD,
            whole_model: 1.26,
            spread: 1.25,
            source: "ESP-NN's kernel benchmark on the ESP32-S3 and four measured models",
        },
        (Chip::Esp32s3, Code::Generic) => Calibration {
            kernels: &S3_C,
            whole_model: 1.0,
            spread: 1.5,
            source: "ESP-NN's kernel benchmark on the ESP32-S3, ANSI C",
        },
        // E and two of G lie between 0.86 and 1.01 times the C kernels of the S3.
        (Chip::Esp32, Code::Generic) => Calibration {
            kernels: &S3_C,
            whole_model: 0.93,
            spread: 1.25,
            source: "ESP-NN's C kernels on the ESP32-S3 and three models measured on the ESP32",
        },
        // E: 0.64 times the C kernels of the S3; one model.
        (Chip::Esp32c3, Code::Generic) => Calibration {
            kernels: &S3_C,
            whole_model: 0.64,
            spread: 1.4,
            source: "ESP-NN's C kernels on the ESP32-S3 and one model measured on the ESP32-C3",
        },
        // The ESP32 times T's 1.46, which lie between 1.25 and 1.83.
        (Chip::Esp32s2, Code::Generic) => Calibration {
            kernels: &S3_C,
            whole_model: 1.36,
            spread: 1.6,
            source: "the ESP32 times what TinyMaix takes longer on the ESP32-S2; no TFLM measurement is known",
        },
        // E: 1.14 times the kernels; one model.
        (Chip::Esp32p4, Code::Simd) => Calibration {
            kernels: &P4_SIMD,
            whole_model: 1.14,
            spread: 1.4,
            source: "ESP-NN's kernel benchmark on the ESP32-P4 and one measured model",
        },
        (Chip::Esp32p4, Code::Generic) => Calibration {
            kernels: &P4_C,
            whole_model: 1.0,
            spread: 1.5,
            source: "ESP-NN's kernel benchmark on the ESP32-P4, ANSI C",
        },
        (Chip::Esp32c6 | Chip::Host64, _)
        | (Chip::Esp32 | Chip::Esp32c3 | Chip::Esp32s2, Code::Simd)
        | (_, Code::Reference) => return None,
    };
    Some(calibration)
}

/// Cycles per multiply-accumulate of TFLM's reference kernels, over all convolutions of `person_detection`.
fn reference(chip: Chip) -> Option<(f64, f64, &'static str)> {
    match chip {
        // E 137, M 167.
        Chip::Esp32 => Some((151.0, 1.25, "person_detection without ESP-NN on the ESP32, measured twice")),
        Chip::Esp32s3 => Some((77.0, 1.4, "person_detection without ESP-NN on the ESP32-S3")),
        Chip::Esp32c3 => Some((75.0, 1.4, "person_detection without ESP-NN on the ESP32-C3")),
        Chip::Esp32p4 => Some((70.0, 1.4, "person_detection without ESP-NN on the ESP32-P4")),
        Chip::Esp32s2 => Some((
            220.0,
            1.6,
            "the ESP32 times what TinyMaix takes longer on the ESP32-S2; no TFLM measurement is known",
        )),
        Chip::Esp32c6 | Chip::Host64 => None,
    }
}

/// FULLY_CONNECTED with TFLM's reference kernel, as a share of its convolutions: these compute the place of every value anew,
/// which a plain loop over a row does not. At least the 10.4 cycles per multiply-accumulate of ESP-NN's C loop, which is the
/// same loop; at most the 72 that Q leaves if calling the three operators cost nothing. The geometric middle, over 151.
const REFERENCE_DENSE: f64 = 0.18;

/// From that middle to either end.
const REFERENCE_DENSE_SPREAD: f64 = 2.8;

/// What the interpreter takes beside the kernels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Overhead {
    /// Calling an operator: looking up its tensors and parameters.
    pub per_operator: Cycles,
    /// Every invocation, whatever the operators are.
    pub per_invocation: Cycles,
    pub source: &'static str,
}

/// What the interpreter takes beside the kernels on a chip; `None` where nothing is known about it.
///
/// On the ESP32 at 240 MHz, in cycles. Q takes 20,640 and F 12,720 and 16,800 in a loop, for three operators and about 290
/// multiply-accumulates each: about 5,000 for an operator beside its kernel. `person_detection` on the ESP32-S3 takes at most
/// 17,000 longer than its kernels for each of its 31 operators (E, 47 ms), which bounds it from above on that chip.
///
/// In a loop everything is in the cache. The first invocation of F, which fetches code and weights from flash, takes 71,520
/// longer; and M takes 410,000 longer than Q for the same network, with a line written to the serial port between two
/// invocations. So an invocation takes nothing more in a tight loop, 72,000 more where the cache is cold, and at most 410,000.
///
/// Nobody has published such figures for the other chips. They run the same interpreter from the same kind of flash behind a
/// cache, so the same cycles are taken with bars of twice the length.
pub(super) fn overhead(chip: Chip) -> Option<Overhead> {
    const PER_OPERATOR: f64 = 5_000.0;
    const PER_OPERATOR_SPREAD: f64 = 3.0;
    const COLD: f64 = 72_000.0;
    const COLDEST: f64 = 410_000.0;
    let (wider, source) = match chip {
        Chip::Esp32 => (1.0, "small networks measured on the ESP32, in a loop and with cold caches"),
        Chip::Esp32s2 | Chip::Esp32s3 | Chip::Esp32c3 | Chip::Esp32p4 => (
            2.0,
            "small networks measured on the ESP32; none on this chip is known, so the bar is twice as long",
        ),
        Chip::Esp32c6 | Chip::Host64 => return None,
    };
    Some(Overhead {
        per_operator: Cycles::within(PER_OPERATOR, PER_OPERATOR_SPREAD * wider),
        per_invocation: Cycles { low: 0.0, mid: COLD, high: COLDEST * wider },
        source,
    })
}

/// The rate of a class, or why there is none.
pub(super) fn rate(chip: Chip, code: Code, class: OperatorClass) -> Result<Rate, &'static str> {
    if chip == Chip::Esp32c6 {
        return Err("no measurement on the ESP32-C6 is known");
    }
    if code == Code::Reference {
        let (per_mac, spread, source) = reference(chip).ok_or("no chip, no estimate")?;
        return match class {
            OperatorClass::Pointwise
            | OperatorClass::WideConvolution
            | OperatorClass::NarrowConvolution
            | OperatorClass::Depthwise => Ok(Rate { per_mac, per_output: 0.0, spread, source }),
            OperatorClass::Dense => Ok(Rate {
                per_mac: per_mac * REFERENCE_DENSE,
                per_output: 0.0,
                spread: spread.max(REFERENCE_DENSE_SPREAD),
                source: "between ESP-NN's C loop and hello_world measured without ESP-NN on the ESP32",
            }),
            OperatorClass::MaxPool
            | OperatorClass::AveragePool
            | OperatorClass::Addition
            | OperatorClass::Product
            | OperatorClass::Softmax => Err("no measurement of TFLM's reference kernel is known"),
        };
    }
    let Calibration { kernels, whole_model, spread, source } =
        calibration(chip, code).ok_or("no chip, no estimate")?;
    let has_whole_models = match class {
        OperatorClass::Pointwise
        | OperatorClass::WideConvolution
        | OperatorClass::NarrowConvolution
        | OperatorClass::Depthwise => true,
        OperatorClass::Dense
        | OperatorClass::MaxPool
        | OperatorClass::AveragePool
        | OperatorClass::Addition
        | OperatorClass::Product
        | OperatorClass::Softmax => false,
    };
    let [per_mac, per_output] = match class {
        OperatorClass::Pointwise => kernels.pointwise,
        OperatorClass::NarrowConvolution => kernels.narrow,
        OperatorClass::WideConvolution => {
            // Nobody has published one: it lies between the other two, in the geometric middle.
            let [[pointwise, outputs], [narrow, _]] = [kernels.pointwise, kernels.narrow];
            [(pointwise * narrow).sqrt(), outputs]
        }
        OperatorClass::Depthwise => kernels.depthwise,
        OperatorClass::Dense => kernels.dense,
        OperatorClass::MaxPool => kernels.max_pool,
        OperatorClass::AveragePool => kernels.average_pool,
        OperatorClass::Addition => kernels.addition,
        OperatorClass::Product => kernels.product,
        OperatorClass::Softmax => kernels.softmax,
    };
    Ok(Rate {
        per_mac: per_mac * whole_model,
        per_output: per_output * whole_model,
        spread: if has_whole_models { spread } else { spread.max(KERNEL_ONLY_SPREAD) },
        source,
    })
}

/// Cycles per element that moving memory takes at most: as much as multiplying it, which moves the same bytes and computes
/// besides.
pub(super) fn moving_limit(chip: Chip, kernels: KernelSet) -> Option<f64> {
    let code = match kernels {
        KernelSet::EspNn => Code::Generic,
        KernelSet::Reference => return None,
    };
    let rate = rate(chip, code, OperatorClass::Product).ok()?;
    Some(rate.per_output * rate.spread)
}
