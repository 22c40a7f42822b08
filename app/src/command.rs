//! Every change that a user can ask for, and the one function that applies it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::Context;
use emberlab_core::export::{EspIdfApp, SourceKind};
use emberlab_core::layers::templates::{self, Template};
use emberlab_core::model::{SubgraphId, TensorId};
use emberlab_core::plan::Target;
use emberlab_core::run::Semantics;

use crate::board::{self, BoardCommand};
use crate::charts::Picture;
use crate::document::{
    ClosedTab, Document, OpenModel, Overlay, PanelKind, Selection, Tab, TabContent, TabId,
};
use crate::files::is_data;
use crate::jobs::{
    EspIdfRequest, JobId, Jobs, LayoutRequest, OpenRequest, OtherRun, PictureFormat, RunRequest, Source,
    SourcesRequest, Subject, file_name,
};
use crate::messages::Level;
use crate::panels::inspect::layout::Direction;
use crate::panels::run::{other_semantics, semantics_label};
use crate::project::{
    self, CompressCommand, CompressState, DataCommand, DesignCommand, ProjectCommand, TrainCommand,
};
use crate::run_state::{Comparison, RunInput};
use crate::settings::{ThemeChoice, WindowState};
use crate::theme::style;

/// A change that a user can ask for; panels push these, `App` applies them.
#[derive(Clone, Debug)]
pub enum Command {
    /// Open files, each in a tab of its own (or bring the tab that has it to the front).
    Open(Vec<PathBuf>),
    /// Open bytes that have a name but no path.
    OpenBytes(String, Arc<[u8]>),
    /// Ask for files, then open them.
    OpenDialog,
    /// Open the bundled model, which is not trained.
    OpenExample,
    /// Open a project without a file that begins with a template, by its name on the command line; select the layer with
    /// the name.
    OpenTemplate(String, Option<String>),
    /// Open the recent file with the number, the newest is 0.
    OpenRecent(usize),
    /// Read the file of a tab again.
    Reload(TabId),
    /// Bring a tab to the front.
    ShowTab(TabId),
    /// Bring the page with recent files and examples to the front.
    ShowWelcome,
    /// Bring the next tab to the front.
    NextTab,
    /// Bring the tab before to the front.
    PreviousTab,
    /// Close a tab.
    CloseTab(TabId),
    /// Open the tab that was closed last.
    ReopenTab,
    /// Bring a panel to the front.
    ShowPanel(PanelKind),
    /// Begin with a panel: the project that is opened next does not choose another.
    HoldPanel(PanelKind),
    /// Select an operator, tensor or scratch buffer.
    Select(Selection),
    /// Show another subgraph of the model in front.
    ShowSubgraph(SubgraphId),
    /// Turn the graph of the model in front.
    SetDirection(Direction),
    /// Choose chip and kernels.
    SetTarget(Target),
    /// Choose the theme.
    SetTheme(ThemeChoice),
    /// Choose the zoom of the whole window; held between 0.8 and 2.0.
    SetZoom(f32),
    /// Animate, or not.
    SetReduceMotion(bool),
    /// Tables with taller rows, or not.
    SetComfortableRows(bool),
    /// The inspector was drawn at another width.
    SetInspectorWidth(f32),
    /// The window was moved or resized.
    SetWindow(WindowState),
    /// Show or hide the inspector.
    ToggleInspector,
    /// Show or hide the log.
    ToggleLog,
    /// Show or hide the overlay of shortcuts.
    ToggleShortcuts,
    /// Show or hide the gallery of parts.
    ToggleGallery,
    /// Show or hide something that lies over the window.
    Toggle(Overlay),
    /// Take away what lies over the window.
    CloseOverlay,
    /// Put text on the clipboard; the second text says what was copied.
    Copy(String, String),
    /// Show a message.
    Say(Level, String),
    /// Ask where, then write a file: suggested name, bytes, what it is in words.
    SaveAs(String, Arc<[u8]>, String),
    /// Draw a picture, ask where, then write it: suggested name, picture, format, what it is in words.
    SavePicture(String, Arc<Picture>, PictureFormat, String),
    /// Ask for a folder, then write sources of the model in front into it.
    ExportSources(SourceKind),
    /// Write sources of the model in front into a folder.
    ExportSourcesTo(SourceKind, PathBuf),
    /// Ask where, then write an ESP-IDF project of the model in front that does this at its start.
    ExportEspIdf(EspIdfApp),
    /// Write an ESP-IDF project of the model in front into a folder.
    ExportEspIdfTo(EspIdfApp, PathBuf),
    /// Compute the figures of a constant tensor of the model in front.
    Measure(SubgraphId, TensorId),
    /// Run the model in front.
    Run,
    /// Give an input of the model in front.
    SetRunInput(usize, RunInput),
    /// Ask for a file for an input of the model in front.
    ChooseRunInput(usize),
    /// Take a file as the input of the model in front.
    OpenRunInput(usize, PathBuf),
    /// Choose whose arithmetic a run follows.
    SetSemantics(Semantics),
    /// Choose what a run is compared with.
    SetComparison(Comparison),
    /// Change the data of the project in front.
    Data(DataCommand),
    /// Change the network of the project in front.
    Design(DesignCommand),
    /// Train the network of the project in front.
    Train(TrainCommand),
    /// Make, measure and compare variants.
    Compress(CompressCommand),
    /// Make, open, save projects.
    Project(ProjectCommand),
    /// Measure on a board.
    Board(BoardCommand),
    /// Cancel the job with the number.
    CancelJob(u64),
    /// Cancel the job that was started last.
    CancelNewestJob,
    /// Take a toast away.
    CloseToast(u64),
    /// The pointer rests on a toast.
    KeepToast(u64),
    /// Forget the messages of the log.
    ClearLog,
    /// Forget the recent files.
    ClearRecents,
    /// Close the window.
    Quit,
}

