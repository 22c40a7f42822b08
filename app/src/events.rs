//! What happens to the document when a job has found something.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use emberlab_core::model::{Model, SubgraphId};

use crate::board;
use crate::command::{lay_out, open_paths, reload, run};
use crate::document::{Document, OpenFailure, OpenModel, Selection, Tab, TabContent};
use crate::jobs::{
    Ended, EspIdfRequest, ExportOutcome, Finding, JobEvent, JobKind, JobSpec, Jobs, Outcome, Report,
    SourcesRequest, Subject, esp_idf_folder, files_text, round_trip_text,
};
use crate::messages::Level;
use crate::project;
use crate::run_state::RunInput;
use crate::settings::Recent;
use crate::theme::format;

/// Takes one event; results for a tab that was closed or loaded again since are dropped.
pub fn take(report: Report, document: &mut Document, jobs: &mut Jobs) {
    match (report.event, report.job) {
        (JobEvent::Progress(..), _) | (JobEvent::Ended(..), None) => {}
        (JobEvent::Found(subject, finding), _) => found(subject, finding, document),
        (JobEvent::FileChanged(path), _) => {
            let changed = document.tabs.iter().filter(|tab| tab.path.as_deref() == Some(&path));
            let ids: Vec<_> = changed.map(|tab| (tab.id, tab.title.clone())).collect();
            for (id, title) in ids {
                if project::is_project_file(&path) {
                    project::file::look_again(document, jobs, id);
                    continue;
                }
                reload(document, jobs, id);
                document
                    .messages
                    .toast(Level::Info, format!("{title} has changed on disk and was read again"));
            }
        }
        (JobEvent::FileVanished(path), _) => {
            let text = format!(
                "{} is not on the disk any more; the window keeps what it has read",
                crate::jobs::file_name(&path)
            );
            document.messages.toast(Level::Warning, text);
        }
        (JobEvent::Ended(_, ended), Some(job)) => ended_job(job, ended, document, jobs),
    }
}

/// The tab whose content a result was computed from; `None` if it was closed or has other content since.
fn fresh_tab(document: &mut Document, subject: Option<Subject>) -> Option<&mut Tab> {
    let subject = subject?;
    document.tab_mut(subject.tab).filter(|tab| tab.revision == subject.revision)
}

/// The tab that waits for the result of this load; `None` if it was closed or a later load was asked for.
fn waiting_tab(document: &mut Document, subject: Option<Subject>) -> Option<&mut Tab> {
    let subject = subject?;
    document.tab_mut(subject.tab).filter(|tab| tab.requested == subject.revision)
}

fn found(subject: Subject, finding: Finding, document: &mut Document) {
    let Some(tab) = document.tab_mut(subject.tab) else { return };
    match finding {
        Finding::Target(target, plan, findings) => {
            if tab.revision == subject.revision
                && let TabContent::Model(open) = &mut tab.content
            {
                open.plans.push((target, plan));
                open.findings.push((target, findings));
            }
        }
        Finding::Design(finding) => project::design::found(finding, tab),
        Finding::Data(finding) => project::data::found(finding, tab),
        Finding::Train(finding) => project::train::found(finding, tab),
        Finding::Compress(finding) => project::compress::found(finding, tab),
    }
}

fn ended_job(job: JobSpec, ended: Ended, document: &mut Document, jobs: &mut Jobs) {
    match ended {
        Ended::Done(outcome) => done(&job, outcome, document, jobs),
        Ended::Cancelled => cancelled(&job, document),
        Ended::Panicked(message) => panicked(&job, &message, document),
    }
}

