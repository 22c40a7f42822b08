//! The notices of third parties name every package that is built into the app.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value;

use crate::support::{root, text};

const FILE: &str = "THIRD-PARTY.md";
const HEADING: &str = "## Rust packages\n";

/// Name and version, licence and home of every package from a registry that the lock file names.
fn packages() -> BTreeMap<(String, String), (String, String)> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo is there when tests run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata writes JSON");
    let field = |package: &Value, name: &str| package[name].as_str().unwrap_or("").to_owned();
    let packages = metadata["packages"].as_array().expect("cargo metadata lists packages");
    packages
        .iter()
        .filter(|package| package["source"].is_string())
        .map(|package| {
            let home = [field(package, "repository"), field(package, "homepage")]
                .into_iter()
                .find(|home| !home.is_empty());
            (
                (field(package, "name"), field(package, "version")),
                (field(package, "license"), home.unwrap_or_default()),
            )
        })
        .collect()
}

/// Rewritten when `EMBERLAB_UPDATE=1` is set.
#[test]
fn every_package_is_named_with_its_licence() {
    let mut table = String::from("\n| package | version | licence | home |\n| --- | --- | --- | --- |\n");
    for ((name, version), (licence, home)) in packages() {
        writeln!(table, "| {name} | {version} | {licence} | {home} |").expect("writing to a string succeeds");
    }
    let path = root().join(FILE);
    let notices = text(&path);
    let (before, after) = notices.split_once(HEADING).expect("the notices have a section of packages");
    if after == table {
        return;
    }
    if std::env::var("EMBERLAB_UPDATE").is_ok_and(|value| value == "1") {
        std::fs::write(&path, format!("{before}{HEADING}{table}"))
            .expect("the project's root can be written to");
        return;
    }
    panic!("{FILE} does not name the packages of Cargo.lock; run this test once with EMBERLAB_UPDATE=1");
}
