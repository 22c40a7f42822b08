//! What is open: models with everything derived from them, and what the user has chosen.
//!
//! Only `command.rs` and the job events in `app.rs` change it; panels get `&Document` and push commands.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use emberlab_core::cost::{self, Estimate, Totals};
use emberlab_core::model::{Model, OperatorId, SubgraphId, TensorId};
use emberlab_core::plan::{ArenaPlan, Chip, KernelSet, Refusal, Target};
use emberlab_core::run::{EmberlabArena, RunError};
use emberlab_core::stats::Statistics;
use emberlab_core::tflite::ReadNote;
use emberlab_core::verdict::{Diagnostic, OperatorVerdict, Outcome};

use crate::board::BoardState;
use crate::chips::{self, ChipFacts};
use crate::messages::Messages;
use crate::panels::inspect::layout::{Direction, GraphLayout};
use crate::project::{CompressState, Draft, OpenProject};
use crate::run_state::RunState;
use crate::settings::Settings;

/// The state of the whole window.
pub struct Document {
    /// Open tabs, from left to right.
    pub tabs: Vec<Tab>,
    /// The tab in front.
    pub active: Option<TabId>,
    /// The panel in front.
    pub panel: PanelKind,
    /// Chip and kernels that every figure is for.
    pub target: Target,
    /// Choices that outlive the session.
    pub settings: Settings,
    /// What is shown over and beside the panels.
    pub view: View,
    /// What happened, for toasts and the log.
    pub messages: Messages,
    /// Tabs that were closed, the latest last.
    pub closed: Vec<ClosedTab>,
    /// Where new projects are kept unless the user says otherwise.
    pub projects_folder: PathBuf,
    /// The panel was named when the window was opened: the project that is opened with it does not choose another.
    pub panel_held: bool,
    /// Boards: the one that is chosen, what it measures, earlier results.
    pub board: BoardState,
    next_tab: u64,
}

/// What is shown over and beside the panels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// The one thing that lies over the window, if any.
    pub overlay: Option<Overlay>,
    /// The log is shown above the status bar.
    pub log_open: bool,
    /// What was said so far about a new project.
    pub draft: Draft,
}

/// Things that lie over the window; at most one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Overlay {
    /// All shortcuts.
    Shortcuts,
    /// Any command by name.
    Palette,
    /// Chip and kernels.
    ChipPicker,
    /// Choices that outlive the session.
    Settings,
    /// What deserves attention in the model in front.
    Problems,
    /// Running jobs.
    Jobs,
    /// How the estimate of the latency is made, and its budget.
    Latency,
    /// What a new project is to be.
    NewProject,
    /// What the next variant is to be.
    NewVariant,
    /// Every part in every state.
    Gallery,
}

/// What is needed to open a closed tab again.
#[derive(Clone, Debug)]
pub enum ClosedTab {
    /// A file.
    File(PathBuf),
    /// Bytes that have no path.
    Bytes(String, Arc<[u8]>),
}

/// Identity of a tab; never used twice in one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TabId(pub u64);

/// The panels of the rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PanelKind {
    /// Recordings, pictures and tables to train on.
    Data,
    /// The network as layers.
    Design,
    /// Runs and their curves.
    Train,
    /// Variants and what they are worth.
    Compress,
    /// Graph, tables, tensors.
    Inspect,
    /// The memory map.
    Arena,
    /// Inputs, outputs and what every operator computes.
    Run,
    /// The model on a board, live.
    Board,
}

/// One open file.
pub struct Tab {
    /// Identity.
    pub id: TabId,
    /// Name on the tab.
    pub title: String,
    /// Where it came from; `None` for bundled examples and bytes dropped without a path.
    pub path: Option<PathBuf>,
    /// Which load of this tab `content` came from: it changes exactly when the content does.
    pub revision: u64,
    /// The latest load that was asked for: the result of an older one is dropped.
    pub requested: u64,
    /// What is in it.
    pub content: TabContent,
    /// The subgraph that graph and tables show.
    pub subgraph: SubgraphId,
    /// What is selected, in graph, tables and map alike.
    pub selection: Selection,
    /// Which way the graph runs.
    pub direction: Direction,
    /// The bytes, where there is no path to read them from again.
    pub bytes: Option<Arc<[u8]>>,
    /// Inputs and results of running the model.
    pub run: RunState,
    /// Variants of the model, or of the project's network.
    pub compress: CompressState,
    /// The project of the tab; its network is the model in `content`. `None` for a file that is only looked at.
    pub project: Option<Box<OpenProject>>,
}

