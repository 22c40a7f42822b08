//! The network of a project: edits, what is selected, and what it costs.
//!
//! Every change of the network starts one job that infers shapes, places layers and, if the network fits, lowers it to the
//! int8 model that a chip would run; its result becomes the content of the tab. Until then, and while the network has
//! errors, the content stays the last network that fits.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use emberlab_core::dataset::Targets;
use emberlab_core::layers::templates::Sizes;
use emberlab_core::layers::{Edit, EditError, History, LayerGraph, LayerId, Shapes};
use emberlab_core::model::{OperatorId, SubgraphId, TensorId};
use emberlab_core::plan::Target;

use super::OpenProject;
use crate::command::lay_out;
use crate::document::{Document, OpenFailure, OpenModel, Selection, Tab, TabContent, TabId};
use crate::jobs::{CostsRequest, JobKind, Jobs, Subject, WhatIfRequest};
use crate::messages::Level;
use crate::panels::design::placed::Placed;

/// Other chips are planned for once the network has been left alone for so long.
const PAUSE: Duration = Duration::from_millis(250);

/// What is known about the network of a project besides the network itself.
#[derive(Debug, Default)]
pub struct DesignState {
    /// Layers that are selected, in the order in which they were.
    pub chosen: Vec<LayerId>,
    /// The edge that is selected: the layer that reads, and the place among its inputs.
    pub chosen_edge: Option<(LayerId, usize)>,
    /// The network as it is drawn; `None` until the first job has looked at it.
    pub drawn: Option<Arc<Drawn>>,
    /// The last network that fits, whose model is the content of the tab.
    pub fitting: Option<Fitting>,
    /// The part that fits of a network that has errors.
    pub part: Option<Part>,
    /// What other sizes of the selected layer would cost.
    pub what_if: Option<WhatIf>,
    /// How the network is shown.
    pub view: DesignView,
    /// The templates are shown in its place.
    pub templates_open: bool,
    /// Changes since the project was opened, those that were undone included.
    pub n_edits: u64,
    history: History,
    /// The history holds the network of the project.
    is_loaded: bool,
    /// Number of the present network; it grows with every change.
    revision: u64,
    /// What the latest job was asked for.
    asked: Option<Asked>,
    /// When the model of the tab came, until other chips are planned for.
    others_due: Option<Instant>,
}

/// How a network is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DesignView {
    /// Cards on a canvas.
    #[default]
    Graph,
    /// Rows.
    List,
}

/// A request for the costs of a network.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// Number of the network.
    network: u64,
    /// The load of the tab that the model would be.
    load: u64,
    /// When.
    at: Instant,
}

/// A network with shapes and places: all of one moment.
#[derive(Debug)]
pub struct Drawn {
    /// Number of the network.
    pub network: u64,
    /// The network.
    pub graph: Arc<LayerGraph>,
    /// Shapes, parameters, problems.
    pub shapes: Shapes,
    /// Where its layers stand.
    pub placed: Arc<Placed>,
}

/// A network that became the model of the tab.
#[derive(Debug)]
pub struct Fitting {
    /// Number of the network.
    pub network: u64,
    /// The network with its shapes.
    pub drawn: Arc<Drawn>,
    /// The layers that each operator computes, in the order of data flow.
    pub origins: Vec<Vec<LayerId>>,
    /// The tensor that holds what a layer gives.
    pub tensors: BTreeMap<LayerId, TensorId>,
    /// Time from the edit to the new figures, in microseconds; `None` where there was a later edit before they came.
    pub micros: Option<f64>,
}

/// The part that fits of a network with errors: what its layers cost is known, what the whole costs is not.
#[derive(Debug)]
pub struct Part {
    /// The network with its shapes.
    pub drawn: Arc<Drawn>,
    /// The layers that each operator computes, in the order of data flow.
    pub origins: Vec<Vec<LayerId>>,
    /// The part as a model.
    pub model: OpenModel,
}

/// What other sizes of a layer would cost.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIf {
    /// What was asked.
    pub key: WhatIfKey,
    /// The answers, from small to large; empty while they are computed.
    pub rows: Vec<WhatIfRow>,
    /// The largest size below the present one that keeps to the budget of the project, where the present one does not.
    pub remedy: Option<WhatIfRow>,
}