/// Name of the bundled example.
pub const EXAMPLE_NAME: &str = "keyword_spotting.tflite";

static EXAMPLE: &[u8] = include_bytes!("../../assets/examples/keyword_spotting.tflite");

/// Applies a change. With the handler of job events this is all that changes the document.
pub fn apply(command: Command, document: &mut Document, jobs: &mut Jobs, ctx: &Context) {
    match command {
        Command::Open(paths) => open_paths(document, jobs, paths),
        Command::OpenBytes(name, bytes) => open_bytes(document, jobs, name, bytes),
        Command::OpenDialog => jobs.ask_models(),
        Command::OpenExample => open_example(document, jobs),
        Command::OpenTemplate(template, layer) => open_template(document, &template, layer.as_deref()),
        Command::OpenRecent(number) => {
            if let Some(recent) = document.settings.recents.get(number) {
                open_path(document, jobs, recent.path.clone(), true);
            }
        }
        Command::Reload(id) => reload(document, jobs, id),
        Command::ShowTab(id) => {
            if document.tab(id).is_some() {
                document.active = Some(id);
            }
        }
        Command::ShowWelcome => {
            document.active = None;
            // Alone of all panels it is also there when nothing is open.
            if document.panel == PanelKind::Board {
                document.panel = PanelKind::Inspect;
            }
        }
        Command::NextTab => step_tab(document, 1),
        Command::PreviousTab => step_tab(document, -1),
        Command::CloseTab(id) => close_tab(document, jobs, id),
        Command::ReopenTab => match document.closed.pop() {
            Some(ClosedTab::File(path)) => open_path(document, jobs, path, true),
            Some(ClosedTab::Bytes(name, bytes)) => open_bytes(document, jobs, name, bytes),
            None => {}
        },
        Command::ShowPanel(panel) => (document.panel, document.panel_held) = (panel, false),
        Command::HoldPanel(panel) => (document.panel, document.panel_held) = (panel, true),
        Command::Select(selection) => select(document, selection),
        Command::ShowSubgraph(subgraph) => show_subgraph(document, subgraph),
        Command::SetDirection(direction) => set_direction(document, jobs, direction),
        Command::SetTarget(target) => {
            document.target = target;
            document.settings.set_target(target);
            if let Some(open) = active_tab_mut(document).and_then(|tab| tab.project.as_deref_mut()) {
                open.project.target = Some(target.into());
            }
        }
        Command::SetTheme(theme) => {
            document.settings.theme = theme;
            ctx.set_theme(theme.preference());
        }
        Command::SetZoom(zoom) => {
            let zoom = (zoom.clamp(0.8, 2.0) * 10.0).round() / 10.0;
            document.settings.zoom = zoom;
            ctx.set_zoom_factor(zoom);
        }
        Command::SetReduceMotion(reduced) => {
            document.settings.reduce_motion = reduced;
            style::set_reduced_motion(ctx, reduced);
        }
        Command::SetComfortableRows(comfortable) => document.settings.comfortable_rows = comfortable,
        Command::SetInspectorWidth(width) => document.settings.inspector_width = Some(width),
        Command::SetWindow(window) => document.settings.window = window,
        Command::ToggleInspector => document.settings.inspector_open ^= true,
        Command::ToggleLog => document.view.log_open ^= true,
        Command::ToggleShortcuts => toggle(document, Overlay::Shortcuts),
        Command::ToggleGallery => toggle(document, Overlay::Gallery),
        Command::Toggle(overlay) => toggle(document, overlay),
        Command::CloseOverlay => document.view.overlay = None,
        Command::Copy(text, what) => {
            ctx.copy_text(text);
            document.messages.toast(Level::Done, format!("Copied {what}"));
        }
        Command::Say(level, text) => document.messages.toast(level, text),
        Command::SaveAs(name, bytes, what) => jobs.ask_target(&name, bytes, what),
        Command::SavePicture(name, picture, format, what) => jobs.draw(name, picture, format, what),
        Command::ExportSources(kind) => {
            let folder = active_folder(document);
            if let Some(request) = sources_request(document, kind, folder) {
                jobs.ask_export_folder(request);
            }
        }
        Command::ExportSourcesTo(kind, folder) => {
            if let Some(request) = sources_request(document, kind, folder) {
                jobs.export_sources(request);
            }
        }
        Command::ExportEspIdf(app) => {
            let folder = active_folder(document);
            if let Some(request) = esp_idf_request(document, app, folder) {
                jobs.ask_esp_idf_folder(request);
            }
        }
        Command::ExportEspIdfTo(app, folder) => {
            if let Some(request) = esp_idf_request(document, app, folder) {
                jobs.export_esp_idf(request);
            }
        }
        Command::Measure(subgraph, tensor) => measure(document, jobs, subgraph, tensor),
        Command::Run => {
            if let Some(id) = document.active {
                run(document, jobs, id);
            }
        }
        Command::SetRunInput(index, input) => {
            if let Some(tab) = active_tab_mut(document) {
                tab.run.set_input(index, input);
            }
        }
        Command::ChooseRunInput(index) => {
            if let Some(tab) = document.active_tab() {
                jobs.ask_input(Subject { tab: tab.id, revision: tab.revision }, index);
            }
        }
        Command::OpenRunInput(index, path) => {
            if let Some(tab) = document.active_tab() {
                jobs.read_input(Subject { tab: tab.id, revision: tab.revision }, index, path);
            }
        }
        Command::SetSemantics(semantics) => {
            if let Some(tab) = active_tab_mut(document) {
                tab.run.semantics = semantics;
            }
            run_again(document, jobs);
        }
        Command::SetComparison(comparison) => {
            if let Some(tab) = active_tab_mut(document) {
                tab.run.comparison = comparison;
            }
            run_again(document, jobs);
        }
        Command::Data(command) => project::data::apply(command, document, jobs),
        Command::Design(command) => project::design::apply(command, document, jobs),
        Command::Train(command) => project::train::apply(command, document, jobs),
        Command::Compress(command) => project::compress::apply(command, document, jobs),
        Command::Project(command) => project::apply(command, document, jobs),
        Command::Board(command) => board::apply(command, document, jobs),
        Command::CancelJob(id) => jobs.cancel(JobId(id)),
        Command::CancelNewestJob => {
            if let Some(id) = jobs.running().first().map(|job| job.id) {
                jobs.cancel(id);
            }
        }
        Command::CloseToast(id) => document.messages.close_toast(id),
        Command::KeepToast(id) => document.messages.keep_toast(id, std::time::Instant::now()),
        Command::ClearLog => document.messages.clear(),
        Command::ClearRecents => document.settings.recents.clear(),
        Command::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
    }
}

