//! Functions as tables (`LUTPopulate` and `LUTLookup`, kernels/internal/common.h).

use super::quantize::round_f32;

/// Entries of a table for int16 inputs: 512 steps and the end of the last one.
pub const LUT_INT16_ENTRIES: usize = 513;

/// The entry for the quantized input `value` of a table for int8.
pub fn lut_int8_entry(
    value: i8,
    (input_scale, input_zero_point): (f32, i32),
    (output_scale, output_zero_point): (f32, i32),
    function: impl Fn(f32) -> f32,
) -> i8 {
    let inverse_scale = 1.0 / output_scale;
    let dequantized = input_scale * (i32::from(value).wrapping_sub(input_zero_point)) as f32;
    let rescaled = round_f32(function(dequantized) * inverse_scale);
    ((rescaled + output_zero_point as f32) as i32).clamp(-128, 127) as i8
}

/// Entry `index` (0 to 512) of a table for int16; between entries, [`lut_int16_lookup`] interpolates.
///
/// Each entry is moved by half of the interpolation error in the middle of its step.
pub fn lut_int16_entry(
    index: usize,
    (input_scale, input_zero_point): (f32, i32),
    (output_scale, output_zero_point): (f32, i32),
    function: impl Fn(f32) -> f32,
) -> i16 {
    let real = |scale: f32, value: i32, zero_point: i32| scale * value.wrapping_sub(zero_point) as f32;
    let (lowest, highest) = (i32::from(i16::MIN), i32::from(i16::MAX));
    let input_min = real(input_scale, lowest, input_zero_point);
    let input_max = real(input_scale, highest, input_zero_point);
    let output_min = real(output_scale, lowest, output_zero_point);
    let output_max = real(output_scale, highest, output_zero_point);
    let inverse = 65536.0 / (output_max - output_min);
    let clamp = |value: f32| {
        let raised = if value < i16::MIN as f32 { i16::MIN as f32 } else { value };
        (if (i16::MAX as f32) < raised { i16::MAX as f32 } else { raised }) as i16
    };
    let n_steps = LUT_INT16_ENTRIES - 1;
    if index >= n_steps {
        return clamp(round_f32(function(input_max) * inverse));
    }
    let step = (input_max - input_min) / n_steps as f32;
    let half_step = step / 2.0;
    let start = input_min + index as f32 * step;
    let value = function(start);
    let middle = function(start + half_step);
    let next = function(input_min + (index + 1) as f32 * step);
    let sample = round_f32(value * inverse);
    let interpolated = round_f32((next * inverse + round_f32(value * inverse)) / 2.0);
    let bias = round_f32((interpolated - round_f32(middle * inverse)) / 2.0);
    clamp(sample - bias)
}

/// The function of `value` by a table of [`LUT_INT16_ENTRIES`]: the upper 9 bits choose the step, the lower 7 interpolate.
#[inline]
pub fn lut_int16_lookup(value: i16, table: impl Fn(usize) -> i16) -> i16 {
    let index = (256 + (i32::from(value) >> 7)) as usize;
    let offset = i32::from(value & 0x7f);
    let base = table(index);
    // The slope is kept in 16 bits, as TFLM keeps it.
    let slope = i32::from(table(index + 1).wrapping_sub(base));
    let delta = (slope * offset + 64) >> 7;
    i32::from(base).wrapping_add(delta) as i16
}

