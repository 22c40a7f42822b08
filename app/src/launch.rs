//! `emberlab [FILE…]`: what the window is opened with.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use egui::{ViewportBuilder, vec2};

use crate::app::{App, TITLE};
use crate::board::BoardCommand;
use crate::command::Command;
use crate::device::{Address, Faults};
use crate::document::{Overlay, PanelKind};
use crate::messages::Level;
use crate::project::design::DesignView;
use crate::project::{DesignCommand, Example, ProjectCommand};
use crate::screenshot::Screenshot;
use crate::settings::{self, Settings, ThemeChoice};
use crate::theme::Icon;

/// Size of the window that nobody has resized, and the smallest one, in points.
const USUAL_SIZE: [f32; 2] = [1440.0, 900.0];
const SMALLEST_SIZE: [f32; 2] = [960.0, 600.0];

/// See what a neural network costs on an ESP32 before you flash it
#[derive(Debug, Parser)]
#[command(
    name = "emberlab",
    version,
    after_help = "Without a window: emberlab inspect MODEL.tflite, see emberlab inspect --help"
)]
struct Arguments {
    /// Models, projects or data to open
    files: Vec<PathBuf>,
    /// Open the bundled example: drawn digits, with trained networks
    #[arg(long)]
    example: bool,
    /// Open a project without a file that begins with a template
    #[arg(long, value_name = "NAME", hide = true)]
    template: Option<String>,
    /// Begin with this board at once: sim, qemu, or a port such as /dev/ttyUSB0 or COM3
    #[arg(long, value_name = "BOARD", value_parser = board_from_text)]
    board: Option<Address>,
    /// Layer of the template to select
    #[arg(long, value_name = "NAME", hide = true)]
    layer: Option<String>,
    /// Theme of this session
    #[arg(long, value_enum)]
    theme: Option<Theme>,
    /// Panel to begin with
    #[arg(long, value_enum)]
    panel: Option<Panel>,
    /// Size of the window in points
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size_from_text)]
    size: Option<[f32; 2]>,
    /// Save a picture of the window once everything is open, then quit; reads and writes no settings
    #[arg(long, value_name = "OUT.png", hide = true)]
    screenshot: Option<PathBuf>,
    /// Something to lay over the window of a screenshot
    #[arg(long, value_enum, hide = true)]
    show: Option<Shown>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Theme {
    Dark,
    Light,
    System,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Panel {
    Data,
    Design,
    Train,
    Compress,
    Inspect,
    Arena,
    Run,
    Board,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shown {
    Shortcuts,
    Palette,
    Chip,
    Settings,
    Problems,
    Gallery,
    Log,
    Latency,
    Templates,
    LayerList,
    NewProject,
}

/// Opens the window; returns when it is closed.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // A reader that has gone away is no reason to complain.
            error.print().ok();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let screenshot = arguments.screenshot.clone();
    let file = if screenshot.is_some() { None } else { settings::file() };
    let (settings, trouble) = match file.as_deref().map(settings::load) {
        Some(Err(trouble)) => (Settings::default(), Some(trouble)),
        Some(Ok(settings)) => (settings, None),
        None => (Settings::default(), None),
    };
    let options = eframe::NativeOptions {
        viewport: viewport(&arguments, &settings),
        ..eframe::NativeOptions::default()
    };
    let mut app = App::new(settings, file).with_session_theme(arguments.theme.map(Theme::choice));
    for command in commands(arguments) {
        app.send(command);
    }
    if let Some(trouble) = trouble {
        app.note(Level::Warning, &trouble);
    }
    let done = eframe::run_native(
        TITLE,
        options,
        Box::new(move |creation| {
            app.attach(&creation.egui_ctx);
            Ok(match screenshot {
                Some(path) => Box::new(Screenshot::new(app, path)),
                None => Box::new(app),
            })
        }),
    );
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let help = "Without a display, use the commands without a window: emberlab inspect --help";
            writeln!(std::io::stderr(), "emberlab: no window can be opened: {error}\n  {help}").ok();
            ExitCode::from(2)
        }
    }
}

fn viewport(arguments: &Arguments, settings: &Settings) -> ViewportBuilder {
    let window = settings.window;
    let size = arguments.size.or(window.size).unwrap_or(USUAL_SIZE);
    let viewport = ViewportBuilder::default()
        .with_title(TITLE)
        .with_app_id("emberlab")
        .with_inner_size(size)
        .with_min_inner_size(SMALLEST_SIZE)
        .with_drag_and_drop(true)
        .with_maximized(window.maximized && arguments.size.is_none());
    let viewport = match window.position.filter(|_| arguments.size.is_none()) {
        Some(position) => viewport.with_position(position),
        None => viewport,
    };
    match icon() {
        Some(icon) => viewport.with_icon(icon),
        None => viewport,
    }
}