/// What a tab holds.
pub enum TabContent {
    /// The file is being read.
    Loading,
    /// The file cannot be read.
    Failed(OpenFailure),
    /// A model.
    Model(Box<OpenModel>),
}

/// Why a file could not be opened, in words for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFailure {
    /// What failed.
    pub message: String,
    /// Where: table, field, tensor, operator, byte offset, expected and found.
    pub place: String,
    /// A step to try.
    pub help: String,
    /// Everything known, for the copy button.
    pub details: String,
}

/// The arena for one target, or every reason for which TFLM does not prepare the model there.
pub type PlanResult = Result<Arc<ArenaPlan>, Vec<Refusal>>;

/// A model and everything derived from it.
#[derive(Debug)]
pub struct OpenModel {
    /// The model.
    pub model: Arc<Model>,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// The file itself, of which the model's constants are a part; `None` for models made in memory.
    pub file: Option<Arc<[u8]>>,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The arena for every chip and kernel set.
    pub plans: Vec<(Target, PlanResult)>,
    /// The arena of Emberlab's own runtime, the same on every chip, or why it does not run the model.
    pub emberlab_arena: Result<EmberlabArena, RunError>,
    /// Positions of the graph's nodes, one per subgraph; `None` while the layout runs.
    pub layouts: Vec<Option<Arc<GraphLayout>>>,
    /// How long each step of opening took.
    pub timings: OpenTimings,
    /// The model was made by us and never trained.
    pub untrained_example: bool,
    /// Weights and scales are placeholders: what the network of a project costs, not what it answers.
    pub is_placeholder: bool,
    /// Its weights are float32, not int8.
    pub has_float_weights: bool,
    /// Multiply-accumulates, parameters, bytes of constants.
    pub totals: Totals,
    /// What runs where, and what deserves attention, for every target.
    pub findings: Vec<(Target, Arc<Findings>)>,
    /// What the file has and this version does not keep.
    pub read_notes: Vec<ReadNote>,
    /// What the numbers of each output are called; empty for outputs of which that is not known.
    pub labels: Vec<Vec<String>>,
    /// Figures about the constants that were looked at; `None` for those that have none.
    pub statistics: BTreeMap<(SubgraphId, TensorId), Option<Arc<Statistics>>>,
}

/// What runs where, and what deserves attention, on one target.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// The verdict on every operator of every subgraph, in order.
    pub operators: Vec<OperatorVerdict>,
    /// What deserves attention before flashing.
    pub diagnostics: Vec<Diagnostic>,
    /// What becomes of the model as a whole; `None` until it has been judged.
    pub outcome: Option<Outcome>,
    /// How long it takes; `None` until it has been estimated.
    pub latency: Option<Estimate>,
}

/// An estimate of how long one invocation takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency {
    /// Milliseconds at the usual clock of the chip.
    pub millis: f64,
    /// Hardly fewer milliseconds, hardly more.
    pub range: (f64, f64),
}

/// How long opening took, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OpenTimings {
    /// Reading the file into a model.
    pub read_micros: f64,
    /// Planning the arena for the chosen target.
    pub plan_micros: f64,
    /// Laying out the graph; `None` while it runs.
    pub layout_micros: Option<f64>,
}

/// What is selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Selection {
    /// Nothing.
    #[default]
    None,
    /// An operator.
    Operator(SubgraphId, OperatorId),
    /// A tensor.
    Tensor(SubgraphId, TensorId),
    /// A scratch buffer: the operator and the number of its request.
    Scratch(SubgraphId, OperatorId, u32),
}

/// Text that the description of a bundled example holds; such a model was never trained.
pub const UNTRAINED_MARK: &str = "untrained example";

impl Document {
    /// Nothing is open; chip and kernels as the settings say.
    pub fn new(settings: Settings) -> Self {
        Self {
            tabs: Vec::new(),
            active: None,
            panel: PanelKind::Inspect,
            target: settings.target(),
            settings,
            view: View::default(),
            messages: Messages::default(),
            closed: Vec::new(),
            // A window without settings, as in tests, leaves the user's folders alone.
            projects_folder: std::env::temp_dir().join("emberlab-projects"),
            panel_held: false,
            board: BoardState::default(),
            next_tab: 1,
        }
    }

    /// An identity that no tab has had.
    pub fn new_tab_id(&mut self) -> TabId {
        let id = TabId(self.next_tab);
        self.next_tab += 1;
        id
    }

    /// Shows the panel that suits what was just opened, unless another was named when the window was opened.
    pub fn lead_to(&mut self, panel: PanelKind) {
        if !std::mem::take(&mut self.panel_held) {
            self.panel = panel;
        }
    }

