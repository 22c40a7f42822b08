//! Short calls in noise, from voices of different pitch: like words, but told apart by how many there are and where their
//! pitch goes.

use super::{Dataset, PI, Random, by_makers, hump, maker_random, series_stream, sound};

const CLASSES: [&str; 6] = ["background", "steady", "rising", "falling", "double", "buzz"];
/// Voices with their pitch in Hz. Neighbours lie so close that a call of one is as high as that of the next: a voice that was
/// never heard lies among those that were, and nobody is known by pitch alone.
const VOICES: [(&str, f64); 12] = [
    ("alto", 376.0),
    ("bass", 262.0),
    ("mezzo", 435.0),
    ("treble", 581.0),
    ("soprano", 502.0),
    ("tenor", 325.0),
    ("baritone", 282.0),
    ("falsetto", 540.0),
    ("contralto", 350.0),
    ("child", 467.0),
    ("elder", 303.0),
    ("countertenor", 404.0),
];
/// How far the calls of a voice lie from its pitch, up or down, as a logarithm: two neighbours.
const SPREAD: f64 = 0.15;
/// Samples a second.
pub(super) const RATE_HZ: f64 = 8000.0;
/// One second.
pub(super) const SAMPLES: usize = 8000;

/// How a voice sounds.
pub(super) struct Voice {
    /// Pitch of a steady call.
    hz: f64,
    /// Share of each overtone of the one before.
    overtones: f64,
    /// Vibrato: share of the pitch, and times a second.
    vibrato: (f64, f64),
}

impl Voice {
    pub(super) fn of(seed: u64, number: usize) -> Self {
        let mut random = maker_random(seed, number);
        Self {
            hz: VOICES[number % VOICES.len()].1 * random.between(0.98, 1.02),
            overtones: random.between(0.3, 0.65),
            vibrato: (random.between(0.0, 0.02), random.between(4.0, 7.0)),
        }
    }
}

pub(super) fn generate(seed: u64, count: usize) -> Dataset {
    let voices: Vec<Voice> = (0..VOICES.len()).map(|number| Voice::of(seed, number)).collect();
    let streams = vec![series_stream("sound", &["sound"], RATE_HZ)];
    let names = VOICES.map(|(name, _)| name);
    by_makers(seed, &CLASSES, "voice", &names, count, streams, |class, voice, random| {
        let mut samples = noise(random);
        call(CLASSES[class], &voices[voice], random, &mut samples);
        vec![sound(&samples, RATE_HZ)]
    })
}

/// A second of noise as rooms have it: louder at low frequencies.
pub(super) fn noise(random: &mut Random) -> Vec<f64> {
    let (loudness, smoothness) = (libm::exp(random.between(-6.5, -4.3)), random.between(0.3, 0.9));
    let mut last = 0.0;
    let sample = |_| {
        last = smoothness * last + (1.0 - smoothness) * random.normal();
        loudness * (last / (1.0 - smoothness)).clamp(-8.0, 8.0)
    };
    (0..SAMPLES).map(sample).collect()
}

/// Adds a call; the background has none.
fn call(class: &str, voice: &Voice, random: &mut Random, samples: &mut [f64]) {
    let length = random.between(0.35, 0.55);
    let onset = random.between(0.05, 0.95 - length);
    let loudness = libm::exp(random.between(-2.3, -0.9));
    let pitch = voice.hz * libm::exp(random.between(-SPREAD, SPREAD));
    let glide = random.between(0.7, 1.0);
    // Two halves with a pause between, for the double call.
    let pieces: &[(f64, f64)] = match class {
        "background" => return,
        "double" => &[(0.0, 0.38), (0.62, 1.0)],
        _ => &[(0.0, 1.0)],
    };
    let overtones = if class == "buzz" { 0.92 } else { voice.overtones };
    let pitch = if class == "buzz" { 0.3 * pitch } else { pitch };
    let mut turns = random.unit();
    for (n, sample) in samples.iter_mut().enumerate() {
        let time = n as f64 / RATE_HZ;
        let place = (time - onset) / length;
        let fade: f64 = pieces.iter().map(|(from, to)| plateau((place - from) / (to - from))).sum();
        let course = match class {
            "rising" => glide * (place.clamp(0.0, 1.0) - 0.5),
            "falling" => glide * (0.5 - place.clamp(0.0, 1.0)),
            _ => 0.0,
        };
        let (depth, speed) = voice.vibrato;
        let hz = pitch * libm::exp(course) * (1.0 + depth * libm::sin(2.0 * PI * speed * time));
        turns += hz / RATE_HZ;
        if fade > 0.0 {
            *sample += loudness * fade * harmonics(turns, hz, overtones);
        }
    }
}

/// Fades in and out over a fifth of `0..1` at each end.
fn plateau(place: f64) -> f64 {
    const FADE: f64 = 0.2;
    if place < FADE {
        hump(place / FADE * 0.5)
    } else if place > 1.0 - FADE {
        hump((place - 1.0) / FADE * 0.5 + 1.0)
    } else {
        1.0
    }
}

/// A tone with its overtones below 3.6 kHz, the loudest moment near 1.
fn harmonics(turns: f64, hz: f64, overtones: f64) -> f64 {
    let (mut sum, mut share, mut total) = (0.0, 1.0, 0.0);
    for number in 1..=24 {
        if f64::from(number) * hz > 3600.0 {
            break;
        }
        sum += share * libm::sin(2.0 * PI * turns * f64::from(number));
        total += share;
        share *= overtones;
    }
    if total > 0.0 { sum / total } else { 0.0 }
}
