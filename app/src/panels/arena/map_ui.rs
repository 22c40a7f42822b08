//! The memory map and its bars in the window: pointer, wheel, keys and names for assistive tools.

use egui::accesskit::Action as Accessible;
use egui::{
    CursorIcon, EventFilter, Id, Key, PopupAnchor, Pos2, Rect, Response, Role, Sense, Tooltip, Ui, Vec2,
    WidgetInfo, pos2, vec2,
};
use emberlab_core::plan::BufferUse;

use super::layout::{Chart, Tint, block_rect};
use super::marks::{Canvas, Focus, Scene};
use super::persistent::kind_name;
use super::shown::Shown;
use super::view::View;
use super::words::{buffer_name, operator_title, selection_of, spoken_block, step_name, tensor_of};
use crate::charts::paint;
use crate::command::Command;
use crate::document::Selection;
use crate::panels::PanelContext;
use crate::shortcuts::{Shortcut, pressed};
use crate::theme::{format, text};

/// What a key of this panel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Time cursor one step to the left.
    Earlier,
    /// Time cursor one step to the right.
    Later,
    /// Time cursor to the operator with the most live bytes.
    Peak,
    /// Time cursor to where the plan rises above the lower bound.
    AboveBound,
    /// The whole map.
    Fit,
}

/// The keys of this panel.
pub const SHORTCUTS: [Shortcut<Action>; 5] = [
    Shortcut::key(Key::ArrowLeft, "Time cursor one step earlier", Action::Earlier),
    Shortcut::key(Key::ArrowRight, "Time cursor one step later", Action::Later),
    Shortcut::key(Key::P, "Time cursor to the peak", Action::Peak),
    Shortcut::key(Key::L, "Time cursor to where the plan exceeds the lower bound", Action::AboveBound),
    Shortcut::key(Key::F, "Fit the memory map", Action::Fit),
];

/// What the user has done to the map.
#[derive(Clone, Debug, Default)]
pub struct MapState {
    /// The part in sight; `None` for the whole.
    pub view: Option<View>,
    /// The step under the time cursor.
    pub cursor: u32,
    /// A fit that is under way: the view it began with, and when.
    fitting: Option<(View, f64)>,
    /// The selection that the cursor has followed.
    followed: Selection,
}

/// Blocks smaller than this on either side are not named one by one; the pointer still finds them.
const LEAST_NAMED: f32 = 5.0;
/// At most this many blocks are named one by one.
const MOST_NAMED: usize = 400;
/// Points of the wheel that zoom by e; a click of a usual wheel is about 80 of them, a sixth closer.
const WHEEL_POINTS: f32 = 500.0;
/// How long a fit takes.
const FIT_SECONDS: f64 = 0.16;

impl MapState {
    /// The whole map with the cursor at the peak.
    pub fn reset(&mut self, shown: &Shown) {
        *self = Self { cursor: shown.plan.peak_scope, followed: self.followed, ..Self::default() };
    }

    /// Keeps what still makes sense for another plan of the same model: the steps, and a cursor that was moved.
    pub fn adopt(&mut self, old: &Shown, new: &Shown) {
        if old.chart.scope_count != new.chart.scope_count {
            return self.reset(new);
        }
        if self.cursor == old.plan.peak_scope {
            self.cursor = new.plan.peak_scope;
        }
        self.fitting = None;
        if let Some(view) = self.view {
            let whole = whole(&new.chart);
            self.view = Some(View { scopes: view.scopes, bytes: whole.bytes }).filter(|view| *view != whole);
        }
    }

    /// Shows everything again.
    pub fn fit(&mut self, ui: &Ui, chart: &Chart, reduce_motion: bool) {
        if let Some(view) = self.view.take().filter(|view| !reduce_motion && *view != whole(chart)) {
            self.fitting = Some((view, ui.input(|input| input.time)));
        }
    }

