//! What goes on beside the window while frames are measured: a training run, and other firmware on a port.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use emberlab::board::BoardCommand;
use emberlab::command::Command;
use emberlab::device::Address;
use emberlab::document::PanelKind;
use emberlab::jobs::write_project_file;
use emberlab::project::TrainCommand;
use emberlab_core::dataset::{Format, Generated, Generator, generate};
use emberlab_core::layers::templates::Template;
use emberlab_core::project::{DataReference, Project, network_sizes, recipe};
use emberlab_core::training::BackendChoice;
use serialport::{SerialPort as _, TTYPort};

use crate::window::Window;

/// Lets frames begin when a screen of 60 Hz would ask for them: what happens beside them then takes its real share.
pub struct Pace {
    next: Instant,
}

impl Pace {
    pub fn new() -> Self {
        Self { next: Instant::now() }
    }

    /// Waits for the time of the next frame; frames that are late are left out.
    pub fn wait(&mut self) {
        let now = Instant::now();
        match self.next.checked_duration_since(now) {
            Some(left) => std::thread::sleep(left),
            None => self.next = now,
        }
        self.next += Duration::from_nanos(1_000_000_000 / 60);
    }
}

/// Firmware that prints two named values in every line, over a pseudo terminal.
pub struct Chatter {
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    _slave: TTYPort,
}

impl Chatter {
    /// Begins to print so many points a second; half of them in each of two lines of the plot.
    pub fn new(points_per_second: u32) -> (Self, String) {
        let (mut master, slave) = TTYPort::pair().expect("the system has pseudo terminals");
        let path = slave.name().expect("a pseudo terminal has a name");
        let end = Arc::new(AtomicBool::new(false));
        let is_ended = end.clone();
        let thread = std::thread::spawn(move || {
            let begin = Instant::now();
            let mut n_lines = 0u32;
            while !is_ended.load(Ordering::Relaxed) {
                let due = (begin.elapsed().as_secs_f64() * f64::from(points_per_second) / 2.0) as u32;
                let mut text = String::new();
                while n_lines < due {
                    n_lines += 1;
                    let phase = f64::from(n_lines) * 0.002;
                    text += &format!("first:{:.4},second:{:.4}\n", phase.sin(), (phase * 3.0).cos());
                }
                if master.write_all(text.as_bytes()).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        (Self { end, thread: Some(thread), _slave: slave }, path)
    }
}

impl Drop for Chatter {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A window with the Board panel that plots a port with so many points a second, for `warm_up` already.
pub fn plotting(points_per_second: u32, warm_up: Duration) -> (Window, Chatter) {
    let (chatter, path) = Chatter::new(points_per_second);
    let mut window = Window::empty();
    window.send(Command::ShowPanel(PanelKind::Board));
    window.send(Command::Board(BoardCommand::SetHistory(100_000)));
    window.send(Command::Board(BoardCommand::Choose(Address::Serial { path, usb_serial: None })));
    window.send(Command::Board(BoardCommand::Attach));
    let (begin, mut pace) = (Instant::now(), Pace::new());
    while begin.elapsed() < warm_up {
        pace.wait();
        window.frame(Vec::new());
    }
    let run = window.app().document().board.run.as_ref();
    let n_points: usize = run.map_or(0, |run| run.series.values().map(|series| series.points.len()).sum());
    let n_due = f64::from(points_per_second) * warm_up.as_secs_f64();
    assert!(n_points as f64 > n_due * 0.9, "only {n_points} points of {n_due} are plotted");
    (window, chatter)
}

/// A folder that goes with its value.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Steps of a run with a long past.
const LONG: usize = 20_000;

/// A window whose Train panel shows a run that goes on, with a long past.
pub struct Training {
    window: Window,
    _folder: Scratch,
}

impl Training {
    pub fn new() -> Self {
        let template = Template::from_id("digits-dense").expect("it ships with the app");
        let generated = Generated { kind: Generator::Digits, seed: 1, count: 200 };
        let dataset = generate(&generated);
        let (preparation, split) = recipe(template, &dataset);
        let sizes = network_sizes(&dataset, &preparation, &split).expect("the recipe suits");
        let mut training = template.recipe();
        (training.backend, training.epochs, training.batch_size) = (BackendChoice::Cpu, 1_000_000, 16);
        let project = Project {
            network: template.graph(&sizes),
            training,
            data: Some(DataReference::new(Vec::new(), Some(Format::Generated(generated)))),
            preparation,
            split,
            ..Project::new("frames")
        };
        let folder = Scratch(std::env::temp_dir().join(format!("emberlab-frames-{}", std::process::id())));
        std::fs::create_dir_all(&folder.0).expect("the temporary folder can be written to");
        let file = folder.0.join("frames.emberlab");
        write_project_file(&file, &project).expect("the folder is ours");
        let mut window = Window::empty();
        window.send(Command::Open(vec![file]));
        window.settle();
        window.send(Command::ShowPanel(PanelKind::Train));
        window.settle();
        window.send(Command::Train(TrainCommand::Start));
        let mut made = Self { window, _folder: folder };
        while made.n_steps() < LONG {
            made.frame();
            std::thread::sleep(Duration::from_millis(2));
        }
        made
    }

    /// A frame of the window.
    pub fn frame(&mut self) {
        self.window.frame(Vec::new());
    }

    /// Steps that are kept for the curves.
    fn n_steps(&self) -> usize {
        let project = self.window.app().document().active_project();
        let measured = project.and_then(|(_, open)| open.train.measured.get(&1));
        measured.map_or(0, |measured| measured.history.steps.points().len())
    }
}

impl Drop for Training {
    fn drop(&mut self) {
        self.window.send(Command::Train(TrainCommand::Stop));
        self.window.settle();
    }
}