fn done(job: &JobSpec, outcome: Outcome, document: &mut Document, jobs: &mut Jobs) {
    match outcome {
        Outcome::Opened(result) => opened(job, *result, document, jobs),
        Outcome::LaidOut(subgraph, layout, micros) => {
            let Some(tab) = fresh_tab(document, job.subject) else { return };
            // Turning the graph starts another layout; of two, only the one for the present direction counts.
            if layout.direction != tab.direction {
                return;
            }
            if let TabContent::Model(open) = &mut tab.content {
                if subgraph == SubgraphId(0) && open.timings.layout_micros.is_none() {
                    open.timings.layout_micros = Some(micros);
                }
                if let Some(place) = open.layouts.get_mut(subgraph.index()) {
                    *place = Some(layout);
                }
            }
        }
        Outcome::Measured(subgraph, tensor, statistics) => {
            let Some(tab) = fresh_tab(document, job.subject) else { return };
            if let TabContent::Model(open) = &mut tab.content {
                open.statistics.insert((subgraph, tensor), statistics);
            }
        }
        Outcome::Drawn(name, Ok(bytes), what) => jobs.ask_target(&name, bytes, what),
        Outcome::Drawn(_, Err(reason), what) => {
            document.messages.toast(Level::Error, format!("Could not draw {what}. {reason}"));
        }
        Outcome::Planned => {}
        Outcome::Ran(outcome) => {
            if let Some(tab) = fresh_tab(document, job.subject) {
                tab.run.outcome = Some(outcome);
            }
        }
        Outcome::InputChosen(index, path) => {
            if let (Some(path), Some(subject)) = (path, job.subject) {
                jobs.read_input(subject, index, path);
            }
        }
        Outcome::InputRead(index, name, Ok(bytes)) => {
            if let Some(tab) = fresh_tab(document, job.subject) {
                tab.run.set_input(index, RunInput::File { name, bytes, normalisation: None });
            }
            if let Some(subject) = job.subject {
                run(document, jobs, subject.tab);
            }
        }
        Outcome::InputRead(_, name, Err(reason)) => {
            document.messages.toast(Level::Error, format!("Could not read {name}. {reason}"));
        }
        Outcome::Saved(what, Ok(path)) => {
            document.messages.toast(Level::Done, format!("Saved {what} to {}", path.display()));
        }
        Outcome::Saved(what, Err(reason)) => {
            document.messages.toast(Level::Error, format!("Could not save {what}. {reason}"));
        }
        Outcome::Chosen(paths) => open_paths(document, jobs, paths),
        // Models are read back and run before they take their places.
        Outcome::Target(Some(path), bytes, _) if is_model(&bytes) => jobs.export_tflite(path, bytes),
        Outcome::Target(Some(path), bytes, what) => jobs.save(path, bytes, what),
        Outcome::Target(None, ..) => {}
        Outcome::Export(outcome) => exported(outcome, document, jobs),
        Outcome::NoDialog => document.messages.toast(
            Level::Warning,
            "This desktop shows no file dialog. Drop the file on the window, or name it on the command line",
        ),
        Outcome::SettingsWritten(Ok(())) => {}
        Outcome::Data(outcome) => project::data::done(outcome, job.subject, document, jobs),
        Outcome::Design(outcome) => project::design::done(outcome, job.subject, document, jobs),
        Outcome::Train(outcome) => project::train::done(outcome, job.subject, document, jobs),
        Outcome::Compress(outcome) => project::compress::done(outcome, job.subject, document, jobs),
        Outcome::Project(outcome) => project::done(outcome, job.subject, document, jobs),
        Outcome::Board(outcome) => board::done(outcome, document, jobs),
        Outcome::SettingsWritten(Err(reason)) => {
            document.messages.log(Level::Warning, format!("The settings could not be kept. {reason}"));
        }
    }
}

/// The bytes of a model, by the mark that its format has.
fn is_model(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(b"TFL3")
}

fn exported(outcome: ExportOutcome, document: &mut Document, jobs: &mut Jobs) {
    match outcome {
        ExportOutcome::FolderChosen(request, Some(folder)) => {
            jobs.export_sources(SourcesRequest { folder, ..*request });
        }
        ExportOutcome::FolderChosen(_, None) => {}
        ExportOutcome::Written(_, Ok(exported)) => {
            let files = files_text(&exported.files);
            let checked = round_trip_text(&exported.round_trip);
            let text = format!("Wrote {files} to {}. {checked}", exported.folder.display());
            document.messages.toast(Level::Done, text);
            if !exported.notes.is_empty() {
                document.messages.toast(Level::Warning, exported.notes.join(" "));
            }
        }
        ExportOutcome::EspIdfFolderChosen(request, Some(folder)) => {
            let folder = folder.join(esp_idf_folder(&request.file_name));
            jobs.export_esp_idf(EspIdfRequest { folder, ..*request });
        }
        ExportOutcome::EspIdfFolderChosen(_, None) => {}
        ExportOutcome::ProjectWritten(_, Ok(exported)) => {
            let files = format::counted(exported.files.len() as u64, "file", "files");
            let checked = round_trip_text(&exported.round_trip);
            let place = exported.folder.display();
            let text =
                format!("Wrote a project of {files} to {place}. {checked}. Build it there with idf.py build");
            document.messages.toast(Level::Done, text);
            if !exported.notes.is_empty() {
                document.messages.toast(Level::Warning, exported.notes.join(" "));
            }
        }
        ExportOutcome::Written(what, Err(failure)) | ExportOutcome::ProjectWritten(what, Err(failure)) => {
            let text = format!("Could not export {what}. {}. {}", failure.message, failure.help);
            document.messages.toast(Level::Error, text);
        }
    }
}

