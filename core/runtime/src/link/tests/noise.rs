//! A line that drops, changes, cuts, repeats and mixes up what goes over it.

use crate::link::messages::{Note, OperatorTime, Operators, Output, Sample};
use crate::link::{Counters, Decoder, FrameBuffer, Item, ListBuffer, Message};
use crate::test_support::Random;

/// What a line does to frames.
#[derive(Clone, Copy, Default)]
struct Faults {
    /// Of 1000 frames: dropped whole, sent twice, sent after the next one, cut off, changed in a bit, text between.
    dropped: u32,
    twice: u32,
    late: u32,
    cut: u32,
    flipped: u32,
    text: u32,
}

fn random_message(random: &mut Random, sequence: u16) -> Vec<u8> {
    let mut buffer = FrameBuffer::default();
    let data: Vec<u8> = (0..random.between(0, 200)).map(|_| (random.next() >> 13) as u8).collect();
    let mut records = ListBuffer::default();
    for operator in 0..random.between(0, 12) as u16 {
        let (cycles, micros) = (random.next(), random.next() >> 10);
        records.push(&OperatorTime { subgraph: 0, operator, calls: 1, cycles, micros }).expect("12 fit");
    }
    let request = random.next() as u16;
    let invocation = random.next();
    let message: Message<'_> = match random.next() % 4 {
        0 => Note { text: "a note\nof two lines" }.into(),
        1 => Operators { request, invocation, first: 0, records: records.list() }.into(),
        2 => {
            Output { request, invocation, index: 0, offset: 0, total: data.len() as u32, bytes: &data }.into()
        }
        _ => Sample {
            request,
            invocation,
            observed: 0,
            ended_early: 0,
            cycles: 1 << 40,
            micros: 0,
            late_micros: 0,
            outputs_crc: random.next(),
            n_records: 0,
            dropped: 0,
        }
        .into(),
    };
    buffer.encode(sequence, &message).expect("it fits").to_vec()
}

/// Frames of a sender, in order.
fn frames(random: &mut Random, count: u32) -> Vec<Vec<u8>> {
    (0..count).map(|number| random_message(random, number as u16)).collect()
}

const TEXT: &[u8] = b"I (312) cpu_start: Starting scheduler\r\nname:1.5,other:-2\n";

/// What the line delivers of the frames.
fn deliver(frames: &[Vec<u8>], faults: Faults, random: &mut Random) -> Vec<u8> {
    let mut line = Vec::new();
    let mut held: Option<Vec<u8>> = None;
    for frame in frames {
        let mut happens = |of_1000: u32| random.next() % 1000 < of_1000;
        let (dropped, twice, late) = (happens(faults.dropped), happens(faults.twice), happens(faults.late));
        let (cut, flipped, text) = (happens(faults.cut), happens(faults.flipped), happens(faults.text));
        let mut frame = frame.clone();
        if cut {
            frame.truncate(random.next() as usize % frame.len());
        }
        if flipped && !frame.is_empty() {
            let at = random.next() as usize % frame.len();
            frame[at] ^= 1 << (random.next() % 8);
        }
        if text {
            line.extend_from_slice(TEXT);
        }
        if dropped {
            continue;
        }
        if late && held.is_none() {
            held = Some(frame);
            continue;
        }
        line.extend_from_slice(&frame);
        if twice {
            line.extend_from_slice(&frame);
        }
        line.extend(held.take().into_iter().flatten());
    }
    line.extend(held.into_iter().flatten());
    line
}

/// Sequence number, kind and payload.
type HeardFrame = (u16, u8, Vec<u8>);

/// Numbers and payloads of the frames that arrive, and lines of text. The bytes come in pieces of any length.
fn receive(line: &[u8], random: &mut Random) -> (Vec<HeardFrame>, Vec<Vec<u8>>, Counters) {
    let mut decoder = Decoder::default();
    let (mut frames, mut texts) = (Vec::new(), Vec::new());
    let mut rest = line;
    while !rest.is_empty() {
        let (mut piece, behind) = rest.split_at(rest.len().min(1 + random.next() as usize % 300));
        rest = behind;
        while let Some(item) = decoder.next(&mut piece) {
            match item {
                Item::Frame(frame) => frames.push((frame.sequence, frame.kind, frame.payload.to_vec())),
                Item::Text(text) => texts.push(text.to_vec()),
            }
        }
    }
    (frames, texts, decoder.counters())
}

/// Number, kind and payload of a frame as it was sent.
fn opened(frame: &[u8]) -> (u16, u8, Vec<u8>) {
    let (frames, _, _) = receive(frame, &mut Random::new(1));
    frames.into_iter().next().expect("a frame as it was sent is found")
}

/// Sends many frames over a line, and checks that everything that arrives was sent, and that the counters tell the rest.
fn check(faults: Faults, seed: u32) -> (Counters, usize) {
    let mut random = Random::new(seed);
    let sent = frames(&mut random, 6000);
    let line = deliver(&sent, faults, &mut random);
    let originals: Vec<_> = sent.iter().map(|frame| opened(frame)).collect();
    let (received, texts, counters) = receive(&line, &mut random);
    let mut times_received = vec![0; sent.len()];
    for frame in &received {
        let number = usize::from(frame.0);
        assert_eq!(*frame, originals[number], "a frame arrives as it was sent");
        times_received[number] += 1;
    }
    assert!(times_received.iter().all(|times| *times <= 1), "a frame is delivered once");
    assert_eq!(counters.frames, received.len() as u64);
    // From the first to the last number that came, every frame is either there or lost.
    let numbers = received.iter().map(|frame| u64::from(frame.0));
    let (first, last) = (received[0].0, numbers.clone().max().expect("some arrive"));
    let from_first = numbers.filter(|number| *number >= u64::from(first)).count() as u64;
    assert_eq!(from_first + counters.lost, last - u64::from(first) + 1);
    assert_eq!(counters.restarts, 0);
    (counters, texts.len())
}