/// What was asked about other sizes of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WhatIfKey {
    /// Number of the network.
    pub network: u64,
    /// The layer.
    pub layer: LayerId,
    /// Chip and kernels.
    pub target: Target,
    /// The budget, in milliseconds.
    pub latency_budget: Option<f64>,
}

/// What one size of a layer would cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WhatIfRow {
    /// Units or filters.
    pub number: usize,
    /// Smallest arena that allocates, in bytes; `None` where the network does not fit or TFLM refuses it.
    pub arena_bytes: Option<u64>,
    /// Estimated latency in milliseconds; `None` where there is no source for one.
    pub millis: Option<f64>,
}

/// A change that the Design panel asks for.
#[derive(Clone, Debug)]
pub enum DesignCommand {
    /// Edits that are one step.
    Edit(Vec<Edit>),
    /// An edit of a drag in progress.
    Drag(Edit),
    /// The drag has ended.
    Rest,
    /// One step back.
    Undo,
    /// One step forward again.
    Redo,
    /// Select layers.
    Choose(Vec<LayerId>),
    /// Select an edge: the layer that reads, and the place among its inputs.
    ChooseEdge(LayerId, usize),
    /// How long an invocation may take, in milliseconds; `None` for no limit.
    SetLatencyBudget(Option<f64>),
    /// Show the network as a graph or as a list.
    Show(DesignView),
    /// Show the templates, or the network again.
    ShowTemplates(bool),
}

/// What a job of the Design panel says before its end.
#[derive(Debug)]
pub enum DesignFinding {
    /// Shapes and places.
    Drawn(Arc<Drawn>),
}

/// What a job of the Design panel returns.
#[derive(Debug)]
pub enum DesignOutcome {
    /// The network as a model.
    Costs(Box<Costs>),
    /// The network has errors; the part that fits, if there is one.
    Errors(Option<Box<Part>>),
    /// What other sizes of a layer would cost.
    WhatIf(WhatIf),
}

/// A network as a model.
#[derive(Debug)]
pub struct Costs {
    /// The network with its shapes.
    pub drawn: Arc<Drawn>,
    /// The model, or why there is none.
    pub model: Result<OpenModel, OpenFailure>,
    /// The layers that each operator computes, in the order of data flow.
    pub origins: Vec<Vec<LayerId>>,
    /// The tensor that holds what a layer gives.
    pub tensors: BTreeMap<LayerId, TensorId>,
}

impl DesignState {
    /// The network as it is now, with everything before and after it.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The network as it is now.
    pub fn graph(&self) -> &Arc<LayerGraph> {
        self.history.graph()
    }

    /// The layer that is selected, if exactly one is.
    pub fn chosen_layer(&self) -> Option<LayerId> {
        match self.chosen.as_slice() {
            [layer] => Some(*layer),
            _ => None,
        }
    }

    /// The figures of the tab are those of the network as it is now.
    pub fn is_current(&self) -> bool {
        self.fitting.as_ref().is_some_and(|fitting| fitting.network == self.revision)
    }

    /// Jobs have answered for the network as it is now.
    pub fn is_drawn(&self) -> bool {
        self.drawn.as_ref().is_some_and(|drawn| drawn.network == self.revision)
    }

    /// Selects the layer that an operator comes from.
    pub fn follow(&mut self, selection: Selection) {
        let Some(fitting) = &self.fitting else { return };
        let operator = match selection {
            Selection::Operator(SubgraphId(0), operator) | Selection::Scratch(SubgraphId(0), operator, _) => {
                operator
            }
            Selection::None | Selection::Operator(..) | Selection::Scratch(..) | Selection::Tensor(..) => {
                return;
            }
        };
        // An operator that computes several layers is named after the first.
        if let Some(layer) = fitting.origins.get(operator.index()).and_then(|layers| layers.first()) {
            self.chosen = vec![*layer];
            self.chosen_edge = None;
        }
    }

