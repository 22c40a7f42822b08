//! The arena of every golden file, byte for byte: what the real TFLM needs for the same model.
#![allow(clippy::print_stdout)] // What was skipped, and what was compared, is for whoever reads the log.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use emberlab_core::model::{Model, OperatorId, SubgraphId};
use emberlab_core::plan::{self, ArenaPlan, BufferUse, Chip, KernelSet, PlannedBuffer, Target};
use emberlab_core::tflite;
use serde_json::Value;

use crate::support::{files, root};

/// Files in `../shared/golden` that describe a model.
const GOLDEN_FILES: usize = 83;

fn shared() -> PathBuf {
    root().join("../shared")
}

/// The golden files, or nothing with one printed line.
fn golden() -> Vec<Value> {
    let folder = shared().join("golden");
    let golden = files(&folder, "json")
        .into_iter()
        .map(|path| parse(&path))
        .filter(|value| value["model"].is_object());
    let golden = golden.collect::<Vec<_>>();
    if golden.is_empty() {
        println!("skipped: {} is absent", folder.display());
    } else {
        assert_eq!(golden.len(), GOLDEN_FILES, "golden files");
    }
    golden
}

fn parse(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn model(golden: &Value) -> Model {
    let file = golden["model"]["file"].as_str().expect("the golden file names its model");
    let bytes = std::fs::read(shared().join("models").join(file)).expect("the model is there");
    tflite::read(Arc::from(bytes)).expect("the model is sound")
}

/// Which chips and kernels a section of a golden file holds for.
fn sections(golden: &Value) -> Vec<(Target, &Value)> {
    let target = |chip, kernels| Target { chip, kernels };
    let mut sections = Vec::new();
    for chip in Chip::ALL {
        let section = match chip {
            Chip::Esp32 | Chip::Esp32s2 | Chip::Esp32c3 | Chip::Esp32c6 => "esp32",
            Chip::Esp32s3 => "esp32s3",
            Chip::Esp32p4 => "esp32p4",
            Chip::Host64 => continue,
        };
        sections.push((target(chip, KernelSet::Reference), golden));
        sections.push((target(chip, KernelSet::EspNn), &golden["esp_nn"][section]));
    }
    sections
}

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is no integer"))
}

/// A buffer of the plan in the words of the golden files.
fn buffer_facts(buffer: &PlannedBuffer) -> [i64; 8] {
    let (tensor, operator) = match buffer.usage {
        BufferUse::Tensor(tensor) => (i64::from(tensor.0), -1),
        BufferUse::Scratch(operator, _) => (-1, i64::from(operator.0)),
    };
    let sizes = [buffer.bytes, buffer.size, buffer.offset].map(|bytes| bytes as i64);
    let scopes = [buffer.first_used, buffer.last_used].map(i64::from);
    [i64::from(buffer.subgraph.0), tensor, operator, sizes[0], sizes[1], sizes[2], scopes[0], scopes[1]]
}

fn golden_buffer_facts(entry: &Value) -> [i64; 8] {
    ["subgraph", "tensor", "op", "bytes", "size", "offset", "first_used", "last_used"]
        .map(|key| int(&entry[key]))
}

fn block_facts(what: &str, operator: Option<(SubgraphId, OperatorId)>, bytes: [u64; 3]) -> String {
    let (subgraph, operator) =
        operator.map_or((-1, -1), |(subgraph, operator)| (i64::from(subgraph.0), i64::from(operator.0)));
    format!("{what} {subgraph} {operator} {bytes:?}")
}

fn golden_block_facts(entry: &Value) -> String {
    let bytes = ["bytes", "align", "used"].map(|key| int(&entry[key]));
    let what = entry["what"].as_str().expect("every block has a name");
    format!("{what} {} {} {bytes:?}", int(&entry["subgraph"]), int(&entry["op"]))
}

fn check(name: &str, plan: &ArenaPlan, golden: &Value) {
    let arena = &golden["arena"];
    assert_eq!(plan.used_bytes as i64, int(&arena["arena_used_bytes"]), "{name}: used");
    assert_eq!(plan.nonpersistent_bytes as i64, int(&arena["nonpersistent_bytes"]), "{name}: head");
    assert_eq!(plan.persistent_bytes as i64, int(&arena["persistent_bytes"]), "{name}: tail");
    let smallest = int(&golden["min_arena"]["allocate_tensors_bytes"]);
    assert_eq!(plan.minimum_bytes.map(|bytes| bytes as i64), Some(smallest), "{name}: minimum");
    if let Some(peak) = golden.get("prepare_temp_peak_bytes") {
        assert_eq!(plan.prepare_bytes as i64, int(peak), "{name}: head while operators are prepared");
    }

    let entries = golden["plan"].as_array().expect("a plan is a list");
    assert_eq!(plan.buffers.len(), entries.len(), "{name}: buffers");
    for (buffer, entry) in plan.buffers.iter().zip(entries) {
        assert_eq!(buffer_facts(buffer), golden_buffer_facts(entry), "{name}: buffer");
    }
    let entries = golden["persistent"].as_array().expect("the tail is a list");
    assert_eq!(plan.persistent.len(), entries.len(), "{name}: blocks of the tail");
    for (block, entry) in plan.persistent.iter().zip(entries) {
        let facts = block_facts(block.what, block.operator, [block.bytes, block.align, block.used]);
        assert_eq!(facts, golden_block_facts(entry), "{name}: block of the tail");
    }
    check_validity(name, plan);
}

/// No two buffers that are alive at once overlap, and the head is no smaller than what is alive.
fn check_validity(name: &str, plan: &ArenaPlan) {
    for scope in 0..plan.scope_count {
        let alive = plan.alive_in(scope).collect::<Vec<_>>();
        for (index, first) in alive.iter().enumerate() {
            for second in &alive[index + 1..] {
                let apart =
                    first.offset + first.size <= second.offset || second.offset + second.size <= first.offset;
                assert!(apart, "{name}: {first:?} and {second:?} overlap in scope {scope}");
            }
        }
    }
    assert!(plan.lower_bound_bytes <= plan.nonpersistent_bytes, "{name}: lower bound");
    assert_eq!(plan.live_bytes(plan.peak_scope), plan.lower_bound_bytes, "{name}: peak");
}

#[test]
fn arena_equals_tflm_in_every_golden_file() {
    let mut n_cases = 0;
    for golden in golden().iter().filter(|golden| golden["status"] == "ok") {
        let model = model(golden);
        for (target, section) in sections(golden) {
            let name = format!("{} on {} with {:?}", golden["name"], target.chip.id(), target.kernels);
            let plan = plan::plan(&model, target);
            check(&name, &plan.unwrap_or_else(|refusals| panic!("{name}: {refusals:?}")), section);
            n_cases += 1;
        }
    }
    println!("{n_cases} cases equal TFLM");
}

#[test]
fn refused_models_are_refused_with_the_words_of_tflm() {
    for golden in golden().iter().filter(|golden| golden["status"] != "ok") {
        let target = Target { chip: Chip::Esp32, kernels: KernelSet::Reference };
        let refusals = plan::plan(&model(golden), target).expect_err("TFLM refuses this model");
        let message = &golden["tflm_error"][0];
        assert_eq!(refusals[0].message, message.as_str().expect("a message"), "{}", golden["name"]);
        assert!(refusals[0].help.contains("host only"), "{}", refusals[0].help);
    }
}