#[test]
fn clean_lines_lose_nothing() {
    let (counters, n_texts) = check(Faults { text: 100, ..Faults::default() }, 1);
    assert_eq!(counters, Counters { frames: 6000, ..Counters::default() });
    assert!(n_texts > 1000 && n_texts % 2 == 0);
}

#[test]
fn each_fault_is_counted() {
    let (counters, _) = check(Faults { dropped: 30, ..Faults::default() }, 2);
    assert!(counters.lost > 100 && counters.corrupt == 0, "{counters:?}");
    let (counters, _) = check(Faults { twice: 30, ..Faults::default() }, 3);
    assert!(counters.duplicate > 100 && counters.lost == 0, "{counters:?}");
    let (counters, _) = check(Faults { late: 30, ..Faults::default() }, 4);
    assert!(counters.reordered > 100 && counters.lost == 0, "{counters:?}");
    let (counters, _) = check(Faults { flipped: 30, ..Faults::default() }, 5);
    assert!(counters.corrupt > 100 && counters.lost > 100, "{counters:?}");
    let (counters, _) = check(Faults { cut: 30, ..Faults::default() }, 6);
    assert!(counters.corrupt > 100 && counters.lost > 100, "{counters:?}");
}

/// Some millions of bytes over lines with all faults at once.
#[test]
fn no_fault_brings_a_wrong_frame() {
    let mut bytes_lost = 0;
    for seed in 10..18 {
        let faults = Faults { dropped: 40, twice: 40, late: 40, cut: 40, flipped: 40, text: 40 };
        let (counters, _) = check(faults, seed);
        assert!(counters.frames > 4000, "{counters:?}");
        bytes_lost += counters.lost;
    }
    assert!(bytes_lost > 1000);
}

/// Noise has no frames in it, and does not hide the frame behind it.
#[test]
fn a_whole_frame_behind_noise_is_found() {
    let mut random = Random::new(77);
    let frame = random_message(&mut random, 5);
    for case in 0..20_000 {
        let mut line: Vec<u8> = (0..random.between(0, 400)).map(|_| (random.next() >> 9) as u8).collect();
        if case % 2 == 0 {
            // Noise that looks like the beginning of a frame.
            line.extend_from_slice(&frame[..random.next() as usize % frame.len()]);
        }
        let mut line = [line.as_slice(), &frame].concat();
        if case % 3 == 0 {
            line.extend_from_slice(TEXT);
        }
        let (frames, texts, _) = receive(&line, &mut random);
        assert_eq!(frames, [opened(&frame)], "case {case}");
        if case % 3 == 0 {
            assert_eq!(texts.last().map(Vec::as_slice), Some(&b"name:1.5,other:-2"[..]));
        }
    }
}

#[test]
fn text_goes_past_frames() {
    let mut random = Random::new(3);
    let frame = random_message(&mut random, 0);
    let line = [b"temp:2".as_slice(), &frame, b"5\nnext\r\n", &frame[..20], b"\0a line of text\n"].concat();
    let (frames, texts, counters) = receive(&line, &mut random);
    assert_eq!((frames.len(), counters.corrupt), (1, 1));
    assert_eq!(texts, [b"temp:25".to_vec(), b"next".to_vec(), b"a line of text".to_vec()]);
}

/// A chip that is reset in the middle of a frame goes on with what its boot program prints.
#[test]
fn text_behind_a_frame_that_was_cut_off_is_kept() {
    let mut random = Random::new(4);
    let frame = random_message(&mut random, 0);
    let boot = b"\x01ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\n";
    let line = [&frame[..12], boot, &frame].concat();
    let (frames, texts, counters) = receive(&line, &mut random);
    assert_eq!((frames.len(), counters.corrupt), (1, 1));
    assert_eq!(texts.last().map(Vec::as_slice), Some(&b"Build:Feb  7 2021"[..]));
    // Longer than any frame: text goes on where the frame could not.
    let long = [&frame[..12], &boot.repeat(20)].concat();
    let (_, texts, _) = receive(&long, &mut random);
    assert!(texts.len() > 20, "{}", texts.len());
}

#[test]
fn any_payload_is_read_or_refused() {
    let mut random = Random::new(9);
    for _ in 0..200_000 {
        let payload: Vec<u8> = (0..random.between(0, 60)).map(|_| (random.next() >> 7) as u8).collect();
        let kind = random.next() as u8;
        let Ok(message) = Message::decode(kind, &payload) else { continue };
        let mut buffer = FrameBuffer::default();
        let frame = buffer.encode(1, &message).expect("what was in a frame fits into one").to_vec();
        let (_, again, written) = opened(&frame);
        assert_eq!(again, kind);
        assert_eq!(Message::decode(kind, &written), Ok(message));
    }
}