    /// What is selected among the operators: the last one that the selected layer has become.
    fn operator(&self) -> Option<OperatorId> {
        let layer = self.chosen_layer()?;
        let fitting = self.fitting.as_ref()?;
        let place = fitting.origins.iter().rposition(|origin| origin.contains(&layer))?;
        Some(OperatorId(place as u32))
    }

    /// Applies edits as one step; layers that they add become the selection.
    fn edit(&mut self, edits: &[Edit]) -> Result<(), EditError> {
        let before = self.graph().clone();
        match edits {
            [] => return Ok(()),
            [edit] => self.history.apply(edit)?,
            [first, rest @ ..] => {
                let graph = rest.iter().try_fold(before.apply(first)?, |graph, edit| graph.apply(edit))?;
                self.history.apply(&Edit::Replace { graph })?;
            }
        }
        let known: HashSet<LayerId> = before.layers.iter().map(|layer| layer.id).collect();
        let is_new = |id: &LayerId| !known.contains(id);
        let replaced = edits.iter().any(|edit| matches!(edit, Edit::Replace { .. }));
        let added: Vec<LayerId> = self.graph().layers.iter().map(|layer| layer.id).filter(is_new).collect();
        if !added.is_empty() && !replaced {
            self.chosen = added;
            self.chosen_edge = None;
        }
        self.changed(&before);
        Ok(())
    }

    /// Takes note of a change since `before`, if there was one.
    fn changed(&mut self, before: &Arc<LayerGraph>) {
        if Arc::ptr_eq(before, self.graph()) {
            return;
        }
        self.revision += 1;
        self.n_edits += 1;
        let graph = self.graph().clone();
        self.chosen.retain(|id| graph.layer(*id).is_some());
        self.chosen_edge = self
            .chosen_edge
            .filter(|(to, place)| graph.layer(*to).is_some_and(|layer| *place < layer.inputs.len()));
    }
}

/// What the data of a project ask of its network; `None` before there are samples, and where nothing is known to be said.
pub fn sizes_of_data(project: &OpenProject) -> Option<Sizes> {
    let samples = &project.data.prepared.as_ref()?.train.samples;
    let inputs: Vec<Vec<usize>> = samples.inputs.iter().map(|input| input.shape.clone()).collect();
    let outputs = match &samples.targets {
        Targets::None => return None,
        Targets::Classes { classes, .. } => *classes,
        Targets::Values { shape, .. } => shape.iter().product(),
        Targets::Inputs => inputs.first()?.iter().product(),
    };
    (!inputs.is_empty() && outputs > 0).then_some(Sizes { inputs, outputs })
}

/// Applies a change to the project in front.
pub fn apply(command: DesignCommand, document: &mut Document, _jobs: &mut Jobs) {
    let Some(id) = document.active else { return };
    let Some(tab) = document.tab_mut(id) else { return };
    let Some(project) = tab.project.as_deref_mut() else { return };
    load(project);
    let design = &mut project.design;
    let before = design.graph().clone();
    let mut refused = None;
    match command {
        DesignCommand::Edit(edits) => refused = design.edit(&edits).err(),
        DesignCommand::Drag(edit) => {
            refused = design.history.drag(&edit).err();
            design.changed(&before);
        }
        DesignCommand::Rest => design.history.rest(),
        DesignCommand::Undo => {
            design.history.undo();
            design.changed(&before);
        }
        DesignCommand::Redo => {
            design.history.redo();
            design.changed(&before);
        }
        DesignCommand::Choose(layers) => {
            design.chosen = layers;
            design.chosen_edge = None;
        }
        DesignCommand::ChooseEdge(to, place) => {
            design.chosen = Vec::new();
            design.chosen_edge = Some((to, place));
        }
        DesignCommand::SetLatencyBudget(budget) => project.project.goal.latency_millis = budget,
        DesignCommand::Show(view) => {
            design.view = view;
            design.templates_open = false;
        }
        DesignCommand::ShowTemplates(open) => design.templates_open = open,
    }
    let design = &mut project.design;
    if !Arc::ptr_eq(&before, design.graph()) {
        project.project.network = (**design.graph()).clone();
    }
    let operator = design.operator();
    let edge = design.chosen_edge;
    match (operator, edge) {
        (Some(operator), _) => tab.selection = Selection::Operator(SubgraphId(0), operator),
        (None, _) => tab.selection = Selection::None,
    }
    if let Some(reason) = refused {
        document.messages.toast(Level::Warning, reason.to_string());
    }
}

