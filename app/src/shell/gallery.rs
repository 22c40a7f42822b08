//! Every part in every state, in both themes: a hidden page to look at, and the one picture test of the look.

use egui::{
    Align, Align2, CornerRadius, Layout, Rect, ScrollArea, Sense, Stroke, StrokeKind, Ui, UiBuilder, pos2,
    vec2,
};

use super::Context;
use crate::command::Command;
use crate::theme::widgets::{
    ButtonKind, Gauge, GaugeState, Progress, SortState, Verdict, button, chip_outline, gauge, header_cell,
    icon_button, inline_bar, key_value, keycap, note, note_buttons, progress_bar, section, segmented,
    segmented_small, small_button, tag, toast,
};
use crate::theme::{Category, Icon, Theme, font_id, style, text};

pub(super) fn ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let page = ui.max_rect();
    for (index, dark) in [true, false].into_iter().enumerate() {
        let width = page.width() / 2.0;
        let half = Rect::from_min_size(
            pos2(page.left() + index as f32 * width, page.top()),
            vec2(width, page.height()),
        );
        let theme = Theme::of(dark);
        let id = if dark { "dark" } else { "light" };
        ui.scope_builder(UiBuilder::new().max_rect(half).id_salt(id), |ui| {
            ui.set_style(style::style(theme, true));
            ui.set_clip_rect(half.intersect(ui.clip_rect()));
            ui.painter().rect_filled(half, 0.0, theme.surface.panel);
            half_ui(ui, theme);
        });
    }
    let corner = Rect::from_min_size(page.right_top() + vec2(-36.0, 8.0), vec2(28.0, 28.0));
    let mut corner = ui.new_child(UiBuilder::new().max_rect(corner));
    if icon_button(&mut corner, Theme::of(false), Icon::X, "Close gallery").clicked() {
        ctx.send(Command::ToggleGallery);
    }
}

fn half_ui(ui: &mut Ui, theme: &Theme) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        egui::Frame::new().inner_margin(20.0).show(ui, |ui| {
            let width = ((ui.available_width() - 20.0) / 2.0).max(160.0);
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 20.0;
                for column in [left_column, right_column] {
                    ui.vertical(|ui| {
                        ui.set_width(width);
                        ui.spacing_mut().item_spacing = vec2(8.0, 6.0);
                        ui.spacing_mut().interact_size.y = 18.0;
                        column(ui, theme);
                    });
                }
            });
        });
    });
}

fn left_column(ui: &mut Ui, theme: &Theme) {
    head(ui, theme, "Type");
    ui.label(text::title("Title 15/600").color(theme.text.text_1));
    ui.label(text::body("Body 13/400 sentences and names").color(theme.text.text_1));
    ui.label(text::label("Label 12/500").color(theme.text.text_1));
    ui.label(text::caption(theme, "Caption 11/600"));
    ui.label(text::number("number 12 48×48×16 122,576 B != -> −9,216").color(theme.text.text_1));
    ui.horizontal(|ui| {
        ui.label(text::figure("122,576").color(theme.text.text_1));
        ui.label(text::number("B").color(theme.text.text_3));
    });
    head(ui, theme, "Surfaces");
    surfaces_ui(ui, theme);
    head(ui, theme, "Buttons");
    buttons_ui(ui, theme);
    head(ui, theme, "Switches");
    ui.horizontal(|ui| {
        let _ = segmented(ui, theme, &mut 0, &[(0, "TFLM"), (1, "Emberlab runtime")]);
        let _ = segmented_small(ui, theme, &mut 1, &[(0, "Linear"), (1, "Log")]);
    });
    head(ui, theme, "Tags");
    ui.horizontal_wrapped(|ui| {
        tag(ui, theme, Verdict::Ok, Icon::CircleCheck, "Runs on ESP32-S3");
        tag(ui, theme, Verdict::Warn, Icon::TriangleAlert, "5 notes");
        tag(ui, theme, Verdict::Over, Icon::CircleX, "Over budget");
        tag(ui, theme, Verdict::Info, Icon::Info, "Estimate");
        tag(ui, theme, Verdict::Accent, Icon::Pin, "Pinned");
        tag(ui, theme, Verdict::Plain, Icon::Cpu, "Host only");
    });
    head(ui, theme, "Keys and icons");
    ui.horizontal(|ui| {
        keycap(ui, theme, "Ctrl O");
        for (icon, name) in
            [(Icon::ZoomOut, "Zoom out"), (Icon::ZoomIn, "Zoom in"), (Icon::Maximize, "Fit view")]
        {
            icon_button(ui, theme, icon, &format!("{name} (sample)"));
        }
    });
    icons_ui(ui, theme);
}

