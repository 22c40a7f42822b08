//! Whole measurements over lines that are good, bad, closed and opened again. The board is the code that chips run.

#[cfg(unix)]
mod closed;

use std::sync::Arc;
use std::time::{Duration, Instant};

use emberlab_core::bench::{Check, DifferingPlace, Inputs, MarkerKind, Order, Plan, Said, Sample, Stage};
use emberlab_core::tflite;

use super::{Address, Device, EMULATOR, Faults, Inbox, Session, SessionOrder, device, is_emulator_there};
use crate::jobs::Wake;

static MODEL: &[u8] = include_bytes!("../../../assets/examples/keyword_spotting.tflite");

/// Nothing that a test waits for takes so long.
const PATIENCE: Duration = Duration::from_secs(120);

fn plan(runs: Option<u64>) -> Plan {
    Plan {
        model: Some(Arc::from(MODEL)),
        trusts_model: false,
        sends_model: false,
        measures: true,
        n_checks: 3,
        runs,
        interval_micros: 0,
        inputs: Inputs::Random(1),
        sends_outputs: true,
    }
}

/// What a session has said so far.
#[derive(Default)]
struct Heard {
    said: Vec<Said>,
    samples: Vec<(Sample, Option<Vec<u8>>)>,
    last: Inbox,
}

impl Heard {
    fn check(&self) -> Option<&Arc<Check>> {
        self.said.iter().rev().find_map(|said| match said {
            Said::Check(check) => Some(check),
            _ => None,
        })
    }

    fn has_stage(&self, stage: &Stage) -> bool {
        self.said.iter().any(|said| matches!(said, Said::Stage(found) if found == stage))
    }

    fn has_marker(&self, is_it: impl Fn(&MarkerKind) -> bool) -> bool {
        self.said.iter().any(|said| matches!(said, Said::Marker(kind) if is_it(kind)))
    }
}

fn start(device: Box<dyn Device>, plan: Plan) -> Session {
    let wake: Wake = Arc::new(|| ());
    Session::start(device, plan, wake)
}