    /// The cursor goes where the operator is that was selected elsewhere.
    fn follow(&mut self, chart: &Chart, selection: Selection) {
        if self.followed == selection {
            return;
        }
        self.followed = selection;
        let scope = match selection {
            Selection::Operator(subgraph, operator) => chart.scope_of(subgraph, operator),
            Selection::Tensor(subgraph, tensor) => self.within(chart, subgraph, BufferUse::Tensor(tensor)),
            Selection::Scratch(subgraph, operator, request) => {
                self.within(chart, subgraph, BufferUse::Scratch(operator, request))
            }
            Selection::None => None,
        };
        if let Some(scope) = scope {
            self.go_to(chart, scope);
        }
    }

    /// A step in which a buffer is alive: the cursor's if it is, or its first one.
    fn within(
        &self,
        chart: &Chart,
        subgraph: emberlab_core::model::SubgraphId,
        usage: BufferUse,
    ) -> Option<u32> {
        let index = chart.block_of(subgraph, usage)?;
        let buffer = &chart.blocks[index].buffer;
        Some(self.cursor.clamp(buffer.first_used, buffer.last_used))
    }

    fn go_to(&mut self, chart: &Chart, scope: u32) {
        self.cursor = scope.min(chart.scope_count - 1);
        self.view = self.view.map(|view| view.revealing(self.cursor, whole(chart)));
    }

    /// The view of this frame; a fit in progress moves it and asks for the next frame.
    fn current(&mut self, ui: &Ui, chart: &Chart) -> View {
        let whole = whole(chart);
        let target = self.view.unwrap_or(whole);
        let Some((from, start)) = self.fitting else { return target };
        let t = (ui.input(|input| input.time) - start) / FIT_SECONDS;
        if t >= 1.0 {
            self.fitting = None;
            return target;
        }
        ui.request_repaint();
        // Ease out: fast at first.
        View::between(from, target, 1.0 - (1.0 - t).powi(3))
    }
}

fn whole(chart: &Chart) -> View {
    View::whole(chart.scope_count, chart.used_bytes())
}

/// The block of what is selected.
pub fn selected_block(chart: &Chart, selection: Selection) -> Option<usize> {
    match selection {
        Selection::Tensor(subgraph, tensor) => chart.block_of(subgraph, BufferUse::Tensor(tensor)),
        Selection::Scratch(subgraph, operator, request) => {
            chart.block_of(subgraph, BufferUse::Scratch(operator, request))
        }
        Selection::Operator(..) | Selection::None => None,
    }
}

/// Map and bars over `rect`.
pub fn map_ui(ui: &mut Ui, rect: Rect, shown: &Shown, state: &mut MapState, ctx: &mut PanelContext<'_>) {
    let chart = &shown.chart;
    let selection = ctx.document.active_tab().map(|tab| tab.selection).unwrap_or_default();
    state.follow(chart, selection);
    keys(ui, shown, state, ctx);

    let canvas = Canvas::new(rect, state.current(ui, chart), chart);
    let id = ui.scope_id().with("arena map");
    let map = ui.interact(canvas.map.rect, id, Sense::click_and_drag());
    map.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, spoken_map(chart)));
    let clicked_block = blocks_ui(ui, id, chart, &canvas);
    let pointed = pointed_block(ui, chart, &canvas, &map);
    click(&map, clicked_block, pointed, chart, selection, ctx);
    move_view(ui, &map, &canvas, state, chart);
    time_ui(ui, id.with("time"), rect, &canvas, shown, state, ctx);

    let scene = Scene { chart, model: &shown.model, canvas, theme: ctx.theme, tail: &shown.tail };
    let focus = Focus {
        cursor: Some(state.cursor),
        selected: selected_block(chart, selection),
        hovered: pointed.filter(|_| !map.dragged()),
    };
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    paint(&painter, &scene.marks(focus.cursor));
    paint(&painter, &scene.focus_marks(focus));
    if map.has_focus() {
        let stroke = egui::Stroke::new(2.0, ctx.theme.line.focus);
        painter.rect_stroke(canvas.map.rect, 0.0, stroke, egui::StrokeKind::Inside);
    }
    if !map.dragged() {
        tooltips(ui, &map, &canvas, shown, pointed, ctx);
    }
}

