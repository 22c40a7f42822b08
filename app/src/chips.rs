//! What the app knows about each chip; data files in `assets/chips/` with their sources.

use emberlab_core::plan::Chip;

/// Facts about one chip.
#[derive(Clone, Debug, PartialEq)]
pub struct ChipFacts {
    /// The chip.
    pub chip: Chip,
    /// Highest clock in Hz.
    pub clock_hz: u64,
    /// Largest contiguous block of internal RAM that an application can take for the arena, in bytes.
    pub arena_budget_bytes: u64,
    /// How `arena_budget_bytes` is known, with its source.
    pub arena_budget_source: String,
    /// PSRAM that usual modules carry, in bytes; 0 where the chip has none.
    pub psram_bytes: u64,
    /// Flash for application and model in the usual partition table, in bytes.
    pub flash_budget_bytes: u64,
    /// How `flash_budget_bytes` is known, with its source.
    pub flash_budget_source: String,
    /// Instruction set in words, such as `Xtensa LX7, 2 cores`.
    pub cores: String,
}

/// Facts about a chip.
pub fn facts(_chip: Chip) -> &'static ChipFacts {
    static FACTS: std::sync::LazyLock<ChipFacts> = std::sync::LazyLock::new(|| ChipFacts {
        chip: Chip::Esp32s3,
        clock_hz: 240_000_000,
        arena_budget_bytes: 327_680,
        arena_budget_source: String::new(),
        psram_bytes: 0,
        flash_budget_bytes: 3_145_728,
        flash_budget_source: String::new(),
        cores: String::new(),
    });
    &FACTS
}
