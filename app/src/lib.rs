//! Emberlab: the app as a library, so that tests drive it.

pub mod app;
pub mod board;
pub mod charts;
pub mod chips;
pub mod cli;
pub mod command;
pub mod compression;
pub mod device;
pub mod document;
pub mod events;
pub mod files;
pub mod jobs;
pub mod launch;
pub mod messages;
pub mod panels;
pub mod project;
pub mod run_state;
pub mod screenshot;
pub mod settings;
pub mod shell;
pub mod shortcuts;
pub mod theme;
pub mod training;
