//! What the app knows about each chip: data files in `assets/chips/`, every figure with its source.

use std::sync::LazyLock;

use emberlab_core::plan::Chip;
use serde::{Deserialize, Deserializer};

/// Facts about one chip.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChipFacts {
    /// The chip.
    #[serde(deserialize_with = "chip")]
    pub chip: Chip,
    /// Clock of the processor in Hz.
    pub clock_hz: u64,
    /// Instruction set in words, such as `Xtensa LX7, 2 cores`.
    pub cores: String,
    /// Largest contiguous block of internal RAM that an application can take for the arena, in bytes.
    pub arena_budget_bytes: u64,
    /// How sure `arena_budget_bytes` is.
    pub arena_budget_how: Evidence,
    /// Where `arena_budget_bytes` comes from, and what it leaves out.
    pub arena_budget_source: String,
    /// PSRAM that usual modules carry, in bytes; 0 where the chip has none.
    pub psram_bytes: u64,
    /// Which modules carry that PSRAM.
    pub psram_source: String,
    /// Flash for application and model in the usual partition table, in bytes.
    pub flash_budget_bytes: u64,
    /// How sure `flash_budget_bytes` is.
    pub flash_budget_how: Evidence,
    /// Where `flash_budget_bytes` comes from.
    pub flash_budget_source: String,
}

/// How a figure is known. A figure that nobody measured, documented or derived is not kept at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// Read off a real build or board.
    Measured,
    /// Stated by the vendor.
    Documented,
    /// Computed from the vendor's linker scripts.
    Derived,
}

impl Evidence {
    /// The word for tables.
    pub fn label(self) -> &'static str {
        match self {
            Evidence::Measured => "measured",
            Evidence::Documented => "documented",
            Evidence::Derived => "derived",
        }
    }
}

/// Facts about a chip; those of the ESP32-S3 for the 64-bit host, which no budget applies to.
pub fn facts(chip: Chip) -> &'static ChipFacts {
    static FACTS: LazyLock<[ChipFacts; 6]> = LazyLock::new(|| {
        let parse = |text: &str| serde_json::from_str(text).expect("the bundled files are read in a test");
        [
            parse(include_str!("../../assets/chips/esp32.json")),
            parse(include_str!("../../assets/chips/esp32s2.json")),
            parse(include_str!("../../assets/chips/esp32s3.json")),
            parse(include_str!("../../assets/chips/esp32c3.json")),
            parse(include_str!("../../assets/chips/esp32c6.json")),
            parse(include_str!("../../assets/chips/esp32p4.json")),
        ]
    });
    let [esp32, esp32s2, esp32s3, esp32c3, esp32c6, esp32p4] = &*FACTS;
    match chip {
        Chip::Esp32 => esp32,
        Chip::Esp32s2 => esp32s2,
        Chip::Esp32s3 | Chip::Host64 => esp32s3,
        Chip::Esp32c3 => esp32c3,
        Chip::Esp32c6 => esp32c6,
        Chip::Esp32p4 => esp32p4,
    }
}

/// The chips that one can buy, in the order of menus and tables.
pub fn all() -> impl Iterator<Item = &'static ChipFacts> {
    Chip::ALL.into_iter().filter(|chip| *chip != Chip::Host64).map(facts)
}

fn chip<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Chip, D::Error> {
    let id = String::deserialize(deserializer)?;
    Chip::from_id(&id).ok_or_else(|| serde::de::Error::custom(format!("{id} is not a chip")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chip_has_its_own_facts_with_sources() {
        assert_eq!(all().count(), 6);
        for (facts, chip) in all().zip(Chip::ALL) {
            assert_eq!(facts.chip, chip);
            let sources = [&facts.arena_budget_source, &facts.flash_budget_source, &facts.psram_source];
            assert!(sources.iter().all(|source| source.len() > 20), "{}", chip.label());
            assert!((100_000..1_000_000).contains(&facts.arena_budget_bytes), "{}", chip.label());
            assert!((80_000_000..=400_000_000).contains(&facts.clock_hz), "{}", chip.label());
        }
    }

    #[test]
    fn budgets_are_multiples_of_16_as_arenas_are() {
        for facts in all() {
            assert_eq!(facts.arena_budget_bytes % 16, 0, "{}", facts.chip.label());
        }
    }
}
