//! Widgets that panels share. Each takes the `Ui`, the [`Theme`](super::Theme) and plain values, and draws one part.

mod button;
mod empty;
mod form;
mod gauge;
mod key_value;
mod note;
mod progress;
mod section;
mod segmented;
mod table;
mod tag;
mod toast;

pub use button::{ButtonKind, button, chip_outline, focus_ring, icon_button, keycap, small_button};
pub use empty::empty;
pub use form::{
    FIELD, check_input, check_inputs, choice_input, field, input_look, narrow_number_input, number_input,
    text_input,
};
pub use gauge::{GAUGE_SIZE, Gauge, GaugeState, gauge};
pub use key_value::{key_value, key_value_coloured};
pub use note::{note, note_buttons, note_job};
pub use progress::{Progress, progress_bar};
pub use section::{hairline, section, snap, vertical_hairline};
pub use segmented::{segmented, segmented_small};
pub use table::{Sort, SortState, TableStyle, cell, header_cell, inline_bar, number_cell, tsv};
pub use tag::{Verdict, tag, tag_button};
pub use toast::{ToastResponse, toast};
