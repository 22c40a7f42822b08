//! A board on a port.

use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use serialport::{ClearBuffer, SerialPort};

use super::open::port_failure;
use super::ports::ports;
use super::{Device, Line, OpenError};

/// Speed of a UART; a USB port of a chip does not care.
const BAUD: u32 = 115_200;
/// A port that takes nothing for so long is gone.
const WRITE_PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct SerialDevice {
    path: String,
    usb_serial: Option<String>,
}

impl SerialDevice {
    pub(super) fn new(path: String, usb_serial: Option<String>) -> Self {
        Self { path, usb_serial }
    }

    /// The port has the same USB serial number, but maybe another name by now.
    fn current_path(&self) -> String {
        let Some(wanted) = &self.usb_serial else { return self.path.clone() };
        let ports = ports().unwrap_or_default();
        let is_it = |port: &&super::ports::Port| port.serial_number() == Some(wanted);
        // Two devices may have the same number: then only the path tells them apart.
        let on_its_path = ports.iter().filter(is_it).find(|port| port.path == self.path);
        on_its_path
            .or_else(|| ports.iter().find(is_it))
            .map_or_else(|| self.path.clone(), |port| port.path.clone())
    }
}

impl Device for SerialDevice {
    fn open(&mut self) -> Result<Box<dyn Line>, OpenError> {
        self.path = self.current_path();
        // Opening must not reset the board: lines that reset it are left as they are.
        let port = serialport::new(&self.path, BAUD)
            .preserve_dtr_on_open()
            .timeout(Duration::from_millis(5))
            .open()
            .map_err(|error| {
                let failure = port_failure(&self.path, &error);
                OpenError { message: failure.message, help: failure.help }
            })?;
        // What an earlier session left there means nothing now.
        let _ = port.clear(ClearBuffer::Input);
        Ok(Box::new(SerialLine { port, patience: Duration::from_millis(5) }))
    }

    fn comes_back(&self) -> bool {
        true
    }
}

struct SerialLine {
    port: Box<dyn SerialPort>,
    patience: Duration,
}

impl Line for SerialLine {
    fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize> {
        self.wait_at_most(patience)?;
        match self.port.read(bytes) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => Ok(count),
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {
                Ok(0)
            }
            Err(error) => Err(error),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wait_at_most(WRITE_PATIENCE)?;
        self.port.write_all(bytes)
    }
}

impl SerialLine {
    fn wait_at_most(&mut self, patience: Duration) -> io::Result<()> {
        if patience != self.patience {
            self.port.set_timeout(patience).map_err(io::Error::from)?;
            self.patience = patience;
        }
        Ok(())
    }
}
