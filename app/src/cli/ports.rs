//! `emberlab ports`: boards in reach.

use std::io::Write;

use emberlab_core::plan::Chip;
use serde::Serialize;

use super::{Failure, Outcome, written};
use crate::device::ports::{Port, ports};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// One JSON document instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct PortFacts {
    port: String,
    /// `None` where it is only known once the board is connected.
    chip: Option<&'static str>,
    serial: Option<String>,
    product: Option<String>,
    manufacturer: Option<String>,
    vendor_id: Option<u16>,
    product_id: Option<u16>,
    /// Boards are on ports like this one.
    likely: bool,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<Outcome, Failure> {
    let ports = ports().map_err(|failure| Failure(failure.to_string()))?;
    written(print(&ports, arguments.json, out)?)?;
    Ok(Outcome::Done)
}

fn print(ports: &[Port], json: bool, out: &mut impl Write) -> Result<std::io::Result<()>, Failure> {
    if !json {
        return Ok(print_text(ports, out));
    }
    let facts: Vec<PortFacts> = ports.iter().map(facts).collect();
    let json = serde_json::to_string_pretty(&facts)
        .map_err(|error| Failure(format!("cannot write the result as JSON: {error}")))?;
    Ok(writeln!(out, "{json}"))
}

fn facts(port: &Port) -> PortFacts {
    let usb = port.usb.as_ref();
    PortFacts {
        port: port.path.clone(),
        chip: port.chip().map(Chip::id),
        serial: usb.and_then(|usb| usb.serial_number.clone()),
        product: usb.and_then(|usb| usb.product.clone()),
        manufacturer: usb.and_then(|usb| usb.manufacturer.clone()),
        vendor_id: usb.map(|usb| usb.vendor_id),
        product_id: usb.map(|usb| usb.product_id),
        likely: port.is_likely(),
    }
}

fn print_text(ports: &[Port], out: &mut impl Write) -> std::io::Result<()> {
    if ports.is_empty() {
        return writeln!(
            out,
            "No port in reach. Plug a board in, with a cable that carries data and not only power."
        );
    }
    let width = |of: &dyn Fn(&Port) -> usize| ports.iter().map(of).max().unwrap_or(0);
    let (paths, names) =
        (width(&|port| port.path.chars().count()), width(&|port| port.name().chars().count()));
    for port in ports {
        let chip = match (port.chip(), port.is_likely()) {
            (Some(chip), _) => chip.label(),
            (None, true) => "chip known once connected",
            (None, false) => "hardly a board",
        };
        let serial = port.serial_number().map(|serial| format!("  serial number {serial}"));
        let line =
            format!("{:<paths$}  {:<names$}  {chip}{}", port.path, port.name(), serial.unwrap_or_default());
        writeln!(out, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::ports::{PortKind, UsbDevice};

    fn board() -> Port {
        let usb = UsbDevice {
            vendor_id: 0x303a,
            product_id: 0x1001,
            manufacturer: Some("Espressif".to_owned()),
            product: Some("USB JTAG/serial debug unit".to_owned()),
            serial_number: Some("60:55:F9:00:00:01".to_owned()),
        };
        Port { path: "/dev/ttyACM0".to_owned(), usb: Some(usb), kind: PortKind::Native(None) }
    }

    fn output(ports: &[Port], json: bool) -> String {
        let mut out = Vec::new();
        let result =
            print(ports, json, &mut out).map_err(|Failure(message)| message).expect("nothing can fail");
        result.expect("memory takes everything");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn ports_are_listed_for_people_and_scripts() {
        let uart = Port { path: "/dev/ttyS0".to_owned(), usb: None, kind: PortKind::Other };
        let text = output(&[board(), uart.clone()], false);
        let expected = "/dev/ttyACM0  USB JTAG/serial debug unit  chip known once connected  serial number \
                        60:55:F9:00:00:01\n/dev/ttyS0    Serial port                 hardly a board\n";
        assert_eq!(text, expected);
        let list: serde_json::Value =
            serde_json::from_str(&output(&[board(), uart], true)).expect("one document");
        let expected = serde_json::json!([
            {
                "port": "/dev/ttyACM0", "chip": null, "serial": "60:55:F9:00:00:01", "product": "USB JTAG/serial debug unit",
                "manufacturer": "Espressif", "vendor_id": 0x303a, "product_id": 0x1001, "likely": true
            },
            {
                "port": "/dev/ttyS0", "chip": null, "serial": null, "product": null,
                "manufacturer": null, "vendor_id": null, "product_id": null, "likely": false
            }
        ]);
        assert_eq!(list, expected);
    }

    #[test]
    fn without_ports_there_is_a_hint_and_an_empty_list() {
        assert!(output(&[], false).contains("Plug a board in"));
        assert_eq!(output(&[], true), "[]\n");
    }
}
