//! Vibration of a motor: as it should be, and with three faults as books on machine diagnosis describe them.

use super::{Content, Dataset, PI, Random, by_makers, maker_random, rows, series_stream};

const CLASSES: [&str; 4] = ["normal", "unbalanced", "bearing", "loose"];
const MACHINES: [&str; 5] = ["M1", "M2", "M3", "M4", "M5"];
/// Steps a second.
const RATE_HZ: f64 = 1000.0;
/// Two seconds.
const STEPS: usize = 2000;

/// A machine of its own.
struct Machine {
    /// Turns a second.
    hz: f64,
    /// A frequency at which its frame rings, and how loudly it hums there.
    ringing: f64,
    hum: f64,
    noise: f64,
}

impl Machine {
    fn of(seed: u64, number: usize) -> Self {
        let mut random = maker_random(seed, number);
        Self {
            hz: random.between(22.0, 28.0),
            ringing: random.between(210.0, 290.0),
            hum: random.between(0.05, 0.12),
            noise: random.between(0.03, 0.06),
        }
    }
}

pub(super) fn generate(seed: u64, count: usize) -> Dataset {
    let machines: Vec<Machine> = (0..MACHINES.len()).map(|number| Machine::of(seed, number)).collect();
    let streams = vec![series_stream("vibration (g)", &["vibration"], RATE_HZ)];
    by_makers(seed, &CLASSES, "machine", &MACHINES, count, streams, |class, machine, random| {
        vec![vibration(CLASSES[class], &machines[machine], random)]
    })
}

fn vibration(class: &str, machine: &Machine, random: &mut Random) -> Content {
    let hz = machine.hz * random.between(0.97, 1.03);
    let load = random.between(0.85, 1.15);
    let phases: [f64; 4] = std::array::from_fn(|_| random.between(0.0, 2.0 * PI));
    let severity = random.between(0.7, 1.5);
    // Rolling elements pass a damaged spot a little over three and a half times a turn.
    let knocks_hz = 3.57 * hz;
    let mut since_knock = random.unit() / knocks_hz;
    let mut knock_size = 1.0;
    let step = |step: usize| {
        let time = step as f64 / RATE_HZ;
        let turn = 2.0 * PI * hz * time;
        let wave = |order: f64, phase: usize| libm::sin(order * turn + phases[phase]);
        let mut value = load * (0.25 * wave(1.0, 0) + 0.1 * wave(2.0, 1));
        value += machine.hum * libm::sin(2.0 * PI * machine.ringing * time + phases[2]);
        value += machine.noise * random.normal();
        match class {
            "unbalanced" => value += severity * 0.6 * wave(1.0, 3),
            "bearing" => {
                since_knock += 1.0 / RATE_HZ;
                if since_knock * knocks_hz >= 1.0 {
                    // No two knocks are alike.
                    since_knock = random.between(0.0, 0.02) / knocks_hz;
                    knock_size = random.between(0.6, 1.4);
                }
                let ring = libm::exp(-since_knock * 180.0)
                    * libm::sin(2.0 * PI * machine.ringing * 1.3 * since_knock);
                value += severity * 0.6 * knock_size * ring;
            }
            "loose" => {
                // Something that hits its stop on one side: half a wave is cut, which brings overtones and half orders.
                value += severity * 0.2 * wave(0.5, 3);
                value = if value > 0.22 { 0.22 - severity * 0.5 * (value - 0.22) } else { value };
            }
            _ => {}
        }
        [value]
    };
    rows::<1>((0..STEPS).map(step).collect(), RATE_HZ)
}
