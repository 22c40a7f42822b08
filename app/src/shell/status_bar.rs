//! The bar at the bottom: the running job or how fast the model was opened; problems and log.

use std::time::{Duration, Instant};

use egui::{Align, Color32, Label, Layout, Response, Role, Sense, Ui, UiBuilder, WidgetInfo, vec2};
use emberlab_core::verdict::Severity;

use super::problems::{Problem, problems};
use super::{Context, jobs_list};
use crate::command::Command;
use crate::document::{OpenModel, Overlay, PanelKind, TabContent};
use crate::jobs::RunningJob;
use crate::panels::board::status_text;
use crate::project::OpenProject;
use crate::theme::widgets::{ButtonKind, Progress, focus_ring, progress_bar};
use crate::theme::{Icon, Theme, font_id, format, text};

/// Jobs that end sooner are not shown.
const SHOWN_AFTER: Duration = Duration::from_millis(150);
/// Before this nothing is said about the time that is left.
const ESTIMATE_AFTER: Duration = Duration::from_secs(2);

pub(super) fn ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let bar = ui.max_rect();
    let inner = bar.with_min_y(bar.top() + 1.0).shrink2(vec2(14.0, 0.0));
    let builder = UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center));
    ui.scope_builder(builder, |ui| {
        ui.spacing_mut().item_spacing.x = 16.0;
        left_ui(ui, ctx);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| right_ui(ui, ctx));
    });
}

fn left_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let now = Instant::now();
    let jobs = ctx.jobs;
    let running = jobs.running();
    let shown: Vec<&&RunningJob> =
        running.iter().filter(|job| job.cancelling || now - job.started >= SHOWN_AFTER).collect();
    // Wakes up once more for a job that is too young to be shown yet.
    if let Some(wait) = running.iter().filter_map(|job| SHOWN_AFTER.checked_sub(now - job.started)).min() {
        ui.request_repaint_after(wait + Duration::from_millis(1));
    }
    if let Some(job) = shown.first() {
        job_ui(ui, job, now, ctx);
        let others = running.len() - 1 + jobs.waiting();
        if others > 0 {
            let anchor =
                ghost(ui, ctx.theme, None, &format!("+{others}"), "All running jobs", ctx.theme.text.text_2);
            if anchor.clicked() {
                ctx.send(Command::Toggle(Overlay::Jobs));
            }
            jobs_list::ui(ui, anchor.rect, ctx);
        }
        return;
    }
    if let Some((_, project)) = ctx.document.active_project() {
        project_ui(ui, ctx.theme, project);
        return;
    }
    match ctx.document.active_tab().map(|tab| &tab.content) {
        Some(TabContent::Model(open)) => timings_ui(ui, ctx.theme, open),
        Some(TabContent::Failed(_)) => say(ui, "Not opened", ctx.theme.text.text_2),
        Some(TabContent::Loading) => say(ui, "Opening…", ctx.theme.text.text_2),
        None => say(ui, "Ready", ctx.theme.text.text_2),
    }
}

fn job_ui(ui: &mut Ui, job: &RunningJob, now: Instant, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.label(Icon::RotateCw.text(13.0).color(theme.accent.text));
        let name = if job.cancelling { "Cancelling…".to_owned() } else { job.spec.name.clone() };
        ui.add(Label::new(text::label(name).color(theme.text.text_1)).extend());
    });
    progress_bar(ui, theme, 160.0, job.progress);
    if let Progress::Known { done, total } = job.progress {
        let figures = format!("{} of {}", format::count(done), format::count(total));
        ui.add(Label::new(text::number_small(figures).color(theme.text.text_3)).extend());
        let elapsed = now - job.started;
        if elapsed >= ESTIMATE_AFTER && done > 0 && done < total {
            let left = elapsed.as_secs_f64() * (total - done) as f64 / done as f64;
            let words = format!("about {} left", format::duration(left));
            ui.add(Label::new(text::small(words).color(theme.text.text_3)).extend());
        }
    }
    if !job.cancelling && cancel_button(ui, theme).clicked() {
        ctx.send(Command::CancelJob(job.id.0));
    }
}

fn cancel_button(ui: &mut Ui, theme: &Theme) -> Response {
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 22.0;
        crate::theme::widgets::small_button(ui, theme, ButtonKind::Outline, Some(Icon::X), "Cancel")
    })
    .inner
}

