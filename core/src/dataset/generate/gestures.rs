//! A board with an accelerometer in the hand of several people.

use super::{Content, Dataset, PI, Random, by_makers, hump, maker_random, rows, series_stream};

const CLASSES: [&str; 5] = ["idle", "circle", "shake", "tap", "lift"];
const PEOPLE: [&str; 6] = ["Ana", "Ben", "Chloe", "Dario", "Emma", "Farid"];
/// Steps a second.
pub(super) const RATE_HZ: f64 = 50.0;
/// Two seconds.
const STEPS: usize = 100;

/// How a person moves.
struct Person {
    /// Gravity when the hand rests, as angles from upright.
    tilt: [f64; 2],
    /// How strongly and how fast, 1 for most people.
    strength: f64,
    tempo: f64,
    /// Deviation of the trembling, in g.
    tremble: f64,
    /// Left-handed people turn circles the other way round.
    turn: f64,
}

impl Person {
    fn of(seed: u64, number: usize) -> Self {
        let mut random = maker_random(seed, number);
        Self {
            tilt: [random.between(-0.35, 0.35), random.between(-0.35, 0.35)],
            strength: random.between(0.75, 1.3),
            tempo: random.between(0.8, 1.25),
            tremble: random.between(0.01, 0.03),
            turn: if random.unit() < 0.2 { -1.0 } else { 1.0 },
        }
    }
}

pub(super) fn generate(seed: u64, count: usize) -> Dataset {
    let people: Vec<Person> = (0..PEOPLE.len()).map(|number| Person::of(seed, number)).collect();
    let streams = vec![series_stream("acceleration (g)", &["x", "y", "z"], RATE_HZ)];
    by_makers(seed, &CLASSES, "person", &PEOPLE, count, streams, |class, person, random| {
        vec![gesture(CLASSES[class], &people[person], random)]
    })
}

/// Acceleration in g, gravity included: x to the right, y away from the body, z up.
fn gesture(class: &str, person: &Person, random: &mut Random) -> Content {
    let strength = person.strength * random.between(0.8, 1.2);
    let tempo = person.tempo * random.between(0.85, 1.15);
    let onset = random.between(0.15, 0.5);
    let phase = random.between(0.0, 2.0 * PI);
    let tilt = person.tilt.map(|angle| angle + 0.08 * random.normal());
    // Hands drift a little all the time.
    let drift =
        [0; 3].map(|_| (random.between(0.02, 0.06), random.between(0.3, 0.9), random.between(0.0, 6.0)));
    let step = |step: usize| {
        let time = step as f64 / RATE_HZ;
        let own = (time - onset) * tempo;
        let moved = match class {
            "circle" => {
                // A little over one turn in the plane of x and z.
                let fade = hump(own / 1.35);
                let angle = 2.0 * PI * own * person.turn + phase;
                [0.8 * fade * libm::cos(angle), 0.1 * fade, 0.8 * fade * libm::sin(angle)]
            }
            "shake" => {
                let fade = hump(own / 1.3);
                let swing = libm::sin(2.0 * PI * 4.5 * own + phase);
                [1.4 * fade * swing, 0.2 * fade * swing, 0.15 * fade]
            }
            "tap" => {
                let knock = |at: f64| {
                    let since = own - at;
                    if since < 0.0 {
                        0.0
                    } else {
                        libm::exp(-since * 25.0) * libm::cos(2.0 * PI * 11.0 * since)
                    }
                };
                let knocks = knock(0.1) + knock(0.4) + knock(0.7);
                [0.15 * knocks, 0.3 * knocks, 1.7 * knocks]
            }
            "lift" => {
                // Up: first pushed, then slowed down.
                let push = hump(own / 0.5) - hump((own - 0.45) / 0.55);
                [0.05 * push, 0.25 * push, 0.9 * push]
            }
            _ => [0.0; 3],
        };
        let gravity = [
            libm::sin(tilt[0]),
            libm::sin(tilt[1]) * libm::cos(tilt[0]),
            libm::cos(tilt[0]) * libm::cos(tilt[1]),
        ];
        std::array::from_fn(|axis| {
            let (size, hz, start) = drift[axis];
            let drift = size * libm::sin(2.0 * PI * hz * time + start);
            gravity[axis] + strength * moved[axis] + drift + person.tremble * random.normal()
        })
    };
    rows::<3>((0..STEPS).map(step).collect(), RATE_HZ)
}
