//! Ports that boards may be on: what the system says of each, the likely ones first.

use std::path::Path;

use emberlab_core::plan::Chip;
use serialport::{SerialPortInfo, SerialPortType, UsbPortInfo};
use thiserror::Error;

/// Vendor of Espressif's own USB devices.
pub const ESPRESSIF: u16 = 0x303a;
/// Product of the USB-Serial-JTAG that the ESP32-S3, C3, C6 and P4 have built in.
pub const USB_SERIAL_JTAG: u16 = 0x1001;

/// A port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// What opens it: `/dev/ttyACM0`, `COM4`.
    pub path: String,
    /// The USB device behind it, if it is one.
    pub usb: Option<UsbDevice>,
    /// What it is.
    pub kind: PortKind,
}

/// What a USB device says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsbDevice {
    /// Number of the vendor.
    pub vendor_id: u16,
    /// Number of the product, given by the vendor.
    pub product_id: u16,
    /// Name of the manufacturer.
    pub manufacturer: Option<String>,
    /// Name of the product.
    pub product: Option<String>,
    /// Serial number; not every bridge has one of its own.
    pub serial_number: Option<String>,
}

/// What a port is, in the order of how likely a board is on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortKind {
    /// The chip itself is the USB device. Which chip, its numbers seldom say.
    Native(Option<Chip>),
    /// A bridge from USB to the chip's UART, of a kind that boards carry.
    Bridge(&'static str),
    /// Some other USB device.
    OtherUsb,
    /// A port that is not USB.
    Other,
}

/// The system does not tell its ports.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the system does not tell its serial ports: {0}")]
pub struct PortsFailure(String);

impl Port {
    /// The chip where the USB numbers say it. A chip with USB-Serial-JTAG is only known once it is connected.
    pub fn chip(&self) -> Option<Chip> {
        match self.kind {
            PortKind::Native(chip) => chip,
            PortKind::Bridge(_) | PortKind::OtherUsb | PortKind::Other => None,
        }
    }

    /// Boards are on ports like this one.
    pub fn is_likely(&self) -> bool {
        matches!(self.kind, PortKind::Native(_) | PortKind::Bridge(_))
    }

    /// What it is in words: the name that the device has, with the bridge's.
    pub fn name(&self) -> String {
        let product = self.usb.as_ref().and_then(|usb| usb.product.clone());
        match (product, self.kind) {
            (Some(product), PortKind::Bridge(bridge)) if !product.contains(bridge) => {
                format!("{product} ({bridge})")
            }
            (Some(product), _) => product,
            (None, PortKind::Native(Some(chip))) => format!("{} on its own USB", chip.label()),
            (None, PortKind::Native(None)) => "Espressif chip on its own USB".to_owned(),
            (None, PortKind::Bridge(bridge)) => format!("{bridge} bridge"),
            (None, PortKind::OtherUsb) => "USB device without a name".to_owned(),
            (None, PortKind::Other) => "Serial port".to_owned(),
        }
    }

    /// Serial number of the USB device.
    pub fn serial_number(&self) -> Option<&str> {
        self.usb.as_ref()?.serial_number.as_deref()
    }
}

/// Ports in reach, those that boards are likely on first. Ports that surely have no board are left out: Bluetooth, and UARTs of
/// the computer that are not there.
///
/// # Errors
/// The system does not tell.
pub fn ports() -> Result<Vec<Port>, PortsFailure> {
    // The package panics where there is none.
    if cfg!(target_os = "linux") && !Path::new("/sys/class/tty").is_dir() {
        return Ok(Vec::new());
    }
    let found = serialport::available_ports().map_err(|error| PortsFailure(error.to_string()))?;
    Ok(sorted(found, &is_there))
}

/// The port of the same device, which may have another path after it was unplugged or reset.
///
/// It is found by its USB serial number. A device without one, or with one that others have too, is found if it has its old
/// path.
pub fn find_again<'a>(known: &Port, ports: &'a [Port]) -> Option<&'a Port> {
    let is_same = |port: &&Port| match (&known.usb, &port.usb) {
        (Some(known), Some(other)) => {
            known.vendor_id == other.vendor_id && known.serial_number == other.serial_number
        }
        (None, None) => known.path == port.path,
        (Some(_), None) | (None, Some(_)) => false,
    };
    let mut same = ports.iter().filter(is_same);
    let on_its_path = same.clone().find(|port| port.path == known.path);
    on_its_path.or_else(|| match (same.next(), same.next()) {
        (Some(only), None) if only.serial_number().is_some() => Some(only),
        _ => None,
    })
}

/// What the system told, as [`ports`] gives it. `is_there` says of a path whether it has hardware.
fn sorted(found: Vec<SerialPortInfo>, is_there: &dyn Fn(&str) -> bool) -> Vec<Port> {
    let mut ports: Vec<Port> =
        found.into_iter().filter_map(port).filter(|port| is_there(&port.path)).collect();
    // A Mac has two paths for each port; the one that does not wait for a modem is the one to use.
    let callout: Vec<String> =
        ports.iter().filter_map(|port| port.path.strip_prefix("/dev/cu.").map(str::to_owned)).collect();
    ports.retain(|port| {
        port.path.strip_prefix("/dev/tty.").is_none_or(|name| !callout.iter().any(|known| known == name))
    });
    ports.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| by_number(&a.path).cmp(&by_number(&b.path))));
    ports
}