    /// The tab in front.
    pub fn active_tab(&self) -> Option<&Tab> {
        self.active.and_then(|id| self.tab(id))
    }

    /// The tab with the identity.
    pub fn tab(&self, id: TabId) -> Option<&Tab> {
        self.tabs.iter().find(|tab| tab.id == id)
    }

    /// The tab with the identity, to change.
    pub fn tab_mut(&mut self, id: TabId) -> Option<&mut Tab> {
        self.tabs.iter_mut().find(|tab| tab.id == id)
    }

    /// The model in front, if the tab in front holds one.
    pub fn active_model(&self) -> Option<(&Tab, &OpenModel)> {
        let tab = self.active_tab()?;
        match &tab.content {
            TabContent::Model(open) => Some((tab, open)),
            TabContent::Loading | TabContent::Failed(_) => None,
        }
    }

    /// The project in front, if the tab in front is one.
    pub fn active_project(&self) -> Option<(&Tab, &OpenProject)> {
        let tab = self.active_tab()?;
        tab.project.as_deref().map(|project| (tab, project))
    }

    /// Facts about the chosen chip.
    pub fn chip(&self) -> &'static ChipFacts {
        chips::facts(self.target.chip)
    }
}

impl Tab {
    /// A tab whose file is about to be read.
    pub fn new(id: TabId, title: impl Into<String>) -> Self {
        Self {
            id,
            title: title.into(),
            path: None,
            revision: 0,
            requested: 0,
            content: TabContent::Loading,
            subgraph: SubgraphId(0),
            selection: Selection::None,
            direction: Direction::Vertical,
            bytes: None,
            run: RunState::default(),
            compress: CompressState::default(),
            project: None,
        }
    }
}

impl PanelKind {
    /// The panel works on a project; the others on any model.
    pub fn needs_project(self) -> bool {
        match self {
            Self::Data | Self::Design | Self::Train => true,
            Self::Compress | Self::Inspect | Self::Arena | Self::Run | Self::Board => false,
        }
    }
}

impl Latency {
    /// The sum of an estimate; `None` where there is no source for one.
    pub fn of(estimate: &Estimate) -> Option<Self> {
        let (total, clock_hz) = (estimate.total?, estimate.clock_hz?);
        let (low, high) = total.micros_range(clock_hz);
        Some(Self { millis: total.micros(clock_hz) / 1000.0, range: (low / 1000.0, high / 1000.0) })
    }
}

impl Findings {
    /// How long the model takes; `None` where there is no source for an estimate.
    pub fn latency(&self) -> Option<Latency> {
        self.latency.as_ref().and_then(Latency::of)
    }
}

impl OpenModel {
    /// A model without plans, findings and layouts.
    pub fn new(model: Arc<Model>, file_bytes: u64, sha256: impl Into<String>) -> Self {
        let description = model.description.as_deref().unwrap_or_default();
        Self {
            file_bytes,
            file: None,
            sha256: sha256.into(),
            plans: Vec::new(),
            emberlab_arena: Err(RunError {
                operator: None,
                message: "it was made in memory and has no file".to_owned(),
            }),
            layouts: vec![None; model.subgraphs.len()],
            timings: OpenTimings::default(),
            untrained_example: description.contains(UNTRAINED_MARK),
            is_placeholder: false,
            has_float_weights: cost::has_float_weights(&model),
            totals: cost::totals(&model),
            findings: Vec::new(),
            read_notes: Vec::new(),
            labels: Vec::new(),
            statistics: BTreeMap::new(),
            model,
        }
    }

    /// The file, where it may go into a firmware: it is none of a network that was never trained.
    pub fn deliverable(&self) -> Option<&Arc<[u8]>> {
        self.file.as_ref().filter(|_| !self.is_placeholder)
    }

    /// What runs where, and what deserves attention, on a target.
    pub fn findings(&self, target: Target) -> Option<&Findings> {
        self.findings.iter().find(|(judged, _)| *judged == target).map(|(_, findings)| &**findings)
    }

    /// The arena for a target.
    pub fn plan(&self, target: Target) -> Option<&PlanResult> {
        self.plans.iter().find(|(planned, _)| *planned == target).map(|(_, plan)| plan)
    }
}

/// Every chip and kernel set that a model is planned for when it is opened.
pub fn planned_targets() -> impl Iterator<Item = Target> {
    Chip::ALL
        .into_iter()
        .filter(|chip| *chip != Chip::Host64)
        .flat_map(|chip| [KernelSet::EspNn, KernelSet::Reference].map(|kernels| Target { chip, kernels }))
}
