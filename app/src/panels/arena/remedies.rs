//! Ways to a smaller arena whose effect is known exactly now.

use emberlab_core::plan::{ArenaPlan, Chip, KernelSet, Target};

use crate::chips::ChipFacts;
use crate::document::OpenModel;
use crate::theme::format;

/// One way to need less internal RAM.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy {
    /// What to do.
    pub title: String,
    /// Internal RAM that the arena takes then.
    pub bytes: u64,
    /// Difference to now.
    pub difference: i64,
    /// What it costs.
    pub note: String,
    /// The target that shows it, where a target can.
    pub target: Option<Target>,
}

/// The ways there are for a plan, the largest effect first.
pub fn remedies(open: &OpenModel, plan: &ArenaPlan, chip: &ChipFacts) -> Vec<Remedy> {
    let Some(now) = plan.minimum_bytes else { return Vec::new() };
    let mut remedies = Vec::new();
    let target = Target { kernels: KernelSet::Reference, ..plan.target };
    if plan.target.kernels == KernelSet::EspNn
        && let Some(Ok(reference)) = open.plan(target)
        && let Some(bytes) = reference.minimum_bytes.filter(|&bytes| bytes < now)
    {
        let note = match esp_nn_speedup(plan.target.chip) {
            Some((without, with)) => format!(
                "About {:.0} times slower: person_detection takes {} instead of {with} ms (Espressif)",
                f64::from(without) / f64::from(with),
                format::count(u64::from(without)),
            ),
            None => "Much slower: none of ESP-NN's kernels are used".to_owned(),
        };
        remedies.push(Remedy {
            title: "Reference kernels, not ESP-NN".to_owned(),
            bytes,
            difference: difference(bytes, now),
            note,
            target: Some(target),
        });
    }
    // A small arena is not worth the slower memory.
    if chip.psram_bytes >= now && now * 4 >= chip.arena_budget_bytes {
        let note = match plan.target.chip {
            // github.com/espressif/esp-nn at d45b843, README.md: 54 ms with the tensor arena in PSRAM.
            Chip::Esp32s3 => {
                "Slower memory: person_detection takes 54 instead of 47 ms (Espressif)".to_owned()
            }
            _ => "Slower memory; the chip needs a module with PSRAM".to_owned(),
        };
        remedies.push(Remedy {
            title: "Arena in PSRAM".to_owned(),
            bytes: 0,
            difference: difference(0, now),
            note,
            target: None,
        });
    }
    remedies.sort_by_key(|remedy| remedy.difference);
    remedies
}

fn difference(then: u64, now: u64) -> i64 {
    i64::try_from(then).unwrap_or(i64::MAX).saturating_sub_unsigned(now)
}

/// Milliseconds of person_detection without and with ESP-NN, where Espressif has published them.
///
/// Source: the table in README.md of github.com/espressif/esp-tflite-micro at 99f49e1.
fn esp_nn_speedup(chip: Chip) -> Option<(u32, u32)> {
    match chip {
        Chip::Esp32p4 => Some((1395, 73)),
        Chip::Esp32s3 => Some((2300, 54)),
        Chip::Esp32 => Some((4084, 380)),
        Chip::Esp32c3 => Some((3355, 426)),
        Chip::Esp32s2 | Chip::Esp32c6 | Chip::Host64 => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::document;
    use super::*;

    fn chip(psram_bytes: u64) -> ChipFacts {
        ChipFacts { psram_bytes, arena_budget_bytes: 1024, ..crate::chips::facts(Chip::Esp32s3).clone() }
    }

    #[test]
    fn reference_kernels_are_offered_with_their_exact_difference() {
        let document = document();
        let (_, open) = document.active_model().unwrap();
        let plan = open.plan(document.target).unwrap().as_ref().unwrap();
        let found = remedies(open, plan, &chip(0));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].bytes, found[0].difference), (528, -160));
        assert_eq!(found[0].target.map(|target| target.kernels), Some(KernelSet::Reference));
        assert!(found[0].note.contains("About 43 times slower"), "{}", found[0].note);
    }

    #[test]
    fn psram_is_offered_only_where_it_is_large_enough_and_needed() {
        let document = document();
        let (_, open) = document.active_model().unwrap();
        let plan = open.plan(document.target).unwrap().as_ref().unwrap();
        assert!(remedies(open, plan, &chip(100)).iter().all(|remedy| remedy.title != "Arena in PSRAM"));
        assert_eq!(remedies(open, plan, &chip(8 << 20))[0].title, "Arena in PSRAM");
        let roomy = ChipFacts { arena_budget_bytes: 300_000, ..chip(8 << 20) };
        assert!(remedies(open, plan, &roomy).iter().all(|remedy| remedy.title != "Arena in PSRAM"));
    }

    #[test]
    fn reference_kernels_have_no_kernel_remedy() {
        let document = document();
        let (_, open) = document.active_model().unwrap();
        let target = Target { kernels: KernelSet::Reference, ..document.target };
        let plan = open.plan(target).unwrap().as_ref().unwrap();
        assert!(remedies(open, plan, &chip(0)).is_empty());
    }
}
