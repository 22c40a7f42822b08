//! The header: which board, what it does, and the buttons that begin and end it.

use egui::{
    Align, Align2, CornerRadius, DragValue, Layout, Popup, PopupCloseBehavior, Rect, Response, Role, Sense,
    Ui, WidgetInfo, pos2, vec2,
};
use emberlab_core::bench::Stage;

use super::PanelContext;
use super::figures::rate_text;
use super::inspector::chip_name;
use super::quantity::Quantity;
use crate::board::{
    BoardCommand, BoardRun, BoardState, FlashState, MAX_HISTORY, OpenRecording, PortEntry, run_inputs,
};
use crate::command::Command;
use crate::device::{Address, Faults};
use crate::document::Document;
use crate::theme::widgets::{
    ButtonKind, Verdict, button, chip_outline, focus_ring, hairline, icon_button, narrow_number_input, tag,
};
use crate::theme::{Icon, Theme, font_id, format, text};

/// Rates that can be chosen, in microseconds from one invocation to the next.
const RATES: [u32; 5] = [0, 1_000_000, 100_000, 20_000, 10_000];
/// Width of the menus.
const MENU: f32 = 320.0;
/// Widest chooser.
const CHOOSER: f32 = 440.0;

/// A line that loses a frame now and then.
const NOISY: Faults = Faults { lost: 20, changed: 20, cut: 1, late: 500, seed: 7 };
/// A line of which a part is lost all the time.
const BAD: Faults = Faults { lost: 150, changed: 150, cut: 10, late: 3000, seed: 7 };

/// Numbers that are being dragged or typed: what is measured changes when that has ended.
#[derive(Default)]
pub struct Typing {
    millis: Option<f64>,
    history: Option<usize>,
}

/// What the primary button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primary {
    /// Flashes, then measures.
    Flash,
    /// Measures on a board that needs no flashing.
    Measure,
}

/// What the primary button does, and why not now.
pub fn primary(document: &Document) -> (Primary, Result<(), &'static str>) {
    let board = &document.board;
    let what = match &board.chosen {
        Some(Address::Emulated | Address::Simulated(_)) => Primary::Measure,
        Some(Address::Serial { .. }) | None => Primary::Flash,
    };
    let may = match &board.chosen {
        None => Err("Choose a board first"),
        _ if matches!(board.flash, FlashState::Running(_)) => Err("The board is being flashed"),
        Some(Address::Emulated) if !board.has_emulator => Err("QEMU is not installed"),
        Some(_) => match document.active_model() {
            None => Err("Open a model first"),
            Some((_, open)) if open.is_placeholder => {
                Err("A project has no model in front: open a trained run or a variant as one")
            }
            Some((_, open)) if open.deliverable().is_none() => {
                Err("The model has no file that could go to a board")
            }
            Some(_) => Ok(()),
        },
    };
    (what, may)
}

/// The command of the primary button, if it may be pressed.
pub fn primary_command(document: &Document) -> Option<BoardCommand> {
    let (what, may) = primary(document);
    may.ok().map(|()| match what {
        Primary::Flash => BoardCommand::FlashAndMeasure,
        Primary::Measure => BoardCommand::Measure,
    })
}

