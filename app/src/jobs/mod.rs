//! Long work off the UI thread: named threads, one slot per kind, results over one channel.
//!
//! A job is a closure that returns at most one [`Outcome`]; it sees a cancel flag and may report progress. It changes
//! nothing: `App::logic` takes the events and changes the document. A job that panics ends as a failed job.

mod board;
mod compress;
mod design;
mod dialog;
mod esp_idf;
mod export;
mod file;
mod import;
mod inspect;
mod look;
mod open;
mod prepare;
mod project;
mod run;
mod slot;
mod train;
mod watch;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use emberlab_core::model::{SubgraphId, TensorId};
use emberlab_core::plan::Target;
use emberlab_core::stats::Statistics;

use crate::device::Session;
use crate::document::{Findings, OpenFailure, OpenModel, PlanResult, TabId};
use crate::panels::inspect::layout::GraphLayout;
use crate::project::{
    CompressFinding, CompressOutcome, DataFinding, DataOutcome, DesignFinding, DesignOutcome, ProjectOutcome,
    TrainFinding, TrainOutcome,
};
use crate::run_state::{RunFailure, RunResult};
use crate::theme::widgets::Progress;

pub use board::BoardOutcome;
pub use compress::{BaseSource, CompressRequest, CompressWork, DivergenceSearch, Examination, turned};
pub use design::{CostsRequest, WhatIfRequest};
pub use esp_idf::{EspIdfRequest, esp_idf_folder, export_esp_idf};
pub use export::{
    ExportOutcome, Exported, ExportedFile, SourcesRequest, export_sources, export_tflite, files_text,
    round_trip_text,
};
pub use file::{WriteFailure, file_name, read_file, write_atomically, write_together};
pub use import::{DataFailure, LoadRequest, LoadStage, Loaded, SUMS_FILE, load, problem_text, write_sums};
pub use inspect::{PictureFormat, measured};
pub use look::{Outline, SampleLook, SampleView, Thumbnail};
pub use open::{LayoutRequest, OpenRequest, Source};
pub use prepare::{Checks, prepare_in_parallel};
pub use project::{Ask, place, read_project_file, write_project_file};
pub use run::{OtherRun, RunRequest, is_input_file, is_picture_for};
pub use slot::JobContext;
use slot::Slot;
pub use train::{ModelRequest, TrainRequest};
pub use watch::Watcher;

/// Identity of a job; never used twice in one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// Kinds of jobs; of each at most one runs at a time, further ones wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JobKind {
    /// Read a model, plan and judge it for the chosen target.
    Open,
    /// Plan and judge a model for all other targets.
    Plan,
    /// Lay out a graph.
    Layout,
    /// Compute figures about a tensor.
    Statistics,
    /// Draw a picture, or write a table, for a file.
    Picture,
    /// Run a model.
    Run,
    /// Read a file that is to be an input.
    Input,
    /// Write a file that the user asked for.
    Save,
    /// Wait for a file dialog.
    Dialog,
    /// Write the settings.
    Settings,
    /// Read data from files, or make them.
    Import,
    /// Make samples out of data.
    Prepare,
    /// Train a network.
    Train,
    /// Make, measure and compare variants.
    Compress,
    /// Read or write a project.
    Project,
    /// Draw what the grid shows of recordings.
    Thumbnails,
    /// Draw the recording that is selected.
    Look,
    /// Find out what a network costs.
    Costs,
    /// Find out what other sizes of a layer would cost.
    WhatIf,
    /// Look which ports there are.
    Ports,
    /// Flash a board.
    Flash,
}

impl JobKind {
    /// All of them, in the order of the slots.
    pub const ALL: [JobKind; 21] = [
        JobKind::Open,
        JobKind::Plan,
        JobKind::Layout,
        JobKind::Statistics,
        JobKind::Picture,
        JobKind::Run,
        JobKind::Input,
        JobKind::Save,
        JobKind::Dialog,
        JobKind::Settings,
        JobKind::Import,
        JobKind::Prepare,
        JobKind::Train,
        JobKind::Compress,
        JobKind::Project,
        JobKind::Thumbnails,
        JobKind::Look,
        JobKind::Costs,
        JobKind::WhatIf,
        JobKind::Ports,
        JobKind::Flash,
    ];