fn keys(ui: &Ui, shown: &Shown, state: &mut MapState, ctx: &PanelContext<'_>) {
    let chart = &shown.chart;
    for action in pressed(ui, &SHORTCUTS) {
        match action {
            Action::Earlier => state.go_to(chart, state.cursor.saturating_sub(1)),
            Action::Later => state.go_to(chart, state.cursor + 1),
            Action::Peak => state.go_to(chart, shown.plan.peak_scope),
            Action::AboveBound => state.go_to(chart, chart.top_scope().unwrap_or(shown.plan.peak_scope)),
            Action::Fit => state.fit(ui, chart, ctx.document.settings.reduce_motion),
        }
    }
}

/// A named widget for every block that is large enough; returns the one that was clicked.
fn blocks_ui(ui: &Ui, id: Id, chart: &Chart, canvas: &Canvas) -> Option<usize> {
    let mut clicked = None;
    let large = |rect: &Rect| rect.width() >= LEAST_NAMED && rect.height() >= LEAST_NAMED;
    let blocks = chart.blocks_in(&canvas.map).into_iter().filter(|(_, rect)| large(rect)).take(MOST_NAMED);
    for (index, rect) in blocks {
        let visible = rect.intersect(canvas.map.rect);
        // Not a stop of the Tab key: the map is one, and its arrows move the cursor.
        let response = ui.interact(visible, id.with(index), Sense::CLICK);
        let buffer = &chart.blocks[index].buffer;
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, spoken_block(chart, buffer)));
        if response.clicked() {
            clicked = Some(index);
        }
    }
    clicked
}

fn pointed_block(ui: &Ui, chart: &Chart, canvas: &Canvas, map: &Response) -> Option<usize> {
    let pointer = pointer_over(ui, map)?;
    let (scope, byte) = canvas.map.map_point(pointer);
    // Blocks of a few bytes are drawn a point high, and are pointed at by what is drawn.
    chart.block_at(scope, byte).or_else(|| {
        let step = chart.steps.get(scope.max(0.0) as usize)?;
        let near = |&index: &usize| {
            block_rect(&canvas.map, &chart.blocks[index].buffer).expand(1.5).contains(pointer)
        };
        step.stack.iter().copied().find(near)
    })
}

fn click(
    map: &Response,
    clicked: Option<usize>,
    pointed: Option<usize>,
    chart: &Chart,
    selection: Selection,
    ctx: &mut PanelContext<'_>,
) {
    let chosen = match (clicked, map.clicked()) {
        (Some(index), _) => selection_of(&chart.blocks[index].buffer),
        (None, true) => pointed.map_or(Selection::None, |index| selection_of(&chart.blocks[index].buffer)),
        (None, false) => return,
    };
    if chosen != selection {
        ctx.send(Command::Select(chosen));
    }
}

/// Wheel and pinch zoom at the pointer, drag pans, a double click fits.
fn move_view(ui: &Ui, map: &Response, canvas: &Canvas, state: &mut MapState, chart: &Chart) {
    let whole = whole(chart);
    let mut view = canvas.map.view;
    if map.dragged() {
        let (delta, scale) = (map.drag_delta(), canvas.map.scale());
        view = view.moved(f64::from(-delta.x / scale.x), f64::from(delta.y / scale.y), whole);
        ui.set_cursor_icon(CursorIcon::Grabbing);
    }
    if let Some(pointer) = pointer_over(ui, map) {
        let (scroll, pinch, shift) =
            ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta(), input.modifiers.shift));
        let anchor = canvas.map.map_point(pointer);
        let factor = |points: f32| f64::from((points / WHEEL_POINTS).exp());
        if pinch != 1.0 {
            view = view.zoomed(anchor, (f64::from(pinch), f64::from(pinch)), whole);
        }
        if shift && scroll.x != 0.0 {
            // The system turns a wheel with Shift sideways: only the steps are zoomed then.
            view = view.zoomed(anchor, (factor(scroll.x), 1.0), whole);
        } else if scroll != Vec2::ZERO {
            view = view.zoomed(anchor, (factor(scroll.y), factor(scroll.y)), whole);
            view = view.moved(f64::from(-scroll.x / canvas.map.scale().x), 0.0, whole);
        }
        if scroll != Vec2::ZERO {
            ui.input_mut(|input| input.smooth_scroll_delta = Vec2::ZERO);
        }
    }
    if view != canvas.map.view {
        state.fitting = None;
        state.view = Some(view).filter(|view| *view != whole);
        ui.request_repaint();
    }
}

