//! Emberlab: the app as a library, so that tests drive it.

pub mod charts;
pub mod chips;
pub mod command;
pub mod document;
pub mod events;
pub mod jobs;
pub mod messages;
pub mod panels;
pub mod settings;
pub mod shortcuts;
pub mod theme;
