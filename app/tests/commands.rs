//! The commands as scripts meet them: as processes, by their exit codes, what they print and what they leave on the disk.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::Value;

/// A folder that is gone at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("emberlab-commands-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("the temporary folder can be written to");
        Self(path)
    }

    /// A folder in it.
    fn folder(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(&path).expect("it is ours");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What a command has said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// The program with arguments, at work in `folder`.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emberlab"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Said {
    let output = command(folder, arguments).output().expect("the program was built");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes text");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs a command that has to go well; its standard output.
fn well(folder: &Path, arguments: &[&str]) -> String {
    let said = run(folder, arguments);
    assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.err);
    said.out
}

/// Every line as JSON.
fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

fn has_keys(value: &Value, keys: &[&str]) {
    for key in keys {
        assert!(value.get(key).is_some(), "{key} is not in {value}");
    }
}

/// Every file below a folder with its bytes.
fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("it is ours").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).expect("it is ours");
                found.insert(path, bytes);
            }
        }
    }
    found
}

/// A small project that trains in no time.
fn sine(folder: &Path) {
    well(folder, &["new", "curve", "--template", "sine", "--data", "generated:sine"]);
}

/// Trains in a process of its own whose output can be read while it works.
fn begin(folder: &Path, epochs: &str) -> (Child, impl Iterator<Item = Value> + use<>) {
    let arguments =
        ["train", "curve.emberlab", "--json", "--backend", "cpu", "--seed", "7", "--epochs", epochs];
    let mut child = command(folder, &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program was built");
    let out = child.stdout.take().expect("it was asked for");
    let lines = BufReader::new(out).lines();
    (child, lines.map_while(Result::ok).map(|line| serde_json::from_str(&line).expect("every line is JSON")))
}

fn weights(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("curve.files/run-1/weights")).expect("a run that has ended leaves its weights")
}

#[test]
fn templates_are_listed_for_people_and_scripts() {
    let scratch = Scratch::new("templates");
    assert!(well(&scratch.0, &["templates"]).contains("emberlab new PROJECT --template NAME --data PATH"));
    let list: Value =
        serde_json::from_str(&well(&scratch.0, &["templates", "--json"])).expect("one document");
    let list = list.as_array().expect("a list");
    assert!(list.len() >= 10 && list.iter().any(|template| template["name"] == "sine"));
    for template in list {
        has_keys(template, &["name", "title", "description", "data", "inputs", "outputs", "parameters"]);
    }
    assert!(content(&scratch.0).is_empty(), "a list leaves nothing behind");
}