/// What stands in the header, from right to left; the chooser takes what is left.
pub fn header_ui(ui: &mut Ui, typing: &mut Typing, ctx: &mut PanelContext<'_>) {
    let document = ctx.document;
    let (theme, board) = (ctx.theme, &document.board);
    let (what, may) = primary(document);
    let (icon, label) = match what {
        Primary::Flash => (Icon::Zap, "Flash and measure"),
        Primary::Measure => (Icon::Play, "Measure"),
    };
    ui.add_enabled_ui(may.is_ok(), |ui| {
        let hover = match what {
            Primary::Flash => "Write firmware and model to the board, then measure (Ctrl R)",
            Primary::Measure => "Run the model there, and measure (Ctrl R)",
        };
        let response = button(ui, theme, ButtonKind::Primary, Some(icon), label);
        let response = response.on_hover_text(hover).on_disabled_hover_text(may.err().unwrap_or(hover));
        if response.clicked()
            && let Some(command) = primary_command(document)
        {
            ctx.send(Command::Board(command));
        }
    });
    let run = board.run.as_deref();
    let is_open = run.is_some_and(|run| run.is_open);
    let mut asked = None;
    if let Some(run) = run.filter(|run| run.is_open) {
        if is_measuring(&run.stage) {
            if button(ui, theme, ButtonKind::Outline, Some(Icon::Square), "Stop")
                .on_hover_text("Stop measuring; the line stays open and its text is shown")
                .clicked()
            {
                asked = Some(BoardCommand::Stop);
            }
        } else if button(ui, theme, ButtonKind::Outline, Some(Icon::X), "Close")
            .on_hover_text("Close the line, so that other programs can have it")
            .clicked()
        {
            asked = Some(BoardCommand::Close);
        }
        let is_paused = run.paused_at.is_some();
        let (icon, label) = if is_paused { (Icon::Play, "Go on") } else { (Icon::Pause, "Pause") };
        if button(ui, theme, ButtonKind::Outline, Some(icon), label)
            .on_hover_text("Freeze the pictures; measuring goes on (Space)")
            .clicked()
        {
            asked = Some(BoardCommand::TogglePause);
        }
    } else if what == Primary::Flash && board.chosen.is_some() {
        let attach = button(ui, theme, ButtonKind::Outline, Some(Icon::Plug), "Attach only");
        if attach
            .on_hover_text("Open the port without a reset, and plot what its own firmware prints")
            .clicked()
        {
            asked = Some(BoardCommand::Attach);
        }
    }
    let has_samples = board.shown_history().is_some_and(|history| !history.samples().is_empty());
    let has_values = board.shown_series().is_some_and(|series| !series.is_empty());
    if (has_samples || has_values) && board.opened.is_none() && ui.available_width() > 560.0 {
        let save = button(ui, theme, ButtonKind::Outline, Some(Icon::Save), "Save CSV…");
        if save.on_hover_text("Save what was measured, to be opened again").clicked() {
            asked = Some(if has_samples { BoardCommand::SaveRecording } else { BoardCommand::SaveValues });
        }
    }
    if let Some(command) = asked {
        ctx.send(Command::Board(command));
    }
    options_ui(ui, is_open, typing, ctx);
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        chooser_ui(ui, ctx);
        if let Some(run) = run.filter(|_| board.opened.is_none()) {
            state_ui(ui, run, theme);
        }
        if let Some(OpenRecording { name, .. }) = &board.opened
            && ui.available_width() > 160.0
        {
            tag(ui, theme, Verdict::Info, Icon::History, &format!("Recording {name}"));
        }
    });
}

/// Invocations go on, or are about to.
pub fn is_measuring(stage: &Stage) -> bool {
    match stage {
        Stage::Asking | Stage::Sending(..) | Stage::Checking(..) | Stage::Fetching | Stage::Live => true,
        Stage::Listening
        | Stage::Silent
        | Stage::NoModel
        | Stage::OtherModel
        | Stage::OtherVersion
        | Stage::Panicked
        | Stage::Lost
        | Stage::Done => false,
    }
}

