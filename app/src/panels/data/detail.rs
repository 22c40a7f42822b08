//! The selected recording, large: its signal with the windows that become samples, or its picture; beside it what the network
//! sees.

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::{
    Align2, Color32, Label, Rect, Role, Sense, TextureHandle, TextureOptions, Ui, WidgetInfo, pos2, vec2,
};
use emberlab_core::dataset::{Dataset, Features, Preparation};

use super::plot::{Heat, SignalPlot, number, signal_ui};
use super::{PanelContext, colours, grid, within};
use crate::jobs::SampleLook;
use crate::project::DataState;
use crate::theme::widgets::{focus_ring, segmented_small, vertical_hairline};
use crate::theme::{font_id, format, text};

/// Width of what the network sees.
const SEEN: f32 = 280.0;

/// Height of the line above.
const HEAD: f32 = 34.0;

/// View state of the pane.
#[derive(Default)]
pub(super) struct Detail {
    /// What the rest is about.
    of: Option<(u64, usize)>,
    /// The window that is chosen.
    pub window: usize,
    /// How many windows were asked for elsewhere and shown here.
    n_taken: u64,
    stream: usize,
    spectrum: bool,
    hidden: BTreeSet<usize>,
    picture: Option<(usize, TextureHandle)>,
    spectrogram: Heat,
    seen: Heat,
}

impl Detail {
    /// Draws the pane.
    pub(super) fn ui(&mut self, ui: &mut Ui, data: &DataState, dataset: &Dataset, ctx: &PanelContext<'_>) {
        let Some(index) = data.selected.filter(|index| *index < dataset.recordings.len()) else { return };
        let of = (data.reading(), index);
        if self.of != Some(of) {
            self.of = Some(of);
            self.window = 0;
        }
        let look = data.look.as_ref().filter(|look| look.recording == index);
        if let (Some(look), Some((recording, first_step, number))) = (look, data.wanted_window)
            && recording == index
            && number != self.n_taken
        {
            self.n_taken = number;
            self.window = window_at(look, first_step);
        }
        let rect = ui.available_rect_before_wrap();
        let (head, body) = rect.split_top_bottom_at_y(rect.top() + HEAD);
        within(ui, head, "detail head", |ui| self.head_ui(ui, index, dataset, look, ctx));
        let Some(look) = look else { return };
        let has_samples = !look.samples.is_empty();
        let seen = if has_samples && body.width() > 2.0 * SEEN { SEEN } else { 0.0 };
        let (left, right) = body.split_left_right_at_x(body.right() - seen);
        within(ui, left.shrink2(vec2(12.0, 4.0)), "detail", |ui| {
            self.content_ui(ui, index, dataset, look, ctx)
        });
        if seen > 0.0 {
            vertical_hairline(ui.painter(), ctx.theme, right.left(), right.y_range());
            within(ui, right.shrink2(vec2(12.0, 4.0)), "seen", |ui| self.seen_ui(ui, data, look, ctx));
        }
    }

