//! The app: `logic` takes what jobs found and applies what the user asked for, `ui` draws.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use egui::{Context, Ui};

use crate::board;
use crate::command::{self, Command};
use crate::document::{Document, TabContent};
use crate::events;
use crate::jobs::{JobKind, Jobs, Wake, Watcher};
use crate::messages::Level;
use crate::project;
use crate::settings::{self, Settings, ThemeChoice, WindowState};
use crate::shell::Shell;
use crate::theme::style;

/// Name of the app, and beginning of the window's title.
pub const TITLE: &str = "Emberlab";

/// How long a window that is closed waits for files that are being written.
const LAST_WRITES: Duration = Duration::from_secs(3);

/// Name of the file with results of boards, beside the settings.
const RECORDS: &str = "measurements.jsonl";

/// A measurement with so many invocations has something to show.
const SETTLED_SAMPLES: u64 = 300;

/// The settings are written at most this often.
const SETTINGS_EVERY: Duration = Duration::from_secs(1);

/// The whole app. Works without a window: see [`App::headless`].
pub struct App {
    document: Document,
    jobs: Jobs,
    watcher: Watcher,
    shell: Shell,
    commands: Vec<Command>,
    /// The context to wake, known from the first frame on.
    context: Arc<OnceLock<Context>>,
    store: Option<Store>,
    /// Theme of this session, where it is not the one of the settings.
    session_theme: Option<ThemeChoice>,
    /// The title that the window has.
    title: String,
}

/// Where the settings are kept, and what is there already.
struct Store {
    file: PathBuf,
    written: Settings,
    at: Instant,
}

impl App {
    /// An app that keeps its settings in `file`.
    pub fn new(settings: Settings, file: Option<PathBuf>) -> Self {
        let mut app = Self::headless(settings.clone());
        if file.is_some() {
            app.document.projects_folder =
                settings::projects_folder().unwrap_or_else(|| app.document.projects_folder.clone());
        }
        if let Some(records) =
            file.as_deref().and_then(|file| file.parent()).map(|folder| folder.join(RECORDS))
        {
            app.jobs.read_records(records.clone());
            app.document.board.records_file = Some(records);
        }
        app.store = file.map(|file| Store { file, written: settings, at: Instant::now() });
        app
    }

    /// The same app with a theme for this session, which the settings do not keep.
    pub fn with_session_theme(mut self, theme: Option<ThemeChoice>) -> Self {
        self.session_theme = theme;
        self
    }

    /// An app that writes no settings, for tests: call [`App::show`] once a frame.
    pub fn headless(settings: Settings) -> Self {
        let context: Arc<OnceLock<Context>> = Arc::default();
        let woken = context.clone();
        let wake: Wake = Arc::new(move || {
            if let Some(context) = woken.get() {
                context.request_repaint();
            }
        });
        let jobs = Jobs::new(wake);
        let (events, wake) = jobs.outlet();
        Self {
            document: Document::new(settings),
            jobs,
            watcher: Watcher::new(events, wake),
            shell: Shell::default(),
            commands: Vec::new(),
            context,
            store: None,
            session_theme: None,
            title: String::new(),
        }
    }

    /// Keeps new projects in `folder` unless the user says otherwise.
    pub fn set_projects_folder(&mut self, folder: PathBuf) {
        self.document.projects_folder = folder;
    }

    /// Asks for a change, as panels do; it is applied in the next [`App::logic`].
    pub fn send(&mut self, command: Command) {
        self.commands.push(command);
        if let Some(context) = self.context.get() {
            context.request_repaint();
        }
    }

    /// Puts a message into the log and shows it.
    pub fn note(&mut self, level: Level, text: &str) {
        self.document.messages.toast(level, text);
    }

    /// What is open.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// What is open, for tests to change.
    #[cfg(test)]
    pub(crate) fn document_mut(&mut self) -> &mut Document {
        &mut self.document
    }

    /// No job runs or waits, and every graph in front has its layout.
    pub fn is_settled(&self) -> bool {
        let laid_out = self.document.active_tab().is_none_or(|tab| match &tab.content {
            TabContent::Loading => false,
            TabContent::Failed(_) => true,
            TabContent::Model(open) => open.layouts.iter().all(Option::is_some),
        });
        let board = &self.document.board;
        // A measurement that the window was opened for has something to show.
        let is_measuring = board.run.as_ref().filter(|run| run.is_open);
        let measured = board.begins_with.is_none()
            && is_measuring.is_none_or(|run| run.trouble.is_some() || run.history.total() >= SETTLED_SAMPLES);
        self.jobs.is_idle() && self.commands.is_empty() && laid_out && measured
    }