    /// The name of the thread.
    fn thread_name(self) -> &'static str {
        match self {
            JobKind::Open => "emberlab-open",
            JobKind::Plan => "emberlab-plan",
            JobKind::Layout => "emberlab-layout",
            JobKind::Statistics => "emberlab-statistics",
            JobKind::Picture => "emberlab-picture",
            JobKind::Run => "emberlab-run",
            JobKind::Input => "emberlab-input",
            JobKind::Save => "emberlab-save",
            JobKind::Dialog => "emberlab-dialog",
            JobKind::Settings => "emberlab-settings",
            JobKind::Import => "emberlab-import",
            JobKind::Prepare => "emberlab-prepare",
            JobKind::Train => "emberlab-train",
            JobKind::Compress => "emberlab-compress",
            JobKind::Project => "emberlab-project",
            JobKind::Thumbnails => "emberlab-thumbnails",
            JobKind::Look => "emberlab-look",
            JobKind::Costs => "emberlab-costs",
            JobKind::WhatIf => "emberlab-what-if",
            JobKind::Ports => "emberlab-ports",
            JobKind::Flash => "emberlab-flash",
        }
    }

    /// The status bar shows it; dialogs and settings are not work that a user waits for.
    fn is_shown(self) -> bool {
        match self {
            JobKind::Open
            | JobKind::Plan
            | JobKind::Layout
            | JobKind::Statistics
            | JobKind::Picture
            | JobKind::Run
            | JobKind::Input
            | JobKind::Save
            | JobKind::Import
            | JobKind::Prepare
            | JobKind::Train
            | JobKind::Compress
            | JobKind::Costs
            | JobKind::WhatIf
            | JobKind::Flash => true,
            JobKind::Dialog
            | JobKind::Settings
            | JobKind::Project
            | JobKind::Thumbnails
            | JobKind::Look
            | JobKind::Ports => false,
        }
    }
}

/// What a job works on: a later load of the same tab makes its result stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The tab.
    pub tab: TabId,
    /// Which load of the tab it is, or works on.
    pub revision: u64,
}

/// A job to start.
#[derive(Clone, Debug)]
pub struct JobSpec {
    /// Its slot.
    pub kind: JobKind,
    /// What the status bar calls it, `Opening person_detect.tflite`.
    pub name: String,
    /// What it works on.
    pub subject: Option<Subject>,
}

/// Everything that jobs and the watcher say, in one closed list.
#[derive(Debug)]
pub enum JobEvent {
    /// How far a job has come; at most about 30 a second.
    Progress(JobId, Progress),
    /// Something a job has found before its end.
    Found(Subject, Finding),
    /// A job has ended.
    Ended(JobId, Ended),
    /// A file of an open tab has changed on disk and was left alone for a moment.
    FileChanged(PathBuf),
    /// A file of an open tab is not there any more.
    FileVanished(PathBuf),
}

/// What a job has found before its end.
#[derive(Debug)]
pub enum Finding {
    /// Plan and findings for one more target.
    Target(Target, PlanResult, Arc<Findings>),
    /// Something about the network of a project.
    Design(DesignFinding),
    /// Something about the data of a project.
    Data(DataFinding),
    /// Something about a run of training.
    Train(TrainFinding),
    /// Something about variants.
    Compress(CompressFinding),
}

/// How a job ended.
#[derive(Debug)]
pub enum Ended {
    /// With a result.
    Done(Outcome),
    /// The user, or a later request, cancelled it.
    Cancelled,
    /// It panicked; the text says where.
    Panicked(String),
}

/// What a job returns.
#[derive(Debug)]
pub enum Outcome {
    /// A model, or why there is none.
    Opened(Box<Result<OpenModel, OpenFailure>>),
    /// Positions of a graph and how long they took, in microseconds.
    LaidOut(SubgraphId, Arc<GraphLayout>, f64),
    /// Figures about a tensor; `None` where it has none.
    Measured(SubgraphId, TensorId, Option<Arc<Statistics>>),
    /// A picture as a file, or why not: suggested name, bytes, what it is in words.
    Drawn(String, Result<Arc<[u8]>, String>, String),
    /// All other targets are planned; the plans were sent as findings.
    Planned,
    /// A file was written, or why not; first what it is in words.
    Saved(String, Result<PathBuf, String>),
    /// Files that the user chose; empty if none.
    Chosen(Vec<PathBuf>),
    /// Where to write what; `None` if the user chose nothing.
    Target(Option<PathBuf>, Arc<[u8]>, String),
    /// A model was run, or why not.
    Ran(Result<Arc<RunResult>, RunFailure>),
    /// A file for the input with the number was read, or why not: its name, its bytes.
    InputRead(usize, String, Result<Arc<[u8]>, String>),
    /// A file that the user chose for the input with the number; `None` if none.
    InputChosen(usize, Option<PathBuf>),
    /// Sources or a model that were written, or a folder for them.
    Export(ExportOutcome),
    /// No dialog could be shown.
    NoDialog,
    /// The settings were written, or why not.
    SettingsWritten(Result<(), String>),
    /// Data of a project.
    Data(DataOutcome),
    /// The network of a project.
    Design(DesignOutcome),
    /// A run of training.
    Train(TrainOutcome),
    /// Variants.
    Compress(CompressOutcome),
    /// A project.
    Project(ProjectOutcome),
    /// Boards.
    Board(BoardOutcome),
}

