//! The keys of this panel: those of Netron where it has them.

use egui::{Key, Modifiers};

use super::navigate::Arrow;
use crate::shortcuts::Shortcut;

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum InspectKey {
    Find,
    Attributes,
    Weights,
    Names,
    Direction,
    Wheel,
    ZoomIn,
    ZoomOut,
    ZoomToOne,
    Back,
    Enter,
    TableBelow,
    ExportPng,
    ExportSvg,
    Move(Arrow),
}

/// All of them, for the code that listens and the overlay that lists.
pub static SHORTCUTS: &[Shortcut<InspectKey>] = &[
    Shortcut::ctrl(Key::F, "Find by name, operator, type and shape", InspectKey::Find),
    Shortcut::ctrl(Key::D, "Attributes on the nodes", InspectKey::Attributes),
    Shortcut::ctrl(Key::I, "Shapes of weights on the nodes", InspectKey::Weights),
    Shortcut::ctrl(Key::U, "Names on the nodes", InspectKey::Names),
    Shortcut::ctrl(Key::K, "Graph downwards or rightwards", InspectKey::Direction),
    Shortcut::ctrl(Key::M, "Wheel zooms or scrolls", InspectKey::Wheel),
    Shortcut::shift(Key::ArrowUp, "Zoom in", InspectKey::ZoomIn),
    Shortcut::shift(Key::ArrowDown, "Zoom out", InspectKey::ZoomOut),
    Shortcut::shift(Key::Backspace, "Zoom to 1:1", InspectKey::ZoomToOne),
    Shortcut::key(Key::Enter, "Open the subgraph that the operator calls", InspectKey::Enter),
    Shortcut::key(Key::Backspace, "Back to the subgraph before", InspectKey::Back),
    Shortcut::ctrl(Key::J, "Table below or beside the graph", InspectKey::TableBelow),
    Shortcut::ctrl_shift(Key::E, "Save the graph as PNG", InspectKey::ExportPng),
    Shortcut::with(CTRL_ALT, Key::E, "Save the graph as SVG", InspectKey::ExportSvg),
    Shortcut::key(Key::ArrowUp, "Move in graph or table", InspectKey::Move(Arrow::Up)),
    Shortcut::key(Key::ArrowDown, "Move in graph or table", InspectKey::Move(Arrow::Down)),
    Shortcut::key(Key::ArrowLeft, "Move in the graph", InspectKey::Move(Arrow::Left)),
    Shortcut::key(Key::ArrowRight, "Move in the graph", InspectKey::Move(Arrow::Right)),
];

const CTRL_ALT: Modifiers = Modifiers { alt: true, ..Modifiers::COMMAND };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things() {
        for (place, shortcut) in SHORTCUTS.iter().enumerate() {
            let twice = SHORTCUTS[place + 1..].iter().any(|other| other.keys == shortcut.keys);
            assert!(!twice, "{:?}", shortcut.keys);
        }
    }
}