#[test]
fn a_project_is_made_trained_and_gone_on_with() {
    let scratch = Scratch::new("train");
    sine(&scratch.0);
    assert!(scratch.0.join("curve.emberlab").is_file());
    let train = ["train", "curve.emberlab", "--json", "--backend", "cpu", "--seed", "5"];
    let text = well(&scratch.0, &[&train[..], &["--epochs", "3"]].concat());
    let said = lines(&text);
    let (summary, epochs) = said.split_last().expect("a summary at least");
    assert_eq!(
        epochs.iter().map(|line| line["epoch"].as_u64()).collect::<Vec<_>>(),
        [Some(1), Some(2), Some(3)]
    );
    for line in epochs {
        has_keys(line, &["epoch", "loss", "validation_loss", "learning_rate", "seconds"]);
    }
    has_keys(summary, &["best_epoch", "epochs", "samples_per_second", "seconds", "seed", "backend"]);
    assert!(summary["test_loss"].is_number(), "{summary}");
    assert_eq!((summary["epochs"].as_u64(), summary["seed"].as_u64()), (Some(3), Some(5)));
    assert_eq!((summary["backend"].as_str(), summary["end"].as_str()), (Some("CPU"), Some("complete")));
    for file in ["weights", "checkpoint", "history.csv", "network.json", "report.json"] {
        assert!(scratch.0.join("curve.files/run-1").join(file).is_file(), "{file} is missing");
    }

    // What is done is not done again without a wish for more; more epochs go on where it was left.
    let before = content(&scratch.0);
    let said = run(&scratch.0, &["train", "curve.emberlab", "--resume"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("--epochs N"), "{}", said.err);
    assert_eq!(content(&scratch.0), before, "nothing is written when it fails");
    let said = well(&scratch.0, &["train", "curve.emberlab", "--json", "--resume", "--epochs", "5"]);
    let epochs: Vec<_> = lines(&said).iter().filter_map(|line| line["epoch"].as_u64()).collect();
    assert_eq!(epochs, [4, 5]);
}

#[test]
fn classes_are_reported_by_their_accuracy() {
    let scratch = Scratch::new("classes");
    well(
        &scratch.0,
        &["new", "moves.emberlab", "--template", "motion-features", "--data", "generated:gestures"],
    );
    let text = well(&scratch.0, &["train", "moves.emberlab", "--json", "--backend", "cpu", "--epochs", "1"]);
    let said = lines(&text);
    let summary = said.last().expect("a summary");
    let accuracy = summary["test_accuracy"].as_f64().unwrap_or_else(|| panic!("{summary}"));
    assert!((0.0..=1.0).contains(&accuracy));
}

#[test]
fn a_limit_that_is_exceeded_is_1() {
    let scratch = Scratch::new("limit");
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/examples/keyword_spotting.tflite");
    let model = model.to_str().expect("the path is text");
    let within = run(&scratch.0, &["inspect", model, "--json", "--max-arena", "100000000"]);
    assert_eq!(within.code, Some(0), "{}", within.err);
    let beyond = run(&scratch.0, &["inspect", model, "--json", "--max-arena", "16"]);
    assert_eq!(beyond.code, Some(1), "{}", beyond.err);
    assert_eq!(beyond.out, within.out, "the figures are said nevertheless");
    assert!(!beyond.err.is_empty());
}

#[test]
fn what_is_wrong_is_2_with_one_message_and_nothing_is_written() {
    let scratch = Scratch::new("wrong");
    let folder = scratch.folder("work");
    sine(&folder);
    std::fs::write(folder.join("noise.emberlab"), "version = 1\nname = = 2").expect("it is ours");
    std::fs::write(folder.join("noise.tflite"), [7; 64]).expect("it is ours");
    let before = content(&folder);
    let new = ["new", "p", "--template", "sine", "--data"];
    let cases: &[(&[&str], &str)] = &[
        (&["train"], "PROJECT"),
        (&["train", "missing.emberlab"], "missing.emberlab"),
        (&["train", "noise.emberlab"], "line 2"),
        (&["train", "curve.emberlab", "--epochs", "0"], "--epochs"),
        (&["train", "curve.emberlab", "--epochs", "many"], "--epochs"),
        (&["train", "curve.emberlab", "--backend", "tpu"], "tpu"),
        (&["train", "curve.emberlab", "--resume"], "no run to go on with"),
        (&["train", "curve.emberlab", "--resume", "--seed", "1"], "--seed"),
        (&["new", "p", "--template", "sine"], "--data"),
        (&["new", "p", "--template", "no-such", "--data", "generated:sine"], "no-such"),
        (&["new", "curve", "--template", "sine", "--data", "generated:sine"], "is there already"),
        (&["new", "no/folder/p", "--template", "sine", "--data", "generated:sine"], "no folder"),
        (&[&new[..], &["generated:nothing"]].concat(), "nothing"),
        (&[&new[..], &["no-such-folder"]].concat(), "no-such-folder"),
        (&["templates", "--everything"], "--everything"),
        (&["inspect", "missing.tflite"], "missing.tflite"),
        (&["inspect", "noise.tflite", "--json"], "noise.tflite"),
        (&["run", "noise.tflite"], "noise.tflite"),
        (&["inspect", "."], "folder"),
    ];
    for (arguments, part) in cases {
        let said = run(&folder, arguments);
        assert_eq!(said.code, Some(2), "{arguments:?}: {}", said.err);
        assert_eq!(said.out, "", "{arguments:?}");
        assert!(said.err.contains(part), "{arguments:?}: {}", said.err);
        assert_eq!(content(&folder), before, "{arguments:?} has written something");
    }
}

#[test]
fn a_run_that_was_killed_goes_on_to_the_same_weights() {
    const EPOCHS: &str = "60";
    let scratch = Scratch::new("killed");
    let [unbroken, broken] = ["unbroken", "broken"].map(|name| scratch.folder(name));
    sine(&unbroken);
    let (mut child, said) = begin(&unbroken, EPOCHS);
    let said_whole: Vec<Value> = said.collect();
    assert!(child.wait().expect("it is ours").success());
    assert_eq!(said_whole.len(), 61);

    sine(&broken);
    let (mut child, mut said) = begin(&broken, EPOCHS);
    let fifth = said.nth(4).expect("it trains");
    assert_eq!(fifth["epoch"].as_u64(), Some(5));
    child.kill().expect("it is ours");
    let status: ExitStatus = child.wait().expect("it is ours");
    assert!(!status.success());
    assert!(said.all(|line| line.get("end").is_none()), "it was killed in the middle");
    assert!(!broken.join("curve.files/run-1/weights").exists());
    let refused = run(&broken, &["compress", "curve.emberlab", "--variants", "int8"]);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("train with --resume"), "{}", refused.err);

    let text = well(&broken, &["train", "curve.emberlab", "--json", "--resume"]);
    let resumed = lines(&text);
    assert!(resumed.len() > 1, "something was left to do");
    assert!(resumed[0]["epoch"].as_u64().is_some_and(|epoch| epoch >= 2), "it began anew: {}", resumed[0]);
    assert_eq!(weights(&broken), weights(&unbroken), "the weights differ");
    let table = well(&broken, &["compress", "curve.emberlab", "--variants", "float32,int8"]);
    let head = table.lines().next().expect("a head");
    assert!(
        head.contains("mean error") && head.contains("R² to float") && !head.contains("accuracy"),
        "{table}"
    );
    let (whole, rest) = (said_whole.last().expect("a summary"), resumed.last().expect("a summary"));
    for key in ["best_epoch", "epochs", "test_loss", "test_mean_absolute_error", "seed"] {
        assert_eq!(whole[key], rest[key], "{key}");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_is_kept_and_says_how_to_go_on() {
    let scratch = Scratch::new("interrupted");
    sine(&scratch.0);
    let (mut child, mut said) = begin(&scratch.0, "100000");
    let second = said.nth(1).expect("it trains");
    assert_eq!(second["epoch"].as_u64(), Some(2));
    let signal = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &signal]).status().expect("there is a shell").success());
    let rest: Vec<Value> = said.collect();
    let mut err = String::new();
    child.stderr.take().expect("it was asked for").read_to_string(&mut err).expect("it writes text");
    assert_eq!(child.wait().expect("it is ours").code(), Some(130), "{err}");
    assert!(err.contains("emberlab train curve.emberlab --resume"), "{err}");
    let summary = rest.last().expect("the last line sums up");
    assert_eq!(summary["end"].as_str(), Some("stopped"), "{summary}");
    let done = summary["epochs"].as_u64().expect("a number");
    assert!(done >= 2);
    assert!(!weights(&scratch.0).is_empty());
    assert!(scratch.0.join("curve.files/run-1/checkpoint").is_file());

    let more = (done + 2).to_string();
    let text = well(&scratch.0, &["train", "curve.emberlab", "--json", "--resume", "--epochs", &more]);
    let resumed = lines(&text);
    assert_eq!(resumed[0]["epoch"].as_u64(), Some(done + 1));
    assert_eq!(resumed.last().map(|line| line["end"].as_str()), Some(Some("complete")));
}