fn right_column(ui: &mut Ui, theme: &Theme) {
    head(ui, theme, "Gauges");
    ui.horizontal_wrapped(|ui| {
        for (label, state) in [
            ("Arena", GaugeState::Bytes { used: 122_576, limit: Some(341_760) }),
            ("Near", GaugeState::Bytes { used: 287_000, limit: Some(341_760) }),
            ("Over", GaugeState::Bytes { used: 392_576, limit: Some(341_760) }),
            ("Nothing open", GaugeState::NoModel),
            ("Cannot be known", GaugeState::Unknown),
            ("Without limit", GaugeState::Bytes { used: 300_568, limit: None }),
        ] {
            let response = gauge(ui, theme, &Gauge { label, state, show_details: true });
            chip_outline(ui, response.rect, 4, theme.line.subtle);
        }
    });
    head(ui, theme, "Operators");
    categories_ui(ui, theme);
    head(ui, theme, "Memory, series, sequential");
    memory_ui(ui, theme);
    head(ui, theme, "Notes and errors");
    note(
        ui,
        theme,
        Verdict::Info,
        "Largest live set: 86,240 B.",
        "Input `36,864`, output `9,216`, scratch `40,160`.",
    );
    note(ui, theme, Verdict::Warn, "Asymmetric padding 0/1.", "Check the bits after flashing.");
    let buttons = [
        (Some(Icon::Copy), "Copy"),
        (Some(Icon::RotateCw), "Try again"),
        (Some(Icon::ChevronRight), "Details"),
    ];
    let rest = "\nIts weights should be `8,192 B` for `128×1×1×64`; the buffer at byte `41,216` holds `4,096`. The file may be cut short. Export it again or open another copy.";
    note_buttons(ui, theme, Verdict::Over, "Operator 12 cannot be read", rest, &buttons);
    head(ui, theme, "Progress");
    ui.horizontal(|ui| {
        ui.label(Icon::RotateCw.text(13.0).color(theme.accent.text));
        ui.label(text::label("Calibrating").color(theme.text.text_1));
        progress_bar(ui, theme, 60.0, Progress::Known { done: 124, total: 200 });
        ui.label(text::number_small("124 of 200").color(theme.text.text_3));
        small_button(ui, theme, ButtonKind::Outline, Some(Icon::X), "Cancel");
    });
    head(ui, theme, "Toast");
    toast(ui, theme, Verdict::Ok, "Plan written to a copy, 9,216 B less", Some("Show"));
    head(ui, theme, "Section and table");
    section(ui, theme, "Attributes", "3", |ui| {
        key_value(ui, theme, "Kernel, stride", "3×3, 2×2");
        key_value(ui, theme, "Padding", "same, 0/1");
    });
    table_ui(ui, theme);
}

fn head(ui: &mut Ui, theme: &Theme, caption: &str) {
    ui.add_space(8.0);
    ui.label(text::caption(theme, caption));
}

fn surfaces_ui(ui: &mut Ui, theme: &Theme) {
    let surface = theme.surface;
    let fills = [
        ("canvas", surface.canvas),
        ("window", surface.window),
        ("panel", surface.panel),
        ("raised", surface.raised),
        ("control", surface.control),
        ("hover", surface.hover),
        ("pressed", surface.pressed),
    ];
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::hover());
    let width = rect.width() / fills.len() as f32;
    for (index, (name, fill)) in fills.into_iter().enumerate() {
        let cell =
            Rect::from_min_size(pos2(rect.left() + index as f32 * width, rect.top()), vec2(width, 30.0));
        ui.painter().rect_filled(cell, 0.0, fill);
        let small = egui::FontId::new(9.5, font_id::small().family);
        ui.painter().text(cell.center(), Align2::CENTER_CENTER, name, small, theme.text.text_2);
    }
    chip_outline(ui, rect, 4, theme.line.strong);
}

fn buttons_ui(ui: &mut Ui, theme: &Theme) {
    for (name, kind) in [
        ("Primary", ButtonKind::Primary),
        ("Plain", ButtonKind::Plain),
        ("Outline", ButtonKind::Outline),
        ("Ghost", ButtonKind::Ghost),
        ("Danger", ButtonKind::Danger),
    ] {
        ui.horizontal(|ui| {
            let (cell, _) = ui.allocate_exact_size(vec2(52.0, 28.0), Sense::hover());
            ui.painter().text(
                cell.left_center(),
                Align2::LEFT_CENTER,
                name,
                font_id::small(),
                theme.text.text_2,
            );
            button(ui, theme, kind, Some(Icon::Zap), "Flash");
            button(ui, theme, kind, None, "Words");
            small_button(ui, theme, kind, Some(Icon::Copy), "Small");
            ui.add_enabled_ui(false, |ui| button(ui, theme, kind, None, "Off"));
        });
    }
}

fn icons_ui(ui: &mut Ui, theme: &Theme) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        for icon in Icon::ALL {
            let (rect, response) = ui.allocate_exact_size(vec2(18.0, 18.0), Sense::hover());
            let font = font_id::icon(16.0);
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, icon.glyph(), font, theme.text.text_2);
            response.on_hover_text(icon.name());
        }
    });
}

fn categories_ui(ui: &mut Ui, theme: &Theme) {
    for pair in Category::ALL.chunks(2) {
        ui.horizontal(|ui| {
            for category in pair {
                swatch(ui, theme, category.label(), |ui, rect| {
                    ui.painter().rect_filled(rect, CornerRadius::same(2), theme.operator_colour(*category));
                });
            }
        });
    }
}

