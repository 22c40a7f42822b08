//! Colours of both themes, read once from `assets/tokens.json`.
//!
//! This is the only file that makes a colour out of numbers; everything else asks the [`Theme`].

use std::sync::LazyLock;

use egui::Color32;
use serde::{Deserialize, Deserializer};

use super::category::Category;

/// Every colour of one theme, by its name in `tokens.json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Theme {
    /// True for the dark theme.
    #[serde(skip)]
    pub dark: bool,
    /// Fills, from the deepest to the highest.
    pub surface: Surface,
    /// Lines and rings.
    pub line: Line,
    /// Text and icons.
    pub text: Text,
    /// Selection, primary button, active item.
    pub accent: Accent,
    /// Verdicts, each with a soft fill.
    pub status: Status,
    /// Categories of operators.
    pub operator: OperatorColours,
    /// The memory map.
    pub memory: MemoryColours,
    /// Lines of plots in fixed order.
    #[serde(deserialize_with = "colours")]
    pub series: [Color32; 8],
    /// Stops of the sequential scale, from low to high.
    #[serde(deserialize_with = "colours")]
    pub scale_sequential: [Color32; 5],
    /// Plots.
    pub plot: PlotColours,
}

/// The dark and the light theme.
#[derive(Deserialize)]
struct Tokens {
    dark: Theme,
    light: Theme,
}

macro_rules! colours {
    ($(#[$doc:meta])* $name:ident { $($field:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
        #[allow(missing_docs)]
        pub struct $name {
            $(#[serde(deserialize_with = "colour")] pub $field: Color32,)*
        }
    };
}

colours! {
    /// Fills, from the deepest to the highest.
    Surface { canvas, window, panel, raised, control, hover, pressed }
}
colours! {
    /// Splits, outlines and the focus ring.
    Line { subtle, strong, focus }
}
colours! {
    /// Values, labels, captions, disabled text, and text on the accent.
    Text { text_1, text_2, text_3, disabled, on_accent }
}
colours! {
    /// The one colour that means "selected" or "the next step".
    Accent { base, hover, pressed, soft, text }
}
colours! {
    /// Verdicts.
    Status { ok, ok_soft, warn, warn_soft, over, over_soft, info, info_soft }
}
colours! {
    /// Categories of operators.
    OperatorColours { conv, depthwise, dense, pool, activation, arithmetic, recurrent, quantise, control, shape }
}
colours! {
    /// The memory map.
    MemoryColours { tensor_a, tensor_b, scratch, persistent, temporary, gap, peak_line, bound_line }
}

/// Plots.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct PlotColours {
    /// Behind the lines.
    #[serde(deserialize_with = "colour")]
    pub background: Color32,
    /// Grid lines.
    #[serde(deserialize_with = "colour")]
    pub grid: Color32,
    /// Axes.
    #[serde(deserialize_with = "colour")]
    pub axis: Color32,
    /// Opacity of raw values behind a smoothed line, 0 to 1.
    pub raw_alpha: f32,
    /// Opacity of a band, 0 to 1.
    pub band_alpha: f32,
    /// The crosshair.
    #[serde(deserialize_with = "colour")]
    pub crosshair: Color32,
}

impl Theme {
    /// The dark or the light theme.
    pub fn of(dark: bool) -> &'static Theme {
        static TOKENS: LazyLock<Tokens> = LazyLock::new(|| {
            let text = include_str!("../../../assets/tokens.json");
            let mut tokens: Tokens =
                serde_json::from_str(text).expect("the bundled tokens are read in a test");
            tokens.dark.dark = true;
            tokens
        });
        if dark { &TOKENS.dark } else { &TOKENS.light }
    }

    /// The theme in force in a context.
    pub fn current(ctx: &egui::Context) -> &'static Theme {
        Self::of(ctx.theme() == egui::Theme::Dark)
    }

    /// The sequential scale at `t` from 0 to 1, linear between its five stops.
    pub fn sequential(&self, t: f32) -> Color32 {
        let last = self.scale_sequential.len() - 1;
        let place = if t.is_finite() { t.clamp(0.0, 1.0) * last as f32 } else { 0.0 };
        let index = (place as usize).min(last - 1);
        mix(self.scale_sequential[index], self.scale_sequential[index + 1], place - index as f32)
    }

    /// The colour of a category of operators.
    pub fn operator_colour(&self, category: Category) -> Color32 {
        match category {
            Category::Conv => self.operator.conv,
            Category::Depthwise => self.operator.depthwise,
            Category::Dense => self.operator.dense,
            Category::Pool => self.operator.pool,
            Category::Activation => self.operator.activation,
            Category::Arithmetic => self.operator.arithmetic,
            Category::Recurrent => self.operator.recurrent,
            Category::Quantise => self.operator.quantise,
            Category::Control => self.operator.control,
            Category::Shape => self.operator.shape,
        }
    }

    /// The colour of text that reads best on a fill: that of values, or that of the deepest surface.
    pub fn readable_on(&self, fill: Color32) -> Color32 {
        let distance = |text: Color32| (luminance(text) - luminance(fill)).abs();
        let choices = [self.text.text_1, self.surface.canvas];
        if distance(choices[0]) >= distance(choices[1]) { choices[0] } else { choices[1] }
    }

    /// The centre of the flame in the mark.
    pub fn ember_core(&self) -> Color32 {
        mix(self.accent.base, WHITE, if self.dark { 0.62 } else { 0.55 })
    }
}