/// The pointer over the map, also where a block lies above it and takes its hover.
fn pointer_over(ui: &Ui, map: &Response) -> Option<Pos2> {
    map.contains_pointer().then(|| ui.input(|input| input.pointer.latest_pos())).flatten()
}

/// The bars and the strip above the map: a click or a drag moves the time cursor.
fn time_ui(
    ui: &Ui,
    id: Id,
    rect: Rect,
    canvas: &Canvas,
    shown: &Shown,
    state: &mut MapState,
    ctx: &mut PanelContext<'_>,
) {
    let chart = &shown.chart;
    let foot = Rect::from_min_max(canvas.bars.rect.left_top(), pos2(canvas.bars.rect.right(), rect.bottom()));
    let head = Rect::from_min_max(pos2(canvas.map.rect.left(), rect.top()), canvas.map.rect.right_top());
    let bars = ui.interact(foot, id, Sense::click_and_drag());
    bars.widget_info(|| WidgetInfo::slider(true, f64::from(state.cursor), "Time cursor"));
    if bars.has_focus() {
        let horizontal_arrows = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(id, horizontal_arrows));
    }
    let steps = |action| ui.input(|input| input.num_accesskit_action_requests(id, action)) as i64;
    let by = steps(Accessible::Increment) - steps(Accessible::Decrement);
    if by != 0 {
        state.go_to(chart, (i64::from(state.cursor) + by).max(0) as u32);
    }
    let strip = ui.interact(head, id.with("strip"), Sense::CLICK | Sense::DRAG);
    for response in [&bars, &strip] {
        let Some(pointer) =
            response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked())
        else {
            continue;
        };
        let scope = canvas.bars.scope_at(pointer.x, chart.scope_count);
        state.go_to(chart, scope);
        if response.clicked()
            && let Some((subgraph, operator)) = chart.steps[scope as usize].operator
        {
            ctx.send(Command::Select(Selection::Operator(subgraph, operator)));
        }
    }
    if strip.hovered() || strip.dragged() || bars.dragged() {
        ui.set_cursor_icon(CursorIcon::ResizeHorizontal);
    }
    if bars.hovered()
        && !bars.dragged()
        && let Some(pointer) = bars.hover_pos()
    {
        let scope = canvas.bars.scope_at(pointer.x, chart.scope_count);
        tooltip(ui, id.with("tip"), |ui| step_tooltip(ui, shown, scope, ctx));
    }
}

fn tooltips(
    ui: &Ui,
    map: &Response,
    canvas: &Canvas,
    shown: &Shown,
    pointed: Option<usize>,
    ctx: &PanelContext<'_>,
) {
    let Some(pointer) = pointer_over(ui, map) else { return };
    let (_, byte) = canvas.map.map_point(pointer);
    if let Some(index) = pointed {
        tooltip(ui, map.id.with("tip"), |ui| block_tooltip(ui, shown, index, ctx));
    } else if let Some(band) = shown.chart.band_at(byte).filter(|_| canvas.map.rect.contains(pointer)) {
        tooltip(ui, map.id.with("tip"), |ui| {
            let blocks = format::counted(band.count, "block", "blocks");
            headline(ui, ctx, kind_name(band.what), "persistent");
            facts(
                ui,
                ctx,
                &format!("{} at {}", format::bytes(band.to - band.from), format::bytes_only(band.from)),
                &blocks,
            );
        });
    }
}

