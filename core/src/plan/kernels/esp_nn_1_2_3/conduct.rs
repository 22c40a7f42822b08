//! How ESP-NN 1.2.3 runs an int8 operator: which kernel, what makes it slow, and where it is known to go wrong.
//!
//! Source: the files of github.com/espressif/esp-nn at commit d45b843ca5f873ca9d0706ab0e7f14eafd132e98 named below, and
//! that repository's issues.

use super::{Family, depthwise_scratch, family, narrow, round_up};
use crate::plan::Chip;
use crate::plan::kernels::{Conduct, Hazard, Int8Operator};
use crate::plan::prepare::Window;
use crate::words::grouped;

/// Largest value of the 16-bit numbers that ESP-NN keeps dimensions in.
const MAX_DIMENSION: i64 = u16::MAX as i64;

/// Bytes of stack that a kernel may well take: ESP-IDF gives the main task 3,584.
const STACK_LIMIT: i64 = 2048;

pub(super) fn conduct(chip: Chip, operator: &Int8Operator) -> Conduct {
    let mut conduct = match operator {
        Int8Operator::Convolution { window, filter_channels } => convolution(chip, window, *filter_channels),
        Int8Operator::Depthwise(window) => depthwise(chip, window),
        Int8Operator::Pooling { channels } => pooling(chip, *channels),
        Int8Operator::Dense { batches, depth, units, input_zero_point } => {
            dense(chip, *batches, *depth, *units, *input_zero_point)
        }
        Int8Operator::Elementwise => Conduct::of(chip_has_simd(chip)),
        Int8Operator::Softmax { second_dimension, row } => softmax(chip, *second_dimension, *row),
    };
    if let Some(dimension) = operator.dimensions().into_iter().find(|&dimension| dimension > MAX_DIMENSION) {
        conduct.hazards.push(Hazard {
            is_certain: true,
            message: format!("ESP-NN keeps dimensions in 16 bits, and {dimension} does not fit."),
            help: "Split the operator, or build with the reference kernels.",
        });
    }
    conduct
}

fn chip_has_simd(chip: Chip) -> bool {
    matches!(family(chip), Family::Esp32s3 | Family::Esp32p4)
}

/// Source: `src/convolution/esp_nn_conv_esp32s3.c` and `esp_nn_conv_esp32p4.c`.
fn convolution(chip: Chip, window: &Window, filter_channels: i64) -> Conduct {
    let is_pointwise = super::is_pointwise(window);
    match family(chip) {
        Family::Generic => Conduct::of(false),
        Family::Esp32s3 if window.input_channels != filter_channels => {
            Conduct::slow("a grouped convolution runs ESP-NN's plain C")
        }
        Family::Esp32s3 => {
            let mut conduct = if is_pointwise && window.input_channels % 8 != 0 {
                Conduct::hindered(
                    "its input channels are no multiple of 8, so weights and input are copied each run",
                )
            } else if !is_pointwise && window.filter_width * window.input_channels % 16 != 0 {
                Conduct::hindered(
                    "filter width times input channels is no multiple of 16, so the weights are copied each run",
                )
            } else {
                Conduct::of(true)
            };
            conduct.hazards.extend(lost_padding(window));
            conduct
        }
        Family::Esp32p4 => {
            let has_padding = window.pad_width != 0 || window.pad_height != 0;
            let taps = window.filter_width * window.filter_height * window.input_channels;
            if !is_pointwise && !has_padding && taps < 16 {
                Conduct::slow("a window of fewer than 16 values runs ESP-NN's generic C")
            } else {
                Conduct::of(true)
            }
        }
    }
}

/// With padding on the left or top, the S3 kernel pads both sides alike and forgets that the far side may need more;
/// it then reads beyond the padded copy. Source: github.com/espressif/esp-nn/issues/31.
fn lost_padding(w: &Window) -> Option<Hazard> {
    let filter_row = w.filter_width * w.input_channels;
    let is_im2col = filter_row < 16 && filter_row * w.filter_height >= 16;
    if is_im2col || super::is_pointwise(w) || (w.pad_width == 0 && w.pad_height == 0) {
        return None;
    }
    let lacks = |output: i64, stride: i64, filter: i64, input: i64, pad: i64| {
        (output - 1) * stride + filter > input + 2 * pad
    };
    let is_lost = lacks(w.output_width, w.stride_width, w.filter_width, w.input_width, w.pad_width)
        || lacks(w.output_height, w.stride_height, w.filter_height, w.input_height, w.pad_height);
    is_lost.then_some(Hazard {
        is_certain: true,
        message: "ESP-NN 1.2.3 on the ESP32-S3 drops the padding on the right or at the bottom, so the last column or \
                  row comes out wrong (esp-nn#31)."
            .to_owned(),
        help: "Pad explicitly with a PAD operator and use VALID, choose an input size for which SAME is symmetric, or \
               build with the reference kernels.",
    })
}

