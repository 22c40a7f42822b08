//! Damaged files of every format neither panic nor hang, whatever is guessed of them.

use std::io::Write;
use std::ops::ControlFlow;

use emberlab_core::dataset::{
    Files, MemoryFiles, Preparation, ProblemKind, Split, TargetKind, guess, prepare, read,
};
use emberlab_core::model::{TensorType, bytes_from_elements};
use emberlab_core::npy::{Array, write_array};

use crate::support::{idx, picture, wav};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

fn folders() -> Vec<MemoryFiles> {
    let array = |ty, shape: &[usize], data: Vec<u8>| {
        write_array(&Array { ty, shape: shape.to_vec(), data }).expect("an array")
    };
    let inputs = array(TensorType::Float32, &[4, 6, 2], bytes_from_elements(&[0.5f32; 48]));
    let targets = array(TensorType::Int32, &[4], bytes_from_elements(&[0i32, 1, 0, 1]));
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in [("x.npy", &inputs), ("y.npy", &targets)] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).expect("memory");
        archive.write_all(bytes).expect("memory");
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&idx(&[6, 3, 3], &[9; 54])).expect("memory");
    let rows = |class: &str| (0..12).map(|row| format!("{row},{}.5,{class}\n", row * 3)).collect::<String>();
    let times = |class: &str| {
        (0..30).map(|row| format!("2024-01-01 00:{row:02}:00,{row},{class}\n")).collect::<String>()
    };
    let log = "-,-,-\n1,2,3\n4,5,6\n7,8,9\n1,1,1\n-,-,-\n1,2,3\n2,2,2\n3,3,3\n4,4,4\n";
    let png = |level| picture(6, 5, image::ImageFormat::Png, move |x, _| [x as u8 * level; 3]);
    vec![
        MemoryFiles::new("idx")
            .with("train-images-idx3-ubyte.gz", packed.finish().expect("memory"))
            .with("train-labels-idx1-ubyte", idx(&[6], &[0, 1, 2, 0, 1, 2])),
        MemoryFiles::new("rows").with("a.csv", format!("x,y,label\n{}{}", rows("u"), rows("v"))),
        MemoryFiles::new("series")
            .with("a.csv", format!("time,value,label\n{}{}", times("u"), times("v")))
            .with("b.csv", format!("time,value,label\n{}", times("v"))),
        MemoryFiles::new("anomalies")
            .with("a.csv", format!("time,value,label\n{}", times("1")))
            .with("w.json", r#"{"a.csv": [["2024-01-01 00:10:00", "2024-01-01 00:19:00"]]}"#),
        MemoryFiles::new("log").with("g_a.txt", log).with("g_b.txt", log),
        MemoryFiles::new("sound")
            .with("a/1.wav", wav(8000, 1, &[100; 64]))
            .with("b/2.wav", wav(8000, 1, &[-100; 70])),
        MemoryFiles::new("pictures")
            .with("a/1.png", png(9))
            .with("b/2.bmp", picture(6, 5, image::ImageFormat::Bmp, |x, y| [x as u8, y as u8, 9]))
            .with("b/3.jpg", picture(6, 5, image::ImageFormat::Jpeg, |x, y| [x as u8, y as u8, 9])),
        MemoryFiles::new("arrays").with("x.npy", inputs.clone()).with("y.npy", targets.clone()),
        MemoryFiles::new("archive").with("data.npz", archive.finish().expect("memory").into_inner()),
    ]
}

/// The same files with damage in one of them: bytes changed, cut out, doubled, or the end lost.
fn damaged(files: &MemoryFiles, random: &mut Random) -> MemoryFiles {
    let mut result = MemoryFiles::new(files.name());
    let victim = random.below(files.entries().len());
    for (index, entry) in files.entries().iter().enumerate() {
        let mut bytes = files.read(index).expect("memory");
        if index == victim {
            for _ in 0..1 + random.below(4) {
                let at = random.below(bytes.len());
                let length = random.below(16).min(bytes.len() - at);
                match random.below(6) {
                    0 => bytes.truncate(at),
                    1 => drop(bytes.drain(at..at + length)),
                    2 => {
                        let copy = bytes[at..at + length].to_vec();
                        bytes.splice(at..at, copy);
                    }
                    3 => bytes[at..at + length].fill([0, 0xff, b'\n', b',', b'9', b'-'][random.below(6)]),
                    4 if !bytes.is_empty() => bytes[at] = random.next() as u8,
                    _ if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
                    _ => {}
                }
            }
        }
        result.add(entry.path.clone(), bytes);
    }
    result
}

#[test]
fn damage_neither_panics_nor_hangs() {
    let mut random = Random(20_260);
    let (mut n_whole, mut n_recordings) = (0, 0);
    for files in folders() {
        let whole = guess(&files);
        assert!(!whole.is_empty(), "{}", files.name());
        for round in 0..400 {
            let files = damaged(&files, &mut random);
            // The format that suited the whole files, and whatever else is guessed now.
            let guesses = if round % 2 == 0 { whole.clone() } else { guess(&files) };
            for guess in guesses {
                let watch = &mut |_| ControlFlow::Continue(());
                let dataset = read(&files, &guess.format, watch).expect("nobody stops it");
                assert_eq!(dataset.recordings.is_empty(), dataset.problems.count(ProblemKind::Empty) > 0);
                n_whole += usize::from(dataset.problems.is_empty());
                n_recordings += dataset.recordings.len();
                let preparation = Preparation { target: TargetKind::None, ..Preparation::default() };
                if let Ok(prepared) = prepare(&dataset, &preparation, &Split::default(), watch) {
                    assert!(prepared.train.samples.count > 0);
                }
            }
        }
    }
    // Damage that always spoils everything would test little.
    assert!(n_whole > 100 && n_recordings > 1_000, "{n_whole} {n_recordings}");
}
