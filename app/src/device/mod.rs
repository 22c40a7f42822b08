//! Boards: real ones on a port, the emulated one, and the simulated one, all over the same link.
//!
//! A [`Line`] carries bytes; a [`Session`] in a thread measures over it and tells the window what happened.

mod emulated;
pub mod flash;
pub mod holders;
pub mod idf_build;
pub mod image;
mod line;
pub mod open;
pub mod ports;
mod serial;
mod session;
mod simulated;

use std::sync::Arc;

pub use emulated::{EMULATOR, is_emulator_there};
pub use line::{Line, OpenError};
pub use session::{Inbox, Session, SessionOrder};
pub use simulated::Faults;

/// Where a board is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// On a port.
    Serial {
        /// Path or name of the port.
        path: String,
        /// USB serial number, by which it is found again under another name.
        usb_serial: Option<String>,
    },
    /// The emulated RISC-V core.
    Emulated,
    /// A thread of this program behind a line that may have faults.
    Simulated(Faults),
}

impl Address {
    /// The name for the user.
    pub fn label(&self) -> String {
        match self {
            Address::Serial { path, .. } => path.clone(),
            Address::Emulated => "Emulated board".to_owned(),
            Address::Simulated(_) => "Simulated board".to_owned(),
        }
    }
}

/// Something that a line can be opened to.
pub trait Device: Send {
    /// Opens the line, also after it was lost. A board that runs only while its line is open begins anew.
    ///
    /// # Errors
    /// Says what is wrong and what to try.
    fn open(&mut self) -> Result<Box<dyn Line>, OpenError>;

    /// It is worth trying again and again to open a line that was lost.
    fn comes_back(&self) -> bool;
}

/// The device at an address; `model` is what a board that is not real has in its flash.
pub fn device(address: &Address, model: Option<&Arc<[u8]>>) -> Box<dyn Device> {
    match address {
        Address::Serial { path, usb_serial } => {
            Box::new(serial::SerialDevice::new(path.clone(), usb_serial.clone()))
        }
        Address::Emulated => Box::new(emulated::EmulatedDevice::new(model.cloned())),
        Address::Simulated(faults) => Box::new(simulated::SimulatedDevice::new(model.cloned(), *faults)),
    }
}

#[cfg(test)]
mod tests;
