//! Keras code of every template and of random networks is Python.

use std::io::Write as _;
use std::process::{Command, Stdio};

use emberlab_core::layers::testing::random_graph;
use emberlab_core::layers::{keras_code, templates};

/// Whether Python parses what it reads; `None` where there is no Python.
fn parses(code: &str) -> Option<bool> {
    let mut python = Command::new("python3")
        .args(["-c", "import ast, sys; ast.parse(sys.stdin.read())"])
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    python.stdin.take()?.write_all(code.as_bytes()).ok()?;
    Some(python.wait().ok()?.success())
}

#[test]
fn code_of_networks_is_python() {
    match parses("x = 1") {
        Some(true) => {}
        _ => {
            println!("skipped: no python3");
            return;
        }
    }
    assert_eq!(parses("x = = 1"), Some(false), "the check can fail");
    let of_templates = templates::ALL.iter().map(|template| template.graph(&(template.sizes)()));
    // All in one module, because starting Python takes longer than reading it.
    let mut module = String::new();
    for (number, graph) in of_templates.chain((0..100).map(random_graph)).enumerate() {
        let code = keras_code(&graph).unwrap();
        let body: Vec<String> = code.lines().map(|line| format!("    {line}")).collect();
        module += &format!("def network_{number}():\n{}\n\n", body.join("\n"));
    }
    let mut odd = random_graph(1);
    odd.name = "\"; import os #\n\u{1f525}\\".to_owned();
    for layer in &mut odd.layers {
        layer.name = format!("{} \"\\\n'''é/{}", layer.name, layer.name);
    }
    let code = keras_code(&odd).unwrap();
    assert_eq!(parses(&code), Some(true), "{code}");
    assert_eq!(parses(&module), Some(true));
}