/// Takes what the session says until that is enough.
fn until(session: &Session, heard: &mut Heard, what: &str, is_enough: impl Fn(&Heard) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut inbox = session.take();
        heard.said.extend(std::mem::take(&mut inbox.said).into_iter().map(|(_, said)| said));
        heard.samples.extend(std::mem::take(&mut inbox.samples));
        heard.last = inbox;
        if is_enough(heard) {
            return;
        }
        assert!(heard.last.ended.is_none(), "{what}: ended with {:?}", heard.last.ended);
        assert!(Instant::now() < deadline, "{what}: only {:?}", heard.said);
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn simulated(faults: Faults) -> Box<dyn Device> {
    device(&Address::Simulated(faults), Some(&Arc::from(MODEL)))
}

#[test]
fn a_simulated_board_is_compared_and_measured() {
    let session = start(simulated(Faults::default()), plan(Some(50)));
    let mut heard = Heard::default();
    until(&session, &mut heard, "measuring", |heard| heard.has_stage(&Stage::Done));
    let check = heard.check().expect("it was compared");
    assert!(check.is_equal() && check.done == 3, "{check:?}");
    assert!(check.operators.iter().all(|one| one.found == Some(one.expected)));
    assert_eq!(heard.samples.len(), 50);
    assert!(heard.samples.iter().all(|(sample, outputs)| sample.cycles > 0 && outputs.is_some()));
    let numbers: Vec<u64> = heard.samples.iter().map(|(sample, _)| sample.number).collect();
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    assert!(heard.said.iter().any(|said| matches!(said, Said::Operators(times) if !times.is_empty())));
    assert_eq!((heard.last.dropped, heard.last.counters.lost), (0, 0));
}

#[test]
fn inputs_that_are_given_while_something_else_stops_are_measured() {
    let model = tflite::read(Arc::from(MODEL)).expect("the example opens");
    let main = &model.subgraphs[0];
    let input_bytes = main.tensor(main.inputs[0]).byte_size().expect("its size is known") as usize;
    let given = Inputs::Given((0..input_bytes).map(|index| (index * 7) as u8).collect());
    let measured = |heard: &Heard| heard.samples.last().and_then(|(_, outputs)| outputs.clone());
    let from_the_start =
        start(simulated(Faults::default()), Plan { inputs: given.clone(), n_checks: 1, ..plan(None) });
    let mut heard = Heard::default();
    until(&from_the_start, &mut heard, "given at the start", |heard| measured(heard).is_some());
    let expected = measured(&heard);

    let session = start(simulated(Faults::default()), Plan { n_checks: 1, ..plan(None) });
    let mut heard = Heard::default();
    until(&session, &mut heard, "random", |heard| measured(heard).is_some());
    assert_ne!(measured(&heard), expected, "other inputs have other outputs");
    session.order(SessionOrder::Measure(Order::Rate(1000)));
    session.order(SessionOrder::Measure(Order::Inputs(given)));
    until(&session, &mut heard, "given later", |heard| measured(heard) == expected);
    let is_trouble = |said: &Said| matches!(said, Said::Trouble(_));
    assert!(!heard.said.iter().any(is_trouble), "{:?}", heard.said);
}

#[test]
fn a_bad_line_loses_frames_but_neither_hangs_nor_lies() {
    for seed in 0..3 {
        let faults = Faults { lost: 40, changed: 40, cut: 8, late: 2000, seed: 100 * seed };
        let session = start(simulated(faults), plan(Some(200)));
        let mut heard = Heard::default();
        until(&session, &mut heard, "a bad line", |heard| heard.samples.len() >= 200);
        assert!(heard.last.counters.lost + heard.last.counters.corrupt > 0, "{:?}", heard.last.counters);
        let check = heard.check().expect("it was compared");
        assert_eq!(check.difference, None, "a fault of the line is no difference of bits");
    }
}

#[test]
fn a_board_with_another_model_says_so_and_takes_this_one() {
    let mut other = MODEL.to_vec();
    // The description lies at some place as text: the model stays the same but for one letter.
    let place = other.windows(4).position(|bytes| bytes == b"TFL3").expect("the mark of the format");
    assert_eq!(place, 4);
    other.extend_from_slice(&[0; 16]);
    let device_of = || device(&Address::Simulated(Faults::default()), Some(&Arc::from(&other[..])));
    let session = start(device_of(), plan(None));
    let mut heard = Heard::default();
    until(&session, &mut heard, "another model", |heard| heard.has_stage(&Stage::OtherModel));
    session.order(SessionOrder::Measure(Order::SendModel));
    until(&session, &mut heard, "sending", |heard| heard.samples.len() > 5);
    assert!(heard.check().is_some_and(|check| check.is_equal()), "{:?}", heard.check());
}

#[test]
fn the_first_operator_that_differs_is_named_with_both_tensors() {
    // The board has a model with another weight in its second operator.
    let model = tflite::read(Arc::from(MODEL)).expect("the example opens");
    let main = &model.subgraphs[0];
    let weights = main.operators[1].inputs[1].expect("a convolution has weights");
    let weights = model.constant_data(main.tensor(weights)).expect("weights are constants");
    let place =
        MODEL.windows(weights.len()).position(|bytes| bytes == weights).expect("they lie in the file");
    let mut board = MODEL.to_vec();
    board[place] ^= 0x40;
    let session = start(
        device(&Address::Simulated(Faults::default()), Some(&Arc::from(&board[..]))),
        Plan { trusts_model: true, ..plan(None) },
    );
    let mut heard = Heard::default();
    until(&session, &mut heard, "a difference", |heard| heard.check().is_some());
    let difference = heard.check().and_then(|check| check.difference.clone()).expect("a weight differs");
    let DifferingPlace::Operator(0, 1, ..) = difference.place else { panic!("{difference:?}") };
    let (expected, found) = (difference.expected.expect("ours"), difference.found.expect("the board's"));
    assert_eq!(expected.len(), found.len());
    assert_ne!(expected, found);
}

#[test]
fn a_line_that_is_closed_at_any_time_comes_back() {
    let session = start(simulated(Faults::default()), plan(None));
    let mut heard = Heard::default();
    for round in 1..6u64 {
        until(&session, &mut heard, "some samples", |heard| heard.samples.len() as u64 >= round * 7);
        session.order(SessionOrder::Reopen);
        until(&session, &mut heard, "back again", |heard| {
            let count =
                heard.said.iter().filter(|said| matches!(said, Said::Marker(MarkerKind::Back))).count();
            count as u64 >= round
        });
    }
    let before = heard.samples.len();
    until(&session, &mut heard, "measuring again", |heard| heard.samples.len() > before + 3);
    assert!(heard.has_marker(|kind| matches!(kind, MarkerKind::Lost)));
    assert!(heard.has_marker(|kind| matches!(kind, MarkerKind::Reset(_))));
}

#[test]
fn orders_are_followed_while_it_measures() {
    let session = start(simulated(Faults::default()), plan(None));
    let mut heard = Heard::default();
    until(&session, &mut heard, "measuring", |heard| heard.samples.len() > 3);
    session.order(SessionOrder::Measure(Order::Rate(5_000)));
    until(&session, &mut heard, "another rate", |heard| {
        heard.has_marker(|kind| *kind == MarkerKind::Rate(5_000))
    });
    let before = heard.samples.len();
    until(&session, &mut heard, "goes on", |heard| heard.samples.len() > before + 10);
    session.order(SessionOrder::Measure(Order::Inputs(Inputs::Random(77))));
    let before = heard.samples.len();
    until(&session, &mut heard, "other inputs", |heard| heard.samples.len() > before + 10);
    session.order(SessionOrder::Measure(Order::Stop));
    until(&session, &mut heard, "stopped", |heard| heard.has_stage(&Stage::Listening));
    session.order(SessionOrder::Measure(Order::Begin));
    let before = heard.samples.len();
    until(&session, &mut heard, "begun anew", |heard| heard.samples.len() > before);
}

/// The models that every board is tried with: the bundled example, and well-known ones where they are there.
fn models() -> Vec<(String, Arc<[u8]>)> {
    let mut models = vec![("keyword_spotting".to_owned(), Arc::from(MODEL))];
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
    for name in ["hello_world_int8", "ad01_int8", "kws_ref_model", "person_detect"] {
        match std::fs::read(folder.join(format!("{name}.tflite"))) {
            Ok(bytes) => models.push((name.to_owned(), bytes.into())),
            Err(_) => eprintln!("skipped: ../shared/models has no {name}.tflite"),
        }
    }
    models
}

/// Instructions of an invocation, as `tests/emulated/models.md` has them.
fn counted(table: &str, name: &str) -> Option<u64> {
    let row = table.lines().find(|line| line.split('|').nth(1).is_some_and(|cell| cell.trim() == name))?;
    row.split('|').nth(3)?.trim().replace([',', ' '], "").parse().ok()
}

#[test]
fn the_emulated_board_counts_the_same_instructions_every_time() {
    if !is_emulator_there() {
        eprintln!("skipped: {EMULATOR} is not installed");
        return;
    }
    let table = include_str!("../../../tests/emulated/models.md");
    for (name, model) in models() {
        let plan = Plan { model: Some(model.clone()), n_checks: 2, ..plan(Some(4)) };
        let session = start(device(&Address::Emulated, Some(&model)), plan);
        let mut heard = Heard::default();
        until(&session, &mut heard, &name, |heard| heard.has_stage(&Stage::Done));
        let check = heard.check().unwrap_or_else(|| panic!("{name} was not compared"));
        assert!(check.is_equal(), "{name}: {check:?}");
        let counts: Vec<u64> = heard.samples.iter().map(|(sample, _)| sample.cycles).collect();
        assert_eq!(counts.len(), 4, "{name}");
        assert!(counts.iter().all(|count| *count == counts[0]), "{name}: {counts:?}");
        if let Some(expected) = counted(table, &name) {
            // The firmware that ships is the one that the table was made with.
            assert_eq!(counts[0], expected, "{name}");
        }
        drop(session);
    }
    // However it ended, no emulator and no image of ours is left.
    let image = format!("emberlab-{}-", std::process::id());
    let deadline = Instant::now() + PATIENCE;
    let is_left = || {
        let names = std::fs::read_dir(std::env::temp_dir()).expect("it is there");
        names.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(&image))
    };
    while is_left() {
        assert!(Instant::now() < deadline, "an image is left");
        std::thread::sleep(Duration::from_millis(10));
    }
}