    /// One frame: logic, then drawing.
    pub fn show(&mut self, ui: &mut Ui) {
        if self.attach(ui.ctx()) {
            return;
        }
        self.logic(&ui.ctx().clone());
        self.ui(ui);
    }

    /// Installs fonts and styles, before the first frame or in it; true if that has just happened, since fonts count
    /// from the next frame on.
    pub fn attach(&mut self, ctx: &Context) -> bool {
        if self.context.set(ctx.clone()).is_err() {
            return false;
        }
        style::install(ctx);
        let settings = &self.document.settings;
        style::set_reduced_motion(ctx, settings.reduce_motion);
        ctx.set_theme(self.session_theme.unwrap_or(settings.theme).preference());
        ctx.set_zoom_factor(settings.zoom);
        ctx.options_mut(|options| options.zoom_with_keyboard = false);
        ctx.request_repaint();
        true
    }

    /// Takes what jobs found and applies what the user asked for; no drawing.
    pub fn logic(&mut self, ctx: &Context) {
        for report in self.jobs.poll() {
            events::take(report, &mut self.document, &mut self.jobs);
        }
        for command in std::mem::take(&mut self.commands) {
            command::apply(command, &mut self.document, &mut self.jobs, ctx);
        }
        project::design::refresh(&mut self.document, &mut self.jobs, ctx);
        project::data::refresh(&mut self.document, &mut self.jobs);
        project::compress::refresh(&mut self.document, &mut self.jobs);
        board::refresh(&mut self.document, &mut self.jobs, ctx);
        project::file::autosave(&mut self.document, &mut self.jobs, ctx);
        self.watcher.set_paths(self.document.tabs.iter().filter_map(|tab| tab.path.clone()).collect());
        self.store_settings(ctx);
    }

    /// Draws the window.
    pub fn ui(&mut self, ui: &mut Ui) {
        self.shell.ui(ui, &self.document, &self.jobs, &mut self.commands);
        if !self.commands.is_empty() {
            // What was asked for in this frame is applied before the next one is drawn.
            ui.ctx().request_repaint();
        }
    }

    /// Writes all projects that have changed, after those that are being written: the window is gone.
    pub fn save_projects(&mut self) {
        let deadline = Instant::now() + LAST_WRITES;
        while self.jobs.is_busy(JobKind::Project) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
            for report in self.jobs.poll() {
                events::take(report, &mut self.document, &mut self.jobs);
            }
        }
        if let Err(reason) = project::file::write_all_now(&self.document) {
            // Nobody is there to see a message in the window.
            writeln!(std::io::stderr(), "emberlab: a project could not be saved: {reason}").ok();
        }
    }

    fn store_settings(&mut self, ctx: &Context) {
        let Some(store) = &mut self.store else { return };
        if self.document.settings == store.written || self.jobs.is_busy(JobKind::Settings) {
            return;
        }
        let wait = SETTINGS_EVERY.saturating_sub(store.at.elapsed());
        if !wait.is_zero() {
            ctx.request_repaint_after(wait);
            return;
        }
        store.written = self.document.settings.clone();
        store.at = Instant::now();
        self.jobs.write_settings(store.file.clone(), store.written.to_json());
    }

    /// Gives the window the name of the file in front.
    fn name_window(&mut self, ctx: &Context) {
        let title = match self.document.active_tab() {
            Some(tab) => format!("{TITLE} – {}", tab.title),
            None => TITLE.to_owned(),
        };
        if title != self.title {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    /// Notes size and place of the window; places change without a frame of ours, so this only looks.
    fn note_window(&mut self, ctx: &Context) {
        let known = self.document.settings.window;
        let now = ctx.input(|input| {
            let viewport = input.viewport();
            let maximized = viewport.maximized.unwrap_or(false) || viewport.fullscreen.unwrap_or(false);
            if maximized {
                return WindowState { maximized, ..known };
            }
            let rounded = |pair: egui::Vec2| [pair.x.round(), pair.y.round()];
            WindowState {
                size: viewport.inner_rect.map(|rect| rounded(rect.size())).or(known.size),
                position: viewport.outer_rect.map(|rect| rounded(rect.min.to_vec2())).or(known.position),
                maximized,
            }
        });
        if now != known {
            self.send(Command::SetWindow(now));
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        App::logic(self, ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        if self.store.is_some() {
            self.note_window(ui.ctx());
        }
        self.name_window(ui.ctx());
        App::ui(self, ui);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.save_projects();
        if let Some(store) = &self.store
            && self.document.settings != store.written
        {
            // The window is gone: nobody is there to read why this failed.
            let _ = crate::settings::store(&store.file, &self.document.settings.to_json());
        }
    }
}
