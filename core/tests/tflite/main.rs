//! `.tflite` files in and out: round trips, damage, messages.

#[path = "../../examples/support/mod.rs"]
mod support;

mod hostile;
mod messages;
mod mutation;
mod round_trip;

#[global_allocator]
static ALLOCATOR: support::counting::Counting = support::counting::Counting;

/// The shared models, sorted by path; empty, with one printed line, where the folder is absent.
fn shared_models() -> Vec<std::path::PathBuf> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/models");
    if !folder.is_dir() {
        eprintln!("skipped: ../shared/models is absent");
        return Vec::new();
    }
    let mut models: Vec<_> = [folder.clone(), folder.join("seanet")]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "tflite"))
        .collect();
    models.sort();
    assert!(!models.is_empty(), "../shared/models has no models");
    models
}
