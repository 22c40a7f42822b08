//! ESP-NN 1.2.3.
//!
//! Source: github.com/espressif/esp-nn at commit d45b843ca5f873ca9d0706ab0e7f14eafd132e98, called by the kernels in
//! `tensorflow/lite/micro/kernels/esp_nn` of github.com/espressif/esp-tflite-micro at commit
//! 99f49e1498b0984f4db54d9bf3938aceb99ad422.

mod conduct;

use super::{EspNn, Kernels};
use crate::model::BuiltinOperator;
use crate::plan::Chip;
use crate::plan::prepare::Window;

pub(super) const KERNELS: Kernels = Kernels {
    version: "1.2.3",
    esp_nn: Some(&EspNn {
        extra_init_bytes,
        convolution_scratch,
        depthwise_scratch,
        softmax_scratch,
        conduct: conduct::conduct,
    }),
};

/// Which of ESP-NN's kernels a chip runs.
enum Family {
    Generic,
    Esp32s3,
    Esp32p4,
}

/// Source: `include/esp_nn.h`.
fn family(chip: Chip) -> Family {
    match chip {
        Chip::Esp32s3 => Family::Esp32s3,
        Chip::Esp32p4 => Family::Esp32p4,
        Chip::Esp32 | Chip::Esp32s2 | Chip::Esp32c3 | Chip::Esp32c6 | Chip::Host64 => Family::Generic,
    }
}

/// Source: `struct NodeData` in `kernels/esp_nn/conv.cc`, `depthwise_conv.cc` and `softmax.cc`: the index of the
/// scratch buffer behind the reference kernel's data, whose 8-byte alignment (SOFTMAX) rounds it up.
fn extra_init_bytes(operator: BuiltinOperator) -> u64 {
    match operator {
        BuiltinOperator::CONV_2D | BuiltinOperator::DEPTHWISE_CONV_2D => 4,
        BuiltinOperator::SOFTMAX => 8,
        _ => 0,
    }
}

/// Source: `esp_nn_get_softmax_scratch_size` in `src/softmax`.
fn softmax_scratch(_chip: Chip, width: i64) -> i64 {
    width.saturating_mul(4)
}

/// Source: `esp_nn_get_conv_scratch_size` in `src/convolution`.
fn convolution_scratch(chip: Chip, window: &Window) -> i64 {
    let window = narrow(window);
    match family(chip) {
        Family::Generic => 0,
        Family::Esp32s3 => convolution_scratch_esp32s3(&window),
        Family::Esp32p4 => convolution_scratch_esp32p4(&window),
    }
}

/// Source: `esp_nn_get_depthwise_conv_scratch_size` in `src/convolution`.
fn depthwise_scratch(chip: Chip, window: &Window) -> i64 {
    match family(chip) {
        Family::Generic | Family::Esp32p4 => 0,
        Family::Esp32s3 => depthwise_scratch_esp32s3(&narrow(window)),
    }
}

/// ESP-NN keeps all dimensions in 16 bits; products of up to four of them fit 64 bits, so nothing below overflows.
fn narrow(window: &Window) -> Window {
    let short = |value: i64| i64::from(value as u16);
    Window {
        input_width: short(window.input_width),
        input_height: short(window.input_height),
        input_channels: short(window.input_channels),
        filter_width: short(window.filter_width),
        filter_height: short(window.filter_height),
        output_width: short(window.output_width),
        output_height: short(window.output_height),
        output_channels: short(window.output_channels),
        stride_width: short(window.stride_width),
        stride_height: short(window.stride_height),
        pad_width: short(window.pad_width),
        pad_height: short(window.pad_height),
        channel_multiplier: short(window.channel_multiplier),
    }
}

fn round_up(value: i64, step: i64) -> i64 {
    (value + step - 1) / step * step
}

/// The kernels for a 1x1 filter with stride 1 multiply whole channels.
fn is_pointwise(w: &Window) -> bool {
    w.filter_width == 1
        && w.filter_height == 1
        && w.pad_width == 0
        && w.pad_height == 0
        && w.stride_width == 1
        && w.stride_height == 1
}

/// Bytes for eight transposed pixels, for a copy of the filter and, if the channels are no multiple of 8, of the input.
fn pointwise_scratch(w: &Window) -> i64 {
    let pixels = w.input_width * w.input_height;
    let channels = round_up(w.input_channels, 8);
    let transposed = if pixels < 8 { 0 } else { 2 * 8 * channels };
    let input = if w.input_channels % 8 == 0 { 0 } else { pixels * channels };
    input + channels * w.output_channels + transposed
}

