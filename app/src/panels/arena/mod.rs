//! Where does each tensor live in the arena, and when?

mod answer;
mod chips_table;
mod export;
mod figures;
mod inspector;
mod layout;
mod legend;
mod map_ui;
mod marks;
mod persistent;
mod refused;
mod remedies;
mod shown;
mod view;
mod why;
mod words;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod ui_tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::{Align, Align2, Layout, Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};
use emberlab_core::plan::{ArenaPlan, Category, KernelSet, Target};

pub use map_ui::{Action, SHORTCUTS};

use self::answer::{TFLM_VERSION, file_name, kernels_text};
use self::export::picture;
use self::legend::Legend;
use self::map_ui::MapState;
use self::shown::{Shown, Stage};
use super::PanelContext;
use crate::charts::paint;
use crate::command::Command;
use crate::document::{OpenModel, Tab};
use crate::jobs::PictureFormat;
use crate::theme::widgets::{ButtonKind, Verdict, segmented, small_button, tag};
use crate::theme::{Icon, font_id};

/// View state of the Arena panel.
#[derive(Default)]
pub struct ArenaPanel {
    /// The plan in front and what is derived from it.
    shown: Option<Shown>,
    /// Zoom, and the time cursor.
    map: MapState,
    /// Categories of the persistent part that are unfolded.
    expanded: BTreeSet<Category>,
}

/// Height of the bar with the legend.
const BAR: f32 = 36.0;
/// Least height of map and bars together.
const LEAST_MAP: f32 = 240.0;