/// Puts another network in the place of the present one, as one step that can be undone.
pub fn replace(project: &mut OpenProject, graph: LayerGraph) {
    load(project);
    // A whole network takes the place of any other.
    if project.design.edit(&[Edit::Replace { graph }]).is_ok() {
        project.project.network = (**project.design.graph()).clone();
    }
}

/// Takes the network of a project into the history when it was opened.
fn load(project: &mut OpenProject) {
    let design = &mut project.design;
    if !design.is_loaded {
        design.is_loaded = true;
        design.history = History::new(project.project.network.clone());
        design.revision += 1;
    }
}

/// Starts the jobs that the networks of all projects wait for; cheap when there are none.
pub fn refresh(document: &mut Document, jobs: &mut Jobs, ctx: &egui::Context) {
    let (target, front) = (document.target, document.active);
    for tab in &mut document.tabs {
        let is_front = front == Some(tab.id);
        let Some(project) = tab.project.as_deref_mut() else { continue };
        load(project);
        ask_costs(tab, target, jobs);
        if is_front {
            ask_what_if(tab, target, jobs);
            ask_others(tab, jobs, ctx);
        }
    }
}

/// Asks for the costs of a network that nobody has asked for.
fn ask_costs(tab: &mut Tab, target: Target, jobs: &mut Jobs) {
    let Some(project) = tab.project.as_deref_mut() else { return };
    let design = &mut project.design;
    let network = design.revision;
    if design.asked.is_some_and(|asked| asked.network == network) {
        return;
    }
    tab.requested = tab.requested.max(tab.revision) + 1;
    design.asked = Some(Asked { network, load: tab.requested, at: Instant::now() });
    design.others_due = None;
    for kind in [JobKind::Plan, JobKind::Layout, JobKind::Statistics, JobKind::WhatIf] {
        jobs.cancel_kind(kind, tab.id);
    }
    // One that runs goes on: its figures are newer than those that are shown, and while a number is dragged on a large
    // network there would be none otherwise.
    jobs.drop_waiting(JobKind::Costs, tab.id);
    jobs.costs(CostsRequest {
        subject: Subject { tab: tab.id, revision: tab.requested },
        title: tab.title.clone(),
        network,
        graph: design.graph().clone(),
        before: design.drawn.clone(),
        target,
    });
}

/// Asks what other sizes of the selected layer would cost.
fn ask_what_if(tab: &mut Tab, target: Target, jobs: &mut Jobs) {
    let subject = Subject { tab: tab.id, revision: tab.revision };
    let title = tab.title.clone();
    let Some(project) = tab.project.as_deref_mut() else { return };
    let latency_budget = project.project.goal.latency_millis;
    let design = &mut project.design;
    if !design.is_current() {
        return;
    }
    let Some(layer) = design.chosen_layer() else { return };
    let key = WhatIfKey { network: design.revision, layer, target, latency_budget };
    if design.what_if.as_ref().is_some_and(|known| known.key == key) {
        return;
    }
    jobs.cancel_kind(JobKind::WhatIf, subject.tab);
    // The rows of the network before stay in sight until the new ones come, where they are about the same layer.
    let rows = match design.what_if.take() {
        Some(known) if known.key.layer == layer && known.key.target == target => known.rows,
        Some(_) | None => Vec::new(),
    };
    design.what_if = Some(WhatIf { key, rows, remedy: None });
    jobs.what_if(WhatIfRequest { subject, title, key, graph: design.graph().clone() });
}

/// Plans for other chips once the network has been left alone.
fn ask_others(tab: &mut Tab, jobs: &mut Jobs, ctx: &egui::Context) {
    let subject = Subject { tab: tab.id, revision: tab.revision };
    let title = tab.title.clone();
    let Some(project) = tab.project.as_deref_mut() else { return };
    let Some(due) = project.design.others_due else { return };
    let wait = due.saturating_duration_since(Instant::now());
    if !wait.is_zero() {
        ctx.request_repaint_after(wait);
        return;
    }
    project.design.others_due = None;
    if let TabContent::Model(open) = &tab.content
        && let Some((planned, _)) = open.plans.first()
    {
        jobs.plan_others(subject, &title, open.model.clone(), *planned);
    }
}

