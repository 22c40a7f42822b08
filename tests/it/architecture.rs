//! The invariants of `ARCHITECTURE.md` that can be read off manifests and sources.

use std::path::Path;

use crate::support::{files, root, text};

/// Names of the dependencies that a manifest lists for building (not for testing).
fn dependencies(manifest: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut in_dependencies = false;
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            in_dependencies = line == "[dependencies]";
        } else if in_dependencies && let Some((name, _)) = line.split_once(['=', '.']) {
            names.push(name.trim().to_owned());
        }
    }
    names
}

fn check_dependencies(manifest: &str, allowed: impl Fn(&str) -> bool) {
    for name in dependencies(&text(&root().join(manifest))) {
        assert!(allowed(&name), "{manifest} must not depend on {name}");
    }
}

#[test]
fn the_runtime_imports_nothing_of_ours() {
    check_dependencies("core/runtime/Cargo.toml", |name| !name.starts_with("emberlab"));
    let library = text(&root().join("core/runtime/src/lib.rs"));
    assert!(library.contains("no_std"), "the runtime is built without the standard library");
}

#[test]
fn training_imports_the_core_and_no_window() {
    check_dependencies("core/train/Cargo.toml", |name| {
        !matches!(name, "egui" | "eframe" | "egui_extras" | "rfd")
            && (!name.starts_with("emberlab") || matches!(name, "emberlab-core" | "emberlab-runtime"))
    });
    for manifest in ["app/Cargo.toml", "core/Cargo.toml", "core/runtime/Cargo.toml"] {
        check_dependencies(manifest, |name| !name.starts_with("burn"));
    }
}

#[test]
fn the_core_imports_only_the_runtime_and_no_window() {
    check_dependencies("core/Cargo.toml", |name| {
        !matches!(name, "egui" | "eframe" | "egui_extras" | "rfd")
            && (!name.starts_with("emberlab") || name == "emberlab-runtime")
    });
}

/// Calls that reach outside of the process, or at the time.
const OUTSIDE: [&str; 8] = [
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "Instant::now",
    "SystemTime",
    "std::env",
    "println!",
];

/// Sources that are only built for tests.
fn is_test(path: &Path) -> bool {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let in_a_folder_of_tests = path.parent().is_some_and(|folder| folder.ends_with("tests"));
    in_a_folder_of_tests
        || name == "tests"
        || name.ends_with("_tests")
        || name.ends_with("_suite")
        || name == "test_support"
}

/// Sources of a crate up to their test modules, without comments.
fn check_sources(folder: &str, words: &[&str]) {
    for path in files(&root().join(folder), "rs") {
        if is_test(&path) {
            continue;
        }
        let source = text(&path);
        // A test module with a body ends the code; one in a file of its own is a line like others.
        let following = source.lines().skip(1).chain(std::iter::once(""));
        let is_code = |(line, next): &(&str, &str)| !(*line == "#[cfg(test)]" && next.ends_with('{'));
        let code = source.lines().zip(following).take_while(is_code).map(|(line, _)| line);
        let lines = code.filter(|line| !line.trim_start().starts_with("//"));
        for (word, line) in words.iter().flat_map(|word| lines.clone().map(move |line| (word, line))) {
            assert!(!line.contains(word), "{} must not use {word}: {line}", path.display());
        }
    }
}

#[test]
fn core_and_runtime_open_no_file_and_read_no_clock() {
    check_sources("core/src", &OUTSIDE);
    check_sources("core/runtime/src", &OUTSIDE);
    check_sources("core/train/src", &OUTSIDE);
}

#[test]
fn the_runtime_allocates_nothing() {
    check_sources("core/runtime/src", &["extern crate alloc", "Vec<", "Box<", "String::", "format!"]);
}

#[test]
fn core_and_runtime_have_no_unsafe_code() {
    for folder in ["core/src", "core/train/src"] {
        check_sources(folder, &["unsafe {", "unsafe fn", "unsafe impl"]);
    }
}

#[test]
fn colours_come_from_the_theme() {
    for path in files(&root().join("app/src"), "rs") {
        if path.components().any(|part| part.as_os_str() == "theme") {
            continue;
        }
        let source = text(&path);
        for constructor in ["Color32::from_rgb", "Color32::from_gray", "Color32::from_rgba"] {
            assert!(!source.contains(constructor), "{} makes a colour of its own", path.display());
        }
    }
}

#[test]
fn nothing_names_a_machine() {
    let folders = ["app", "core", "firmware", "tests", "assets"].map(|folder| root().join(folder));
    let sources = folders
        .iter()
        .flat_map(|folder| ["rs", "toml", "md", "py", "sh"].map(|extension| files(folder, extension)));
    for path in sources.flatten() {
        let source = text(&path);
        for machine in [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")] {
            assert!(!source.contains(machine), "{} names the path {machine} of a machine", path.display());
        }
    }
}