/// A job as the status bar shows it.
#[derive(Clone, Debug)]
pub struct RunningJob {
    /// Identity.
    pub id: JobId,
    /// What it was asked for.
    pub spec: JobSpec,
    /// How far it has come.
    pub progress: Progress,
    /// When it began.
    pub started: Instant,
    /// Cancel was asked for, but it has not ended yet.
    pub cancelling: bool,
}

/// An event with the job it came from, as `App` wants it.
#[derive(Debug)]
pub struct Report {
    /// The job that ended; `None` for events that no job is over with.
    pub job: Option<JobSpec>,
    /// What happened.
    pub event: JobEvent,
}

/// All slots and their channel.
pub struct Jobs {
    slots: [Slot; JobKind::ALL.len()],
    sender: Sender<JobEvent>,
    receiver: Receiver<JobEvent>,
    wake: Wake,
    next_id: u64,
    /// The board that is measured.
    board: Option<Session>,
    /// What flashing does now, in words.
    flash_note: Arc<Mutex<String>>,
}

/// Called from any thread when there is something to take.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

impl Jobs {
    /// No jobs; `wake` is called when an event waits.
    pub fn new(wake: Wake) -> Self {
        let (sender, receiver) = channel();
        Self {
            slots: JobKind::ALL.map(Slot::new),
            sender,
            receiver,
            wake,
            next_id: 1,
            board: None,
            flash_note: Arc::default(),
        }
    }

    /// A sender for things that are not jobs, such as the watcher, and the function that wakes the window.
    pub fn outlet(&self) -> (Sender<JobEvent>, Wake) {
        (self.sender.clone(), self.wake.clone())
    }

    /// Starts a job, or lets it wait for its slot. `work` returns `None` only if it was cancelled.
    pub fn start(
        &mut self,
        spec: JobSpec,
        work: impl FnOnce(&JobContext) -> Option<Outcome> + Send + 'static,
    ) -> JobId {
        let id = JobId(self.next_id);
        self.next_id += 1;
        let slot = &mut self.slots[spec.kind as usize];
        slot.push(id, spec, Box::new(work));
        slot.advance(&self.sender, &self.wake);
        id
    }

    /// Asks a job to end; one that waits is dropped.
    pub fn cancel(&mut self, id: JobId) {
        for slot in &mut self.slots {
            slot.cancel(|job, _| job == id);
        }
    }

    /// Asks all jobs about a tab to end, because it was closed or is loaded again.
    pub fn cancel_tab(&mut self, tab: TabId) {
        for slot in &mut self.slots {
            slot.cancel(|_, spec| spec.subject.is_some_and(|subject| subject.tab == tab));
        }
    }

    /// Asks the jobs of one kind about a tab to end.
    pub fn cancel_kind(&mut self, kind: JobKind, tab: TabId) {
        let is_meant = |spec: &JobSpec| spec.subject.is_some_and(|subject| subject.tab == tab);
        self.slots[kind as usize].cancel(|_, spec| is_meant(spec));
    }

    /// Drops jobs of one kind about a tab that wait; one that runs goes on.
    pub fn drop_waiting(&mut self, kind: JobKind, tab: TabId) {
        self.slots[kind as usize].drop_waiting(|spec| spec.subject.is_some_and(|subject| subject.tab == tab));
    }

    /// Jobs that run, as the status bar shows them, the newest first.
    pub fn running(&self) -> Vec<&RunningJob> {
        let mut jobs: Vec<&RunningJob> =
            self.slots.iter().filter_map(Slot::running).filter(|job| job.spec.kind.is_shown()).collect();
        jobs.sort_by_key(|job| std::cmp::Reverse(job.id));
        jobs
    }

    /// Jobs that wait for their slot.
    pub fn waiting(&self) -> usize {
        self.slots.iter().map(Slot::waiting).sum()
    }

    /// Nothing runs and nothing waits, but for the watch on ports, which has no end.
    pub fn is_idle(&self) -> bool {
        let is_work = |slot: &&Slot| slot.kind() != JobKind::Ports;
        self.slots.iter().filter(is_work).all(|slot| slot.running().is_none() && slot.waiting() == 0)
    }

    /// A job of the kind runs or waits.
    pub fn is_busy(&self, kind: JobKind) -> bool {
        let slot = &self.slots[kind as usize];
        slot.running().is_some() || slot.waiting() > 0
    }