    fn head_ui(
        &mut self,
        ui: &mut Ui,
        index: usize,
        dataset: &Dataset,
        look: Option<&Arc<SampleLook>>,
        ctx: &PanelContext<'_>,
    ) {
        let theme = ctx.theme;
        let recording = &dataset.recordings[index];
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = 10.0;
            ui.add_space(12.0);
            ui.add(Label::new(text::strong(&recording.name).color(theme.text.text_1)).truncate());
            let label = grid::label_text(dataset, index);
            if !label.is_empty() {
                ui.label(text::cell(label).color(theme.text.text_2));
            }
            let Some(look) = look else { return };
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                ui.add_space(8.0);
                if dataset.streams.len() > 1 {
                    let choices: Vec<(usize, &str)> =
                        dataset.streams.iter().map(|stream| stream.name.as_str()).enumerate().collect();
                    segmented_small(ui, theme, &mut self.stream, &choices);
                }
                self.stream = self.stream.min(dataset.streams.len().saturating_sub(1));
                if look.spectrogram.is_some() {
                    segmented_small(ui, theme, &mut self.spectrum, &[(false, "Wave"), (true, "Spectrogram")]);
                }
                let channels = dataset.streams.get(self.stream).map(|stream| &stream.channels);
                let is_series = look.outlines.get(self.stream).is_some_and(Option::is_some);
                if let Some(channels) = channels.filter(|channels| is_series && channels.len() > 1) {
                    for (number, name) in channels.iter().enumerate().take(12).rev() {
                        self.channel_ui(ui, number, name, ctx);
                    }
                }
            });
        });
    }

    /// A chip of the legend; a click hides or shows the channel.
    fn channel_ui(&mut self, ui: &mut Ui, channel: usize, name: &str, ctx: &PanelContext<'_>) {
        let theme = ctx.theme;
        let is_hidden = self.hidden.contains(&channel);
        let colour = if is_hidden { theme.text.text_3 } else { theme.text.text_1 };
        let galley = ui.painter().layout_no_wrap(name.to_owned(), font_id::small(), colour);
        let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 22.0, 22.0), Sense::click());
        response.widget_info(|| {
            WidgetInfo::selected(Role::CheckBox, true, !is_hidden, format!("Channel {name}"))
        });
        let chip = Rect::from_center_size(pos2(rect.left() + 8.0, rect.center().y), vec2(10.0, 3.0));
        let fill = if is_hidden { theme.line.strong } else { colours::channel(theme, channel) };
        ui.painter().rect_filled(chip, 1.0, fill);
        ui.painter().galley(
            pos2(rect.left() + 17.0, rect.center().y - galley.size().y / 2.0),
            galley,
            colour,
        );
        focus_ring(ui, theme, &response);
        if response.on_hover_text("Show or hide this channel").clicked() && !self.hidden.remove(&channel) {
            self.hidden.insert(channel);
        }
    }

    fn content_ui(
        &mut self,
        ui: &mut Ui,
        index: usize,
        dataset: &Dataset,
        look: &Arc<SampleLook>,
        ctx: &PanelContext<'_>,
    ) {
        let recording = &dataset.recordings[index];
        if let Some(Some(outline)) = look.outlines.get(self.stream) {
            let stream = &dataset.streams[self.stream];
            let spectrogram = look.spectrogram.as_ref().filter(|_| self.spectrum);
            let clicked = signal_ui(
                ui,
                ctx.theme,
                SignalPlot {
                    name: &recording.name,
                    outline,
                    spectrogram: spectrogram.map(|spectrogram| (spectrogram, &mut self.spectrogram)),
                    rate_hz: rate(dataset, index, self.stream),
                    channels: &stream.channels,
                    hidden: &self.hidden,
                    runs: if self.stream == 0 { &recording.runs } else { &[] },
                    classes: &dataset.classes,
                    windows: if self.stream == 0 { &look.samples } else { &[] },
                    window_steps: look.sample_steps,
                    chosen: self.window,
                },
            );
            if let Some(step) = clicked {
                self.window = window_at(look, step);
            }
            return;
        }
        if let Some(Some(image)) = look.pictures.get(self.stream) {
            let key = Arc::as_ptr(image) as usize;
            if self.picture.as_ref().is_none_or(|(known, _)| *known != key) {
                let texture =
                    ui.ctx().load_texture("selected picture", image.clone(), TextureOptions::LINEAR);
                self.picture = Some((key, texture));
            }
            let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
            let name = format!("Picture of {}", recording.name);
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
            if let Some((_, texture)) = &self.picture {
                let size = texture.size_vec2();
                let scale = (rect.width() / size.x).min(rect.height() / size.y);
                let scale = if scale >= 2.0 { scale.floor() } else { scale };
                let at = Align2::CENTER_CENTER.align_size_within_rect(size * scale, rect);
                let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
                ui.painter().image(texture.id(), at, uv, Color32::WHITE);
            }
            return;
        }
        values_ui(ui, dataset, index, self.stream, ctx);
    }

    fn seen_ui(&mut self, ui: &mut Ui, data: &DataState, look: &Arc<SampleLook>, ctx: &PanelContext<'_>) {
        let theme = ctx.theme;
        self.window = self.window.min(look.samples.len().saturating_sub(1));
        let preparation = data.prepared.as_ref().map(|prepared| &prepared.preparation);
        let input = self.stream.min(look.shapes.len().saturating_sub(1));
        let are_features = preparation.is_some_and(|preparation| makes_features(preparation, input));
        ui.horizontal(|ui| {
            ui.label(text::caption(theme, "What the network sees"));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if look.samples.len() > 1 {
                    let words = format!(
                        "{} of {}",
                        format::count(self.window as u64 + 1),
                        format::count(look.n_samples as u64)
                    );
                    ui.label(text::number_small(words).color(theme.text.text_2));
                }
            });
        });
        let height = (ui.available_height() - 18.0).max(20.0);
        ui.allocate_ui(vec2(ui.available_width(), height), |ui| {
            self.seen.input_ui(ui, theme, look, self.window, input, are_features);
        });
        if let Some(shape) = look.shapes.get(input) {
            let shape: Vec<i32> = shape.iter().map(|size| i32::try_from(*size).unwrap_or(i32::MAX)).collect();
            ui.label(text::number_small(format::shape(&shape)).color(theme.text.text_3));
        }
    }
}

/// The last window that begins at the step or before it.
fn window_at(look: &SampleLook, step: usize) -> usize {
    look.samples.iter().filter(|sample| sample.first_step <= step).count().saturating_sub(1)
}

/// The input is computed from a signal.
fn makes_features(preparation: &Preparation, input: usize) -> bool {
    preparation.inputs.get(input).is_some_and(|input| match input.features {
        Features::Raw => false,
        Features::LogMel(_) | Features::Mfcc(_) | Features::Motion(_) => true,
    })
}

/// Steps a second of a recording, or of its stream.
pub(super) fn rate(dataset: &Dataset, index: usize, stream: usize) -> Option<f64> {
    let own = match dataset.recordings.get(index)?.contents.get(stream)? {
        emberlab_core::dataset::Content::Series(series) => series.rate_hz,
        emberlab_core::dataset::Content::Values(_) | emberlab_core::dataset::Content::Picture(_) => None,
    };
    own.or_else(|| dataset.streams.get(stream)?.rate_hz)
}

/// The numbers of a row, by the names of their columns.
fn values_ui(ui: &mut Ui, dataset: &Dataset, index: usize, stream: usize, ctx: &PanelContext<'_>) {
    use crate::theme::widgets::key_value;
    let Some(emberlab_core::dataset::Content::Values(values)) =
        dataset.recordings[index].contents.get(stream)
    else {
        return;
    };
    let names = dataset.streams.get(stream).map(|stream| stream.channels.as_slice()).unwrap_or_default();
    egui::ScrollArea::vertical().id_salt("numbers").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.set_width(ui.available_width().min(360.0));
        for (place, value) in values.iter().enumerate().take(256) {
            let name = names.get(place).cloned().unwrap_or_else(|| place.to_string());
            key_value(ui, ctx.theme, &name, &number(f64::from(*value)));
        }
    });
}
