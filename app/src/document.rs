//! What is open: models with everything derived from them, and what the user has chosen.
//!
//! Only `command.rs` and the job events in `app.rs` change it; panels get `&Document` and push commands.

use std::path::PathBuf;
use std::sync::Arc;

use emberlab_core::model::{Model, OperatorId, SubgraphId, TensorId};
use emberlab_core::plan::{ArenaPlan, Chip, KernelSet, Refusal, Target};

use crate::chips::{self, ChipFacts};
use crate::panels::inspect::layout::GraphLayout;
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
}

/// Identity of a tab; never used twice in one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TabId(pub u64);

/// The panels of the rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PanelKind {
    /// Graph, tables, tensors.
    Inspect,
    /// The memory map.
    Arena,
}

/// One open file.
pub struct Tab {
    /// Identity.
    pub id: TabId,
    /// Name on the tab.
    pub title: String,
    /// Where it came from; `None` for bundled examples and bytes dropped without a path.
    pub path: Option<PathBuf>,
    /// Counts loads of this tab: a job's result for an older revision is dropped.
    pub revision: u64,
    /// What is in it.
    pub content: TabContent,
    /// The subgraph that graph and tables show.
    pub subgraph: SubgraphId,
    /// What is selected, in graph, tables and map alike.
    pub selection: Selection,
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

/// A model and everything derived from it.
pub struct OpenModel {
    /// The model.
    pub model: Arc<Model>,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The arena for every chip and kernel set.
    pub plans: Vec<(Target, Result<Arc<ArenaPlan>, Vec<Refusal>>)>,
    /// Positions of the graph's nodes, one per subgraph; `None` while the layout runs.
    pub layouts: Vec<Option<Arc<GraphLayout>>>,
    /// How long each step of opening took.
    pub timings: OpenTimings,
    /// The model was made by us and never trained.
    pub untrained_example: bool,
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

impl Document {
    /// The tab in front.
    pub fn active_tab(&self) -> Option<&Tab> {
        self.active.and_then(|id| self.tab(id))
    }

    /// The tab with the identity.
    pub fn tab(&self, id: TabId) -> Option<&Tab> {
        self.tabs.iter().find(|tab| tab.id == id)
    }

    /// The model in front, if the tab in front holds one.
    pub fn active_model(&self) -> Option<(&Tab, &OpenModel)> {
        let tab = self.active_tab()?;
        match &tab.content {
            TabContent::Model(open) => Some((tab, open)),
            TabContent::Loading | TabContent::Failed(_) => None,
        }
    }

    /// Facts about the chosen chip.
    pub fn chip(&self) -> &'static ChipFacts {
        chips::facts(self.target.chip)
    }
}

impl OpenModel {
    /// The arena for a target.
    pub fn plan(&self, target: Target) -> Option<&Result<Arc<ArenaPlan>, Vec<Refusal>>> {
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