fn opened(job: &JobSpec, result: Result<OpenModel, OpenFailure>, document: &mut Document, jobs: &mut Jobs) {
    let target = document.target;
    let Some(tab) = waiting_tab(document, job.subject) else { return };
    tab.revision = tab.requested;
    match result {
        Ok(open) => {
            tab.subgraph =
                if tab.subgraph.index() < open.model.subgraphs.len() { tab.subgraph } else { SubgraphId(0) };
            tab.selection = still_valid(tab.selection, &open.model);
            lay_out(tab, &open, jobs);
            // The target may have changed since the file was asked for; both have a plan soon.
            let planned = open.plans.first().map_or(target, |(planned, _)| *planned);
            let subject = Subject { tab: tab.id, revision: tab.revision };
            jobs.plan_others(subject, &tab.title, open.model.clone(), planned);
            let text = format!("Opened {}, {}", tab.title, format::bytes(open.file_bytes));
            let (path, bytes) = (tab.path.clone(), open.file_bytes);
            tab.content = TabContent::Model(Box::new(open));
            document.messages.log(Level::Done, text);
            if let Some(path) = path {
                remember(document, path, bytes);
            }
        }
        Err(failure) => {
            let text = failure.message.clone();
            tab.content = TabContent::Failed(failure);
            document.messages.log(Level::Error, text);
        }
    }
}

/// Puts a file on top of the recent ones.
pub fn remember(document: &mut Document, path: PathBuf, bytes: u64) {
    document.settings.remember(Recent { path, bytes, opened: seconds_since_1970() });
}

fn cancelled(job: &JobSpec, document: &mut Document) {
    // Nobody has asked for it, and nobody misses it.
    if job.kind == JobKind::Ports {
        return;
    }
    if is_superseded(job, "It was cancelled", document) {
        return;
    }
    if job.kind == JobKind::Open
        && let Some(tab) = waiting_tab(document, job.subject)
        && matches!(tab.content, TabContent::Loading)
    {
        tab.revision = tab.requested;
        tab.content = TabContent::Failed(OpenFailure {
            message: format!("Opening {} was cancelled", tab.title),
            place: "Nothing of it was kept.".to_owned(),
            help: "Try again when you like.".to_owned(),
            details: tab.path.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
        });
    }
    document.messages.log(Level::Info, format!("Cancelled: {}", job.name));
}

/// Tells a project that work on its data has ended without a result; true if nobody waits for it any more.
fn is_superseded(job: &JobSpec, reason: &str, document: &mut Document) -> bool {
    match (job.kind, job.subject) {
        (JobKind::Import | JobKind::Prepare, Some(subject)) => {
            !project::data::ended_without_result(job.kind, subject, reason, document)
        }
        (JobKind::Compress, Some(subject)) => {
            project::compress::ended_without_result(subject, document);
            false
        }
        // The grid was scrolled, another recording was chosen.
        (JobKind::Thumbnails | JobKind::Look, _) => true,
        _ => false,
    }
}

fn panicked(job: &JobSpec, message: &str, document: &mut Document) {
    let text = format!("{} failed because of a mistake in Emberlab", job.name);
    is_superseded(job, &text, document);
    if job.kind == JobKind::Open
        && let Some(tab) = waiting_tab(document, job.subject)
    {
        tab.revision = tab.requested;
        tab.content = TabContent::Failed(OpenFailure {
            message: text.clone(),
            place: "The window and everything else in it is not affected.".to_owned(),
            help: "Please report it with the details below; the file itself helps most.".to_owned(),
            details: format!("Emberlab {}\n{}\n{message}", env!("CARGO_PKG_VERSION"), job.name),
        });
        document.messages.log(Level::Error, format!("{text}: {message}"));
    } else {
        document.messages.toast(Level::Error, format!("{text}: {message}"));
    }
}

