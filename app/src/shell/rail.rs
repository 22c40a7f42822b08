//! The rail at the left: panels, below them settings and help.

use egui::{
    Align2, CornerRadius, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

use super::{Context, settings_view};
use crate::command::Command;
use crate::document::{Overlay, PanelKind};
use crate::theme::widgets::{focus_ring, hairline};
use crate::theme::{Icon, Theme, font_id};

/// Height of a panel's item.
const ITEM: f32 = 56.0;
/// Height of settings and help.
const SMALL_ITEM: f32 = 40.0;

impl PanelKind {
    /// All of them, in the order of the rail.
    pub const ALL: [PanelKind; 8] = [
        PanelKind::Data,
        PanelKind::Design,
        PanelKind::Train,
        PanelKind::Compress,
        PanelKind::Inspect,
        PanelKind::Arena,
        PanelKind::Run,
        PanelKind::Board,
    ];

    /// The name in the rail and the header.
    pub fn label(self) -> &'static str {
        match self {
            PanelKind::Data => "Data",
            PanelKind::Design => "Design",
            PanelKind::Train => "Train",
            PanelKind::Compress => "Compress",
            PanelKind::Inspect => "Inspect",
            PanelKind::Arena => "Arena",
            PanelKind::Run => "Run",
            PanelKind::Board => "Board",
        }
    }

    fn icon(self) -> Icon {
        match self {
            PanelKind::Data => Icon::Database,
            PanelKind::Design => Icon::Workflow,
            PanelKind::Train => Icon::Activity,
            PanelKind::Compress => Icon::Shrink,
            PanelKind::Inspect => Icon::ScanSearch,
            PanelKind::Arena => Icon::MemoryStick,
            PanelKind::Run => Icon::Play,
            PanelKind::Board => Icon::Cpu,
        }
    }
}

pub(super) fn ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let rail = ui.max_rect().with_max_x(ui.max_rect().right() - 1.0);
    let mut y = rail.top() + 8.0;
    for panel in PanelKind::ALL {
        let rect = Rect::from_min_size(pos2(rail.left(), y), vec2(rail.width(), ITEM));
        let active =
            ctx.document.panel == panel && (ctx.document.active.is_some() || panel == PanelKind::Board);
        if item(ui, ctx.theme, rect, panel.icon(), panel.label(), true, active).clicked() {
            ctx.send(Command::ShowPanel(panel));
            // From the start page a panel can only mean a model that is open.
            if ctx.document.active.is_none() && !ctx.document.tabs.is_empty() {
                ctx.send(Command::PreviousTab);
            }
        }
        y += ITEM;
        if matches!(panel, PanelKind::Compress | PanelKind::Run) {
            let line = rect.x_range().shrink(20.0);
            hairline(ui.painter(), ctx.theme, line, y + 4.0);
            y += 9.0;
        }
    }
    let help = Rect::from_min_size(
        pos2(rail.left(), rail.bottom() - 8.0 - SMALL_ITEM),
        vec2(rail.width(), SMALL_ITEM),
    );
    let settings = help.translate(vec2(0.0, -SMALL_ITEM));
    let open = ctx.document.view.overlay == Some(Overlay::Settings);
    let response = item(ui, ctx.theme, settings, Icon::Settings, "Settings", false, open);
    if response.clicked() {
        ctx.send(Command::Toggle(Overlay::Settings));
    }
    settings_view::ui(ui, response.on_hover_text("Settings").rect, ctx);
    let open = ctx.document.view.overlay == Some(Overlay::Shortcuts);
    let response = item(ui, ctx.theme, help, Icon::CircleHelp, "Help", false, open);
    if response.on_hover_text("All shortcuts").clicked() {
        ctx.send(Command::ToggleShortcuts);
    }
}

fn item(
    ui: &mut Ui,
    theme: &Theme,
    rect: Rect,
    icon: Icon,
    name: &str,
    label_shown: bool,
    active: bool,
) -> Response {
    let response = ui.interact(rect, ui.scope_id().with(name), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, active, name));
    let painter = ui.painter();
    let card = Rect::from_min_max(rect.min + vec2(8.0, 2.0), rect.max - vec2(6.0, 2.0));
    let hovered = response.hovered();
    if active {
        let fill = if theme.dark { theme.surface.raised } else { theme.surface.panel };
        painter.rect_filled(card, CornerRadius::same(6), fill);
        if !theme.dark {
            let line = Stroke::new(1.0, theme.line.subtle);
            painter.rect_stroke(card, CornerRadius::same(6), line, StrokeKind::Inside);
        }
        let edge = Rect::from_min_max(
            pos2(rect.left(), rect.top() + 8.0),
            pos2(rect.left() + 2.0, rect.bottom() - 8.0),
        );
        painter.rect_filled(edge, 0.0, theme.accent.base);
    } else if hovered {
        painter.rect_filled(card, CornerRadius::same(6), theme.surface.raised);
    }
    let quiet = if hovered { theme.text.text_2 } else { theme.text.text_3 };
    let icon_colour = if active { theme.accent.base } else { quiet };
    let text_colour = if active { theme.text.text_1 } else { quiet };
    let centre = rect.center();
    if label_shown {
        let icon_at = pos2(centre.x, centre.y - 9.0);
        painter.text(icon_at, Align2::CENTER_CENTER, icon.glyph(), font_id::icon(20.0), icon_colour);
        let text_at = pos2(centre.x, centre.y + 13.0);
        painter.text(text_at, Align2::CENTER_CENTER, name, font_id::small_strong(), text_colour);
    } else {
        painter.text(centre, Align2::CENTER_CENTER, icon.glyph(), font_id::icon(18.0), icon_colour);
    }
    focus_ring(ui, theme, &response);
    response
}
