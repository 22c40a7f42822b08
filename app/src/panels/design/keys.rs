//! The keys of this panel.

use egui::Key;

use crate::shortcuts::Shortcut;

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DesignKey {
    Add,
    Undo,
    Redo,
    Duplicate,
    Remove,
    SelectAll,
    Tidy,
    Move(Step),
    ZoomIn,
    ZoomOut,
    ZoomToOne,
    Fit,
    Leave,
}

/// Where an arrow leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Step {
    Up,
    Down,
    Left,
    Right,
}

/// All of them, for the code that listens and the overlay that lists.
pub static SHORTCUTS: &[Shortcut<DesignKey>] = &[
    Shortcut::key(Key::A, "Add a layer by name", DesignKey::Add),
    Shortcut::ctrl(Key::Z, "Undo", DesignKey::Undo),
    Shortcut::ctrl_shift(Key::Z, "Redo", DesignKey::Redo),
    Shortcut::ctrl(Key::Y, "Redo", DesignKey::Redo),
    Shortcut::ctrl(Key::D, "Duplicate what is selected", DesignKey::Duplicate),
    Shortcut::key(Key::Delete, "Remove what is selected", DesignKey::Remove),
    Shortcut::key(Key::Backspace, "Remove what is selected", DesignKey::Remove),
    Shortcut::ctrl(Key::A, "Select all layers", DesignKey::SelectAll),
    Shortcut::ctrl_shift(Key::L, "Tidy: leave all places to the layout", DesignKey::Tidy),
    Shortcut::key(Key::F, "Fit view", DesignKey::Fit),
    Shortcut::shift(Key::ArrowUp, "Zoom in", DesignKey::ZoomIn),
    Shortcut::shift(Key::ArrowDown, "Zoom out", DesignKey::ZoomOut),
    Shortcut::shift(Key::Backspace, "Zoom to 1:1", DesignKey::ZoomToOne),
    Shortcut::key(Key::Escape, "Let go of what is selected", DesignKey::Leave),
    Shortcut::key(Key::ArrowUp, "Move between layers", DesignKey::Move(Step::Up)),
    Shortcut::key(Key::ArrowDown, "Move between layers", DesignKey::Move(Step::Down)),
    Shortcut::key(Key::ArrowLeft, "Move between layers", DesignKey::Move(Step::Left)),
    Shortcut::key(Key::ArrowRight, "Move between layers", DesignKey::Move(Step::Right)),
];

impl DesignKey {
    /// It acts also while something else than the canvas has the keyboard.
    pub fn is_global(self) -> bool {
        match self {
            Self::Add | Self::Undo | Self::Redo | Self::Duplicate | Self::SelectAll | Self::Tidy => true,
            Self::Remove
            | Self::Move(_)
            | Self::ZoomIn
            | Self::ZoomOut
            | Self::ZoomToOne
            | Self::Fit
            | Self::Leave => false,
        }
    }
}

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
