//! The tabs of open files.

use egui::{Align2, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use super::Context;
use crate::command::Command;
use crate::document::{Tab, TabContent, TabId};
use crate::project::{OpenProject, ProjectCommand, is_project_file};
use crate::theme::widgets::{focus_ring, vertical_hairline};
use crate::theme::{Icon, font_id};

const HEIGHT: f32 = 48.0;
const WIDTH: std::ops::RangeInclusive<f32> = 120.0..=200.0;

/// Which tab was in front in the frame before, so that a new one is scrolled into view.
#[derive(Default)]
pub(super) struct Tabs {
    shown: Option<TabId>,
}

struct Look<'a> {
    icon: Icon,
    title: &'a str,
    hover: String,
    active: bool,
    /// A dot stands where the cross is: changes wait to be written.
    unsaved: bool,
}

impl Tabs {
    pub(super) fn ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let scroll_to = (self.shown != ctx.document.active).then_some(ctx.document.active).flatten();
        self.shown = ctx.document.active;
        let area = ScrollArea::horizontal()
            .scroll_bar_visibility(egui::scroll_area::ScrollBarVisibility::AlwaysHidden)
            .auto_shrink([true, false]);
        area.show(ui, |ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.horizontal_top(|ui| {
                if ctx.document.active.is_none() {
                    welcome_tab_ui(ui, ctx);
                }
                for tab in &ctx.document.tabs {
                    let rect = tab_ui(ui, tab, ctx);
                    if scroll_to == Some(tab.id) {
                        ui.scroll_to_rect(rect, None);
                    }
                }
                plus_ui(ui, ctx);
            });
        });
    }
}

fn welcome_tab_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let look =
        Look { icon: Icon::Flame, title: "Welcome", hover: String::new(), active: true, unsaved: false };
    let has_others = !ctx.document.tabs.is_empty();
    let (response, closed) = paint_tab(ui, &look, "Welcome", has_others, ctx);
    if has_others && (closed || response.middle_clicked()) {
        ctx.send(Command::PreviousTab);
    }
}

fn tab_ui(ui: &mut Ui, tab: &Tab, ctx: &mut Context<'_>) -> Rect {
    let icon = match &tab.content {
        _ if tab.project.is_some() || tab.path.as_deref().is_some_and(is_project_file) => Icon::Workflow,
        TabContent::Failed(_) => Icon::FileX,
        TabContent::Loading | TabContent::Model(_) => Icon::FileBox,
    };
    let hover = match (&tab.path, &tab.content) {
        (Some(path), _) => path.display().to_string(),
        (None, TabContent::Model(open)) if open.untrained_example => {
            "Bundled example, not trained".to_owned()
        }
        (None, _) => "Not on the disk".to_owned(),
    };
    let active = ctx.document.active == Some(tab.id);
    let unsaved = tab.project.as_deref().is_some_and(OpenProject::is_dirty);
    let name = match &tab.content {
        _ if unsaved => format!("{}, unsaved", tab.title),
        _ if tab.project.is_some() => tab.title.clone(),
        TabContent::Failed(_) => format!("{}, cannot be opened", tab.title),
        TabContent::Loading => format!("{}, opening", tab.title),
        TabContent::Model(_) => tab.title.clone(),
    };
    let look = Look { icon, title: &tab.title, hover, active, unsaved };
    let (response, closed) = paint_tab(ui, &look, &name, true, ctx);
    let rect = response.rect;
    if closed || response.middle_clicked() {
        ctx.send(Command::CloseTab(tab.id));
    } else if response.clicked() {
        ctx.send(Command::ShowTab(tab.id));
    }
    response.context_menu(|ui| {
        let mut item = |ui: &mut Ui, label: &str, command: Command| {
            if ui.button(label).clicked() {
                ctx.commands.push(command);
                ui.close();
            }
        };
        item(ui, "Read again", Command::Reload(tab.id));
        if tab.project.is_some() && active {
            item(ui, "Save as…", Command::Project(ProjectCommand::AskSaveAs));
        }
        if let Some(path) = &tab.path {
            item(ui, "Copy path", Command::Copy(path.display().to_string(), "the path".to_owned()));
        }
        item(ui, "Close", Command::CloseTab(tab.id));
    });
    rect
}

/// A tab, and whether its cross was pressed.
fn paint_tab(
    ui: &mut Ui,
    look: &Look<'_>,
    name: &str,
    closable: bool,
    ctx: &Context<'_>,
) -> (egui::Response, bool) {
    let theme = ctx.theme;
    let title = look.title;
    let natural = ui.painter().layout_no_wrap(title.to_owned(), font_id::label(), theme.text.text_1).size().x;
    let width =
        (natural + 12.0 + 14.0 + 8.0 + 12.0 + 12.0 + 12.0).clamp(*WIDTH.start(), *WIDTH.end()).round();
    let (rect, response) = ui.allocate_exact_size(vec2(width, HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, look.active, name));

    let cross = Rect::from_center_size(pos2(rect.right() - 18.0, rect.center().y), vec2(22.0, 22.0));
    let cross_response = closable.then(|| {
        let response = ui.interact(cross, response.id.with("close"), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Close {title}")));
        response
    });

    let hovered = response.contains_pointer();
    let text = if look.active || hovered { theme.text.text_1 } else { theme.text.text_2 };
    let painter = ui.painter();
    if look.active {
        painter.rect_filled(rect, 0.0, theme.surface.panel);
        painter.rect_filled(rect.with_max_y(rect.top() + 2.0), 0.0, theme.accent.base);
    }
    vertical_hairline(painter, theme, rect.right() - 1.0, rect.y_range());
    let middle = rect.center().y;
    let icon_at = pos2(rect.left() + 19.0, middle);
    painter.text(icon_at, Align2::CENTER_CENTER, look.icon.glyph(), font_id::icon(14.0), theme.text.text_3);
    let text_left = rect.left() + 34.0;
    let mut job = egui::text::LayoutJob::simple_singleline(title.to_owned(), font_id::label(), text);
    job.wrap = egui::text::TextWrapping::truncate_at_width(cross.left() + 4.0 - text_left);
    let galley = painter.layout_job(job);
    painter.galley(pos2(text_left, middle - galley.size().y / 2.0), galley, text);

    let mut closed = false;
    if let Some(response) = cross_response {
        let hovered = response.hovered();
        if hovered {
            painter.rect_filled(cross, 4.0, theme.surface.hover);
        }
        if look.unsaved && !hovered && !response.has_focus() {
            painter.circle_filled(cross.center(), 3.5, theme.accent.base);
        } else {
            let colour = if hovered { theme.text.text_1 } else { theme.text.text_3 };
            painter.text(cross.center(), Align2::CENTER_CENTER, Icon::X.glyph(), font_id::icon(12.0), colour);
        }
        closed = response.clicked();
    }
    focus_ring(ui, theme, &response);
    let response = if look.hover.is_empty() { response } else { response.on_hover_text(&look.hover) };
    (response, closed)
}

fn plus_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let (rect, response) = ui.allocate_exact_size(vec2(40.0, HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Open another file"));
    let colour = if response.hovered() { ctx.theme.text.text_1 } else { ctx.theme.text.text_3 };
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, Icon::Plus.glyph(), font_id::icon(16.0), colour);
    focus_ring(ui, ctx.theme, &response);
    if response.on_hover_text("Open another file").clicked() {
        let command = if ctx.document.active.is_some() { Command::ShowWelcome } else { Command::OpenDialog };
        ctx.send(command);
    }
}