/// Asks for the positions of all graphs of a tab's model, the one that is shown first.
pub fn lay_out(tab: &Tab, open: &OpenModel, jobs: &mut Jobs) {
    let others = (0..open.model.subgraphs.len() as u32).map(SubgraphId).filter(|id| *id != tab.subgraph);
    for subgraph in std::iter::once(tab.subgraph).chain(others) {
        jobs.lay_out(LayoutRequest {
            subject: Subject { tab: tab.id, revision: tab.revision },
            title: tab.title.clone(),
            model: open.model.clone(),
            subgraph,
            direction: tab.direction,
        });
    }
}

/// The model in front as sources for the chosen chip; `None` where there is none that is fit for a firmware.
fn sources_request(document: &Document, kind: SourceKind, folder: PathBuf) -> Option<SourcesRequest> {
    let (tab, open) = document.active_model()?;
    let bytes = open.deliverable()?.clone();
    Some(SourcesRequest { file_name: tab.title.clone(), bytes, kind, target: document.target, folder })
}

/// The model in front as an ESP-IDF project for the chosen chip; `None` where there is none that is fit for a firmware.
fn esp_idf_request(document: &Document, app: EspIdfApp, folder: PathBuf) -> Option<EspIdfRequest> {
    let (tab, open) = document.active_model()?;
    let bytes = open.deliverable()?.clone();
    Some(EspIdfRequest {
        file_name: tab.title.clone(),
        bytes,
        target: document.target,
        memory: None,
        app,
        data: crate::project::compress::data_of(tab),
        folder,
    })
}

