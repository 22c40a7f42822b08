//! Gives egui our colours, sizes and text styles, in both themes.

use std::collections::BTreeMap;

use egui::epaint::FontColorTransferFunction;
use egui::style::{HandleShape, NumberFormatter, ScrollStyle, Selection, WidgetVisuals, Widgets};
use egui::{Context, CornerRadius, Margin, Shadow, Stroke, Style, TextStyle, Visuals, vec2};

use super::tokens::{Theme, shadow};
use super::{font_id, fonts, format, icons};

/// Installs fonts, icons and both styles.
pub fn install(ctx: &Context) {
    ctx.set_fonts(fonts::definitions());
    ctx.add_glyph_rasterizer(icons::rasterizer());
    set_reduced_motion(ctx, false);
}

/// Installs both styles again, without any animation if `reduced`.
pub fn set_reduced_motion(ctx: &Context, reduced: bool) {
    ctx.set_style_of(egui::Theme::Dark, style(Theme::of(true), reduced));
    ctx.set_style_of(egui::Theme::Light, style(Theme::of(false), reduced));
}

/// Our style for a theme.
pub fn style(theme: &Theme, reduced_motion: bool) -> Style {
    let mut style = Style {
        text_styles: text_styles(),
        drag_value_text_style: TextStyle::Monospace,
        number_formatter: NumberFormatter::new(format::with_decimals),
        animation_time: if reduced_motion { 0.0 } else { 0.08 },
        visuals: visuals(theme),
        ..Style::default()
    };
    if reduced_motion {
        style.scroll_animation = egui::style::ScrollAnimation::none();
    }
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 4.0);
    spacing.button_padding = vec2(10.0, 5.0);
    spacing.interact_size = vec2(40.0, 28.0);
    spacing.indent = 16.0;
    spacing.icon_width = 16.0;
    spacing.slider_rail_height = 4.0;
    spacing.combo_height = 320.0;
    spacing.tooltip_width = 320.0;
    spacing.menu_margin = Margin::same(4);
    spacing.window_margin = Margin::same(12);
    spacing.scroll = ScrollStyle {
        bar_width: 8.0,
        floating_width: 4.0,
        floating_allocated_width: 0.0,
        dormant_handle_opacity: 0.4,
        active_handle_opacity: 0.4,
        interact_handle_opacity: 0.7,
        dormant_background_opacity: 0.0,
        active_background_opacity: 0.0,
        interact_background_opacity: 0.0,
        foreground_color: true,
        ..ScrollStyle::floating()
    };
    style.interaction.tooltip_delay = 0.35;
    style.interaction.selectable_labels = false;
    style
}

fn text_styles() -> BTreeMap<TextStyle, egui::FontId> {
    [
        (TextStyle::Heading, font_id::title()),
        (TextStyle::Body, font_id::body()),
        (TextStyle::Button, font_id::label()),
        (TextStyle::Small, font_id::small()),
        (TextStyle::Monospace, font_id::number()),
        (TextStyle::Name("caption".into()), font_id::caption()),
        (TextStyle::Name("figure".into()), font_id::figure()),
        (TextStyle::Name("number_small".into()), font_id::number_small()),
    ]
    .into()
}

fn visuals(theme: &Theme) -> Visuals {
    let mut visuals = if theme.dark { Visuals::dark() } else { Visuals::light() };
    visuals.widgets = widgets(theme);
    if theme.dark {
        // egui's usual curve for light text makes 400 look like 500.
        visuals.text_options.color_transfer_function = FontColorTransferFunction::Gamma(0.75);
    }
    visuals.selection = Selection { bg_fill: theme.accent.soft, stroke: Stroke::new(1.0, theme.accent.text) };
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(theme.text.text_3);
    visuals.hyperlink_color = theme.status.info;
    visuals.faint_bg_color = theme.surface.raised;
    visuals.extreme_bg_color = theme.surface.canvas;
    visuals.text_edit_bg_color = Some(theme.surface.canvas);
    visuals.code_bg_color = theme.surface.canvas;
    visuals.warn_fg_color = theme.status.warn;
    visuals.error_fg_color = theme.status.over;
    visuals.panel_fill = theme.surface.panel;
    visuals.window_fill = theme.surface.raised;
    visuals.window_stroke = Stroke::new(1.0, theme.line.strong);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(6);
    let popup_shadow = Shadow { offset: [0, 4], blur: 12, spread: 0, color: shadow(0.4) };
    visuals.popup_shadow = popup_shadow;
    visuals.window_shadow = popup_shadow;
    visuals.striped = false;
    visuals.indent_has_left_vline = false;
    visuals.slider_trailing_fill = true;
    visuals.handle_shape = HandleShape::Circle;
    visuals.button_frame = true;
    visuals.disabled_alpha = 0.5;
    visuals.text_cursor.stroke = Stroke::new(1.5, theme.accent.text);
    visuals
}

fn widgets(theme: &Theme) -> Widgets {
    let of = |fill, stroke, text| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: stroke,
        corner_radius: CornerRadius::same(4),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let strong = Stroke::new(1.0, theme.line.strong);
    Widgets {
        noninteractive: of(theme.surface.panel, Stroke::new(1.0, theme.line.subtle), theme.text.text_2),
        inactive: of(theme.surface.control, Stroke::NONE, theme.text.text_1),
        hovered: of(theme.surface.hover, Stroke::NONE, theme.text.text_1),
        active: of(theme.surface.pressed, Stroke::NONE, theme.text.text_1),
        open: of(theme.surface.control, strong, theme.text.text_1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_themes_are_registered_with_their_own_panel_colour() {
        let ctx = Context::default();
        install(&ctx);
        for (theme, ours) in [(egui::Theme::Dark, Theme::of(true)), (egui::Theme::Light, Theme::of(false))] {
            assert_eq!(ctx.style_of(theme).visuals.panel_fill, ours.surface.panel);
        }
    }

    #[test]
    fn reduced_motion_takes_every_animation_away() {
        assert_eq!(style(Theme::of(true), true).animation_time, 0.0);
        assert!(style(Theme::of(true), false).animation_time > 0.0);
    }
}