#[test]
fn a_model_is_measured_on_boards_that_need_no_board() {
    let scratch = Scratch::new("bench");
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/examples/keyword_spotting.tflite");
    let emulator = std::env::var_os("PATH").is_some_and(|folders| {
        std::env::split_paths(&folders).any(|folder| folder.join("qemu-system-riscv32").is_file())
    });
    let ports: &[(&str, &str)] = match emulator {
        true => &[("sim", "nanoseconds"), ("qemu", "instructions")],
        false => {
            eprintln!("skipped: qemu-system-riscv32 is not installed");
            &[("sim", "nanoseconds")]
        }
    };
    for (port, unit) in ports {
        let out =
            well(&scratch.0, &["bench", model, "--port", port, "--runs", "12", "--json", "--csv", "out.csv"]);
        let found: Value = serde_json::from_str(&out).expect("one JSON document");
        assert_eq!(found["unit"], *unit);
        assert_eq!(found["runs"], 12);
        assert_eq!(found["outputs_match_host"], true);
        assert_eq!(found["operators"].as_array().map(Vec::len), Some(13));
        assert_eq!(found["operators"][1]["name"], "DEPTHWISE_CONV_2D");
        // Instructions are no time, and are not shown as one.
        assert_eq!(found["micros"].is_null(), *port == "qemu", "{found}");
        let order =
            ["min", "median", "p95", "p99", "max"].map(|key| found["invoke"][key].as_u64().unwrap_or(0));
        assert!(order[0] > 0 && order.is_sorted(), "{order:?}");
        let csv = std::fs::read_to_string(scratch.0.join("out.csv")).expect("it was written");
        assert_eq!(csv.lines().filter(|line| line.ends_with(',')).count(), 12, "{csv}");
    }
    let text = well(&scratch.0, &["bench", model, "--port", "sim", "--runs", "3"]);
    assert!(text.contains("same bits   yes") && text.contains("say nothing about a chip"), "{text}");
}

#[test]
fn a_board_that_is_not_there_is_2() {
    let scratch = Scratch::new("no-board");
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/examples/keyword_spotting.tflite");
    for arguments in [
        &["bench", model, "--port", "/dev/ttyNoSuchPort"][..],
        &["bench", "none.tflite", "--port", "sim"],
        &["bench", model],
        &["bench", model, "--port", "sim", "--runs", "0"],
    ] {
        let said = run(&scratch.0, arguments);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{arguments:?}: {}", said.err);
        assert!(!said.err.is_empty(), "{arguments:?}");
    }
}