/// The state in a few words.
pub fn state_text(run: &BoardRun) -> String {
    if !run.is_open {
        return if run.stage == Stage::Lost { "not connected".to_owned() } else { "closed".to_owned() };
    }
    match &run.stage {
        Stage::Asking => "asking the board…".to_owned(),
        Stage::Sending(sent, total) => {
            format!("sending the model, {} of {}", format::count(*sent as u64), format::bytes(*total as u64))
        }
        Stage::Checking(done, total) => format!("comparing input {} of {total}", (done + 1).min(*total)),
        Stage::Fetching => "fetching the tensor that differs".to_owned(),
        Stage::Live if run.paused_at.is_some() => "paused".to_owned(),
        Stage::Live => "live".to_owned(),
        Stage::Listening => "listening".to_owned(),
        Stage::Silent if !run.series.is_empty() => "other firmware".to_owned(),
        Stage::Silent => "nothing answers".to_owned(),
        Stage::NoModel => "no model that runs".to_owned(),
        Stage::OtherModel => "another model".to_owned(),
        Stage::OtherVersion => "another version".to_owned(),
        Stage::Panicked => "program ended".to_owned(),
        Stage::Lost => "line lost, trying again".to_owned(),
        Stage::Done => "done".to_owned(),
    }
}

/// The same for a place outside of the panel, with the latency where there is one.
pub fn status_text(run: &BoardRun) -> String {
    let median = run.figures.as_ref().filter(|_| run.stage == Stage::Live || run.stage == Stage::Done);
    let median = median.map(|figures| format!(", median {}", Quantity::of(run).text(figures.cycles.median)));
    format!("{}, {}{}", run.address.label(), state_text(run), median.unwrap_or_default())
}

fn state_verdict(run: &BoardRun) -> Verdict {
    if !run.is_open {
        return if run.stage == Stage::Lost { Verdict::Over } else { Verdict::Plain };
    }
    match run.stage {
        Stage::Live | Stage::Done => Verdict::Ok,
        Stage::Asking | Stage::Sending(..) | Stage::Checking(..) | Stage::Fetching | Stage::Listening => {
            Verdict::Info
        }
        Stage::Silent | Stage::OtherModel | Stage::OtherVersion | Stage::Lost => Verdict::Warn,
        Stage::NoModel | Stage::Panicked => Verdict::Over,
    }
}

/// What it does, how fast, and what was lost on the way.
fn state_ui(ui: &mut Ui, run: &BoardRun, theme: &Theme) {
    let mut words = state_text(run);
    if run.stage == Stage::Live && run.is_open && run.paused_at.is_none() {
        let rate = run.points_per_second;
        let rate = if rate >= 100.0 { format::count(rate.round() as u64) } else { format!("{rate:.1}") };
        words = format!("{words}  {rate} runs/s");
    }
    let lost = run.counters.lost + run.dropped;
    if lost > 0 {
        words = format!("{words}  {} lost", format::count(lost));
    }
    let galley = ui.painter().layout_no_wrap(words.clone(), font_id::number_small(), theme.text.text_2);
    if galley.size().x > ui.available_width() {
        return;
    }
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x, 20.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Board state, {words}")));
    let at = pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, theme.text.text_2);
}

/// The board that is chosen; a click shows all.
fn chooser_ui(ui: &mut Ui, ctx: &mut PanelContext<'_>) {
    let document = ctx.document;
    let (theme, board) = (ctx.theme, &document.board);
    let (name, detail) = chosen_text(board);
    let painter = ui.painter();
    let name_galley = painter.layout_no_wrap(name.clone(), font_id::label_strong(), theme.text.text_1);
    let detail_galley = painter.layout_no_wrap(detail.clone(), font_id::number_small(), theme.text.text_2);
    let gap = if detail.is_empty() { 0.0 } else { 10.0 };
    let wanted = 26.0 + name_galley.size().x + gap + detail_galley.size().x + 28.0;
    let width = wanted.min(CHOOSER).min(ui.available_width()).max(60.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 28.0), Sense::click());
    let spoken = if detail.is_empty() {
        format!("Choose board, {name}")
    } else {
        format!("Choose board, {name}, {detail}")
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &spoken));
    let fill = if response.hovered() { theme.surface.hover } else { theme.surface.raised };
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect_filled(rect, CornerRadius::same(4), fill);
    let colour = board.run.as_deref().map_or(theme.text.text_3, |run| state_verdict(run).colour(theme));
    let middle = rect.center().y;
    painter.circle_filled(pos2(rect.left() + 14.0, middle), 4.0, colour);
    let x = rect.left() + 26.0;
    let end = x + name_galley.size().x + gap;
    let words = painter.with_clip_rect(rect.with_max_x(rect.right() - 24.0));
    words.galley(pos2(x, middle - name_galley.size().y / 2.0), name_galley, theme.text.text_1);
    words.galley(pos2(end, middle - detail_galley.size().y / 2.0), detail_galley, theme.text.text_2);
    let arrow = pos2(rect.right() - 14.0, middle);
    painter.text(
        arrow,
        Align2::CENTER_CENTER,
        Icon::ChevronDown.glyph(),
        font_id::icon(14.0),
        theme.text.text_3,
    );
    chip_outline(ui, rect, 4, theme.line.strong);
    focus_ring(ui, theme, &response);
    Popup::menu(&response).width(MENU).show(|ui| boards_ui(ui, ctx));
    if wanted > width {
        response.on_hover_text(format!("{name}  {detail}"));
    }
}