/// Source: `src/convolution/esp_nn_depthwise_conv_s8_esp32s3.c` and `esp_nn_depthwise_conv_esp32p4.c`.
fn depthwise(chip: Chip, window: &Window) -> Conduct {
    let (channels, multiplier) = (window.input_channels, window.channel_multiplier);
    match family(chip) {
        Family::Generic => Conduct::of(false),
        Family::Esp32s3 => {
            let mut conduct = match (multiplier, channels) {
                (1, _) if channels % 16 == 0 => Conduct::of(true),
                (1, 4..) => Conduct::hindered(
                    "its channels are no multiple of 16, so input and weights are widened or copied each run",
                ),
                _ if multiplier % 4 == 0 => Conduct::of(true),
                _ => Conduct::slow(
                    "a depth multiplier of 1 with fewer than 4 channels, or of 2 or 3, runs generic C",
                ),
            };
            conduct.hazards.extend(overrun(chip, window));
            conduct
        }
        Family::Esp32p4 if multiplier == 1 && channels >= 8 => Conduct::of(true),
        Family::Esp32p4 => Conduct::slow(
            "a depth multiplier other than 1, or fewer than 8 channels, runs ESP-NN's generic C",
        ),
    }
}

/// With 3x3 filters, channels in multiples of 16 and padding other than (1, 1) and (0, 0), the kernel takes a path
/// that its scratch formula does not count on. Source: github.com/espressif/esp-nn/issues/30.
fn overrun(chip: Chip, window: &Window) -> Option<Hazard> {
    let w = narrow(window);
    let is_3x3 = w.filter_width == 3 && w.filter_height == 3;
    let is_aligned = w.channel_multiplier == 1 && w.input_channels % 16 == 0 && w.input_channels >= 16;
    if !is_3x3 || !is_aligned || [(0, 0), (1, 1)].contains(&(w.pad_width, w.pad_height)) {
        return None;
    }
    let channels = w.input_channels;
    let extent = |input: i64, pad: i64, output: i64, stride: i64| {
        let padded = input + 2 * pad;
        padded + (output * stride + 2 - padded).max(0)
    };
    let width = extent(w.input_width, w.pad_width, w.output_width, w.stride_width);
    let height = extent(w.input_height, w.pad_height, w.output_height, w.stride_height);
    let written =
        round_up(9 * channels, 16) + 16 + (width * height + w.output_width * w.output_height) * channels;
    let reserved = depthwise_scratch(chip, window);
    (written > reserved).then(|| Hazard {
        is_certain: true,
        message: format!(
            "ESP-NN 1.2.3 on the ESP32-S3 writes {} bytes beyond its scratch buffer here, over other tensors \
             (asymmetric padding with stride, esp-nn#30).",
            grouped(u64::try_from(written - reserved).unwrap_or_default())
        ),
        help: "Pad explicitly with a PAD operator and use VALID, choose an input size for which SAME is symmetric, or \
               build with the reference kernels.",
    })
}

/// Source: `kernels/esp_nn/pooling.cc`: other numbers of channels run plain C on every chip.
fn pooling(chip: Chip, channels: i64) -> Conduct {
    if channels % 4 != 0 {
        Conduct::slow("its channels are no multiple of 4, so ESP-NN's plain C runs")
    } else {
        Conduct::of(chip_has_simd(chip))
    }
}

/// Source: `src/fully_connected/esp_nn_fully_connected_esp32s3.c` and `esp_nn_fully_connected_s8_esp32p4.c`.
fn dense(chip: Chip, batches: i64, depth: i64, units: i64, input_zero_point: i32) -> Conduct {
    match family(chip) {
        Family::Generic => Conduct::of(false),
        Family::Esp32p4 if input_zero_point != 0 => {
            Conduct::slow("an input zero point other than 0 runs a scalar loop on the ESP32-P4")
        }
        Family::Esp32p4 => Conduct::of(true),
        Family::Esp32s3 => {
            let mut conduct = if depth < 16 {
                Conduct::hindered("fewer than 16 inputs run the older 16-bit kernel")
            } else {
                Conduct::of(true)
            };
            if batches > 1 && depth % 16 != 0 {
                conduct.hazards.push(Hazard {
                    is_certain: true,
                    message: "Rows after the first start off a multiple of 16 bytes, and ESP-NN 1.2.3 on the ESP32-S3 \
                              computes those wrong (esp-nn#34)."
                        .to_owned(),
                    help: "Use a batch of 1, or a number of inputs that is a multiple of 16.",
                });
            }
            let stack_bytes = 4 * units;
            if stack_bytes > STACK_LIMIT {
                conduct.hazards.push(Hazard {
                    is_certain: false,
                    message: format!(
                        "ESP-NN keeps one correction per output on the stack: {stack_bytes} bytes."
                    ),
                    help: "Give the task that runs the model a larger stack.",
                });
            }
            conduct
        }
    }
}