/// Source: `src/convolution/esp_nn_conv_esp32s3.c`, `esp_nn_get_conv_scratch_size_esp32s3`.
fn convolution_scratch_esp32s3(w: &Window) -> i64 {
    const MARGIN: i64 = 64;
    if is_pointwise(w) {
        return pointwise_scratch(w) + MARGIN;
    }
    let filter_row = w.filter_width * w.input_channels;
    let window_length = filter_row * w.filter_height;
    let sums = 4 * w.output_channels;
    if filter_row < 16 && window_length >= 16 {
        let aligned = round_up(window_length, 16);
        return sums + 16 + w.output_channels * aligned + 16 + aligned + MARGIN;
    }
    let padded_input = if w.pad_width == 0 && w.pad_height == 0 {
        0
    } else {
        (w.input_width + 2 * w.pad_width) * (w.input_height + 2 * w.pad_height) * w.input_channels
    };
    let filter = w.filter_width * w.filter_height * round_up(w.input_channels, 16) * w.output_channels;
    let aligned_filter = round_up(filter_row, 16) * w.filter_height * w.output_channels;
    let beyond =
        |output: i64, stride: i64, filter: i64, input: i64| (output * stride + filter - 1 - input).max(0);
    let right = beyond(w.output_width, w.stride_width, w.filter_width, w.input_width);
    let bottom = beyond(w.output_height, w.stride_height, w.filter_height, w.input_height);
    let border = if right > 0 || bottom > 0 {
        (w.input_width + right) * (w.input_height + bottom) * w.input_channels
    } else {
        0
    };
    padded_input + filter + aligned_filter + border + MARGIN + sums
}

/// Source: `src/convolution/esp_nn_conv_esp32p4.c`, `esp_nn_get_conv_scratch_size_esp32p4`.
fn convolution_scratch_esp32p4(w: &Window) -> i64 {
    const MARGIN: i64 = 32;
    const CACHE_BUDGET: i64 = 32768;
    let sums = 4 * w.output_channels;
    if is_pointwise(w) {
        if w.input_channels < 16 {
            let padded_pixel = 32;
            return sums + 16 * w.output_channels + padded_pixel + MARGIN;
        }
        return pointwise_scratch(w) + MARGIN;
    }
    let has_padding = w.pad_width != 0 || w.pad_height != 0;
    let filter_row = w.filter_width * w.input_channels;
    let taps = w.filter_width * w.filter_height;
    let wide_filter = taps * round_up(w.input_channels, 16) * w.output_channels;
    if !has_padding && filter_row >= 16 {
        return wide_filter + MARGIN + sums;
    }
    if taps * w.input_channels >= 16 {
        return sums + taps * w.input_channels + MARGIN;
    }
    // `filter_width` is 0 only where TFLM divides by it too; one column then stands for none.
    let tiled_channels = round_up((16 + w.filter_width - 1) / w.filter_width.max(1), 16);
    let tiled_filter = taps * tiled_channels * w.output_channels;
    if !has_padding {
        return sums + tiled_filter + w.input_width * w.input_height * tiled_channels + MARGIN;
    }
    let padded_width = w.input_width + 2 * w.pad_width;
    let padded_input = padded_width * (w.input_height + 2 * w.pad_height) * w.input_channels;
    if padded_input + sums <= CACHE_BUDGET {
        return padded_input + wide_filter + MARGIN + sums;
    }
    let (channels, filter) =
        if filter_row < 16 { (tiled_channels, tiled_filter) } else { (w.input_channels, 0) };
    let row = padded_width * channels;
    let budget = CACHE_BUDGET - sums - filter;
    let step = w.stride_height * row;
    let rows = if budget > 0 && w.filter_height * row <= budget && step > 0 {
        ((budget - w.filter_height * row) / step + 1).min(w.output_height)
    } else {
        1
    };
    let tile = ((rows - 1) * w.stride_height + w.filter_height + 2 * w.pad_height) * row;
    tile + filter + MARGIN + sums
}