/// Name and detail of the board that is chosen.
fn chosen_text(board: &BoardState) -> (String, String) {
    let Some(address) = &board.chosen else { return ("No board".to_owned(), String::new()) };
    let of_run =
        board.run.as_deref().filter(|run| run.address == *address).and_then(|run| run.board.as_ref());
    match address {
        Address::Serial { path, usb_serial } => {
            let port = board.ports.iter().find(|port| port.path == *path);
            let chip = of_run.map(|found| chip_name(&found.chip));
            let name = chip
                .or_else(|| port.and_then(|port| port.kind.clone()))
                .unwrap_or_else(|| "Board".to_owned());
            let serial = usb_serial.as_deref().map(|serial| format!("  {serial}")).unwrap_or_default();
            (name, format!("{path}{serial}"))
        }
        Address::Emulated => (address.label(), "RISC-V core in QEMU".to_owned()),
        Address::Simulated(_) => (address.label(), "this computer, not a chip".to_owned()),
    }
}

/// The number when dragging or typing has ended.
fn ended<T: Copy>(response: &Response, typing: &mut Option<T>, value: T) -> Option<T> {
    if response.changed() {
        *typing = Some(value);
    }
    if response.drag_stopped() || response.lost_focus() { typing.take() } else { None }
}

/// All boards: likely ports, then those that are not real, then unlikely ports.
fn boards_ui(ui: &mut Ui, ctx: &mut PanelContext<'_>) {
    let document = ctx.document;
    let (theme, board) = (ctx.theme, &document.board);
    ui.set_min_width(MENU);
    ui.spacing_mut().item_spacing.y = 0.0;
    let (likely, unlikely): (Vec<&PortEntry>, Vec<&PortEntry>) =
        board.ports.iter().partition(|port| port.is_likely);
    for port in &likely {
        port_ui(ui, port, ctx);
    }
    if likely.is_empty() {
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            ui.add_space(10.0);
            ui.label(text::small("No board is plugged in").color(theme.text.text_3));
        });
        ui.add_space(4.0);
    }
    line_ui(ui, theme);
    let emulated = if board.has_emulator {
        "Counts instructions, the same in every run".to_owned()
    } else {
        format!("Needs QEMU: {}", get_emulator())
    };
    entry_ui(ui, Icon::Cpu, "Emulated board", &emulated, &Address::Emulated, ctx);
    let simulated = Address::Simulated(board.options.faults);
    entry_ui(
        ui,
        Icon::Monitor,
        "Simulated board",
        "For a first tour: this computer, not a chip",
        &simulated,
        ctx,
    );
    if !unlikely.is_empty() {
        line_ui(ui, theme);
        for port in unlikely {
            port_ui(ui, port, ctx);
        }
    }
}