fn tooltip(ui: &Ui, id: Id, content: impl FnOnce(&mut Ui)) {
    Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), id, PopupAnchor::Pointer)
        .gap(14.0)
        .width(340.0)
        .show(|ui| {
            ui.spacing_mut().item_spacing = vec2(10.0, 2.0);
            ui.spacing_mut().interact_size.y = 16.0;
            egui::Frame::new().inner_margin(egui::Margin::symmetric(6, 4)).show(ui, content);
        });
}

/// Name in bold and what the file calls it.
fn headline(ui: &mut Ui, ctx: &PanelContext<'_>, strong: &str, rest: &str) {
    ui.horizontal(|ui| {
        ui.label(text::strong(strong).color(ctx.theme.text.text_1));
        ui.label(text::cell(rest).color(ctx.theme.text.text_2));
    });
}

fn facts(ui: &mut Ui, ctx: &PanelContext<'_>, number: &str, rest: &str) {
    ui.horizontal(|ui| {
        ui.label(text::number(number).color(ctx.theme.text.text_1));
        ui.label(text::number(rest).color(ctx.theme.text.text_2));
    });
}

fn block_tooltip(ui: &mut Ui, shown: &Shown, index: usize, ctx: &PanelContext<'_>) {
    let buffer = &shown.chart.blocks[index].buffer;
    let place = format!("{} at {}", format::bytes(buffer.bytes), format::bytes_only(buffer.offset));
    match buffer.usage {
        BufferUse::Tensor(id) => {
            let tensor = tensor_of(&shown.model, buffer.subgraph, id);
            let name = tensor.and_then(|tensor| tensor.name.as_deref()).unwrap_or_default();
            headline(ui, ctx, &buffer_name(buffer), &shortened(name));
            let shape = tensor
                .map(|tensor| format!("{} {}", format::shape(&tensor.shape), tensor.ty.name()))
                .unwrap_or_default();
            facts(ui, ctx, &place, &shape);
        }
        BufferUse::Scratch(operator, _) => {
            headline(ui, ctx, "Scratch", &operator_title(&shown.model, buffer.subgraph, operator));
            facts(ui, ctx, &place, "");
        }
    }
    let mut sentence = shown.uses.sentence(buffer);
    let waste = buffer.size - buffer.bytes;
    if waste > 0 {
        sentence.push_str(&format!(", {} to align", format::bytes(waste)));
    }
    ui.label(text::small(sentence).color(ctx.theme.text.text_2));
    if shown.chart.is_above_bound(&shown.chart.blocks[index]) && shown.chart.lost_bytes() > 0 {
        ui.label(text::small("reaches above the lower bound").color(ctx.theme.status.over));
    }
}

fn step_tooltip(ui: &mut Ui, shown: &Shown, scope: u32, ctx: &PanelContext<'_>) {
    let step = &shown.chart.steps[scope as usize];
    let title = match step.operator {
        Some((subgraph, operator)) => operator_title(&shown.model, subgraph, operator),
        None => step_name(&shown.chart, scope),
    };
    headline(ui, ctx, &title, "");
    let scratch: u64 = step
        .stack
        .iter()
        .map(|&index| &shown.chart.blocks[index])
        .filter(|block| block.tint == Tint::Scratch)
        .map(|block| block.buffer.size)
        .sum();
    let of_it = if scratch > 0 { format!("scratch {}", format::bytes_only(scratch)) } else { String::new() };
    facts(ui, ctx, &format!("{} live", format::bytes(step.live_bytes)), &of_it);
}

/// A long name keeps its end, which is what tells tensors apart.
fn shortened(name: &str) -> String {
    const MOST: usize = 40;
    let count = name.chars().count();
    if count <= MOST {
        return name.to_owned();
    }
    let tail: String = name.chars().skip(count - MOST + 1).collect();
    format!("…{tail}")
}

fn spoken_map(chart: &Chart) -> String {
    format!(
        "Memory map, head {} bytes, lower bound {} bytes, persistent {} bytes",
        format::bytes_only(chart.head_bytes),
        format::bytes_only(chart.lower_bound_bytes),
        format::bytes_only(chart.persistent_bytes)
    )
}
