// Stands in for ESP-IDF's header of the same name.
#pragma once
#include <cstdint>
extern "C" uint32_t esp_cpu_get_cycle_count(void);
