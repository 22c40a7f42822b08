//! What happened: every message is kept in the log, those about things elsewhere are shown as toasts, too.

use std::time::{Duration, Instant};

use crate::command::Command;

/// How long a toast stays.
pub const TOAST_TIME: Duration = Duration::from_secs(5);

/// Toasts on the screen at one time.
const TOASTS: usize = 3;

/// Messages that the log keeps.
const KEPT: usize = 500;

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// It went well.
    Done,
    /// Worth knowing.
    Info,
    /// Look at this.
    Warning,
    /// It failed; its toast stays until it is closed.
    Error,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Message {
    /// Counts up.
    pub id: u64,
    /// How much it matters.
    pub level: Level,
    /// One sentence.
    pub text: String,
    /// A label and what it does.
    pub action: Option<(String, Command)>,
    /// Since the window was opened.
    pub at: Duration,
    /// Until when it is a toast; `None` once it is only in the log.
    toast_until: Option<Until>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Until {
    Closed,
    Time(Instant),
}

/// What happened since the window was opened, the oldest first.
#[derive(Clone, Debug)]
pub struct Messages {
    all: Vec<Message>,
    next_id: u64,
    opened: Instant,
}

impl Default for Messages {
    fn default() -> Self {
        Self { all: Vec::new(), next_id: 0, opened: Instant::now() }
    }
}

impl Messages {
    /// Notes something where the user looks anyway: only the log shows it.
    pub fn log(&mut self, level: Level, text: impl Into<String>) {
        self.push(level, text.into(), None, false);
    }

    /// Notes something that happened elsewhere: a toast shows it.
    pub fn toast(&mut self, level: Level, text: impl Into<String>) {
        self.push(level, text.into(), None, true);
    }

    /// The same with something to do about it.
    pub fn toast_with(&mut self, level: Level, text: impl Into<String>, label: &str, command: Command) {
        self.push(level, text.into(), Some((label.to_owned(), command)), true);
    }

    /// Everything, the oldest first.
    pub fn all(&self) -> &[Message] {
        &self.all
    }

    /// What is shown as toasts at `now`, the oldest first.
    pub fn toasts(&self, now: Instant) -> impl Iterator<Item = &Message> {
        let shown = self.all.iter().filter(move |message| message.is_toast(now)).count();
        self.all.iter().filter(move |message| message.is_toast(now)).skip(shown.saturating_sub(TOASTS))
    }

    /// When the next toast goes away by itself.
    pub fn next_change(&self, now: Instant) -> Option<Duration> {
        let ends = self.all.iter().filter_map(|message| match message.toast_until {
            Some(Until::Time(end)) if end > now => Some(end - now),
            _ => None,
        });
        ends.min()
    }

    /// Takes a toast away; the log keeps the message.
    pub fn close_toast(&mut self, id: u64) {
        if let Some(message) = self.all.iter_mut().find(|message| message.id == id) {
            message.toast_until = None;
        }
    }

    /// Gives a toast its full time again, because the pointer rests on it.
    pub fn keep_toast(&mut self, id: u64, now: Instant) {
        let message = self.all.iter_mut().find(|message| message.id == id);
        if let Some(Message { toast_until: Some(Until::Time(end)), .. }) = message {
            *end = now + TOAST_TIME;
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.all.clear();
    }

    fn push(&mut self, level: Level, text: String, action: Option<(String, Command)>, toast: bool) {
        let until = match level {
            Level::Error => Until::Closed,
            Level::Done | Level::Info | Level::Warning => Until::Time(Instant::now() + TOAST_TIME),
        };
        self.all.push(Message {
            id: self.next_id,
            level,
            text,
            action,
            at: self.opened.elapsed(),
            toast_until: toast.then_some(until),
        });
        self.next_id += 1;
        if self.all.len() > KEPT {
            self.all.remove(0);
        }
    }
}

impl Message {
    fn is_toast(&self, now: Instant) -> bool {
        match self.toast_until {
            None => false,
            Some(Until::Closed) => true,
            Some(Until::Time(end)) => now < end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(messages: &Messages, now: Instant) -> Vec<&str> {
        messages.toasts(now).map(|message| message.text.as_str()).collect()
    }

    #[test]
    fn at_most_three_toasts_and_the_newest_of_them() {
        let mut messages = Messages::default();
        for text in ["a", "b", "c", "d"] {
            messages.toast(Level::Info, text);
        }
        messages.log(Level::Info, "only in the log");
        assert_eq!(shown(&messages, Instant::now()), ["b", "c", "d"]);
        assert_eq!(messages.all().len(), 5);
    }

    #[test]
    fn toasts_go_after_their_time_but_errors_stay() {
        let mut messages = Messages::default();
        messages.toast(Level::Error, "failed");
        messages.toast(Level::Done, "saved");
        let later = Instant::now() + TOAST_TIME + Duration::from_millis(1);
        assert_eq!(shown(&messages, Instant::now()), ["failed", "saved"]);
        assert_eq!(shown(&messages, later), ["failed"]);
        assert_eq!(messages.next_change(later), None);
        messages.close_toast(0);
        assert!(shown(&messages, later).is_empty());
    }

    #[test]
    fn a_toast_under_the_pointer_stays() {
        let mut messages = Messages::default();
        messages.toast(Level::Done, "saved");
        let almost = Instant::now() + TOAST_TIME - Duration::from_millis(1);
        messages.keep_toast(0, almost);
        assert_eq!(shown(&messages, almost + TOAST_TIME / 2), ["saved"]);
    }

    #[test]
    fn the_log_is_bounded() {
        let mut messages = Messages::default();
        for number in 0..KEPT + 20 {
            messages.log(Level::Info, number.to_string());
        }
        assert_eq!(messages.all().len(), KEPT);
        assert_eq!(messages.all()[0].text, "20");
    }
}
