//! A board with a microphone and an accelerometer. Neither of them tells all classes apart: a clap and a knock sound alike, a
//! wave and a rattle move alike.

use super::tones::{RATE_HZ as SOUND_HZ, noise};
use super::{Content, Dataset, PI, Random, by_makers, hump, maker_random, rows, series_stream, sound};

const CLASSES: [&str; 5] = ["nothing", "clap", "knock", "wave", "rattle"];
const PEOPLE: [&str; 5] = ["Gala", "Hugo", "Ines", "Jon", "Kira"];
const MOTION_HZ: f64 = 50.0;
/// One second.
const MOTION_STEPS: usize = 50;

/// How a person does it.
struct Person {
    strength: f64,
    tempo: f64,
    /// How bright claps and knocks sound.
    hz: f64,
}

impl Person {
    fn of(seed: u64, number: usize) -> Self {
        let mut random = maker_random(seed, number);
        Self {
            strength: random.between(0.8, 1.25),
            tempo: random.between(0.85, 1.2),
            hz: random.between(900.0, 1500.0),
        }
    }
}

pub(super) fn generate(seed: u64, count: usize) -> Dataset {
    let people: Vec<Person> = (0..PEOPLE.len()).map(|number| Person::of(seed, number)).collect();
    let streams = vec![
        series_stream("sound", &["sound"], SOUND_HZ),
        series_stream("acceleration (g)", &["x", "y", "z"], MOTION_HZ),
    ];
    by_makers(seed, &CLASSES, "person", &PEOPLE, count, streams, |class, person, random| {
        event(CLASSES[class], &people[person], random)
    })
}

fn event(class: &str, person: &Person, random: &mut Random) -> Vec<Content> {
    let onset = random.between(0.1, 0.35);
    let strength = person.strength * random.between(0.8, 1.2);
    let loudness = 0.35 * strength;
    let hz = person.hz * random.between(0.9, 1.1);
    let swings = person.tempo * random.between(3.2, 4.2);
    let phase = random.between(0.0, 2.0 * PI);
    let mut samples = noise(random);
    for (n, sample) in samples.iter_mut().enumerate() {
        let since = n as f64 / SOUND_HZ - onset;
        *sample += match class {
            "clap" | "knock" if since >= 0.0 => {
                let ring = libm::sin(2.0 * PI * hz * since) + 0.8 * random.normal();
                loudness * libm::exp(-since * 40.0) * ring
            }
            // Beads fall at each turn of the hand.
            "rattle" => {
                let turn = (swings * 2.0 * since).rem_euclid(1.0);
                0.35 * loudness * hump(since / 0.62) * libm::exp(-turn * 4.0) * random.normal()
            }
            _ => 0.0,
        };
    }
    let tilt = 0.15 * random.normal();
    let step = |step: usize| {
        let since = step as f64 / MOTION_HZ - onset;
        let moved = match class {
            "knock" if since >= 0.0 => {
                let ring = libm::exp(-since * 14.0) * libm::cos(2.0 * PI * 9.0 * since);
                [0.2 * ring, 0.5 * ring, 1.3 * ring]
            }
            "wave" | "rattle" => {
                let swing = hump(since / 0.62) * libm::sin(2.0 * PI * swings * since + phase);
                [1.1 * swing, 0.25 * swing, 0.1 * swing]
            }
            _ => [0.0; 3],
        };
        let gravity = [libm::sin(tilt), 0.0, libm::cos(tilt)];
        std::array::from_fn(|axis| gravity[axis] + strength * moved[axis] + 0.025 * random.normal())
    };
    let motion = rows::<3>((0..MOTION_STEPS).map(step).collect(), MOTION_HZ);
    vec![sound(&samples, SOUND_HZ), motion]
}
