//! What a run does when it is told to.

use emberlab_core::training::TrainingConfig;

use super::{chain, quadrants};
use crate::{Backend, Command, End, Event, Job, Start, train};

#[test]
fn a_checkpoint_is_made_when_it_is_asked_for() {
    let graph = chain(&[r#""layer":"Input","shape":[2]"#, r#""layer":"Dense","units":2"#]);
    let samples = quadrants(40);
    let config =
        TrainingConfig { batch_size: 8, epochs: 2, validation_share: 0.0, ..TrainingConfig::default() };
    let job =
        Job { graph: &graph, training: &samples, validation: None, config: &config, start: Start::Fresh };
    let mut asked = 0;
    let mut control = || {
        asked += 1;
        if asked == 3 { Command::Checkpoint } else { Command::Continue }
    };
    let mut steps = Vec::new();
    let mut note = |event: Event| {
        if let Event::Checkpoint(checkpoint) = event {
            steps.push((checkpoint.epoch, checkpoint.step_in_epoch, checkpoint.step));
        }
    };
    let outcome = train(&job, &Backend::cpu(), &mut control, &mut note).unwrap();
    assert_eq!(outcome.end, End::Complete);
    // One before the third step, one after each epoch of five.
    assert_eq!(steps, [(0, 2, 2), (1, 0, 5), (2, 0, 10)]);
}

#[test]
fn a_run_stops_within_a_step() {
    let graph = chain(&[r#""layer":"Input","shape":[2]"#, r#""layer":"Dense","units":2"#]);
    let samples = quadrants(40);
    let config = TrainingConfig { batch_size: 8, epochs: 2, keep_best: false, ..TrainingConfig::default() };
    let job =
        Job { graph: &graph, training: &samples, validation: None, config: &config, start: Start::Fresh };
    let mut asked = 0;
    let mut control = || {
        asked += 1;
        if asked == 2 { Command::Stop } else { Command::Continue }
    };
    let mut events = 0;
    let outcome = train(&job, &Backend::cpu(), &mut control, &mut |_| events += 1).unwrap();
    assert_eq!((outcome.end, outcome.epoch, outcome.checkpoint.step), (End::Stopped, None, 1));
    assert_eq!(outcome.weights, outcome.checkpoint.weights);
    // Started, one step, the checkpoint.
    assert_eq!(events, 3);
}