    /// Takes what has happened and starts what waited. Progress is kept for [`Self::running`].
    pub fn poll(&mut self) -> Vec<Report> {
        let mut reports = Vec::new();
        while let Ok(event) = self.receiver.try_recv() {
            let job = match &event {
                JobEvent::Progress(id, progress) => {
                    self.slots.iter_mut().for_each(|slot| slot.set_progress(*id, *progress));
                    continue;
                }
                JobEvent::Ended(id, _) => {
                    let ended = self.slots.iter_mut().find_map(|slot| slot.end(*id));
                    let Some(spec) = ended else { continue };
                    self.slots[spec.kind as usize].advance(&self.sender, &self.wake);
                    Some(spec)
                }
                JobEvent::Found(..) | JobEvent::FileChanged(_) | JobEvent::FileVanished(_) => None,
            };
            reports.push(Report { job, event });
        }
        reports
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    fn spec(kind: JobKind, tab: u64) -> JobSpec {
        let subject = Some(Subject { tab: TabId(tab), revision: 0 });
        JobSpec { kind, name: "Test".to_owned(), subject }
    }

    fn jobs() -> Jobs {
        Jobs::new(Arc::new(|| ()))
    }

    /// Polls until `count` jobs have ended.
    fn ended(jobs: &mut Jobs, count: usize) -> Vec<Report> {
        let mut reports = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(20);
        while reports.iter().filter(|report: &&Report| report.job.is_some()).count() < count {
            assert!(Instant::now() < deadline, "only {reports:?}");
            reports.extend(jobs.poll());
            std::thread::sleep(Duration::from_millis(1));
        }
        reports
    }

    #[test]
    fn a_panic_becomes_a_failed_job_with_its_message() {
        let mut jobs = jobs();
        jobs.start(spec(JobKind::Open, 1), |_| panic!("row 7 is odd"));
        let reports = ended(&mut jobs, 1);
        let JobEvent::Ended(_, Ended::Panicked(message)) = &reports[0].event else { panic!("{reports:?}") };
        assert!(message.contains("row 7 is odd") && message.contains("mod.rs"), "{message}");
        assert!(jobs.is_idle());
        jobs.start(spec(JobKind::Open, 1), |_| Some(Outcome::NoDialog));
        ended(&mut jobs, 1);
    }

    #[test]
    fn one_job_of_a_kind_runs_at_a_time_in_the_order_asked() {
        let mut jobs = jobs();
        let running = Arc::new(AtomicUsize::new(0));
        for number in 0..5 {
            let running = running.clone();
            jobs.start(spec(JobKind::Layout, number), move |_| {
                assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "two at a time");
                std::thread::sleep(Duration::from_millis(2));
                running.fetch_sub(1, Ordering::SeqCst);
                Some(Outcome::NoDialog)
            });
        }
        let reports = ended(&mut jobs, 5);
        let tabs: Vec<u64> =
            reports.iter().filter_map(|report| Some(report.job.as_ref()?.subject?.tab.0)).collect();
        assert_eq!(tabs, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_cancelled_job_sees_it_and_ends_as_cancelled() {
        let mut jobs = jobs();
        let id = jobs.start(spec(JobKind::Open, 1), |context| {
            while !context.is_cancelled() {
                std::thread::sleep(Duration::from_millis(1));
            }
            None
        });
        jobs.start(spec(JobKind::Open, 2), |_| Some(Outcome::NoDialog));
        jobs.cancel(id);
        assert!(jobs.running()[0].cancelling);
        let reports = ended(&mut jobs, 2);
        assert!(matches!(reports[0].event, JobEvent::Ended(_, Ended::Cancelled)));
        assert!(matches!(reports[1].event, JobEvent::Ended(_, Ended::Done(_))));
    }

    #[test]
    fn a_waiting_job_of_a_closed_tab_is_dropped() {
        let mut jobs = jobs();
        let (go, wait) = channel::<()>();
        jobs.start(spec(JobKind::Open, 1), move |_| wait.recv().ok().map(|()| Outcome::NoDialog));
        jobs.start(spec(JobKind::Open, 2), |_| Some(Outcome::NoDialog));
        assert_eq!(jobs.waiting(), 1);
        jobs.cancel_tab(TabId(2));
        assert_eq!(jobs.waiting(), 0);
        go.send(()).expect("the job waits for it");
        ended(&mut jobs, 1);
        assert!(jobs.is_idle());
    }

    #[test]
    fn progress_is_merged_at_the_sender() {
        let mut jobs = jobs();
        jobs.start(spec(JobKind::Open, 1), |context| {
            for done in 0..=100_000 {
                context.progress(done, 100_000);
            }
            Some(Outcome::NoDialog)
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut events = 0;
        loop {
            match jobs.receiver.recv_timeout(deadline - Instant::now()).expect("the job ends") {
                JobEvent::Progress(..) => events += 1,
                JobEvent::Ended(..) => break,
                other => panic!("{other:?}"),
            }
        }
        assert!((1..100).contains(&events), "{events} events");
    }
}