/// The folder of the file in front, for a dialog to begin in.
fn active_folder(document: &Document) -> PathBuf {
    let path = document.active_tab().and_then(|tab| tab.path.as_deref());
    path.and_then(Path::parent).map_or_else(|| document.projects_folder.clone(), Path::to_path_buf)
}

fn active_tab_mut(document: &mut Document) -> Option<&mut Tab> {
    let id = document.active?;
    document.tab_mut(id)
}

fn toggle(document: &mut Document, overlay: Overlay) {
    document.view.overlay = (document.view.overlay != Some(overlay)).then_some(overlay);
}

/// Opens files, each in a tab of its own, the first in front; those that are data become the data of a project.
pub fn open_paths(document: &mut Document, jobs: &mut Jobs, paths: Vec<PathBuf>) {
    let (data, others): (Vec<PathBuf>, Vec<PathBuf>) = paths.into_iter().partition(|path| is_data(path));
    for (index, path) in others.into_iter().enumerate() {
        open_path(document, jobs, path, index == 0);
    }
    if data.is_empty() {
        return;
    }
    // A path that cannot be made absolute is tried as it is: reading it says what is wrong.
    let data = data.into_iter().map(|path| std::path::absolute(&path).unwrap_or(path)).collect();
    if document.active_project().is_some() {
        document.lead_to(PanelKind::Data);
        project::data::apply(DataCommand::Import(data), document, jobs);
    } else {
        project::draft::create_with_data(data, document, jobs);
    }
}

fn open_path(document: &mut Document, jobs: &mut Jobs, path: PathBuf, in_front: bool) {
    // A path that cannot be made absolute is tried as it is: reading it says what is wrong.
    let path = std::path::absolute(&path).unwrap_or(path);
    let known = document.tabs.iter().find(|tab| tab.path.as_deref() == Some(&path)).map(|tab| tab.id);
    let id = known.unwrap_or_else(|| {
        let id = document.new_tab_id();
        document.tabs.push(Tab { path: Some(path.clone()), ..Tab::new(id, file_name(&path)) });
        id
    });
    if in_front {
        document.active = Some(id);
    }
    let failed = document.tab(id).is_some_and(|tab| matches!(tab.content, TabContent::Failed(_)));
    if known.is_none() || failed {
        reload(document, jobs, id);
    }
}

/// Opens bytes that have a name, in a tab of their own that comes to the front.
pub fn open_bytes(document: &mut Document, jobs: &mut Jobs, name: String, bytes: Arc<[u8]>) {
    let id = document.new_tab_id();
    document.tabs.push(Tab { bytes: Some(bytes), ..Tab::new(id, name) });
    document.active = Some(id);
    reload(document, jobs, id);
}

