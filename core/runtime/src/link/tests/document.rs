//! `firmware/PROTOCOL.md` says what the code does.

use std::fmt::Write as _;

use crate::link::fields::Record as _;
use crate::link::messages::{Ask, End, Hello, Mode, NO_OPERATOR, Place, Problem, Run, Source, Target, Unit};
use crate::link::messages::{OperatorTime, OutputChecksum, kinds};
use crate::link::{Decoder, FrameBuffer, Item, MAX_FRAME, MAX_PAYLOAD, Message, PROTOCOL};

const DOCUMENT: &str = include_str!("../../../../../firmware/PROTOCOL.md");

fn check_line(line: &str) {
    assert!(DOCUMENT.lines().any(|found| found == line), "firmware/PROTOCOL.md lacks the line\n{line}");
}

#[test]
fn every_message_is_described() {
    for (name, kind, fields) in Message::TABLE {
        let mut row = format!("| {kind:#04x} | {name} | ");
        for (index, (field, ty)) in fields.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(row, "{comma}{field} {}", ty.split(',').next().expect("a type has a name"))
                .expect("a string");
        }
        check_line(&format!("{row} |"));
    }
}

fn check_codes(name: &str, codes: &[(String, u8)]) {
    for (variant, code) in codes {
        check_line(&format!("| {name} | {code} | {variant} |"));
    }
}

macro_rules! check_codes {
    ($($name:ident)*) => {$(
        let codes: Vec<_> = $name::ALL.iter().map(|(value, code)| (format!("{value:?}"), *code)).collect();
        check_codes(stringify!($name), &codes);
    )*};
}

#[test]
fn every_code_is_described() {
    check_codes!(Mode Source Target Place Unit End Problem);
}

#[test]
fn limits_are_described() {
    check_line(&format!("Protocol version: {PROTOCOL}"));
    check_line(&format!(
        "Longest payload: {MAX_PAYLOAD} bytes; longest frame on the line: {MAX_FRAME} bytes"
    ));
    assert_eq!((OperatorTime::BYTES, OutputChecksum::BYTES), (14, 16));
}

/// Frames of the document, which another program has computed.
fn vectors() -> Vec<Vec<u8>> {
    let lines = DOCUMENT.lines().filter_map(|line| line.strip_prefix("    00 ff "));
    let byte = |text: &str| u8::from_str_radix(text, 16).expect("hexadecimal");
    lines.map(|line| [0, 0xff].into_iter().chain(line.split_whitespace().map(byte)).collect()).collect()
}

#[test]
fn test_vectors_are_read_and_written() {
    let run = Run {
        request: 0x1234,
        mode: Mode::Operators,
        source: Source::Random,
        reset: 1,
        outputs: 0,
        invocations: 10,
        interval_micros: 0,
        seed: 7,
        subgraph: NO_OPERATOR,
        operator: NO_OPERATOR,
    };
    let messages: [(u16, Message<'_>); 3] = [
        (0, Ask { request: 1, protocol: 1 }.into()),
        (1, run.into()),
        (0x0100, crate::link::messages::Note { text: "pump on" }.into()),
    ];
    let vectors = vectors();
    assert_eq!(vectors.len(), messages.len());
    for (vector, (sequence, message)) in vectors.iter().zip(messages) {
        assert_eq!(FrameBuffer::default().encode(sequence, &message), Some(vector.as_slice()));
        let mut decoder = Decoder::default();
        let Some(Item::Frame(frame)) = decoder.next(&mut vector.as_slice()) else { panic!("{vector:?}") };
        assert_eq!(frame.sequence, sequence);
        assert_eq!(Message::decode(frame.kind, frame.payload), Ok(message));
    }
}

/// What an earlier program did not send is missing, and nothing else.
#[test]
fn fields_of_later_programs_may_be_missing() {
    let hello = Hello {
        request: 1,
        protocol: PROTOCOL,
        running: 0,
        unit: Unit::Cycles,
        has_micros: 1,
        clock_hz: 160_000_000,
        memory_bytes: 1000,
        overhead_cycles: 3,
        dropped: 0,
        firmware: "emberlab",
        version: "0.1.0",
        build: "sources",
        chip: "esp32c3",
        stack_bytes: None,
        stack_used: None,
        flash_mode: None,
    };
    let check = |hello: Hello<'_>| {
        let mut buffer = FrameBuffer::default();
        let mut bytes = buffer.encode(0, &hello.into()).expect("it fits");
        let mut decoder = Decoder::default();
        let Some(Item::Frame(frame)) = decoder.next(&mut bytes) else { panic!("no frame") };
        assert_eq!(Message::decode(frame.kind, frame.payload), Ok(hello.into()));
        frame.payload.to_vec()
    };
    let early = check(hello);
    let late = check(Hello { stack_bytes: Some(9), stack_used: Some(5), flash_mode: Some("dio"), ..hello });
    assert!(late.starts_with(&early) && late.len() == early.len() + 4 + 4 + 4);
    // Half a field is a broken message.
    assert!(Message::decode(kinds::HELLO, &late[..early.len() + 2]).is_err());
}
