//! Keys and what they do, as tables: one table is both what listens and what the overlay lists.

use egui::{Context, Event, InputState, Key, KeyboardShortcut, Modifiers};

/// A key and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Shortcut<A> {
    /// The keys; `command` is Ctrl, or Cmd on macOS.
    pub keys: KeyboardShortcut,
    /// What they do, for overlay and palette.
    pub text: &'static str,
    /// What is handed to the code that acts.
    pub action: A,
}

impl<A> Shortcut<A> {
    /// A key without modifiers.
    pub const fn key(key: Key, text: &'static str, action: A) -> Self {
        Self::with(Modifiers::NONE, key, text, action)
    }

    /// Ctrl (Cmd on macOS) and a key.
    pub const fn ctrl(key: Key, text: &'static str, action: A) -> Self {
        Self::with(Modifiers::COMMAND, key, text, action)
    }

    /// Ctrl, Shift and a key.
    pub const fn ctrl_shift(key: Key, text: &'static str, action: A) -> Self {
        let modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };
        Self::with(modifiers, key, text, action)
    }

    /// Shift and a key.
    pub const fn shift(key: Key, text: &'static str, action: A) -> Self {
        Self::with(Modifiers::SHIFT, key, text, action)
    }

    /// Alt and a key.
    pub const fn alt(key: Key, text: &'static str, action: A) -> Self {
        Self::with(Modifiers::ALT, key, text, action)
    }

    /// Any modifiers and a key.
    pub const fn with(modifiers: Modifiers, key: Key, text: &'static str, action: A) -> Self {
        Self { keys: KeyboardShortcut::new(modifiers, key), text, action }
    }
}

/// The actions of `table` whose keys were pressed since the last frame, in order; their events are taken away.
///
/// Keys that would type or move in a text field do nothing while one has the keyboard.
pub fn pressed<A: Copy>(ctx: &Context, table: &[Shortcut<A>]) -> Vec<A> {
    let typing = ctx.text_edit_focused();
    ctx.input_mut(|input| taken(input, table, typing))
}

/// How a shortcut is printed, `Ctrl Shift P`.
pub fn label(keys: &KeyboardShortcut) -> String {
    let Modifiers { alt, shift, ctrl, command, mac_cmd } = keys.modifiers;
    let mac = cfg!(target_os = "macos");
    let mut parts = Vec::new();
    if command || ctrl || mac_cmd {
        parts.push(if mac && !ctrl { "Cmd" } else { "Ctrl" });
    }
    if alt {
        parts.push(if mac { "Option" } else { "Alt" });
    }
    if shift {
        parts.push("Shift");
    }
    parts.push(key_name(keys.logical_key));
    parts.join(" ")
}

fn key_name(key: Key) -> &'static str {
    match key {
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::ArrowUp => "↑",
        Key::ArrowDown => "↓",
        Key::Questionmark => "?",
        Key::Period => ".",
        Key::Comma => ",",
        Key::Plus => "+",
        Key::Minus => "−",
        other => other.name(),
    }
}

fn taken<A: Copy>(input: &mut InputState, table: &[Shortcut<A>], typing: bool) -> Vec<A> {
    let mut actions = Vec::new();
    input.events.retain(|event| {
        let Event::Key { key, physical_key, pressed: true, repeat, modifiers } = event else { return true };
        let matching = table.iter().find(|shortcut| {
            let keys = &shortcut.keys;
            let digit = is_digit(keys.logical_key) && *physical_key == Some(keys.logical_key);
            (*key == keys.logical_key || digit) && matches_modifiers(keys, *modifiers)
        });
        let Some(shortcut) = matching else { return true };
        let commanded = shortcut.keys.modifiers.command || shortcut.keys.modifiers.alt;
        if (typing && !commanded && !is_function_key(shortcut.keys.logical_key)) || (*repeat && commanded) {
            return true;
        }
        actions.push(shortcut.action);
        false
    });
    actions
}

fn matches_modifiers(keys: &KeyboardShortcut, pressed: Modifiers) -> bool {
    // A question mark needs Shift on most keyboards and is a key of its own there.
    let pressed = match keys.logical_key {
        Key::Questionmark | Key::Plus if !keys.modifiers.shift => Modifiers { shift: false, ..pressed },
        _ => pressed,
    };
    pressed.matches_exact(keys.modifiers)
}

fn is_digit(key: Key) -> bool {
    (Key::Num0..=Key::Num9).contains(&key)
}

fn is_function_key(key: Key) -> bool {
    (Key::F1..=Key::F35).contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Do {
        Close,
        Reopen,
        Help,
        Panel,
    }

    const TABLE: [Shortcut<Do>; 4] = [
        Shortcut::ctrl(Key::W, "Close", Do::Close),
        Shortcut::ctrl_shift(Key::T, "Open again", Do::Reopen),
        Shortcut::key(Key::Questionmark, "Help", Do::Help),
        Shortcut::alt(Key::Num5, "Inspect", Do::Panel),
    ];

    fn check(modifiers: Modifiers, key: Key, physical: Option<Key>, typing: bool, expected: &[Do]) {
        let mut input = InputState::default();
        input.events.push(Event::Key {
            key,
            physical_key: physical,
            pressed: true,
            repeat: false,
            modifiers,
        });
        assert_eq!(taken(&mut input, &TABLE, typing), expected, "{modifiers:?} {key:?}");
        assert_eq!(
            input.events.is_empty(),
            !expected.is_empty(),
            "a key that acts is taken away, others stay"
        );
    }

    const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };

    #[test]
    fn keys_act_with_exactly_their_modifiers() {
        let shift = Modifiers { shift: true, ..CTRL };
        check(CTRL, Key::W, None, false, &[Do::Close]);
        check(CTRL, Key::W, None, true, &[Do::Close]);
        check(shift, Key::W, None, false, &[]);
        check(shift, Key::T, None, false, &[Do::Reopen]);
        check(CTRL, Key::T, None, false, &[]);
    }

    #[test]
    fn letters_and_signs_do_nothing_while_somebody_types() {
        check(Modifiers::SHIFT, Key::Questionmark, None, false, &[Do::Help]);
        check(Modifiers::NONE, Key::Questionmark, None, false, &[Do::Help]);
        check(Modifiers::SHIFT, Key::Questionmark, None, true, &[]);
    }

    #[test]
    fn digits_are_found_by_their_place_on_the_keyboard() {
        check(Modifiers::ALT, Key::OpenBracket, Some(Key::Num5), false, &[Do::Panel]);
    }

    #[test]
    fn labels_are_printed_as_on_the_keys() {
        if !cfg!(target_os = "macos") {
            assert_eq!(label(&TABLE[1].keys), "Ctrl Shift T");
            assert_eq!(label(&TABLE[2].keys), "?");
            assert_eq!(label(&TABLE[3].keys), "Alt 5");
        }
    }
}