fn timings_ui(ui: &mut Ui, theme: &Theme, open: &OpenModel) {
    let timings = open.timings;
    let sum = timings.read_micros + timings.plan_micros + timings.layout_micros.unwrap_or(0.0);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.label(Icon::Clock3.text(13.0).color(theme.text.text_2));
        say(ui, &format!("Opened in {} ms", format::millis_short(sum)), theme.text.text_2);
    });
    let mut parts = vec![
        format!("read {}", format::millis_short(timings.read_micros)),
        format!("plan {}", format::millis_short(timings.plan_micros)),
    ];
    parts.extend(timings.layout_micros.map(|micros| format!("layout {}", format::millis_short(micros))));
    let parts = text::number_small(parts.join(" · ")).color(theme.text.text_3);
    ui.add(Label::new(parts).extend());
}

/// Edits of a project, whether they are kept, and how fast its figures follow.
fn project_ui(ui: &mut Ui, theme: &Theme, project: &OpenProject) {
    let design = &project.design;
    let edits = match design.n_edits {
        0 => "No edits".to_owned(),
        count => format::counted(count, "edit", "edits"),
    };
    let kept = match (&project.file, project.is_dirty(), project.save.failure()) {
        (_, _, Some(_)) => "not saved",
        (None, ..) => "not saved yet",
        (Some(_), true, None) => "saving…",
        (Some(_), false, None) => "saved",
    };
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.label(Icon::History.text(13.0).color(theme.text.text_2));
        say(ui, &format!("{edits}, {kept}"), theme.text.text_2);
    });
    let words = match design.fitting.as_ref() {
        Some(_) if design.is_drawn() && !design.is_current() => {
            "figures of the last network that fits".to_owned()
        }
        Some(fitting) => match fitting.micros {
            Some(micros) => format!("costs updated in {} ms", format::millis_short(micros)),
            None => return,
        },
        None => return,
    };
    ui.add(Label::new(text::number_small(words).color(theme.text.text_3)).extend());
}

fn right_ui(ui: &mut Ui, ctx: &mut Context<'_>) {
    let theme = ctx.theme;
    ui.spacing_mut().item_spacing.x = 4.0;
    let colour = if ctx.document.view.log_open { theme.accent.text } else { theme.text.text_2 };
    if ghost(ui, theme, Some(Icon::Terminal), "Log", "Log", colour).clicked() {
        ctx.send(Command::ToggleLog);
    }
    if let Some(run) = ctx.document.board.run.as_deref().filter(|run| run.is_open)
        && ctx.document.panel != PanelKind::Board
    {
        let words = status_text(run);
        if ghost(ui, theme, Some(Icon::Cpu), &words, "Show the board", theme.text.text_2).clicked() {
            ctx.send(Command::ShowPanel(PanelKind::Board));
        }
    }
    if ctx.document.active_model().is_none() && ctx.document.active_project().is_none() {
        return;
    }
    let problems = problems(ctx.document);
    let (icon, words, colour) = summary(theme, &problems);
    let response = ghost(ui, theme, Some(icon), &words, &words, colour);
    if response.clicked() {
        ctx.send(Command::Toggle(Overlay::Problems));
    }
    super::problems::ui(ui, response.rect, &problems, ctx);
}

fn summary(theme: &Theme, problems: &[Problem]) -> (Icon, String, Color32) {
    let count = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let words = format::findings(count(Severity::Error), count(Severity::Warning), count(Severity::Note));
    match problems.first() {
        None => (Icon::CircleCheck, "No problems".to_owned(), theme.status.ok),
        Some(worst) => {
            let verdict = Problem::verdict(worst.severity);
            (verdict.icon(), words, verdict.colour(theme))
        }
    }
}

fn say(ui: &mut Ui, words: &str, colour: Color32) {
    ui.add(Label::new(text::cell(words).color(colour)).extend());
}

/// Text in the bar that can be pressed.
fn ghost(
    ui: &mut Ui,
    theme: &Theme,
    icon: Option<Icon>,
    words: &str,
    name: &str,
    colour: Color32,
) -> Response {
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font_id::cell(), colour);
    let icon_width = if icon.is_some() { 13.0 + 6.0 } else { 0.0 };
    let size = vec2(galley.size().x + icon_width + 12.0, 22.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect, 4.0, theme.surface.hover);
    }
    let mut x = rect.left() + 6.0;
    if let Some(icon) = icon {
        let at = egui::pos2(x + 6.5, rect.center().y);
        painter.text(at, egui::Align2::CENTER_CENTER, icon.glyph(), font_id::icon(13.0), colour);
        x += icon_width;
    }
    painter.galley(egui::pos2(x, rect.center().y - galley.size().y / 2.0), galley, colour);
    focus_ring(ui, theme, &response);
    response
}