/// Source: `src/convolution/esp_nn_depthwise_conv_s8_esp32s3.c`, `esp_nn_get_depthwise_conv_scratch_size_esp32s3`.
fn depthwise_scratch_esp32s3(w: &Window) -> i64 {
    const DEFAULT: i64 = 32;
    const TILE_LIMIT_S8: i64 = 40 * 1024;
    const TILE_LIMIT_S16: i64 = 48 * 1024;
    let channels = w.input_channels;
    let input = w.input_width * w.input_height * channels;
    let filter = w.filter_width * w.filter_height * channels * w.channel_multiplier;
    let is_3x3 = w.filter_width == 3 && w.filter_height == 3;
    let beyond = |output: i64, stride: i64, filter: i64, input: i64| output * stride + filter - 1 - input;
    let right = beyond(w.output_width, w.stride_width, w.filter_width, w.input_width);
    let bottom = beyond(w.output_height, w.stride_height, w.filter_height, w.input_height);

    if w.channel_multiplier == 1 && channels % 8 == 0 {
        if !is_3x3 {
            let both = 2 * (filter + input);
            let tile = 2 * filter + 2 * w.input_width * w.filter_height * channels;
            return if both <= TILE_LIMIT_S16 { both + 32 } else { tile + 32 };
        }
        if channels % 16 == 0 {
            let (extra_width, extra_height) = if w.pad_width != 0 || w.pad_height != 0 {
                (2 * w.pad_width, 2 * w.pad_height)
            } else {
                (right, bottom)
            };
            if extra_width == 0 && extra_height == 0 {
                return filter + 16;
            }
            let width = w.input_width + extra_width;
            let padded = width * (w.input_height + extra_height) * channels;
            let strip = width * w.filter_height * channels;
            return filter + if padded <= TILE_LIMIT_S8 { padded } else { strip } + 16;
        }
        if channels >= 12 {
            let wide = round_up(channels, 16);
            let width = w.input_width + 2 * w.pad_width + right.max(0);
            let height = w.input_height + 2 * w.pad_height + bottom.max(0);
            return 9 * wide + width * height * wide + w.output_width * w.output_height * wide + 64;
        }
        return 2 * (filter + input) + 32;
    }
    if w.channel_multiplier == 1 && channels > 3 {
        let wide = round_up(channels, 8);
        let input_start = round_up(2 * w.filter_width * w.filter_height * wide, 16);
        let output_start = round_up(input_start + 2 * w.input_width * w.input_height * wide, 16);
        let bias_start = round_up(output_start + w.output_width * w.output_height * wide, 16);
        return bias_start + 3 * 4 * wide + 16;
    }
    if w.channel_multiplier % 4 == 0 {
        return 2 * (filter + input) + 32;
    }
    DEFAULT
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A square image and filter, stride 1.
    fn window(size: i64, channels: i64, filter: i64, pad: i64, output_channels: i64) -> Window {
        let output = size + 2 * pad - filter + 1;
        Window {
            input_width: size,
            input_height: size,
            input_channels: channels,
            filter_width: filter,
            filter_height: filter,
            output_width: output,
            output_height: output,
            output_channels,
            stride_width: 1,
            stride_height: 1,
            pad_width: pad,
            pad_height: pad,
            channel_multiplier: 1,
        }
    }

    // Expected values: ESP-NN's own functions, compiled for the host and called with the same numbers.
    fn check(window: Window, s3: i64, p4: i64, depthwise_s3: i64) {
        assert_eq!(convolution_scratch(Chip::Esp32s3, &window), s3, "conv S3 {window:?}");
        assert_eq!(convolution_scratch(Chip::Esp32p4, &window), p4, "conv P4 {window:?}");
        assert_eq!(depthwise_scratch(Chip::Esp32s3, &window), depthwise_s3, "depthwise S3 {window:?}");
        for chip in [Chip::Esp32, Chip::Esp32s2, Chip::Esp32c3, Chip::Esp32c6] {
            assert_eq!(convolution_scratch(chip, &window), 0);
            assert_eq!(depthwise_scratch(chip, &window), 0);
        }
    }

    #[test]
    fn scratch_equals_esp_nn() {
        check(window(8, 1, 1, 0, 4), 736, 144, 32);
        check(window(8, 3, 1, 0, 4), 736, 144, 32);
        check(window(8, 16, 1, 0, 8), 448, 416, 2112);
        check(window(2, 16, 1, 0, 8), 192, 160, 192);
        check(window(8, 1, 3, 1, 8), 1832, 1316, 32);
        check(window(8, 1, 3, 0, 8), 1632, 2240, 32);
        check(window(8, 3, 3, 1, 8), 416, 91, 32);
        check(window(8, 16, 3, 0, 8), 2400, 1216, 160);
        check(window(8, 16, 3, 1, 16), 7936, 240, 1760);
        check(window(8, 8, 3, 1, 8), 3616, 136, 1200);
        check(window(8, 24, 3, 1, 24), 17632, 344, 7008);
        check(window(8, 5, 3, 1, 5), 404, 97, 1792);
        check(window(8, 2, 3, 1, 2), 200, 58, 32);
        check(window(8, 16, 5, 2, 16), 17536, 496, 2880);
        check(window(96, 16, 3, 1, 16), 312064, 240, 4864);
        check(window(96, 64, 5, 2, 8), 1305696, 1664, 64672);
        check(window(8, 1, 2, 1, 4), 664, 404, 32);
        check(window(200, 1, 3, 1, 8), 83240, 36768, 32);
        check(window(200, 2, 2, 1, 4), 163680, 39088, 32);
        check(window(8, 1, 2, 0, 4), 464, 1328, 32);
    }

    #[test]
    fn softmax_keeps_one_row() {
        assert_eq!(softmax_scratch(Chip::Esp32, 12), 48);
    }
}