/// The scratch buffer has one 32-bit value per element of the second dimension, the kernel fills one per element of
/// the last. Source: `kernels/esp_nn/softmax.cc`, `Prepare` and `SoftmaxQuantized`.
fn softmax(chip: Chip, second_dimension: i64, row: i64) -> Conduct {
    let mut conduct = Conduct::of(chip_has_simd(chip));
    if row > second_dimension {
        conduct.hazards.push(Hazard {
            is_certain: true,
            message: format!(
                "With ESP-NN, SOFTMAX reserves room for {second_dimension} values (the second dimension) and writes \
                 {row} (the last one), over other tensors."
            ),
            help: "Reshape the input to [rows, columns] before SOFTMAX, or build with the reference kernels.",
        });
    }
    conduct
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(input: i64, channels: i64, filter: i64, stride: i64, multiplier: i64) -> Window {
        // SAME padding, as TFLM computes it.
        let output = (input + stride - 1) / stride;
        let pad = ((output - 1) * stride + filter - input).max(0) / 2;
        Window {
            input_width: input,
            input_height: input,
            input_channels: channels,
            filter_width: filter,
            filter_height: filter,
            output_width: output,
            output_height: output,
            output_channels: channels * multiplier,
            stride_width: stride,
            stride_height: stride,
            pad_width: pad,
            pad_height: pad,
            channel_multiplier: multiplier,
        }
    }

    fn hazards(chip: Chip, operator: &Int8Operator) -> usize {
        conduct(chip, operator).hazards.len()
    }

    #[test]
    fn asymmetric_depthwise_overruns_its_scratch_on_the_s3_only() {
        // The shape reported in esp-nn#30: 49x20x32, 3x3, stride 2, SAME, so (1, 0): 32,944 bytes for 44,912.
        let layer = Window {
            input_height: 49,
            input_width: 20,
            output_height: 25,
            output_width: 10,
            pad_height: 1,
            pad_width: 0,
            ..window(20, 32, 3, 2, 1)
        };
        assert_eq!(depthwise_scratch(Chip::Esp32s3, &layer), 32_944);
        let operator = Int8Operator::Depthwise(layer);
        let found = conduct(Chip::Esp32s3, &operator).hazards;
        assert!(found[0].message.contains("11,968 bytes beyond"), "{found:?}");
        assert_eq!(hazards(Chip::Esp32, &operator), 0);
        assert_eq!(hazards(Chip::Esp32s3, &Int8Operator::Depthwise(window(48, 32, 3, 1, 1))), 0);
    }

    #[test]
    fn convolution_with_more_padding_at_the_end_is_wrong_on_the_s3() {
        let wide = window(8, 16, 5, 2, 1);
        assert_eq!((wide.pad_width, wide.output_width), (1, 4));
        let operator = Int8Operator::Convolution { window: wide, filter_channels: 16 };
        assert_eq!(hazards(Chip::Esp32s3, &operator), 1);
        assert_eq!(hazards(Chip::Esp32p4, &operator), 0);
        let symmetric = window(8, 16, 3, 1, 1);
        let operator = Int8Operator::Convolution { window: symmetric, filter_channels: 16 };
        assert_eq!(hazards(Chip::Esp32s3, &operator), 0);
    }

    #[test]
    fn softmax_over_the_channels_of_an_image_overruns_its_scratch_everywhere() {
        let operator = Int8Operator::Softmax { second_dimension: 4, row: 10 };
        assert_eq!(hazards(Chip::Esp32, &operator), 1);
        assert_eq!(hazards(Chip::Esp32, &Int8Operator::Softmax { second_dimension: 10, row: 10 }), 0);
    }

    #[test]
    fn dimensions_beyond_16_bits_are_hazards() {
        let operator = Int8Operator::Dense { batches: 1, depth: 70_000, units: 4, input_zero_point: 0 };
        assert_eq!(hazards(Chip::Esp32, &operator), 1);
    }

    #[test]
    fn unaligned_rows_of_a_batch_are_hazards_on_the_s3() {
        let dense = |batches, depth| Int8Operator::Dense { batches, depth, units: 4, input_zero_point: 0 };
        assert_eq!(hazards(Chip::Esp32s3, &dense(2, 24)), 1);
        assert_eq!(hazards(Chip::Esp32s3, &dense(1, 24)), 0);
        assert_eq!(hazards(Chip::Esp32s3, &dense(2, 32)), 0);
    }

    #[test]
    fn slow_paths_follow_the_channels() {
        let is_simd = |chip, operator: &Int8Operator| conduct(chip, operator).is_simd;
        assert!(!is_simd(Chip::Esp32s3, &Int8Operator::Pooling { channels: 6 }));
        assert!(is_simd(Chip::Esp32s3, &Int8Operator::Pooling { channels: 8 }));
        assert!(!is_simd(Chip::Esp32, &Int8Operator::Pooling { channels: 8 }));
        assert!(is_simd(Chip::Esp32p4, &Int8Operator::Depthwise(window(8, 8, 3, 1, 1))));
        assert!(!is_simd(Chip::Esp32p4, &Int8Operator::Depthwise(window(8, 4, 3, 1, 2))));
    }
}