impl ArenaPanel {
    /// The right end of the panel header: tags and switches.
    pub fn header_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let target = ctx.document.target;
        let mut kernels = target.kernels;
        let choices = [(KernelSet::EspNn, "ESP-NN"), (KernelSet::Reference, "Reference")];
        if segmented(ui, ctx.theme, &mut kernels, &choices) {
            ctx.send(Command::SetTarget(Target { kernels, ..target }));
        }
        if let Stage::Plan(_, _, plan) = Stage::of(ctx.document) {
            let exact = format!("Exact for TFLM {TFLM_VERSION}, {}", kernels_text(plan));
            // Beside the title: the header runs from right to left.
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                tag(ui, ctx.theme, Verdict::Ok, Icon::CircleCheck, &exact);
            });
        }
    }

    /// The main area.
    pub fn ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        match Stage::of(document) {
            Stage::Plan(tab, open, plan) => {
                self.adopt(open, plan);
                self.plan_ui(ui, tab, open, plan, ctx);
            }
            stage => refused::stage_ui(ui, &stage, ctx),
        }
    }

    /// The inspector at the right of the window.
    pub fn inspector_ui(&mut self, ui: &mut Ui, ctx: &mut PanelContext<'_>) {
        let document = ctx.document;
        let Stage::Plan(_, open, plan) = Stage::of(document) else {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 64.0), egui::Sense::hover());
            let sentence = "Why the arena is as large as it is stands here once there is a plan";
            let galley = ui.painter().layout(
                sentence.to_owned(),
                font_id::cell(),
                ctx.theme.text.text_3,
                rect.width() - 32.0,
            );
            ui.painter().galley(rect.min + vec2(16.0, 16.0), galley, ctx.theme.text.text_3);
            return;
        };
        self.adopt(open, plan);
        if let Some(shown) = &self.shown {
            inspector::inspector_ui(ui, shown, open, self.map.cursor, &mut self.expanded, ctx);
        }
    }

    /// Works out what is shown if the plan in front is another one than before.
    fn adopt(&mut self, open: &OpenModel, plan: &Arc<ArenaPlan>) {
        if self.shown.as_ref().is_some_and(|shown| shown.is_of(open, plan)) {
            return;
        }
        let new = Shown::new(open, plan);
        match &self.shown {
            Some(old) if Arc::ptr_eq(&old.model, &new.model) => self.map.adopt(old, &new),
            _ => self.map.reset(&new),
        }
        self.shown = Some(new);
    }

    fn plan_ui(
        &mut self,
        ui: &mut Ui,
        tab: &Tab,
        open: &OpenModel,
        plan: &ArenaPlan,
        ctx: &mut PanelContext<'_>,
    ) {
        let table = chips_table::height(ctx.document.settings.comfortable_rows);
        let least = figures::HEIGHT + BAR + LEAST_MAP + table;
        let room = ui.available_rect_before_wrap();
        if room.height() >= least {
            self.areas_ui(ui, room, tab, open, plan, ctx);
            ui.advance_cursor_after_rect(room);
        } else {
            // A small window, or a large zoom: everything keeps its least height and scrolls.
            ScrollArea::vertical().id_salt("arena").auto_shrink(false).show(ui, |ui| {
                let (rect, _) = ui.allocate_exact_size(vec2(room.width(), least), egui::Sense::hover());
                self.areas_ui(ui, rect, tab, open, plan, ctx);
            });
        }
    }

    fn areas_ui(
        &mut self,
        ui: &mut Ui,
        rect: Rect,
        tab: &Tab,
        open: &OpenModel,
        plan: &ArenaPlan,
        ctx: &mut PanelContext<'_>,
    ) {
        let (figures_rect, rest) = rect.split_top_bottom_at_y(rect.top() + figures::HEIGHT);
        let (bar, rest) = rest.split_top_bottom_at_y(rest.top() + BAR);
        let table = chips_table::height(ctx.document.settings.comfortable_rows);
        let (map, table) = rest.split_top_bottom_at_y(rest.bottom() - table);
        figures::figures_ui(ui, figures_rect, tab, open, plan, ctx);
        self.bar_ui(ui, bar, tab, ctx);
        if let Some(shown) = &self.shown {
            map_ui::map_ui(ui, map, shown, &mut self.map, ctx);
        }
        chips_table::chips_ui(ui, table, open, ctx);
    }

    /// The legend, and what can be done with the map.
    fn bar_ui(&mut self, ui: &mut Ui, rect: Rect, tab: &Tab, ctx: &mut PanelContext<'_>) {
        let theme = ctx.theme;
        let middle = rect.center().y;
        let caption = ui.painter().text(
            pos2(rect.left() + 16.0, middle),
            Align2::LEFT_CENTER,
            "Memory map",
            font_id::caption(),
            theme.text.text_3,
        );
        let buttons = Rect::from_min_max(pos2(rect.right() - 220.0, rect.top()), rect.max - vec2(16.0, 0.0));
        let mut x = caption.right() + 14.0;
        for item in Legend::ALL {
            let words =
                ui.painter().layout_no_wrap(item.label().to_owned(), font_id::small(), theme.text.text_2);
            let width = 18.0 + words.size().x;
            if x + width > buttons.left() {
                break;
            }
            let swatch = Rect::from_center_size(pos2(x + 6.0, middle), vec2(11.0, 11.0));
            paint(ui.painter(), &item.swatch(swatch, theme));
            ui.painter().galley(pos2(x + 18.0, middle - words.size().y / 2.0), words, theme.text.text_2);
            x += width + 14.0;
        }
        let layout = Layout::right_to_left(Align::Center);
        ui.scope_builder(UiBuilder::new().max_rect(buttons).layout(layout), |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let fit = small_button(ui, theme, ButtonKind::Ghost, Some(Icon::Scan), "Fit");
            if fit.on_hover_text("Show the whole map (F, or a double click)").clicked()
                && let Some(shown) = &self.shown
            {
                self.map.fit(ui, &shown.chart, ctx.document.settings.reduce_motion);
            }
            let png = small_button(ui, theme, ButtonKind::Ghost, None, "PNG");
            if png.on_hover_text("Save the memory map as PNG").clicked() {
                self.save(tab, PictureFormat::Png(2.0), ctx);
            }
            let svg = small_button(ui, theme, ButtonKind::Ghost, Some(Icon::Download), "SVG");
            if svg.on_hover_text("Save the memory map as SVG").clicked() {
                self.save(tab, PictureFormat::Svg, ctx);
            }
        });
    }

    fn save(&self, tab: &Tab, format: PictureFormat, ctx: &mut PanelContext<'_>) {
        let Some(shown) = &self.shown else { return };
        let (ending, what) = match format {
            PictureFormat::Svg => ("arena.svg", "the memory map as SVG"),
            PictureFormat::Png(_) => ("arena.png", "the memory map as PNG"),
        };
        let name = file_name(tab, shown.plan.target, ending);
        let picture = Arc::new(picture(tab, shown, ctx.theme));
        ctx.send(Command::SavePicture(name, picture, format, what.to_owned()));
    }
}