/// How light a colour looks, 0 to 1: the luma of Rec. 709 over its stored values, which is even enough to compare by.
fn luminance(colour: Color32) -> f32 {
    (0.2126 * f32::from(colour.r()) + 0.7152 * f32::from(colour.g()) + 0.0722 * f32::from(colour.b())) / 255.0
}

/// `colour` with its opacity set to `alpha`, 0 to 1.
pub fn with_alpha(colour: Color32, alpha: f32) -> Color32 {
    colour.gamma_multiply(alpha.clamp(0.0, 1.0))
}

/// From `a` at 0 to `b` at 1, linear in sRGB as the design's tools mix.
pub fn mix(a: Color32, b: Color32, t: f32) -> Color32 {
    let channel = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * t).round() as u8;
    rgb(channel(a.r(), b.r()), channel(a.g(), b.g()), channel(a.b(), b.b()))
}

/// Black at the opacity `alpha`, 0 to 1, for shadows.
pub fn shadow(alpha: f32) -> Color32 {
    Color32::from_black_alpha((alpha.clamp(0.0, 1.0) * 255.0).round() as u8)
}

const WHITE: Color32 = Color32::WHITE;

#[expect(clippy::disallowed_methods, reason = "the one place where numbers become colours")]
fn rgb(r: u8, g: u8, b: u8) -> Color32 {
    Color32::from_rgb(r, g, b)
}

/// `#RRGGBB`.
fn colour_from_hex(text: &str) -> Option<Color32> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some(rgb(channel(0)?, channel(2)?, channel(4)?))
}

fn colour<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Color32, D::Error> {
    let text = String::deserialize(deserializer)?;
    colour_from_hex(&text).ok_or_else(|| serde::de::Error::custom(format!("{text} is not #RRGGBB")))
}

fn colours<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[Color32; N], D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let found = texts.len();
    let colours: Option<Vec<Color32>> = texts.iter().map(|text| colour_from_hex(text)).collect();
    colours
        .and_then(|colours| colours.try_into().ok())
        .ok_or_else(|| serde::de::Error::custom(format!("expected {N} colours #RRGGBB, found {found} texts")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_in_both_themes() {
        assert_eq!(Theme::of(true).surface.canvas, rgb(0x0E, 0x10, 0x14));
        assert_eq!(Theme::of(false).accent.base, rgb(0xC2, 0x50, 0x0F));
        assert!(Theme::of(true).dark && !Theme::of(false).dark);
    }

    #[test]
    fn sequential_scale_meets_its_stops_and_survives_strange_input() {
        for theme in [Theme::of(true), Theme::of(false)] {
            for (index, stop) in theme.scale_sequential.iter().enumerate() {
                assert_eq!(theme.sequential(index as f32 / 4.0), *stop);
            }
            assert_eq!(theme.sequential(f32::NAN), theme.scale_sequential[0]);
            assert_eq!(theme.sequential(-1.0), theme.scale_sequential[0]);
            assert_eq!(theme.sequential(7.0), theme.scale_sequential[4]);
        }
    }

    #[test]
    fn hex_that_is_not_a_colour_is_refused() {
        for text in ["", "#12345", "123456", "#12345G", "#ÄÖ12"] {
            assert_eq!(colour_from_hex(text), None, "{text}");
        }
    }
}
