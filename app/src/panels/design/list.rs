//! The network as a list: change numbers in place, drag rows to where they go.

use egui::{Align, Align2, Layout, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use emberlab_core::layers::{Activation, Edit, LayerId, LayerKind};
use emberlab_core::verdict::Severity;

use super::PanelFront;
use super::edits::reordered;
use super::facts::LayerFacts;
use super::inspector::form::{choice_field, count_field, text_field};
use super::words::{main_number, with_main_number};
use crate::panels::PanelContext;
use crate::project::DesignCommand;
use crate::theme::widgets::{hairline, icon_button};
use crate::theme::{Icon, Theme, font_id, format};

/// Height of a row.
const ROW: f32 = 40.0;

/// View state of the list.
#[derive(Default)]
pub struct LayerList {
    /// The row that is being dragged.
    dragged: Option<LayerId>,
}

/// Where the columns are in a row.
struct Columns {
    grip: Rect,
    number: Rect,
    kind: Rect,
    name: Rect,
    size: Rect,
    activation: Rect,
    shape: Rect,
    remove: Rect,
}

impl Columns {
    fn of(row: Rect) -> Self {
        let mut left = row.left() + 4.0;
        let mut take = |width: f32| {
            let rect = Rect::from_min_size(pos2(left, row.top()), vec2(width, row.height()));
            left += width;
            rect
        };
        let (grip, number) = (take(24.0), take(36.0));
        // What the fixed columns leave goes to the name.
        let rest = (row.width() - 4.0 - 60.0 - 152.0 - 120.0 - 116.0 - 110.0 - 36.0).max(96.0);
        let (kind, name, size) = (take(152.0), take(rest), take(120.0));
        let (activation, shape, remove) = (take(116.0), take(110.0), take(32.0));
        Self { grip, number, kind, name, size, activation, shape, remove }
    }
}

impl LayerList {
    /// The list over the available rectangle; returns what the user asked for.
    pub fn ui(&mut self, ui: &mut Ui, front: &PanelFront<'_>, ctx: &PanelContext<'_>) -> Vec<DesignCommand> {
        let theme = ctx.theme;
        let area = ui.available_rect_before_wrap();
        let mut commands = Vec::new();
        let head = area.with_max_y(area.top() + 28.0);
        head_ui(ui, theme, head);
        let body = area.with_min_y(head.bottom());
        let mut drop_after: Option<LayerId> = None;
        ui.scope_builder(UiBuilder::new().max_rect(body).id_salt("rows"), |ui| {
            ui.set_clip_rect(ui.clip_rect().intersect(body));
            let rows = front.facts.order.len();
            ui.spacing_mut().item_spacing.y = 0.0;
            ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, ROW, rows, |ui, shown| {
                for place in shown {
                    let layer = &front.facts.layers[front.facts.order[place]];
                    let size = vec2(ui.available_width(), ROW);
                    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
                    let is_chosen = front.project.design.chosen.contains(&layer.id);
                    response.widget_info(|| {
                        WidgetInfo::selected(Role::Row, ui.is_enabled(), is_chosen, &layer.spoken)
                    });
                    if response.clicked() {
                        commands.push(DesignCommand::Choose(vec![layer.id]));
                    }
                    let pointer = ui.input(|input| input.pointer.hover_pos());
                    if self.dragged.is_some() && pointer.is_some_and(|at| rect.contains(at)) {
                        drop_after = Some(layer.id);
                    }
                    let is_meant = drop_after == Some(layer.id) && self.dragged != Some(layer.id);
                    self.row_ui(ui, theme, front, layer, rect, is_chosen, response.hovered(), &mut commands);
                    if is_meant {
                        let line = rect.with_min_y(rect.bottom() - 2.0);
                        ui.painter().rect_filled(line, 0.0, theme.accent.base);
                    }
                }
            });
        });
        self.end_drag(ui, front, drop_after, &mut commands);
        commands
    }

    /// Puts the row that was dragged where it was let go.
    fn end_drag(
        &mut self,
        ui: &Ui,
        front: &PanelFront<'_>,
        after: Option<LayerId>,
        commands: &mut Vec<DesignCommand>,
    ) {
        let Some(layer) = self.dragged else { return };
        if !ui.input(|input| input.pointer.any_released()) {
            return;
        }
        self.dragged = None;
        let graph = after.and_then(|after| reordered(front.project.design.graph(), layer, after));
        if let Some(graph) = graph {
            commands.push(DesignCommand::Edit(vec![Edit::Replace { graph }]));
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn row_ui(
        &mut self,
        ui: &mut Ui,
        theme: &Theme,
        front: &PanelFront<'_>,
        facts: &LayerFacts,
        rect: Rect,
        is_chosen: bool,
        is_hovered: bool,
        commands: &mut Vec<DesignCommand>,
    ) {
        let Some(layer) = front.project.design.graph().layer(facts.id) else { return };
        let columns = Columns::of(rect);
        let painter = ui.painter();
        if is_chosen {
            painter.rect_filled(rect, 0.0, theme.accent.soft);
            painter.rect_filled(rect.with_max_x(rect.left() + 2.0), 0.0, theme.accent.base);
        } else if is_hovered || self.dragged == Some(facts.id) {
            painter.rect_filled(rect, 0.0, theme.surface.raised);
        }
        hairline(painter, theme, rect.x_range(), rect.bottom() - 1.0);
        self.grip_ui(ui, theme, facts, columns.grip, layer.inputs.len() == 1);

        let painter = ui.painter();
        let middle = rect.center().y;
        let number = facts.number.to_string();
        let at = pos2(columns.number.right() - 12.0, middle);
        painter.text(at, Align2::RIGHT_CENTER, number, font_id::number(), theme.text.text_3);
        let dot = Rect::from_center_size(pos2(columns.kind.left() + 4.0, middle), vec2(8.0, 8.0));
        painter.rect_filled(dot, 2.0, theme.operator_colour(facts.category));
        let at = pos2(columns.kind.left() + 16.0, middle);
        let is_wrong = facts.worst() == Some(Severity::Error);
        let colour = if is_wrong { theme.status.over } else { theme.text.text_1 };
        painter.text(at, Align2::LEFT_CENTER, facts.label, font_id::label(), colour);
        let (shape, colour) = if facts.shape.is_empty() {
            (format::UNKNOWN, if is_wrong { theme.status.over } else { theme.text.text_3 })
        } else {
            (facts.shape.as_str(), theme.text.text_1)
        };
        let at = pos2(columns.shape.right() - 12.0, middle);
        painter.text(at, Align2::RIGHT_CENTER, shape, font_id::number(), colour);

        ui.push_id(("list row", facts.id.0), |ui| {
            let typed = field(ui, columns.name, |ui, width| {
                text_field(ui, theme, &format!("Name of {}", layer.name), &layer.name, width)
            });
            if let Some(name) = typed {
                commands.push(DesignCommand::Edit(vec![Edit::Rename { layer: layer.id, name }]));
            }
            self.numbers_ui(ui, theme, layer.id, &layer.kind, &layer.name, &columns, commands);
            let remove = field(ui, columns.remove, |ui, _| {
                icon_button(ui, theme, Icon::X, &format!("Remove {}", layer.name)).clicked()
            });
            if remove {
                let edit = Edit::Remove { layers: vec![layer.id], bridge: true };
                commands.push(DesignCommand::Edit(vec![edit]));
            }
        });
    }

    /// The main number and the activation, to change in place.
    #[allow(clippy::too_many_arguments)]
    fn numbers_ui(
        &self,
        ui: &mut Ui,
        theme: &Theme,
        id: LayerId,
        kind: &LayerKind,
        name: &str,
        columns: &Columns,
        commands: &mut Vec<DesignCommand>,
    ) {
        if let Some((label, mut number)) = main_number(kind) {
            let before = number;
            let response = field(ui, columns.size, |ui, width| {
                let name = format!("{label} of {name}");
                count_field(ui, theme, &name, &mut number, 1, width)
            });
            if number != before {
                let kind = with_main_number(kind, number);
                commands.push(DesignCommand::Drag(Edit::SetKind { layer: id, kind }));
            }
            if response.drag_stopped() || response.lost_focus() {
                commands.push(DesignCommand::Rest);
            }
        }
        if let Some(activation) = kind.activation() {
            let mut label = activation.label();
            let choices = super::inspector::ACTIVATIONS.map(|choice| (choice.label(), choice.label()));
            let changed = field(ui, columns.activation, |ui, width| {
                let name = format!("Activation of {name}");
                choice_field(ui, theme, &name, &mut label, &choices, width)
            });
            let chosen = super::inspector::ACTIVATIONS.iter().find(|choice| choice.label() == label);
            if let Some(chosen) = chosen.filter(|_| changed) {
                let kind = with_activation(kind, *chosen);
                commands.push(DesignCommand::Edit(vec![Edit::SetKind { layer: id, kind }]));
            }
        }
    }

    fn grip_ui(&mut self, ui: &Ui, theme: &Theme, facts: &LayerFacts, rect: Rect, can_move: bool) {
        if !can_move {
            return;
        }
        let id = ui.scope_id().with(("grip", facts.id.0));
        let response = ui.interact(rect, id, Sense::drag());
        let name = format!("Move {}", facts.name);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), &name));
        if response.drag_started() {
            self.dragged = Some(facts.id);
        }
        let colour =
            if response.hovered() || response.dragged() { theme.text.text_1 } else { theme.text.text_3 };
        let glyph = Icon::GripVertical.glyph();
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, glyph, font_id::icon(14.0), colour);
        response.on_hover_cursor(egui::CursorIcon::Grab);
    }
}

