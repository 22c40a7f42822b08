//! What floats over the canvas: the legend, the choice of the subgraph, and the tooltip of a node.

use egui::epaint::Mesh;
use egui::{Align2, Popup, Rect, Role, Sense, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2};
use emberlab_core::model::SubgraphId;

use super::{CanvasContent, CanvasEvent};
use crate::panels::graph::paint::floating;
use crate::panels::inspect::layout::NodeKind;
use crate::panels::inspect::overlay::{Overlay, scale_place};
use crate::theme::widgets::{focus_ring, icon_button};
use crate::theme::{Icon, font_id, text};

/// What the colours of the overlay mean.
pub fn legend_ui(ui: &Ui, content: &CanvasContent<'_>, overlay: Overlay, canvas: Rect) {
    let theme = content.theme;
    // The buttons at the right keep their place; what is left must hold name, scale and figure.
    let size = vec2((canvas.width() - 150.0 - 36.0).min(238.0), 32.0);
    if overlay == Overlay::Off || size.x < 190.0 {
        return;
    }
    let frame = Rect::from_min_size(pos2(canvas.left() + 12.0, canvas.bottom() - 12.0 - size.y), size);
    let painter = ui.painter_at(canvas);
    floating(&painter, theme, frame);
    let middle = frame.center().y;
    let name = painter.text(
        pos2(frame.left() + 10.0, middle),
        Align2::LEFT_CENTER,
        overlay.label(),
        font_id::small(),
        theme.text.text_2,
    );
    let most = overlay.most(content.facts);
    let value = most.map_or_else(|| "not known".to_owned(), |most| overlay.text(most));
    let value_colour = if most.is_some() { theme.text.text_2 } else { theme.text.text_3 };
    let value = painter.text(
        pos2(frame.right() - 10.0, middle),
        Align2::RIGHT_CENTER,
        value,
        font_id::number_small(),
        value_colour,
    );
    let bar =
        Rect::from_min_max(pos2(name.right() + 10.0, middle - 4.0), pos2(value.left() - 10.0, middle + 4.0));
    let mut gradient = Mesh::default();
    let last = theme.scale_sequential.len() as u32 * 4;
    for step in 0..=last {
        let place = step as f32 / last as f32;
        let x = bar.left() + bar.width() * place;
        let colour = theme.sequential(scale_place(place));
        gradient.colored_vertex(pos2(x, bar.top()), colour);
        gradient.colored_vertex(pos2(x, bar.bottom()), colour);
        if step > 0 {
            let corner = 2 * step;
            gradient.add_triangle(corner - 2, corner - 1, corner);
            gradient.add_triangle(corner - 1, corner, corner + 1);
        }
    }
    painter.add(gradient);
}

/// The subgraph that is shown, others to choose, and the way back.
pub fn subgraph_ui(ui: &mut Ui, content: &CanvasContent<'_>, canvas: Rect, events: &mut Vec<CanvasEvent>) {
    let theme = content.theme;
    let current = content.key.1;
    let name = content.subgraphs.get(current.index()).map_or("", String::as_str);
    let title = subgraph_title(current, name);
    let galley = ui.painter().layout_no_wrap(title.clone(), font_id::small_strong(), theme.text.text_1);
    let back = if content.can_go_back { 28.0 } else { 0.0 };
    let size = vec2((galley.size().x + 44.0 + back).min(canvas.width() - 80.0), 32.0);
    let frame = Rect::from_min_size(canvas.min + Vec2::splat(12.0), size);
    floating(&ui.painter_at(canvas), theme, frame);
    let layout = egui::Layout::left_to_right(egui::Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(frame.shrink2(vec2(2.0, 2.0))).layout(layout), |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        if content.can_go_back
            && icon_button(ui, theme, Icon::ArrowLeft, "Back to the subgraph before").clicked()
        {
            events.push(CanvasEvent::Back);
        }
        let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, ui.is_enabled(), &title));
        let painter = ui.painter().with_clip_rect(rect);
        if response.hovered() {
            painter.rect_filled(rect, 3.0, theme.surface.hover);
        }
        painter.galley(
            pos2(rect.left() + 10.0, rect.center().y - galley.size().y / 2.0),
            galley,
            theme.text.text_1,
        );
        let arrow = pos2(rect.right() - 12.0, rect.center().y);
        painter.text(
            arrow,
            Align2::CENTER_CENTER,
            Icon::ChevronDown.glyph(),
            font_id::icon(13.0),
            theme.text.text_3,
        );
        focus_ring(ui, theme, &response);
        Popup::menu(&response).show(|ui| {
            egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
                for (index, name) in content.subgraphs.iter().enumerate() {
                    let subgraph = SubgraphId(index as u32);
                    let label = text::label(subgraph_title(subgraph, name));
                    if ui.selectable_label(subgraph == current, label).clicked() {
                        events.push(CanvasEvent::ShowSubgraph(subgraph));
                        ui.close();
                    }
                }
            });
        });
    });
}

fn subgraph_title(subgraph: SubgraphId, name: &str) -> String {
    if name.is_empty() {
        format!("Subgraph {}", subgraph.0)
    } else {
        format!("Subgraph {}  {name}", subgraph.0)
    }
}

/// Everything about a node that the node itself has no room for.
pub fn node_tooltip_ui(ui: &mut Ui, content: &CanvasContent<'_>, kind: NodeKind) {
    let theme = content.theme;
    ui.spacing_mut().item_spacing.y = 2.0;
    match kind {
        NodeKind::Operator(operator) => {
            let Some(facts) = content.facts.operators.get(operator.index()) else { return };
            ui.label(text::strong(format!("{}  #{}", facts.name, operator.0)).color(theme.text.text_1));
            if !facts.summary.is_empty() {
                ui.label(text::cell(&facts.summary));
            }
            ui.label(text::cell(facts.category.label()).color(theme.text.text_3));
            ui.add_space(4.0);
            egui::Grid::new("figures").num_columns(2).min_row_height(16.0).spacing(vec2(16.0, 1.0)).show(
                ui,
                |ui| {
                    for overlay in [Overlay::Live, Overlay::Macs, Overlay::Weights] {
                        if let Some(value) = overlay.value(facts) {
                            ui.label(text::cell(overlay.label()).color(theme.text.text_3));
                            ui.label(text::number(overlay.text(value)).color(theme.text.text_1));
                            ui.end_row();
                        }
                    }
                },
            );
            if !facts.kernel_text.is_empty() {
                ui.add_space(4.0);
                ui.label(text::cell(&facts.kernel_text).color(theme.text.text_2));
            }
        }
        NodeKind::Input(_, tensor) | NodeKind::Output(_, tensor) => {
            let Some(facts) = content.facts.tensors.get(tensor.index()) else { return };
            ui.label(text::strong(format!("t{}  {}", tensor.0, facts.name)).color(theme.text.text_1));
            ui.label(text::number(format!("{}  {}", facts.shape, facts.quantization)));
        }
    }
}
