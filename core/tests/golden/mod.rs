//! Golden files of TensorFlow Lite Micro: `../shared/golden` beside the project.

use std::path::{Path, PathBuf};

use emberlab_runtime::Interpreter;
use emberlab_runtime::schema::TensorType;
use serde_json::Value;

/// Names of the golden files in a folder, sorted; none where there are no golden files.
pub fn names(folder: &str) -> Vec<String> {
    let Some(shared) = shared() else { return Vec::new() };
    let entries = std::fs::read_dir(shared.join("golden").join(folder)).expect(folder);
    let paths = entries.map(|entry| entry.expect(folder).path());
    let stems = paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
    let mut names: Vec<_> = stems.map(|stem| format!("{folder}/{stem}")).collect();
    assert!(!names.is_empty(), "no golden files in {folder}");
    names.sort();
    names
}

/// One golden file and its model.
pub struct Golden {
    pub model_bytes: Vec<u8>,
    pub runs: Vec<Run>,
    /// Kernel set, `arena_used_bytes` and smallest arena.
    pub arenas: Vec<(String, u32, u32)>,
    /// `lo` and `span` of random float inputs.
    pub float_input_range: (f32, f32),
}

/// One invocation.
pub struct Run {
    pub kind: String,
    pub seed: u32,
    pub reset: bool,
    pub input_crc32: u32,
    pub input_hex: Option<String>,
    pub outputs: Vec<Output>,
    pub op_outputs: Vec<Output>,
}

/// One output of an operator or of the model.
pub struct Output {
    pub subgraph: u32,
    pub op: u32,
    pub name: String,
    pub tensor: i32,
    pub is_float: bool,
    pub bytes: usize,
    pub crc32: u32,
    pub head_hex: String,
}

impl Golden {
    /// Reads a golden file; `None`, with one printed line, where there are none.
    pub fn read(name: &str) -> Option<Self> {
        let shared = shared()?;
        let text = std::fs::read_to_string(shared.join("golden").join(format!("{name}.json"))).expect(name);
        let json: Value = serde_json::from_str(&text).expect(name);
        let file = json["model"]["file"].as_str().expect("model.file");
        let model_bytes = std::fs::read(shared.join("models").join(file)).expect(file);
        let is_float = |subgraph: u64, tensor: i64| {
            let found = json["tensors"].as_array().expect("tensors").iter().find(|of| {
                of["subgraph"].as_u64() == Some(subgraph) && of["tensor"].as_i64() == Some(tensor)
            });
            found.expect("tensor")["type"].as_str() == Some("FLOAT32")
        };
        let output = |value: &Value| {
            let subgraph = value["subgraph"].as_u64().unwrap_or(0);
            let tensor = value["tensor"].as_i64().expect("tensor");
            Output {
                subgraph: subgraph as u32,
                op: value["op"].as_u64().unwrap_or(0) as u32,
                name: value["name"].as_str().unwrap_or_default().to_owned(),
                tensor: tensor as i32,
                is_float: is_float(subgraph, tensor),
                bytes: value["bytes"].as_u64().expect("bytes") as usize,
                crc32: crc(value["crc32"].as_str().expect("crc32")),
                head_hex: value["hex"].as_str().or(value["head_hex"].as_str()).expect("hex").to_owned(),
            }
        };
        let list = |value: &Value| value.as_array().expect("list").iter().map(output).collect();
        let runs = json["runs"].as_array().expect("runs").iter().map(|run| Run {
            kind: run["kind"].as_str().expect("kind").to_owned(),
            seed: run["seed"].as_u64().unwrap_or(0) as u32,
            reset: run["reset"].as_bool().unwrap_or(true),
            input_crc32: crc(run["input_crc32"].as_str().expect("input_crc32")),
            input_hex: run["input_hex"].as_str().map(str::to_owned),
            outputs: list(&run["outputs"]),
            op_outputs: list(&run["op_outputs"]),
        });
        let number = |value: &Value| value.as_u64().expect("number of bytes") as u32;
        let mut arenas = vec![(
            "reference".to_owned(),
            number(&json["arena"]["arena_used_bytes"]),
            number(&json["min_arena"]["invoke_bytes"]),
        )];
        for (chip, facts) in json["esp_nn"].as_object().expect("esp_nn") {
            let used = number(&facts["arena"]["arena_used_bytes"]);
            arenas.push((chip.clone(), used, number(&facts["min_arena"]["allocate_tensors_bytes"])));
        }
        let range = |field: &str, default: f32| {
            json["float_input_range"][field].as_f64().map_or(default, |value| value as f32)
        };
        let float_input_range = (range("lo", -1.0), range("span", 2.0));
        Some(Self { model_bytes, runs: runs.collect(), arenas, float_input_range })
    }