/// The kind with another activation; as it is for kinds without one.
fn with_activation(kind: &LayerKind, chosen: Activation) -> LayerKind {
    let mut kind = kind.clone();
    match &mut kind {
        LayerKind::Dense { activation, .. }
        | LayerKind::Conv1D { activation, .. }
        | LayerKind::Conv2D { activation, .. }
        | LayerKind::DepthwiseConv2D { activation, .. }
        | LayerKind::SeparableConv2D { activation, .. }
        | LayerKind::Activation { activation } => *activation = chosen,
        LayerKind::Input { .. }
        | LayerKind::Pool1D { .. }
        | LayerKind::Pool2D { .. }
        | LayerKind::GlobalPool { .. }
        | LayerKind::BatchNorm { .. }
        | LayerKind::Dropout { .. }
        | LayerKind::Flatten {}
        | LayerKind::Reshape { .. }
        | LayerKind::ZeroPadding { .. }
        | LayerKind::UpSampling { .. }
        | LayerKind::Merge { .. }
        | LayerKind::Concatenate { .. }
        | LayerKind::Lstm { .. } => {}
    }
    kind
}

/// Something in a column, in the middle of the row.
fn field<R>(ui: &mut Ui, rect: Rect, content: impl FnOnce(&mut Ui, f32) -> R) -> R {
    let inner = rect.shrink2(vec2(6.0, 0.0));
    let layout = Layout::left_to_right(Align::Center);
    let width = inner.width();
    ui.scope_builder(UiBuilder::new().max_rect(inner).layout(layout), |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        content(ui, width)
    })
    .inner
}

fn head_ui(ui: &Ui, theme: &Theme, rect: Rect) {
    let columns = Columns::of(rect);
    let painter = ui.painter();
    let middle = rect.center().y;
    let words = |x: f32, anchor: Align2, label: &str| {
        painter.text(pos2(x, middle), anchor, label, font_id::caption(), theme.text.text_3);
    };
    words(columns.number.right() - 12.0, Align2::RIGHT_CENTER, "#");
    words(columns.kind.left() + 16.0, Align2::LEFT_CENTER, "Layer");
    words(columns.name.left() + 6.0, Align2::LEFT_CENTER, "Name");
    words(columns.size.left() + 6.0, Align2::LEFT_CENTER, "Filters, units");
    words(columns.activation.left() + 6.0, Align2::LEFT_CENTER, "Activation");
    words(columns.shape.right() - 12.0, Align2::RIGHT_CENTER, "Output");
    hairline(painter, theme, rect.x_range(), rect.bottom() - 1.0);
}