fn commands(arguments: Arguments) -> Vec<Command> {
    let mut commands = Vec::new();
    if let Some(panel) = arguments.panel {
        commands.push(Command::HoldPanel(match panel {
            Panel::Data => PanelKind::Data,
            Panel::Design => PanelKind::Design,
            Panel::Train => PanelKind::Train,
            Panel::Compress => PanelKind::Compress,
            Panel::Inspect => PanelKind::Inspect,
            Panel::Arena => PanelKind::Arena,
            Panel::Run => PanelKind::Run,
            Panel::Board => PanelKind::Board,
        }));
    }
    if !arguments.files.is_empty() {
        commands.push(Command::Open(arguments.files));
    }
    if arguments.example {
        // A board runs a model, not a project.
        commands.push(match arguments.board {
            Some(_) => Command::OpenExample,
            None => Command::Project(ProjectCommand::OpenExample(Example::Digits)),
        });
    }
    let layer = arguments.layer;
    commands.extend(arguments.template.map(|template| Command::OpenTemplate(template, layer)));
    commands.extend(arguments.board.map(|board| Command::Board(BoardCommand::BeginWith(board))));
    commands.extend(arguments.show.map(Shown::command));
    commands
}

/// The mark as an icon for the window.
fn icon() -> Option<egui::IconData> {
    use resvg::tiny_skia::{Pixmap, Transform};
    use resvg::usvg::{Options, Tree};

    let theme = crate::theme::Theme::of(true);
    let layers = [(Icon::MarkFlame, theme.accent.base), (Icon::MarkCore, theme.ember_core())];
    let size = 64;
    let mut pixmap = Pixmap::new(size, size)?;
    for (icon, colour) in layers {
        let hex = format!("#{:02x}{:02x}{:02x}", colour.r(), colour.g(), colour.b());
        let svg = String::from_utf8_lossy(icon.svg()).replace("#000", &hex);
        let tree = Tree::from_str(&svg, &Options::default()).ok()?;
        let scale = size as f32 / 24.0;
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    }
    let rgba = pixmap.pixels().iter().flat_map(|pixel| {
        let pixel = pixel.demultiply();
        [pixel.red(), pixel.green(), pixel.blue(), pixel.alpha()]
    });
    Some(egui::IconData { rgba: rgba.collect(), width: size, height: size })
}

/// `sim`: in this program; `qemu`: the emulated one, which counts instructions; all else is a port.
fn board_from_text(text: &str) -> Result<Address, String> {
    match text {
        "sim" => Ok(Address::Simulated(Faults::default())),
        "qemu" => Ok(Address::Emulated),
        "" => Err("say sim, qemu, or the name of a port".to_owned()),
        port => Ok(Address::Serial { path: port.to_owned(), usb_serial: None }),
    }
}

fn size_from_text(text: &str) -> Result<[f32; 2], String> {
    let parsed = text
        .split_once(['x', 'X'])
        .and_then(|(width, height)| Some(vec2(width.trim().parse().ok()?, height.trim().parse().ok()?)));
    match parsed {
        Some(size) if (100.0..=16_384.0).contains(&size.x) && (100.0..=16_384.0).contains(&size.y) => {
            Ok([size.x, size.y])
        }
        _ => Err("expected a size from 100x100 to 16384x16384, such as 1440x900".to_owned()),
    }
}

impl Theme {
    fn choice(self) -> ThemeChoice {
        match self {
            Theme::Dark => ThemeChoice::Dark,
            Theme::Light => ThemeChoice::Light,
            Theme::System => ThemeChoice::System,
        }
    }
}

impl Shown {
    fn command(self) -> Command {
        match self {
            Shown::Shortcuts => Command::ToggleShortcuts,
            Shown::Palette => Command::Toggle(Overlay::Palette),
            Shown::Chip => Command::Toggle(Overlay::ChipPicker),
            Shown::Settings => Command::Toggle(Overlay::Settings),
            Shown::Problems => Command::Toggle(Overlay::Problems),
            Shown::Gallery => Command::ToggleGallery,
            Shown::Log => Command::ToggleLog,
            Shown::Latency => Command::Toggle(Overlay::Latency),
            Shown::Templates => Command::Design(DesignCommand::ShowTemplates(true)),
            Shown::LayerList => Command::Design(DesignCommand::Show(DesignView::List)),
            Shown::NewProject => Command::Project(ProjectCommand::AskNew),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_or_refused_with_an_example() {
        assert_eq!(size_from_text("1280x800"), Ok([1280.0, 800.0]));
        for text in ["", "1280", "x", "0x0", "-5x800", "1e9x1e9", "NaNx800"] {
            assert!(size_from_text(text).is_err_and(|error| error.contains("1440x900")), "{text}");
        }
    }

    #[test]
    fn arguments_become_commands() {
        let arguments = ["emberlab", "--panel", "arena", "a.tflite", "b.tflite", "--example"];
        let arguments = Arguments::try_parse_from(arguments).expect("these are the options of the help text");
        let commands = commands(arguments);
        assert!(matches!(commands[0], Command::HoldPanel(PanelKind::Arena)));
        assert!(matches!(&commands[1], Command::Open(files) if files.len() == 2));
        assert!(matches!(commands[2], Command::Project(ProjectCommand::OpenExample(Example::Digits))));
    }

    #[test]
    fn the_window_has_an_icon() {
        let icon = icon().expect("the mark is a sound SVG");
        assert_eq!(icon.rgba.len(), 64 * 64 * 4);
        assert!(icon.rgba.iter().any(|byte| *byte != 0));
    }
}