/// How to get the emulator, in one line.
pub fn get_emulator() -> &'static str {
    if cfg!(target_os = "macos") {
        "brew install qemu"
    } else if cfg!(target_os = "windows") {
        "winget install SoftwareFreedomConservancy.QEMU"
    } else {
        "sudo apt-get install qemu-system-misc"
    }
}

fn line_ui(ui: &mut Ui, theme: &Theme) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 9.0), Sense::hover());
    hairline(ui.painter(), theme, rect.x_range(), rect.center().y);
}

fn port_ui(ui: &mut Ui, port: &PortEntry, ctx: &mut PanelContext<'_>) {
    let address = Address::Serial { path: port.path.clone(), usb_serial: port.usb_serial.clone() };
    let name = match port.kind.as_deref().or(port.product.as_deref()) {
        Some(kind) => format!("{}  {kind}", port.path),
        None => port.path.clone(),
    };
    let product =
        port.product.clone().filter(|product| port.kind.is_some() && Some(product) != port.kind.as_ref());
    let detail: Vec<String> = product.into_iter().chain(port.usb_serial.clone()).collect();
    let detail = if detail.is_empty() { "No USB names".to_owned() } else { detail.join("  ") };
    let icon = if port.is_likely { Icon::Usb } else { Icon::Plug };
    entry_ui(ui, icon, &name, &detail, &address, ctx);
}

fn entry_ui(
    ui: &mut Ui,
    icon: Icon,
    name: &str,
    detail: &str,
    address: &Address,
    ctx: &mut PanelContext<'_>,
) {
    let theme = ctx.theme;
    let is_chosen = match (&ctx.document.board.chosen, address) {
        (Some(Address::Simulated(_)), Address::Simulated(_)) => true,
        (chosen, address) => chosen.as_ref() == Some(address),
    };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width().max(MENU), 42.0), Sense::click());
    response.widget_info(|| {
        WidgetInfo::selected(Role::RadioButton, true, is_chosen, format!("{name}, {detail}"))
    });
    let fill = if is_chosen {
        theme.accent.soft
    } else if response.hovered() {
        theme.surface.hover
    } else {
        theme.surface.raised
    };
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect_filled(rect, CornerRadius::same(4), fill);
    let at = pos2(rect.left() + 20.0, rect.center().y);
    painter.text(at, Align2::CENTER_CENTER, icon.glyph(), font_id::icon(16.0), theme.text.text_2);
    let x = rect.left() + 40.0;
    let words = painter.with_clip_rect(Rect::from_min_max(rect.min, pos2(rect.right() - 8.0, rect.bottom())));
    words.text(
        pos2(x, rect.top() + 13.0),
        Align2::LEFT_CENTER,
        name,
        font_id::label_strong(),
        theme.text.text_1,
    );
    words.text(
        pos2(x, rect.top() + 29.0),
        Align2::LEFT_CENTER,
        detail,
        font_id::number_small(),
        theme.text.text_3,
    );
    focus_ring(ui, theme, &response);
    if response.clicked() {
        ctx.send(Command::Board(BoardCommand::Choose(address.clone())));
        ui.close();
    }
}

/// How to measure, and recordings.
fn options_ui(ui: &mut Ui, is_open: bool, typing: &mut Typing, ctx: &mut PanelContext<'_>) {
    let options = icon_button(ui, ctx.theme, Icon::SlidersHorizontal, "Options of measuring");
    Popup::menu(&options).close_behavior(PopupCloseBehavior::CloseOnClickOutside).width(MENU).show(|ui| {
        ui.set_min_width(MENU - 40.0);
        menu_ui(ui, is_open, typing, ctx);
    });
}

