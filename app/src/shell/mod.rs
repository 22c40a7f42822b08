//! What surrounds the panels: top bar, rail, header, inspector, status bar, and what lies over the window.

mod areas;
mod chip_picker;
mod drop;
mod failed;
mod gallery;
mod gauges;
mod header;
mod inspector;
mod jobs_list;
mod keys;
mod latency;
mod log_view;
mod new_project;
mod new_variant;
mod palette;
mod popover;
mod problems;
mod rail;
mod settings_view;
mod shortcuts_view;
mod status_bar;
mod tabs;
mod toasts;
mod top_bar;
mod welcome;

#[cfg(test)]
mod ui_tests;

use egui::{Rect, Ui, UiBuilder};

use crate::command::Command;
use crate::document::{Document, Overlay, PanelKind, TabContent};
use crate::jobs::Jobs;
use crate::panels::PanelContext;
use crate::panels::arena::ArenaPanel;
use crate::panels::board::BoardPanel;
use crate::panels::compress::CompressPanel;
use crate::panels::data::DataPanel;
use crate::panels::design::DesignPanel;
use crate::panels::inspect::InspectPanel;
use crate::panels::run::RunPanel;
use crate::panels::train::TrainPanel;
use crate::theme::Theme;
use crate::theme::widgets::{hairline, vertical_hairline};

/// View state of everything around the panels, and the panels themselves.
#[derive(Default)]
pub struct Shell {
    data: DataPanel,
    design: DesignPanel,
    train: TrainPanel,
    compress: CompressPanel,
    inspect: InspectPanel,
    arena: ArenaPanel,
    run: RunPanel,
    board: BoardPanel,
    failed: failed::FailedPage,
    palette: palette::Palette,
    tabs: tabs::Tabs,
}

/// What the parts of the shell see.
pub(crate) struct Context<'a> {
    pub document: &'a Document,
    pub jobs: &'a Jobs,
    pub theme: &'a Theme,
    pub commands: &'a mut Vec<Command>,
}

impl Context<'_> {
    fn send(&mut self, command: Command) {
        self.commands.push(command);
    }

    fn panel(&mut self) -> PanelContext<'_> {
        PanelContext { document: self.document, theme: self.theme, commands: self.commands }
    }
}

impl Shell {
    /// Draws the whole window and pushes what the user asks for.
    pub fn ui(&mut self, ui: &mut Ui, document: &Document, jobs: &Jobs, commands: &mut Vec<Command>) {
        let theme = Theme::current(ui.ctx());
        let mut ctx = Context { document, jobs, theme, commands };
        keys::listen(ui.ctx(), &mut ctx);
        drop::take_files(ui.ctx(), &mut ctx);

        let window = ui.max_rect();
        let gallery = document.view.overlay == Some(Overlay::Gallery);
        let inspector_open = document.settings.inspector_open && has_inspector(document) && !gallery;
        let width = document.settings.inspector_width.unwrap_or(areas::usual_inspector_width(window.width()));
        let areas = areas::split(window, inspector_open.then_some(width), document.view.log_open);
        paint_surfaces(ui, theme, &areas);

        part(ui, areas.top_bar, "top bar", |ui| top_bar::ui(&mut self.tabs, ui, &mut ctx));
        part(ui, areas.rail, "rail", |ui| rail::ui(ui, &mut ctx));
        let below_top = areas.header.union(areas.main).union(areas.inspector.unwrap_or(areas.main));
        if gallery {
            part(ui, below_top, "gallery", |ui| gallery::ui(ui, &mut ctx));
        } else {
            self.page_ui(ui, &areas, below_top, &mut ctx);
        }
        if let Some(rect) = areas.log {
            part(ui, rect, "log", |ui| log_view::ui(ui, &mut ctx));
        }
        part(ui, areas.status_bar, "status bar", |ui| status_bar::ui(ui, &mut ctx));
        self.overlays_ui(ui, &mut ctx);
        toasts::ui(ui.ctx(), areas.status_bar, &mut ctx);
        drop::overlay_ui(ui.ctx(), window, &ctx);
    }

    /// The page of the tab in front.
    fn page_ui(&mut self, ui: &mut Ui, areas: &areas::Areas, page: Rect, ctx: &mut Context<'_>) {
        let document = ctx.document;
        let Some(tab) = document.active_tab() else {
            // A board is worth looking at without a model, too.
            if document.panel == PanelKind::Board {
                self.project_page_ui(ui, areas, ctx);
                return;
            }
            part(ui, page, "welcome", |ui| welcome::ui(ui, ctx));
            return;
        };
        if is_project_page(document) {
            self.project_page_ui(ui, areas, ctx);
            return;
        }
        match &tab.content {
            TabContent::Loading => part(ui, page, "loading", |ui| failed::loading_ui(ui, tab, ctx)),
            TabContent::Failed(failure) => {
                part(ui, page, "failed", |ui| self.failed.ui(ui, tab, failure, ctx));
            }
            TabContent::Model(open) => {
                part(ui, areas.header, "header", |ui| {
                    header::ui(ui, open, ctx, |ui, ctx| self.header_end_ui(ui, ctx));
                });
                self.panel_ui(ui, areas, ctx);
            }
        }
    }

    /// A panel that works on a project; it says itself what to do when none is in front.
    fn project_page_ui(&mut self, ui: &mut Ui, areas: &areas::Areas, ctx: &mut Context<'_>) {
        part(ui, areas.header, "header", |ui| {
            header::project_ui(ui, ctx, |ui, ctx| self.header_end_ui(ui, ctx));
        });
        self.panel_ui(ui, areas, ctx);
    }

