//! One kind of job: what runs, what waits, and the thread that does it.

use std::any::Any;
use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use super::{Ended, Finding, JobEvent, JobId, JobKind, JobSpec, Outcome, RunningJob, Subject, Wake};
use crate::theme::widgets::Progress;

/// Shortest time between two reports of progress.
const PROGRESS_EVERY: Duration = Duration::from_millis(33);

pub(super) type Work = Box<dyn FnOnce(&JobContext) -> Option<Outcome> + Send>;

/// What a job sees of the world.
pub struct JobContext {
    id: JobId,
    subject: Option<Subject>,
    cancelled: Arc<AtomicBool>,
    sender: Sender<JobEvent>,
    wake: Wake,
    reported: Cell<Option<Instant>>,
}

impl JobContext {
    /// The result is not wanted any more: return `None` soon.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Says how far the job has come; cheap enough for an inner loop.
    pub fn progress(&self, done: u64, total: u64) {
        let now = Instant::now();
        if self.reported.get().is_some_and(|last| now - last < PROGRESS_EVERY) {
            return;
        }
        self.reported.set(Some(now));
        self.send(JobEvent::Progress(self.id, Progress::Known { done, total }));
    }

    /// Hands over something before the end.
    pub fn found(&self, finding: Finding) {
        if let Some(subject) = self.subject {
            self.send(JobEvent::Found(subject, finding));
        }
    }

    fn send(&self, event: JobEvent) {
        // The receiver is gone only when the window is: then nobody wants the result.
        if self.sender.send(event).is_ok() {
            (self.wake)();
        }
    }
}

/// What runs and what waits.
pub(super) struct Slot {
    kind: JobKind,
    running: Option<(RunningJob, Arc<AtomicBool>)>,
    waiting: VecDeque<(JobId, JobSpec, Work)>,
}

impl Slot {
    pub(super) fn new(kind: JobKind) -> Self {
        Self { kind, running: None, waiting: VecDeque::new() }
    }

    pub(super) fn kind(&self) -> JobKind {
        self.kind
    }

    pub(super) fn push(&mut self, id: JobId, spec: JobSpec, work: Work) {
        self.waiting.push_back((id, spec, work));
    }

    pub(super) fn running(&self) -> Option<&RunningJob> {
        self.running.as_ref().map(|(job, _)| job)
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Begins the next job if the slot is free.
    pub(super) fn advance(&mut self, sender: &Sender<JobEvent>, wake: &Wake) {
        while self.running.is_none() {
            let Some((id, spec, work)) = self.waiting.pop_front() else { return };
            let cancelled = Arc::new(AtomicBool::new(false));
            let context = JobContext {
                id,
                subject: spec.subject,
                cancelled: cancelled.clone(),
                sender: sender.clone(),
                wake: wake.clone(),
                reported: Cell::new(None),
            };
            let job = RunningJob {
                id,
                spec,
                progress: Progress::Unknown,
                started: Instant::now(),
                cancelling: false,
            };
            self.running = Some((job, cancelled));
            let thread = std::thread::Builder::new().name(self.kind.thread_name().to_owned());
            if let Err(error) = thread.spawn(move || run(&context, work)) {
                // The work went away with its thread; the job ends like one that broke.
                let message = format!("no thread could be started: {error}");
                if sender.send(JobEvent::Ended(id, Ended::Panicked(message))).is_ok() {
                    wake();
                }
            }
        }
    }

    /// Asks the jobs that `is_meant` names to end.
    pub(super) fn cancel(&mut self, is_meant: impl Fn(JobId, &JobSpec) -> bool) {
        self.waiting.retain(|(id, spec, _)| !is_meant(*id, spec));
        if let Some((job, cancelled)) = &mut self.running
            && is_meant(job.id, &job.spec)
        {
            job.cancelling = true;
            cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Drops the jobs that wait and that `is_meant` names; one that runs goes on.
    pub(super) fn drop_waiting(&mut self, is_meant: impl Fn(&JobSpec) -> bool) {
        self.waiting.retain(|(_, spec, _)| !is_meant(spec));
    }

    pub(super) fn set_progress(&mut self, id: JobId, progress: Progress) {
        if let Some((job, _)) = self.running.as_mut().filter(|(job, _)| job.id == id) {
            job.progress = progress;
        }
    }

    /// Frees the slot if the job was in it.
    pub(super) fn end(&mut self, id: JobId) -> Option<JobSpec> {
        self.running.take_if(|(job, _)| job.id == id).map(|(job, _)| job.spec)
    }
}

fn run(context: &JobContext, work: Work) {
    let place = PanicPlace::watch();
    let result = catch_unwind(AssertUnwindSafe(|| work(context)));
    let ended = match result {
        Ok(Some(_)) if context.is_cancelled() => Ended::Cancelled,
        Ok(Some(outcome)) => Ended::Done(outcome),
        Ok(None) => Ended::Cancelled,
        Err(payload) => Ended::Panicked(place.describe(&*payload)),
    };
    context.send(JobEvent::Ended(context.id, ended));
}

/// Remembers where this thread panicked, which the payload does not say.
struct PanicPlace;

thread_local! {
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

impl PanicPlace {
    fn watch() -> Self {
        static HOOK: std::sync::Once = std::sync::Once::new();
        HOOK.call_once(|| {
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                let is_job = std::thread::current().name().is_some_and(|name| name.starts_with("emberlab-"));
                if is_job {
                    PLACE.set(info.location().map(|place| place.to_string()));
                } else {
                    previous(info);
                }
            }));
        });
        Self
    }

    fn describe(&self, payload: &(dyn Any + Send)) -> String {
        let text = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no message".to_owned());
        match PLACE.take() {
            Some(place) => format!("{text} ({place})"),
            None => text,
        }
    }
}