/// A selection that the model still has; a file that is read again may be another one.
fn still_valid(selection: Selection, model: &Model) -> Selection {
    let graph = |id: SubgraphId| model.subgraphs.get(id.index());
    let valid = match selection {
        Selection::None => true,
        Selection::Operator(id, operator) | Selection::Scratch(id, operator, _) => {
            graph(id).is_some_and(|graph| operator.index() < graph.operators.len())
        }
        Selection::Tensor(id, tensor) => graph(id).is_some_and(|graph| tensor.index() < graph.tensors.len()),
    };
    if valid { selection } else { Selection::None }
}

fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use emberlab_core::model::{ModelBuilder, OperatorId, TensorId};

    use super::*;
    use crate::settings::Settings;

    fn document() -> (Document, Subject) {
        let mut document = Document::new(Settings::default());
        let id = document.new_tab_id();
        document.tabs.push(Tab { requested: 3, ..Tab::new(id, "a.tflite") });
        document.active = Some(id);
        (document, Subject { tab: id, revision: 3 })
    }

    fn spec(subject: Subject) -> JobSpec {
        JobSpec { kind: JobKind::Open, name: "Opening a.tflite".to_owned(), subject: Some(subject) }
    }

    fn opened_with(description: &str) -> Outcome {
        let model = Arc::new(ModelBuilder::new(description).build());
        Outcome::Opened(Box::new(Ok(OpenModel::new(model, 1, ""))))
    }

    fn take_outcome(document: &mut Document, subject: Subject, outcome: Outcome) {
        let mut jobs = Jobs::new(Arc::new(|| ()));
        ended_job(spec(subject), Ended::Done(outcome), document, &mut jobs);
    }

    fn description(document: &Document) -> Option<&str> {
        document.active_model().and_then(|(_, open)| open.model.description.as_deref())
    }

    #[test]
    fn a_stale_result_is_dropped() {
        let (mut document, subject) = document();
        take_outcome(&mut document, Subject { revision: 2, ..subject }, opened_with("old"));
        assert_eq!(description(&document), None);
        take_outcome(&mut document, subject, opened_with("new"));
        assert_eq!(description(&document), Some("new"));
        take_outcome(&mut document, Subject { revision: 2, ..subject }, opened_with("old"));
        assert_eq!(description(&document), Some("new"));
    }

    #[test]
    fn the_revision_changes_exactly_when_the_content_does() {
        let (mut document, subject) = document();
        assert_eq!(document.tabs[0].revision, 0);
        take_outcome(&mut document, subject, opened_with("first"));
        assert_eq!(document.tabs[0].revision, 3);
        let mut jobs = Jobs::new(Arc::new(|| ()));
        document.tabs[0].bytes = Some(Arc::from(&b"no model"[..]));
        reload(&mut document, &mut jobs, subject.tab);
        assert_eq!((document.tabs[0].revision, document.tabs[0].requested), (3, 4));
        assert_eq!(description(&document), Some("first"), "the old model stays until the new one is there");
    }

    #[test]
    fn a_result_for_a_closed_tab_is_dropped() {
        let (mut document, subject) = document();
        document.tabs.clear();
        document.active = None;
        take_outcome(&mut document, subject, opened_with("late"));
        assert!(document.tabs.is_empty());
    }

    #[test]
    fn a_job_that_panics_leaves_a_tab_that_says_so() {
        let (mut document, subject) = document();
        let mut jobs = Jobs::new(Arc::new(|| ()));
        jobs.start(spec(subject), |_| panic!("a table has no legs"));
        let deadline = Instant::now() + Duration::from_secs(20);
        while !jobs.is_idle() {
            assert!(Instant::now() < deadline, "the job does not end");
            for report in jobs.poll() {
                take(report, &mut document, &mut jobs);
            }
        }
        let TabContent::Failed(failure) = &document.tabs[0].content else {
            panic!("the tab shows no failure")
        };
        assert!(failure.message.contains("mistake in Emberlab"), "{failure:?}");
        assert!(failure.details.contains("a table has no legs"), "{failure:?}");
    }

    #[test]
    fn a_selection_that_the_new_model_lacks_is_gone() {
        let model = ModelBuilder::new("empty").build();
        let main = SubgraphId(0);
        for selection in [
            Selection::Operator(main, OperatorId(0)),
            Selection::Tensor(main, TensorId(7)),
            Selection::Scratch(SubgraphId(1), OperatorId(0), 0),
        ] {
            assert_eq!(still_valid(selection, &model), Selection::None);
        }
    }
}