fn port(info: SerialPortInfo) -> Option<Port> {
    let usb = match info.port_type {
        SerialPortType::UsbPort(usb) => Some(device(usb)),
        SerialPortType::BluetoothPort => return None,
        SerialPortType::PciPort | SerialPortType::Unknown => None,
    };
    let kind = usb.as_ref().map_or(PortKind::Other, kind);
    let is_mac_service =
        ["Bluetooth", "debug-console", "wlan-debug"].iter().any(|it| info.port_name.contains(it));
    (usb.is_some() || !is_mac_service).then_some(Port { path: info.port_name, usb, kind })
}

fn device(usb: UsbPortInfo) -> UsbDevice {
    // Devices say what they like; a name that would act on a terminal, or is none, is no name.
    let text = |text: Option<String>| {
        let text: String = text?.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    UsbDevice {
        vendor_id: usb.vid,
        product_id: usb.pid,
        manufacturer: text(usb.manufacturer),
        product: text(usb.product),
        serial_number: text(usb.serial_number),
    }
}

/// What the numbers of a USB device say: vendors of the bridges on boards, and Espressif's boot programs in ROM, which have
/// products of their own on chips with a USB-OTG port.
fn kind(usb: &UsbDevice) -> PortKind {
    match (usb.vendor_id, usb.product_id) {
        (ESPRESSIF, 0x0002) => PortKind::Native(Some(Chip::Esp32s2)),
        (ESPRESSIF, 0x0009) => PortKind::Native(Some(Chip::Esp32s3)),
        (ESPRESSIF, 0x1002) => PortKind::Bridge("ESP USB Bridge"),
        (ESPRESSIF, _) => PortKind::Native(None),
        (0x10c4, 0xea60..=0xea7f) => PortKind::Bridge("CP210x"),
        (0x1a86, 0x7522 | 0x7523) => PortKind::Bridge("CH340"),
        (0x1a86, 0x5523) => PortKind::Bridge("CH341"),
        (0x1a86, 0x55d2 | 0x55d3) => PortKind::Bridge("CH343"),
        (0x1a86, 0x55d4) => PortKind::Bridge("CH9102"),
        (0x0403, 0x6001 | 0x6010 | 0x6011 | 0x6014 | 0x6015) => PortKind::Bridge("FTDI"),
        (0x067b, 0x2303 | 0x23a3..=0x23f3) => PortKind::Bridge("PL2303"),
        _ => PortKind::OtherUsb,
    }
}

fn rank(port: &Port) -> u8 {
    match port.kind {
        PortKind::Native(_) => 0,
        PortKind::Bridge(_) => 1,
        PortKind::OtherUsb => 2,
        PortKind::Other => 3,
    }
}

/// A path in parts that sort as people count: `ttyUSB2` before `ttyUSB10`.
fn by_number(path: &str) -> (&str, u64) {
    let name = path.trim_end_matches(|c: char| c.is_ascii_digit());
    (name, path[name.len()..].parse().unwrap_or(0))
}

/// UARTs of the computer exist by number, whether there is hardware or not; the kernel says which have none by type 0.
fn is_there(path: &str) -> bool {
    let Some(name) = path.strip_prefix("/dev/").filter(|name| name.starts_with("ttyS")) else { return true };
    let kind = std::fs::read_to_string(format!("/sys/class/tty/{name}/type"));
    kind.map_or(true, |kind| kind.trim() != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usb(path: &str, vid: u16, pid: u16, product: Option<&str>, serial: Option<&str>) -> SerialPortInfo {
        let info = UsbPortInfo {
            vid,
            pid,
            serial_number: serial.map(str::to_owned),
            manufacturer: None,
            product: product.map(str::to_owned),
        };
        SerialPortInfo { port_name: path.to_owned(), port_type: SerialPortType::UsbPort(info) }
    }

    fn other(path: &str, port_type: SerialPortType) -> SerialPortInfo {
        SerialPortInfo { port_name: path.to_owned(), port_type }
    }

    fn paths(found: Vec<SerialPortInfo>) -> Vec<String> {
        let is_there = |path: &str| path != "/dev/ttyS1";
        sorted(found, &is_there).into_iter().map(|port| port.path).collect()
    }

    #[test]
    fn likely_boards_come_first_and_what_is_no_board_is_left_out() {
        let found = vec![
            other("/dev/ttyS0", SerialPortType::Unknown),
            other("/dev/ttyS1", SerialPortType::Unknown),
            other("/dev/rfcomm0", SerialPortType::BluetoothPort),
            usb("/dev/ttyACM3", 0x1199, 0x9071, Some("Modem"), None),
            usb("/dev/ttyUSB10", 0x10c4, 0xea60, None, Some("0001")),
            usb("/dev/ttyUSB2", 0x1a86, 0x7523, None, None),
            usb("/dev/ttyACM0", ESPRESSIF, USB_SERIAL_JTAG, None, Some("60:55:F9:00:00:01")),
        ];
        assert_eq!(
            paths(found),
            ["/dev/ttyACM0", "/dev/ttyUSB2", "/dev/ttyUSB10", "/dev/ttyACM3", "/dev/ttyS0"]
        );
        let mac =
            ["/dev/tty.usbmodem1", "/dev/cu.usbmodem1"].map(|path| usb(path, ESPRESSIF, 0x1001, None, None));
        let services = ["/dev/cu.Bluetooth-Incoming-Port", "/dev/cu.debug-console", "/dev/cu.uart"];
        let services = services.map(|path| other(path, SerialPortType::Unknown));
        assert_eq!(paths(mac.into_iter().chain(services).collect()), ["/dev/cu.usbmodem1", "/dev/cu.uart"]);
    }

    #[test]
    fn chips_are_named_only_where_the_numbers_say_it() {
        let check = |vid, pid, expected: PortKind| {
            let [port] = &sorted(vec![usb("p", vid, pid, None, None)], &|_| true)[..] else {
                panic!("one port")
            };
            assert_eq!(port.kind, expected, "{vid:04x}:{pid:04x}");
        };
        check(0x303a, 0x1001, PortKind::Native(None));
        check(0x303a, 0x4001, PortKind::Native(None));
        check(0x303a, 0x0002, PortKind::Native(Some(Chip::Esp32s2)));
        check(0x303a, 0x0009, PortKind::Native(Some(Chip::Esp32s3)));
        check(0x303a, 0x1002, PortKind::Bridge("ESP USB Bridge"));
        check(0x10c4, 0xea60, PortKind::Bridge("CP210x"));
        check(0x1a86, 0x55d4, PortKind::Bridge("CH9102"));
        check(0x0403, 0x6010, PortKind::Bridge("FTDI"));
        check(0x2341, 0x0043, PortKind::OtherUsb);
    }

    #[test]
    fn names_are_those_of_the_device() {
        let check = |info, expected: &str| {
            let [port] = &sorted(vec![info], &|_| true)[..] else { panic!("one port") };
            assert_eq!(port.name(), expected);
        };
        check(
            usb("p", 0x303a, 0x1001, Some("USB JTAG/serial debug unit"), None),
            "USB JTAG/serial debug unit",
        );
        check(usb("p", 0x303a, 0x0009, None, None), "ESP32-S3 on its own USB");
        check(usb("p", 0x10c4, 0xea60, Some("UART Bridge"), None), "UART Bridge (CP210x)");
        check(usb("p", 0x10c4, 0xea60, Some("CP2102N CP210x"), None), "CP2102N CP210x");
        check(usb("p", 0x1a86, 0x7523, Some(" \n"), None), "CH340 bridge");
        check(usb("p", 0x2341, 0x0043, Some("Un\u{1b}[2Jo"), None), "Un [2Jo");
        check(other("/dev/ttyS0", SerialPortType::Unknown), "Serial port");
    }

    #[test]
    fn a_port_is_found_again_by_its_serial_number() {
        let ports = |found: Vec<SerialPortInfo>| sorted(found, &|_| true);
        let native = |path, serial| usb(path, 0x303a, 0x1001, None, Some(serial));
        let bridge = |path, serial| usb(path, 0x10c4, 0xea60, None, serial);
        let path = |known: SerialPortInfo, found| {
            let known = ports(vec![known]).remove(0);
            find_again(&known, &ports(found)).map(|port| port.path.clone())
        };
        let found = || {
            vec![native("/dev/ttyACM1", "a"), native("/dev/ttyACM2", "b"), bridge("/dev/ttyUSB0", Some("a"))]
        };
        assert_eq!(path(native("/dev/ttyACM0", "b"), found()).as_deref(), Some("/dev/ttyACM2"));
        assert_eq!(path(native("/dev/ttyACM0", "c"), found()), None);
        // The number of a product may change with what runs on the chip.
        let rom = usb("/dev/ttyACM0", 0x303a, 0x0009, None, Some("a"));
        assert_eq!(path(rom, found()).as_deref(), Some("/dev/ttyACM1"));
        // Bridges that share a serial number, or have none, are told apart by their paths only.
        let twins = || vec![bridge("/dev/ttyUSB1", Some("0001")), bridge("/dev/ttyUSB2", Some("0001"))];
        assert_eq!(path(bridge("/dev/ttyUSB2", Some("0001")), twins()).as_deref(), Some("/dev/ttyUSB2"));
        assert_eq!(path(bridge("/dev/ttyUSB0", Some("0001")), twins()), None);
        let nameless = || vec![bridge("/dev/ttyUSB3", None)];
        assert_eq!(path(bridge("/dev/ttyUSB3", None), nameless()).as_deref(), Some("/dev/ttyUSB3"));
        assert_eq!(path(bridge("/dev/ttyUSB4", None), nameless()), None);
    }

    #[test]
    fn listing_what_is_there_does_not_fail() {
        for port in ports().expect("the system tells") {
            assert!(!port.path.is_empty() && !port.name().is_empty());
        }
    }
}
