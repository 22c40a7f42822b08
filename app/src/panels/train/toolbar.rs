//! The bar above the curves: smoothing, axes, what the lines mean, and files.

use egui::{Align, DragValue, Layout, Popup, Response, Role, Slider, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use super::PanelContext;
use super::curve::{MAX_WEIGHT, Scale, Smoothing, window};
use super::curves::Curves;
use super::export;
use super::lines::Across;
use crate::document::Tab;
use crate::project::OpenProject;
use crate::theme::widgets::{ButtonKind, icon_button, segmented_small, small_button};
use crate::theme::{Icon, Theme, font_id, format, text};

/// Largest weight of the slider.
const SLIDER: f64 = 0.99;

pub(super) fn toolbar_ui(
    ui: &mut Ui,
    curves: &mut Curves,
    tab: &Tab,
    open: &OpenProject,
    ctx: &mut PanelContext<'_>,
) {
    let theme = ctx.theme;
    let inner = ui.max_rect().shrink2(vec2(16.0, 0.0));
    let builder = UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center));
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        ui.label(text::caption(theme, "Curves"));
        smoothing_ui(ui, theme, curves);
        let mut across = curves.look.across;
        let places = [(Across::Epoch, "Epoch"), (Across::Step, "Step"), (Across::Time, "Time")];
        if segmented_small(ui, theme, &mut across, &places) {
            curves.look.set_across(across);
        }
        let mut scale = curves.look.scale;
        if segmented_small(ui, theme, &mut scale, &[(Scale::Linear, "Linear"), (Scale::Log, "Log")]) {
            curves.look.set_scale(scale);
        }
        options_ui(ui, curves, open, ctx);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            let export = small_button(ui, theme, ButtonKind::Outline, Some(Icon::Download), "Export");
            Popup::menu(&export).show(|ui| export::menu_ui(ui, curves, tab, open, ctx));
            let fit = !curves.look.is_fit();
            if fit && small_button(ui, theme, ButtonKind::Ghost, Some(Icon::Maximize), "Fit").clicked() {
                curves.look.fit();
            }
            if ui.available_width() > 170.0 {
                sample_ui(ui, theme, "validation", true);
                sample_ui(ui, theme, "train", false);
            }
        });
    });
}

fn smoothing_ui(ui: &mut Ui, theme: &Theme, curves: &mut Curves) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let label = ui.label(text::small("Smoothing").color(theme.text.text_2));
        ui.spacing_mut().slider_width = 96.0;
        ui.spacing_mut().interact_size.y = 16.0;
        let slider = Slider::new(&mut curves.look.weight, 0.0..=SLIDER).show_value(false).trailing_fill(true);
        ui.visuals_mut().selection.bg_fill = theme.accent.base;
        slider_look(ui, theme);
        ui.add(slider).labelled_by(label.id);
        ui.reset_style();
        ui.spacing_mut().interact_size = vec2(36.0, 22.0);
        // What is typed may smooth more than the slider.
        let hover = match curves.look.smoothing {
            Smoothing::Exponential => "Weight of the average: how much of it stays at each step".to_owned(),
            Smoothing::Mean => format!(
                "Mean of the last {}",
                format::counted(u64::from(window(curves.look.weight)), "step", "steps")
            ),
        };
        let value =
            DragValue::new(&mut curves.look.weight).range(0.0..=MAX_WEIGHT).speed(0.002).fixed_decimals(2);
        ui.add(value).on_hover_text(hover).accessible_name("Smoothing weight");
    });
}

fn slider_look(ui: &mut Ui, theme: &Theme) {
    let widgets = &mut ui.visuals_mut().widgets;
    for visuals in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
        visuals.bg_fill = theme.text.text_1;
        visuals.fg_stroke.color = theme.text.text_1;
    }
    widgets.inactive.bg_fill = theme.surface.control;
}

/// What is chosen less often.
fn options_ui(ui: &mut Ui, curves: &mut Curves, open: &OpenProject, ctx: &mut PanelContext<'_>) {
    let button = icon_button(ui, ctx.theme, Icon::SlidersHorizontal, "Options of the curves");
    let mut has_rate = curves.has_rate(open);
    let look = &mut curves.look;
    Popup::menu(&button).close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside).show(|ui| {
        ui.set_min_width(230.0);
        let mut is_mean = look.smoothing == Smoothing::Mean;
        if ui.checkbox(&mut is_mean, text::cell("Smooth by a moving mean")).changed() {
            look.smoothing = if is_mean { Smoothing::Mean } else { Smoothing::Exponential };
        }
        ui.checkbox(&mut look.ignore_outliers, text::cell("Ignore wild steps when fitting"));
        ui.checkbox(&mut look.gap, text::cell("Shade the gap to validation"));
        if ui.checkbox(&mut has_rate, text::cell("Draw the learning rate")).changed() {
            look.rate = Some(has_rate);
        }
    });
}

/// A sample of a line with what it means.
fn sample_ui(ui: &mut Ui, theme: &Theme, words: &str, is_dashed: bool) -> Response {
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font_id::small(), theme.text.text_2);
    let (rect, response) = ui.allocate_exact_size(vec2(22.0 + galley.size().x, 18.0), egui::Sense::hover());
    response.widget_info(|| {
        let line = if is_dashed { "dashed" } else { "solid" };
        WidgetInfo::labeled(Role::Label, true, format!("{words}: {line} lines"))
    });
    let stroke = egui::Stroke::new(2.0, theme.text.text_2);
    let y = rect.center().y;
    let ends = [pos2(rect.left(), y), pos2(rect.left() + 16.0, y)];
    if is_dashed {
        ui.painter().extend(egui::Shape::dashed_line(&ends, stroke, 5.0, 3.0));
    } else {
        ui.painter().line_segment(ends, stroke);
    }
    ui.painter().galley(pos2(rect.left() + 22.0, y - galley.size().y / 2.0), galley, theme.text.text_2);
    response
}
