//! The table of operators in the docs is what the dispatch table says.

use std::fmt::Write as _;
use std::path::Path;

use emberlab_core::model::{ModelBuilder, TensorId};
use emberlab_core::plan::{self, Chip, Target};
use emberlab_runtime::kernels::KERNELS;
use emberlab_runtime::schema::BuiltinOperator;
use emberlab_runtime::{Exactness, FLOAT_BOUND, KernelEntry, OperatorKey, Registry};

const FILE: &str = "runtime/OPERATORS.md";

fn name<'a>(entry: &KernelEntry<'a>) -> &'a str {
    match entry.operator {
        OperatorKey::Builtin(operator) => operator.name().expect("the table has operators of the schema"),
        OperatorKey::Custom(name) => name,
    }
}

fn in_words(exactness: Option<Exactness>, without: &'static str) -> &'static str {
    match exactness {
        Some(Exactness::Bits) => "exact",
        Some(Exactness::Float) => "float",
        None => without,
    }
}

fn table(out: &mut String, title: &str, is_in: impl Fn(&OperatorKey<'_>) -> bool) {
    write!(out, "\n## {title}\n\n| operator | types | TFLM | LiteRT |\n| --- | --- | --- | --- |\n")
        .expect("writing to a string succeeds");
    let mut entries: Vec<_> = KERNELS.iter().filter(|entry| is_in(&entry.operator)).collect();
    entries.sort_by_key(|entry| name(entry));
    for entry in entries {
        for support in entry.support {
            let (tflm, litert) = (in_words(support.tflm, "refused"), in_words(support.litert, "none"));
            writeln!(out, "| {} | {} | {tflm} | {litert} |", name(entry), support.types)
                .expect("writing to a string succeeds");
        }
    }
}

fn document() -> String {
    let mut out = format!(
        "# Operators of the runtime

What the dispatch table (`src/kernels/mod.rs`) says of every operator and every combination of types: whether the output is
that of TensorFlow Lite Micro, and under LiteRT's semantics that of LiteRT's reference kernels.

- *exact*: the same bytes, floats included.
- *float*: the last bits may differ, by the mathematical library or the order of additions: by at most {FLOAT_BOUND:e} of the
  largest magnitude in the tensor.
- *refused*: preparing the model fails with an error that names the operator and the reason, as it does for types and
  operators that are not listed. Under TFLM's semantics that is what TFLM itself does.
- *none*: LiteRT has no reference kernel that works, so that there is nothing to agree with: the operator is refused, or does
  as in TFLM.

Where both refuse a case of a type that is listed (a shape, a quantization, an option), the error says so as well. Of what
TFLM registers only `TFLM_DECODE` (compressed weights) and `ethos-u` (Arm's accelerator) are missing.

This file is written by a test: `EMBERLAB_UPDATE=1 cargo test -p emberlab-core --test operator_table`.
"
    );
    table(&mut out, "Operators of the schema", |key| matches!(key, OperatorKey::Builtin(_)));
    table(&mut out, "Custom operators", |key| matches!(key, OperatorKey::Custom(_)));
    out
}

/// Rewritten when `EMBERLAB_UPDATE=1` is set.
#[test]
fn docs_are_those_of_the_dispatch_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let expected = document();
    if std::fs::read_to_string(&path).is_ok_and(|found| found == expected) {
        return;
    }
    if std::env::var("EMBERLAB_UPDATE").is_ok_and(|value| value == "1") {
        std::fs::write(&path, expected).expect("the project can be written to");
        return;
    }
    panic!("{FILE} is not what the dispatch table says; run this test once with EMBERLAB_UPDATE=1");
}

/// True if TFLM knows the operator, whatever it thinks of one without operands.
fn is_known_to_tflm(operator: BuiltinOperator) -> bool {
    let mut builder = ModelBuilder::new("one operator");
    builder.operator(operator, [] as [TensorId; 0], [] as [TensorId; 0]);
    let refusals = plan::plan(&builder.build(), Target::new(Chip::Esp32)).err().unwrap_or_default();
    !refusals.iter().any(|refusal| refusal.message.contains("Didn't find op"))
}

#[test]
fn every_operator_of_the_schema_that_tflm_knows_has_a_kernel() {
    let registry = Registry::default();
    let mut n_known = 0;
    for operator in (0..=i32::from(u8::MAX)).map(BuiltinOperator).filter(|operator| operator.name().is_some())
    {
        let has_kernel = registry.find(OperatorKey::Builtin(operator)).is_some();
        let is_known = operator != BuiltinOperator::CUSTOM && is_known_to_tflm(operator);
        assert_eq!(has_kernel, is_known, "{:?}", operator.name());
        n_known += usize::from(is_known);
    }
    assert!(n_known > 90, "{n_known} operators");
}

#[test]
fn every_entry_says_what_it_takes_and_stands_once() {
    for (index, entry) in KERNELS.iter().enumerate() {
        assert!(!entry.support.is_empty(), "{} says nothing of its types", name(entry));
        assert!(!entry.versions.is_empty(), "{} has no kernel", name(entry));
        assert!(
            KERNELS[..index].iter().all(|other| other.operator != entry.operator),
            "{} twice",
            name(entry)
        );
    }
}
