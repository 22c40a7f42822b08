//! Opening a port, and what to do when it does not open.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use espflash::connection::Port as OpenPort;
use thiserror::Error;

use super::holders::{Holder, holders};

/// How long a read or a write waits.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Why a port did not open, in words for the user.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct PortFailure {
    /// Why.
    pub cause: PortCause,
    /// What failed, and where.
    pub message: String,
    /// A step that cures it.
    pub help: String,
}

/// Why a port did not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortCause {
    /// There is no such port.
    Missing,
    /// The user may not use it.
    PermissionDenied,
    /// A program has it open already; those that the system tells.
    Busy(Vec<Holder>),
    /// Something else.
    Other,
}

/// Opens a port for this program alone.
///
/// # Errors
/// In words for the user.
pub fn open(path: &str, baud: u32) -> Result<OpenPort, PortFailure> {
    let builder = serialport::new(path, baud).timeout(TIMEOUT);
    builder.open_native().map_err(|error| port_failure(path, &error))
}

/// What it means that a port did not open.
pub fn port_failure(path: &str, error: &serialport::Error) -> PortFailure {
    let is_there = Path::new(path).exists();
    let failure = |cause, message, help| PortFailure { cause, message, help };
    match error.kind {
        serialport::ErrorKind::Io(ErrorKind::PermissionDenied) => {
            let (message, help) = permission(path);
            failure(PortCause::PermissionDenied, message, help)
        }
        serialport::ErrorKind::NoDevice if is_there => {
            let holders = holders(Path::new(path));
            let (message, help) = busy(path, &holders);
            failure(PortCause::Busy(holders), message, help)
        }
        serialport::ErrorKind::NoDevice | serialport::ErrorKind::Io(ErrorKind::NotFound) => failure(
            PortCause::Missing,
            format!("There is no port {path}"),
            if cfg!(windows) {
                "Close programs that use the port; plug the board in again, with a cable that carries data; and see what \
                 emberlab ports lists"
            } else {
                "Plug the board in again, with a cable that carries data and not only power, and see what emberlab ports lists"
            }
            .to_owned(),
        ),
        serialport::ErrorKind::InvalidInput
        | serialport::ErrorKind::Unknown
        | serialport::ErrorKind::Io(_) => failure(
            PortCause::Other,
            format!("{path} does not open as a serial port: {}", error.description),
            "Plug the board in again, and choose one of the ports that emberlab ports lists".to_owned(),
        ),
    }
}

fn permission(path: &str) -> (String, String) {
    let message = format!("You may not use {path}");
    let help = if cfg!(target_os = "linux") {
        let group = group_of(path).unwrap_or_else(|| "dialout".to_owned());
        format!("Run this once: sudo usermod -aG {group} $USER, and log in again")
    } else {
        "Give your user the right to read and write it".to_owned()
    };
    (message, help)
}

fn busy(path: &str, holders: &[Holder]) -> (String, String) {
    if holders.is_empty() {
        return (
            format!("{path} is in use by another program"),
            format!("Close the program, such as a serial monitor; fuser -v {path} tells which it is"),
        );
    }
    let names: Vec<String> = holders.iter().map(Holder::label).collect();
    let is_own = holders.iter().all(|holder| holder.process == std::process::id());
    let help = if is_own { "Disconnect the board first" } else { "Close that program" };
    (format!("{path} is in use by {}", names.join(" and ")), help.to_owned())
}

/// The group that may use a device, if one may that is not the administrator's.
#[cfg(unix)]
fn group_of(path: &str) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;

    let number = std::fs::metadata(path).ok()?.gid();
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    (number != 0).then(|| group_name(&groups, number))?
}

#[cfg(not(unix))]
fn group_of(_path: &str) -> Option<String> {
    None
}

/// The name of a group, from the lines `name:password:number:members`.
#[cfg(unix)]
fn group_name(groups: &str, number: u32) -> Option<String> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(number)).then(|| name.to_owned())
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn failure(path: &str, kind: serialport::ErrorKind) -> PortFailure {
        port_failure(path, &serialport::Error::new(kind, "some reason"))
    }

    #[test]
    fn permission_is_cured_by_a_command() {
        let denied = failure("/dev/no-such-port", serialport::ErrorKind::Io(ErrorKind::PermissionDenied));
        assert_eq!(denied.cause, PortCause::PermissionDenied);
        assert!(denied.message.contains("/dev/no-such-port"));
        if cfg!(target_os = "linux") {
            assert!(
                denied.help.contains("sudo usermod -aG dialout $USER, and log in again"),
                "{}",
                denied.help
            );
        }
        let groups = "root:x:0:\nuucp:x:14:me\ndialout:x:20:\nbroken\n";
        assert_eq!(group_name(groups, 14).as_deref(), Some("uucp"));
        assert_eq!(group_name(groups, 21), None);
    }

    #[test]
    fn ports_that_are_not_there_and_files_that_are_none() {
        let missing = open("/dev/no-such-port", 115_200).expect_err("it is not there");
        assert_eq!(missing.cause, PortCause::Missing);
        assert!(missing.help.contains("cable"), "{}", missing.help);
        let none = open("/dev/null", 115_200).expect_err("it is no port");
        assert_eq!(none.cause, PortCause::Other);
        assert!(none.message.starts_with("/dev/null does not open as a serial port: "), "{none}");
    }

    #[test]
    fn a_port_in_use_says_by_whom() {
        let unknown = busy("/dev/ttyUSB0", &[]);
        assert!(unknown.0.contains("another program") && unknown.1.contains("fuser -v /dev/ttyUSB0"));
        let minicom = Holder { process: 1, name: "minicom".to_owned() };
        let (message, help) = busy("/dev/ttyUSB0", &[minicom]);
        assert_eq!(message, "/dev/ttyUSB0 is in use by minicom (process 1)");
        assert_eq!(help, "Close that program");
        let (_master, slave) = serialport::TTYPort::pair().expect("the system has pseudo terminals");
        let path = serialport::SerialPort::name(&slave).expect("it has a path");
        let first = open(&path, 115_200).expect("nobody has it");
        let second = open(&path, 115_200).expect_err("it is in use");
        drop(first);
        let PortCause::Busy(holders) = &second.cause else { panic!("{second:?}") };
        if cfg!(target_os = "linux") {
            assert_eq!(holders.iter().map(|it| it.process).collect::<Vec<_>>(), [std::process::id()]);
            assert_eq!(second.message, format!("{path} is in use by Emberlab itself"));
        }
        assert!(open(&path, 115_200).is_ok(), "it is free again");
    }
}