    /// What the panel in front puts at the right end of the header.
    fn header_end_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        let ctx = &mut ctx.panel();
        match ctx.document.panel {
            PanelKind::Data => self.data.header_ui(ui, ctx),
            PanelKind::Design => self.design.header_ui(ui, ctx),
            PanelKind::Train => self.train.header_ui(ui, ctx),
            PanelKind::Compress => self.compress.header_ui(ui, ctx),
            PanelKind::Inspect => self.inspect.header_ui(ui, ctx),
            PanelKind::Arena => self.arena.header_ui(ui, ctx),
            PanelKind::Run => self.run.header_ui(ui, ctx),
            PanelKind::Board => self.board.header_ui(ui, ctx),
        }
    }

    /// Main area and inspector of the panel in front.
    fn panel_ui(&mut self, ui: &mut Ui, areas: &areas::Areas, ctx: &mut Context<'_>) {
        part(ui, areas.main, "main", |ui| {
            let ctx = &mut ctx.panel();
            match ctx.document.panel {
                PanelKind::Data => self.data.ui(ui, ctx),
                PanelKind::Design => self.design.ui(ui, ctx),
                PanelKind::Train => self.train.ui(ui, ctx),
                PanelKind::Compress => self.compress.ui(ui, ctx),
                PanelKind::Inspect => self.inspect.ui(ui, ctx),
                PanelKind::Arena => self.arena.ui(ui, ctx),
                PanelKind::Run => self.run.ui(ui, ctx),
                PanelKind::Board => self.board.ui(ui, ctx),
            }
        });
        let Some(rect) = areas.inspector else { return };
        part(ui, rect, "inspector", |ui| {
            inspector::ui(ui, ctx, |ui, ctx| {
                let ctx = &mut ctx.panel();
                match ctx.document.panel {
                    PanelKind::Data => self.data.inspector_ui(ui, ctx),
                    PanelKind::Design => self.design.inspector_ui(ui, ctx),
                    PanelKind::Train => self.train.inspector_ui(ui, ctx),
                    PanelKind::Compress => self.compress.inspector_ui(ui, ctx),
                    PanelKind::Inspect => self.inspect.inspector_ui(ui, ctx),
                    PanelKind::Arena => self.arena.inspector_ui(ui, ctx),
                    PanelKind::Run => self.run.inspector_ui(ui, ctx),
                    PanelKind::Board => self.board.inspector_ui(ui, ctx),
                }
            });
        });
    }

    fn overlays_ui(&mut self, ui: &mut Ui, ctx: &mut Context<'_>) {
        match ctx.document.view.overlay {
            Some(Overlay::Shortcuts) => shortcuts_view::ui(ui.ctx(), ctx),
            Some(Overlay::Palette) => self.palette.ui(ui.ctx(), ctx),
            Some(Overlay::NewProject) => new_project::ui(ui.ctx(), ctx),
            Some(Overlay::NewVariant) => new_variant::ui(ui.ctx(), ctx),
            // These hang on the part that opens them, which draws them.
            Some(
                Overlay::ChipPicker
                | Overlay::Settings
                | Overlay::Problems
                | Overlay::Jobs
                | Overlay::Latency,
            ) => {}
            Some(Overlay::Gallery) | None => {}
        }
        if ctx.document.view.overlay != Some(Overlay::Palette) {
            self.palette = palette::Palette::default();
        }
    }
}

/// The panel in front shows a project, not the model that its network would be.
fn is_project_page(document: &Document) -> bool {
    let of_project = document.panel == PanelKind::Compress && document.active_project().is_some();
    of_project || document.panel.needs_project()
}

/// The panel in front has something to show about what is open.
fn has_inspector(document: &Document) -> bool {
    if document.panel == PanelKind::Board {
        return document.board.run.is_some() || document.board.opened.is_some();
    }
    if document.panel == PanelKind::Compress {
        return document.active_tab().is_some_and(|tab| !crate::project::compress::stored(tab).is_empty());
    }
    if document.panel.needs_project() {
        let is_data = document.panel == PanelKind::Data;
        document.active_project().is_some_and(|(_, open)| !is_data || open.data.loaded.is_some())
    } else {
        document.active_model().is_some()
    }
}

/// Draws a part within its rectangle.
fn part<R>(ui: &mut Ui, rect: Rect, name: &str, content: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt(name), |ui| {
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        content(ui)
    })
    .inner
}

fn paint_surfaces(ui: &Ui, theme: &Theme, areas: &areas::Areas) {
    let painter = ui.painter();
    let fill = |rect: Rect, colour| painter.rect_filled(rect, 0.0, colour);
    fill(areas.top_bar, theme.surface.window);
    fill(areas.rail, theme.surface.window);
    fill(areas.status_bar, theme.surface.window);
    fill(areas.header, theme.surface.panel);
    fill(areas.main, theme.surface.panel);
    hairline(painter, theme, areas.top_bar.x_range(), areas.top_bar.bottom() - 1.0);
    hairline(painter, theme, areas.status_bar.x_range(), areas.status_bar.top());
    vertical_hairline(painter, theme, areas.rail.right() - 1.0, areas.rail.y_range());
    if let Some(inspector) = areas.inspector {
        fill(inspector, theme.surface.panel);
    }
    if let Some(log) = areas.log {
        fill(log, theme.surface.canvas);
    }
}