fn open_example(document: &mut Document, jobs: &mut Jobs) {
    let known = document.tabs.iter().find(|tab| tab.path.is_none() && tab.title == EXAMPLE_NAME);
    match known.map(|tab| tab.id) {
        Some(id) => document.active = Some(id),
        None => open_bytes(document, jobs, EXAMPLE_NAME.to_owned(), Arc::from(EXAMPLE)),
    }
}

fn open_template(document: &mut Document, name: &str, layer: Option<&str>) {
    let Some(template) = Template::from_id(name) else {
        let known: Vec<&str> = templates::ALL.iter().map(|template| template.id).collect();
        let text = format!("There is no template {name}. There are {}", known.join(", "));
        document.messages.toast(Level::Warning, text);
        return;
    };
    let network = template.graph(&(template.sizes)());
    let layer =
        layer.and_then(|name| network.layers.iter().find(|layer| layer.name == name)).map(|layer| layer.id);
    let id = document.new_tab_id();
    let mut tab = project::design::tab_with_network(id, template.id, network);
    if let Some(project) = &mut tab.project {
        project.design.chosen.extend(layer);
    }
    document.tabs.push(tab);
    document.active = Some(id);
}

/// Selects something and shows the graph that it is in.
fn select(document: &mut Document, selection: Selection) {
    let Some(tab) = active_tab_mut(document) else { return };
    tab.selection = selection;
    if let Some(project) = &mut tab.project {
        project.design.follow(selection);
    }
    match selection {
        Selection::None => {}
        Selection::Operator(subgraph, _)
        | Selection::Tensor(subgraph, _)
        | Selection::Scratch(subgraph, ..) => {
            tab.subgraph = subgraph;
        }
    }
}

/// Reads a tab's file (again); a model that is shown stays until the new one is there.
pub fn reload(document: &mut Document, jobs: &mut Jobs, id: TabId) {
    let target = document.target;
    let Some(tab) = document.tab_mut(id) else { return };
    if tab.project.is_some() || tab.path.as_deref().is_some_and(project::is_project_file) {
        reload_project(document, jobs, id);
        return;
    }
    let source = match (&tab.path, &tab.bytes) {
        (Some(path), _) => Source::Path(path.clone()),
        (None, Some(bytes)) => Source::Bytes(bytes.clone()),
        (None, None) => return,
    };
    tab.requested += 1;
    let subject = Subject { tab: id, revision: tab.requested };
    if matches!(tab.content, TabContent::Failed(_)) {
        tab.content = TabContent::Loading;
    }
    let title = tab.title.clone();
    // What waits about its variants is gone with the jobs.
    tab.compress = CompressState::default();
    jobs.cancel_tab(id);
    jobs.open(OpenRequest { subject, title, source, target });
}

/// Reads the file of a project (again), and its data.
fn reload_project(document: &mut Document, jobs: &mut Jobs, id: TabId) {
    let Some(tab) = document.tab_mut(id) else { return };
    if let Some(open) = &mut tab.project {
        open.data.read_again();
        project::file::look_again(document, jobs, id);
        return;
    }
    let Some(path) = tab.path.clone() else { return };
    tab.requested += 1;
    tab.content = TabContent::Loading;
    jobs.open_project(Subject { tab: id, revision: tab.requested }, tab.title.clone(), path);
}

fn close_tab(document: &mut Document, jobs: &mut Jobs, id: TabId) {
    let Some(place) = document.tabs.iter().position(|tab| tab.id == id) else { return };
    let tab = &document.tabs[place];
    if tab.project.as_deref().is_some_and(|open| open.file.is_none()) {
        // What has no file would be lost; one that is on its way is waited for.
        let anyway = Command::Project(ProjectCommand::Discard(id));
        let words = format!("{} has no file yet. Closing it loses it", tab.title);
        document.messages.toast_with(Level::Warning, words, "Close anyway", anyway);
        return;
    }
    remove_tab(document, jobs, place);
}

