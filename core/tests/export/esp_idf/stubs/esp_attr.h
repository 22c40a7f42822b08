// Stands in for ESP-IDF's header of the same name.
#pragma once
#define EXT_RAM_BSS_ATTR __attribute__((section(".ext_ram.bss")))