/// `sigmoid(i / 24)` as an unsigned fraction of 16 bits, for `i` from 0 to 255: the table behind int16 LOGISTIC, TANH and
/// the int16 gates of an LSTM (`sigmoid_table_uint16`, kernels/internal/common.h).
pub static SIGMOID_TABLE: [u16; 256] = [
    32768, 33451, 34133, 34813, 35493, 36169, 36843, 37513, 38180, 38841, 39498, 40149, 40794, 41432, 42064,
    42688, 43304, 43912, 44511, 45102, 45683, 46255, 46817, 47369, 47911, 48443, 48964, 49475, 49975, 50464,
    50942, 51409, 51865, 52311, 52745, 53169, 53581, 53983, 54374, 54755, 55125, 55485, 55834, 56174, 56503,
    56823, 57133, 57433, 57724, 58007, 58280, 58544, 58800, 59048, 59288, 59519, 59743, 59959, 60168, 60370,
    60565, 60753, 60935, 61110, 61279, 61441, 61599, 61750, 61896, 62036, 62172, 62302, 62428, 62549, 62666,
    62778, 62886, 62990, 63090, 63186, 63279, 63368, 63454, 63536, 63615, 63691, 63765, 63835, 63903, 63968,
    64030, 64090, 64148, 64204, 64257, 64308, 64357, 64405, 64450, 64494, 64536, 64576, 64614, 64652, 64687,
    64721, 64754, 64786, 64816, 64845, 64873, 64900, 64926, 64950, 64974, 64997, 65019, 65039, 65060, 65079,
    65097, 65115, 65132, 65149, 65164, 65179, 65194, 65208, 65221, 65234, 65246, 65258, 65269, 65280, 65291,
    65301, 65310, 65319, 65328, 65337, 65345, 65352, 65360, 65367, 65374, 65381, 65387, 65393, 65399, 65404,
    65410, 65415, 65420, 65425, 65429, 65433, 65438, 65442, 65445, 65449, 65453, 65456, 65459, 65462, 65465,
    65468, 65471, 65474, 65476, 65479, 65481, 65483, 65485, 65488, 65489, 65491, 65493, 65495, 65497, 65498,
    65500, 65501, 65503, 65504, 65505, 65507, 65508, 65509, 65510, 65511, 65512, 65513, 65514, 65515, 65516,
    65517, 65517, 65518, 65519, 65520, 65520, 65521, 65522, 65522, 65523, 65523, 65524, 65524, 65525, 65525,
    65526, 65526, 65526, 65527, 65527, 65528, 65528, 65528, 65529, 65529, 65529, 65529, 65530, 65530, 65530,
    65530, 65531, 65531, 65531, 65531, 65531, 65532, 65532, 65532, 65532, 65532, 65532, 65533, 65533, 65533,
    65533, 65533, 65533, 65533, 65533, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534, 65534,
    65535,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sigmoid_table_is_the_sigmoid() {
        for (i, entry) in SIGMOID_TABLE.iter().enumerate() {
            let expected = 65536.0 / (1.0 + (-(i as f64) / 24.0).exp());
            assert!((f64::from(*entry) - expected).abs() <= 1.2, "entry {i}: {entry}, expected {expected}");
        }
    }

    #[test]
    fn lookup_interpolates_between_entries() {
        let table = |index: usize| (index as i16) * 10;
        assert_eq!(lut_int16_lookup(0, table), 2560);
        assert_eq!(lut_int16_lookup(64, table), 2565);
        assert_eq!(lut_int16_lookup(i16::MAX, table), 5120);
        assert_eq!(lut_int16_lookup(i16::MIN, table), 0);
    }

    #[test]
    fn tables_follow_the_function() {
        let identity = |x: f32| x;
        for value in [-128i8, -3, 0, 9, 127] {
            assert_eq!(lut_int8_entry(value, (0.5, 0), (0.5, 0), identity), value);
        }
        assert_eq!(lut_int8_entry(100, (1.0, 0), (0.5, 0), identity), 127);
        // The 512 steps span 65535 values: the middle entry lies half a value below 0.
        assert_eq!(lut_int16_entry(256, (1.0 / 32768.0, 0), (1.0 / 32768.0, 0), identity), -1);
        assert_eq!(lut_int16_entry(512, (1.0 / 32768.0, 0), (1.0 / 32768.0, 0), identity), 32767);
    }
}