/// Takes what a job has found before its end.
pub fn found(finding: DesignFinding, tab: &mut Tab) {
    let Some(project) = tab.project.as_deref_mut() else { return };
    match finding {
        DesignFinding::Drawn(drawn) => {
            let known = project.design.drawn.as_ref().map_or(0, |known| known.network);
            if drawn.network >= known {
                project.design.drawn = Some(drawn);
            }
        }
    }
}

/// Takes what a job has returned.
pub fn done(outcome: DesignOutcome, subject: Option<Subject>, document: &mut Document, jobs: &mut Jobs) {
    let Some(subject) = subject else { return };
    let Some(tab) = document.tab_mut(subject.tab) else { return };
    match outcome {
        DesignOutcome::Costs(costs) => take_costs(*costs, subject, tab, jobs),
        DesignOutcome::Errors(part) => {
            if let Some(project) = tab.project.as_deref_mut() {
                project.design.part = part.map(|part| *part);
            }
            explain_errors(tab);
        }
        DesignOutcome::WhatIf(answer) => {
            let Some(project) = tab.project.as_deref_mut() else { return };
            if project.design.what_if.as_ref().is_some_and(|asked| asked.key == answer.key) {
                project.design.what_if = Some(answer);
            }
        }
    }
}

/// A model takes the place of the one before, unless a newer one has.
fn take_costs(costs: Costs, subject: Subject, tab: &mut Tab, jobs: &mut Jobs) {
    if subject.revision <= tab.revision {
        return;
    }
    let Some(project) = tab.project.as_deref_mut() else { return };
    let open = match costs.model {
        Ok(open) => open,
        Err(failure) => {
            if !matches!(tab.content, TabContent::Model(_)) {
                tab.content = TabContent::Failed(failure);
            }
            return;
        }
    };
    let design = &mut project.design;
    let Costs { drawn, origins, tensors, .. } = costs;
    let asked = design.asked.filter(|asked| asked.load == subject.revision);
    let micros = asked.map(|asked| asked.at.elapsed().as_secs_f64() * 1e6);
    design.fitting = Some(Fitting { network: drawn.network, drawn, origins, tensors, micros });
    design.part = None;
    design.others_due = Some(Instant::now() + PAUSE);
    let operator = design.operator();
    tab.revision = subject.revision;
    tab.selection = operator.map_or(Selection::None, |operator| Selection::Operator(SubgraphId(0), operator));
    tab.subgraph = SubgraphId(0);
    // What another network has computed says nothing about this one.
    tab.run.outcome = None;
    lay_out(tab, &open, jobs);
    tab.content = TabContent::Model(Box::new(open));
}

/// A project whose network has never fitted says why where a model would be.
fn explain_errors(tab: &mut Tab) {
    if matches!(tab.content, TabContent::Model(_)) {
        return;
    }
    let Some(drawn) = tab.project.as_deref().and_then(|project| project.design.drawn.clone()) else { return };
    let problems: Vec<String> = drawn.shapes.errors().map(ToString::to_string).collect();
    let first = drawn.shapes.errors().next();
    tab.content = TabContent::Failed(OpenFailure {
        message: format!("The network of {} is not complete", tab.title),
        place: first.map_or_else(String::new, |problem| {
            let name = if problem.name.is_empty() { String::new() } else { format!("{}: ", problem.name) };
            format!("{name}{}.", problem.message)
        }),
        help: first.map_or_else(String::new, |problem| format!("{}.", problem.help)),
        details: problems.join("\n"),
    });
}

/// The tab of a project that begins with a network, for tests and for templates.
pub fn tab_with_network(id: TabId, name: &str, network: LayerGraph) -> Tab {
    let mut project = OpenProject::default();
    name.clone_into(&mut project.project.name);
    project.project.network = network;
    Tab { project: Some(Box::new(project)), ..Tab::new(id, name) }
}