fn menu_ui(ui: &mut Ui, is_open: bool, typing: &mut Typing, ctx: &mut PanelContext<'_>) {
    let document = ctx.document;
    let (theme, board) = (ctx.theme, &document.board);
    let head = |ui: &mut Ui, words: &str| {
        ui.add_space(6.0);
        ui.label(text::caption(theme, words));
    };
    let mut asked = Vec::new();
    head(ui, "Rate");
    let interval = board.options.interval_micros;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for micros in RATES {
            if ui.selectable_label(interval == micros, text::cell(rate_text(micros))).clicked() {
                asked.push(BoardCommand::SetInterval(micros));
            }
        }
    });
    ui.horizontal(|ui| {
        ui.label(text::cell("One every").color(theme.text.text_2));
        let mut millis = typing.millis.unwrap_or(f64::from(interval) / 1000.0);
        let value =
            DragValue::new(&mut millis).range(0.0..=60_000.0).speed(1.0).max_decimals(3).suffix(" ms");
        let name = "Milliseconds from one inference to the next";
        let response = narrow_number_input(ui, theme, name, 110.0, value);
        if let Some(millis) = ended(&response, &mut typing.millis, millis) {
            asked.push(BoardCommand::SetInterval((millis * 1000.0).round() as u32));
        }
    });
    head(ui, "Inputs");
    let uses_run = board.options.uses_run_inputs;
    let has_run = document.active_tab().and_then(run_inputs).is_some();
    if ui.radio(!uses_run, text::cell("Random numbers")).clicked() {
        asked.push(BoardCommand::UseRunInputs(false));
    }
    ui.add_enabled_ui(has_run || uses_run, |ui| {
        let hover = "Run the model in the Run panel first";
        let radio = ui.radio(uses_run, text::cell("Those of the last run in the Run panel"));
        if radio.on_disabled_hover_text(hover).clicked() {
            asked.push(BoardCommand::UseRunInputs(true));
        }
    });
    head(ui, "History");
    ui.horizontal(|ui| {
        ui.label(text::cell("Keep").color(theme.text.text_2));
        let mut count = typing.history.unwrap_or(board.options.history);
        let value = DragValue::new(&mut count).range(100..=MAX_HISTORY).speed(500.0).suffix(" inferences");
        let response = narrow_number_input(ui, theme, "Inferences that are kept", 170.0, value);
        if let Some(count) = ended(&response, &mut typing.history, count) {
            asked.push(BoardCommand::SetHistory(count));
        }
    });
    head(ui, "Line of the simulated board");
    ui.horizontal(|ui| {
        for (faults, label) in [(Faults::default(), "No faults"), (NOISY, "Noisy"), (BAD, "Bad")] {
            if ui.selectable_label(board.options.faults == faults, text::cell(label)).clicked() {
                asked.push(BoardCommand::SetFaults(faults));
            }
        }
    });
    ui.label(text::small("Takes effect when it is measured anew").color(theme.text.text_3));
    ui.separator();
    let mut action = |ui: &mut Ui, label: &str, command: BoardCommand| {
        if ui.button(text::cell(label)).clicked() {
            asked.push(command);
            ui.close();
        }
    };
    action(ui, "Open a recording…", BoardCommand::OpenRecordingDialog);
    if board.opened.is_some() {
        action(ui, "Close the recording", BoardCommand::CloseRecording);
    }
    if board.shown_history().is_some_and(|history| !history.samples().is_empty()) {
        action(ui, "Save what was measured as CSV…", BoardCommand::SaveRecording);
    }
    if board.shown_series().is_some_and(|series| !series.is_empty()) {
        action(ui, "Save numbers in text as CSV…", BoardCommand::SaveValues);
    }
    match &board.firmware {
        None => {
            action(ui, "Choose firmware…", BoardCommand::ChooseFirmware);
            action(ui, "Choose the folder of an ESP-IDF build…", BoardCommand::ChooseBuild);
        }
        Some(path) => {
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            ui.label(text::small(format!("Flashes {name}")).color(theme.text.text_3));
            action(ui, "Flash the firmware that ships", BoardCommand::SetFirmware(None));
        }
    }
    if is_open {
        action(ui, "Close the line", BoardCommand::Close);
    }
    for command in asked {
        ctx.send(Command::Board(command));
    }
}