fn swatch(ui: &mut Ui, theme: &Theme, label: &str, paint: impl FnOnce(&Ui, Rect)) {
    let (rect, _) = ui.allocate_exact_size(vec2(138.0, 16.0), Sense::hover());
    let patch = Rect::from_min_size(rect.min + vec2(0.0, 2.0), vec2(22.0, 12.0));
    paint(ui, patch);
    let at = rect.left_center() + vec2(30.0, 0.0);
    ui.painter().text(at, Align2::LEFT_CENTER, label, font_id::cell(), theme.text.text_1);
}

fn memory_ui(ui: &mut Ui, theme: &Theme) {
    let memory = theme.memory;
    ui.horizontal(|ui| {
        swatch(ui, theme, "tensor, two tints", |ui, rect| {
            let (left, right) = rect.split_left_right_at_fraction(0.5);
            ui.painter().rect_filled(left, 0.0, memory.tensor_a);
            ui.painter().rect_filled(right, 0.0, memory.tensor_b);
        });
        colours_ui(ui, &theme.series);
    });
    ui.horizontal(|ui| {
        swatch(ui, theme, "scratch", |ui, rect| {
            let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
            for step in 0..7 {
                let x = rect.left() - rect.height() + step as f32 * 6.0;
                let line = [pos2(x, rect.bottom()), pos2(x + rect.height(), rect.top())];
                painter.line_segment(line, Stroke::new(1.5, memory.scratch));
            }
            ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, memory.scratch), StrokeKind::Inside);
        });
        let (rect, _) = ui.allocate_exact_size(vec2(138.0, 12.0), Sense::hover());
        for step in 0..46 {
            let x = rect.left() + step as f32 * 3.0;
            let cell = Rect::from_min_size(pos2(x, rect.top()), vec2(3.0, rect.height()));
            ui.painter().rect_filled(cell, 0.0, theme.sequential(step as f32 / 45.0));
        }
    });
    ui.horizontal(|ui| {
        swatch(ui, theme, "persistent", |ui, rect| {
            ui.painter().rect_filled(rect, CornerRadius::same(2), memory.persistent);
        });
        swatch(ui, theme, "lost to the planner", |ui, rect| {
            let line = Stroke::new(1.5, memory.gap);
            ui.painter().rect_stroke(rect, CornerRadius::same(2), line, StrokeKind::Inside);
        });
    });
}

fn colours_ui(ui: &mut Ui, colours: &[egui::Color32]) {
    ui.spacing_mut().item_spacing.x = 4.0;
    for colour in colours {
        let (rect, _) = ui.allocate_exact_size(vec2(13.0, 12.0), Sense::hover());
        ui.painter().rect_filled(rect, CornerRadius::same(2), *colour);
    }
}

fn table_ui(ui: &mut Ui, theme: &Theme) {
    let rows = [("0", "DepthwiseConv2D", "165,888", 0.28), ("1", "Conv2D", "589,824", 1.0)];
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0 + 22.0 * 2.0), Sense::hover());
    let widths = [36.0, rect.width() - 36.0 - 130.0, 130.0];
    let mut x = rect.left();
    let heads = [
        ("#", Align::Max, SortState::None),
        ("Operator", Align::Min, SortState::None),
        ("MACs", Align::Max, SortState::Descending),
    ];
    for (width, (label, align, sort)) in widths.into_iter().zip(heads) {
        let cell = Rect::from_min_size(pos2(x, rect.top()), vec2(width, 28.0));
        let mut cell =
            ui.new_child(UiBuilder::new().max_rect(cell).layout(Layout::left_to_right(Align::Center)));
        header_cell(&mut cell, theme, label, align, sort);
        x += width;
    }
    for (index, (number, name, macs, share)) in rows.into_iter().enumerate() {
        let top = rect.top() + 28.0 + 22.0 * index as f32;
        let row = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), 22.0));
        let painter = ui.painter();
        if index == 1 {
            painter.rect_filled(row, 0.0, theme.accent.soft);
            painter.rect_filled(row.with_max_x(row.left() + 2.0), 0.0, theme.accent.base);
        }
        let middle = row.center().y;
        painter.text(
            pos2(row.left() + 28.0, middle),
            Align2::RIGHT_CENTER,
            number,
            font_id::number(),
            theme.text.text_2,
        );
        painter.text(
            pos2(row.left() + 44.0, middle),
            Align2::LEFT_CENTER,
            name,
            font_id::cell(),
            theme.text.text_1,
        );
        painter.text(
            pos2(row.right() - 8.0, middle),
            Align2::RIGHT_CENTER,
            macs,
            font_id::number(),
            theme.text.text_1,
        );
        let bar = Rect::from_center_size(pos2(row.right() - 90.0, middle), vec2(28.0, 6.0));
        inline_bar(ui, theme, bar, share, theme.text.text_3);
    }
}
