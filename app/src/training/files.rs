//! The files of a run, in the folder beside the project file.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `history.csv` | figures of every step and epoch, see [`RunHistory`] |
//! | `network.json` | the network that is trained |
//! | `checkpoint` | all that is needed to go on, see [`emberlab_train::Checkpoint`] |
//! | `weights` | the weights that were kept, see [`emberlab_train::bytes_from_weights`] |
//! | `report.json` | how right the kept weights are about the test samples, see [`TestReport`] |
//!
//! Each is written beside its place and moved there, so that a crash leaves the old file or the whole new one.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use emberlab_core::hash::sha256_hex;
use emberlab_core::layers::{LayerGraph, Weights};
use emberlab_core::project::RunFiles;
use emberlab_train::{Checkpoint, bytes_from_weights, weights_from_bytes};

use super::history::RunHistory;
use super::network_text;
use super::report::TestReport;
use crate::jobs::write_atomically;

const HISTORY: &str = "history.csv";
const NETWORK: &str = "network.json";
const CHECKPOINT: &str = "checkpoint";
const WEIGHTS: &str = "weights";
const REPORT: &str = "report.json";

/// The folder of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
}

/// SHA-256 of a network without the places of its layers on the canvas: weights fit this network only.
pub fn network_sha256(graph: &LayerGraph) -> String {
    let mut graph = graph.clone();
    graph.layers.iter_mut().for_each(|layer| layer.position = None);
    sha256_hex(network_text(&graph).as_bytes())
}

impl RunFolder {
    /// The folder of the run with a number; `files` is the folder beside the project file.
    pub fn new(files: &Path, number: u32) -> Self {
        Self { path: files.join(format!("run-{number}")) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names of its files as the project file keeps them.
    pub fn names(&self) -> RunFiles {
        let folder = self.path.file_name().unwrap_or_default().to_string_lossy();
        let name = |file: &str| format!("{folder}/{file}");
        RunFiles {
            history: name(HISTORY),
            weights: name(WEIGHTS),
            checkpoint: name(CHECKPOINT),
            network: name(NETWORK),
            report: name(REPORT),
        }
    }

    /// Writes the network.
    ///
    /// # Errors
    /// In words for the user, as all that write here.
    pub fn write_network(&self, graph: &LayerGraph) -> Result<(), String> {
        self.write(NETWORK, network_text(graph).as_bytes())
    }

    /// Writes what was measured.
    ///
    /// # Errors
    /// In words for the user.
    pub fn write_history(&self, history: &RunHistory) -> Result<(), String> {
        self.write(HISTORY, history.to_csv().as_bytes())
    }

    /// Writes the state to go on from.
    ///
    /// # Errors
    /// In words for the user.
    pub fn write_checkpoint(&self, checkpoint: &Checkpoint) -> Result<(), String> {
        self.write(CHECKPOINT, &checkpoint.to_bytes())
    }

    /// Writes the weights that are kept.
    ///
    /// # Errors
    /// In words for the user.
    pub fn write_weights(&self, weights: &Weights) -> Result<(), String> {
        self.write(WEIGHTS, &bytes_from_weights(weights))
    }

    /// Writes how right the weights are.
    ///
    /// # Errors
    /// In words for the user.
    pub fn write_report(&self, report: &TestReport) -> Result<(), String> {
        self.write(REPORT, report.to_json().as_bytes())
    }

    /// The network that was trained.
    ///
    /// # Errors
    /// In words for the user, as all that read here.
    pub fn read_network(&self) -> Result<LayerGraph, String> {
        let bytes = self.read(NETWORK)?;
        serde_json::from_slice(&bytes).map_err(|error| self.damaged(NETWORK, &error.to_string()))
    }

    /// What was measured; empty if nothing was written.
    ///
    /// # Errors
    /// In words for the user.
    pub fn read_history(&self) -> Result<RunHistory, String> {
        let Some(bytes) = self.read_if_there(HISTORY)? else { return Ok(RunHistory::default()) };
        let text = String::from_utf8(bytes).map_err(|error| self.damaged(HISTORY, &error.to_string()))?;
        RunHistory::from_csv(&text).map_err(|error| self.damaged(HISTORY, &error))
    }

    /// The state to go on from; `None` if none was written.
    ///
    /// # Errors
    /// In words for the user.
    pub fn read_checkpoint(&self) -> Result<Option<Checkpoint>, String> {
        let Some(bytes) = self.read_if_there(CHECKPOINT)? else { return Ok(None) };
        let checkpoint = Checkpoint::from_bytes(&bytes);
        checkpoint.map(Some).map_err(|error| self.damaged(CHECKPOINT, &error.to_string()))
    }

    /// The weights that were kept.
    ///
    /// # Errors
    /// In words for the user.
    pub fn read_weights(&self) -> Result<Weights, String> {
        weights_from_bytes(&self.read(WEIGHTS)?).map_err(|error| self.damaged(WEIGHTS, &error))
    }

    /// Whether weights were kept.
    pub fn has_weights(&self) -> bool {
        self.path.join(WEIGHTS).is_file()
    }

    /// Whether there is a state to go on from.
    pub fn has_checkpoint(&self) -> bool {
        self.path.join(CHECKPOINT).is_file()
    }

    /// How right the weights are; `None` if that was not written.
    ///
    /// # Errors
    /// In words for the user.
    pub fn read_report(&self) -> Result<Option<TestReport>, String> {
        let Some(bytes) = self.read_if_there(REPORT)? else { return Ok(None) };
        TestReport::from_json(&bytes).map(Some).map_err(|error| self.damaged(REPORT, &error))
    }

    /// Removes the folder with all files of the run.
    ///
    /// # Errors
    /// In words for the user.
    pub fn remove(&self) -> Result<(), String> {
        match fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(format!("{} could not be removed: {error}", self.path.display()))
            }
            _ => Ok(()),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        fs::create_dir_all(&self.path)
            .map_err(|error| format!("{} could not be made: {error}", self.path.display()))?;
        write_atomically(&self.path.join(name), bytes)
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, String> {
        let missing = || format!("{} is not there", self.path.join(name).display());
        self.read_if_there(name)?.ok_or_else(missing)
    }

    fn read_if_there(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let path = self.path.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{} could not be read: {error}", path.display())),
        }
    }

    fn damaged(&self, name: &str, reason: &str) -> String {
        format!("{} cannot be used: {reason}", self.path.join(name).display())
    }
}