/// Takes a tab away; a project that has changed is written.
pub fn remove_tab(document: &mut Document, jobs: &mut Jobs, place: usize) {
    let id = document.tabs[place].id;
    jobs.cancel_tab(id);
    let tab = document.tabs.remove(place);
    if let Some(open) = &tab.project {
        project::file::write_before_closing(open, &tab.title, jobs);
    }
    document.closed.extend(match (tab.path, tab.bytes) {
        (Some(path), _) => Some(ClosedTab::File(path)),
        (None, Some(bytes)) => Some(ClosedTab::Bytes(tab.title, bytes)),
        (None, None) => None,
    });
    if document.active == Some(id) {
        let neighbour = document.tabs.get(place).or(document.tabs.last());
        document.active = neighbour.map(|tab| tab.id);
    }
}

fn step_tab(document: &mut Document, step: isize) {
    if document.tabs.is_empty() {
        return;
    }
    let count = document.tabs.len() as isize;
    let current = document.tabs.iter().position(|tab| Some(tab.id) == document.active);
    let next = match current {
        Some(place) => (place as isize + step).rem_euclid(count),
        None if step > 0 => 0,
        None => count - 1,
    };
    document.active = document.tabs.get(next as usize).map(|tab| tab.id);
}

fn show_subgraph(document: &mut Document, subgraph: SubgraphId) {
    let Some(tab) = active_tab_mut(document) else { return };
    let TabContent::Model(open) = &tab.content else { return };
    if subgraph.index() < open.model.subgraphs.len() && tab.subgraph != subgraph {
        tab.subgraph = subgraph;
        tab.selection = Selection::None;
    }
}

fn set_direction(document: &mut Document, jobs: &mut Jobs, direction: Direction) {
    let Some(tab) = active_tab_mut(document) else { return };
    if tab.direction == direction {
        return;
    }
    tab.direction = direction;
    if let TabContent::Model(open) = &tab.content {
        lay_out(tab, open, jobs);
    }
}

/// Runs the model of a tab with the inputs that were chosen.
pub fn run(document: &mut Document, jobs: &mut Jobs, id: TabId) {
    let Some(tab) = document.tab(id) else { return };
    let TabContent::Model(open) = &tab.content else { return };
    let Some(file) = open.file.clone() else { return };
    let semantics = tab.run.semantics;
    let other = match tab.run.comparison {
        Comparison::None => None,
        Comparison::Semantics => {
            let semantics = other_semantics(semantics);
            let title = format!("{} arithmetic", semantics_label(semantics));
            Some(OtherRun { title, model: None, semantics })
        }
        Comparison::Model(id) => document.tab(id).and_then(|other| match &other.content {
            TabContent::Model(open) => {
                let model = Some((open.model.clone(), open.file.clone()?));
                Some(OtherRun { title: other.title.clone(), model, semantics })
            }
            TabContent::Loading | TabContent::Failed(_) => None,
        }),
    };
    let n_inputs = open.model.subgraphs.first().map_or(0, |main| main.inputs.len());
    jobs.run(RunRequest {
        subject: Subject { tab: tab.id, revision: tab.revision },
        title: tab.title.clone(),
        model: open.model.clone(),
        file,
        inputs: (0..n_inputs).map(|index| tab.run.input(index)).collect(),
        semantics,
        other,
    });
}

/// Runs the model in front again if it was run before.
fn run_again(document: &mut Document, jobs: &mut Jobs) {
    if let Some(tab) = document.active_tab()
        && tab.run.outcome.is_some()
    {
        run(document, jobs, tab.id);
    }
}

fn measure(document: &Document, jobs: &mut Jobs, subgraph: SubgraphId, tensor: TensorId) {
    if let Some((tab, open)) = document.active_model() {
        let subject = Subject { tab: tab.id, revision: tab.revision };
        jobs.measure(subject, open.model.clone(), subgraph, tensor);
    }
}

impl ThemeChoice {
    /// As egui has it.
    pub fn preference(self) -> egui::ThemePreference {
        match self {
            ThemeChoice::System => egui::ThemePreference::System,
            ThemeChoice::Dark => egui::ThemePreference::Dark,
            ThemeChoice::Light => egui::ThemePreference::Light,
        }
    }
}