    /// Fills all inputs of the model for a run.
    pub fn fill_inputs(&self, run: &Run, interpreter: &mut Interpreter<'_>) {
        let mut random = Xorshift::new(run.seed);
        let mut all = Vec::new();
        let mut given = run.input_hex.as_deref().map(bytes_from_hex).unwrap_or_default().into_iter();
        for index in 0..interpreter.n_inputs() {
            let ty = interpreter.input_tensor(index).expect("an input").ty;
            let input = interpreter.input_bytes(index);
            if run.input_hex.is_some() {
                input.fill_with(|| given.next().expect("as many bytes as the golden file says"));
            } else {
                random.fill(ty, self.float_input_range, input);
            }
            all.extend_from_slice(input);
        }
        assert_eq!(crc32(&all), run.input_crc32, "the inputs are those of the golden file");
    }
}

impl Output {
    /// Compares bytes: integers by their CRC, floats by what the golden file shows of them.
    pub fn compare(&self, found: &[u8], tolerance: f32) -> Result<(), String> {
        if found.len() != self.bytes {
            return Err(format!("{} bytes instead of {}", found.len(), self.bytes));
        }
        if crc32(found) == self.crc32 {
            return Ok(());
        }
        let head = bytes_from_hex(&self.head_hex);
        if !self.is_float {
            let at = head.iter().zip(found).position(|(expected, found)| expected != found);
            return Err(format!("other bytes, first at {at:?}: {:02x?}", &found[..found.len().min(16)]));
        }
        let floats = |bytes: &[u8]| {
            bytes
                .chunks_exact(4)
                .map(|chunk| f32::from_le_bytes(chunk.try_into().expect("4 bytes")))
                .collect::<Vec<_>>()
        };
        let (expected, found) = (floats(&head), floats(found));
        let magnitude = found.iter().fold(0f32, |max, value| max.max(value.abs()));
        for (index, (expected, found)) in expected.iter().zip(&found).enumerate() {
            let difference = (expected - found).abs();
            if difference.is_nan() || difference > tolerance * magnitude {
                return Err(format!("element {index} is {found}, expected {expected}"));
            }
        }
        Ok(())
    }
}

/// The generator of the golden files' README.
pub struct Xorshift(u32);

impl Xorshift {
    pub fn new(seed: u32) -> Self {
        let mut random = Self(seed);
        for _ in 0..16 {
            random.next();
        }
        random
    }

    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn fill(&mut self, ty: TensorType, (lo, span): (f32, f32), bytes: &mut [u8]) {
        let size = ty.bits().expect("elements of a fixed size") as usize / 8;
        for element in bytes.chunks_exact_mut(size) {
            let next = self.next();
            let value = match ty {
                TensorType::Float32 => (lo + span * ((next >> 16) as f32 / 65536.0)).to_bits(),
                _ => next,
            };
            element.copy_from_slice(&value.to_le_bytes()[..size]);
        }
    }
}

/// Bytes that begin at a multiple of 16.
pub struct Aligned {
    bytes: Vec<u8>,
    start: usize,
}

pub fn aligned(length: usize) -> Aligned {
    let bytes = vec![0xa5; length + 16];
    let start = bytes.as_ptr().align_offset(16);
    Aligned { bytes, start }
}

pub fn aligned_copy(of: &[u8]) -> Aligned {
    let mut copy = aligned(of.len());
    copy.bytes_mut()[..of.len()].copy_from_slice(of);
    copy
}

impl Aligned {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.bytes.len() + self.start - 16]
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        let end = self.bytes.len() + self.start - 16;
        &mut self.bytes[self.start..end]
    }
}

/// CRC-32 (IEEE), as zlib computes it.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut table = [0u32; 256];
    for (index, entry) in table.iter_mut().enumerate() {
        *entry =
            (0..8).fold(index as u32, |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 });
    }
    !bytes.iter().fold(!0u32, |crc, byte| crc >> 8 ^ table[((crc ^ u32::from(*byte)) & 0xff) as usize])
}

pub fn bytes_from_hex(hex: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn crc(text: &str) -> u32 {
    u32::from_str_radix(text, 16).expect("hexadecimal digits")
}

#[allow(clippy::print_stdout)]
fn shared() -> Option<PathBuf> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    if shared.join("golden").is_dir() {
        return Some(shared);
    }
    println!("skipped: no golden files at ../shared beside the project");
    None
}
