// Stands in for FreeRTOS's header of the same name.
#pragma once
#include <cstdint>
typedef uint32_t TickType_t;
#define pdMS_TO_TICKS(ms) ((TickType_t)((uint64_t)(ms) * CONFIG_FREERTOS_HZ / 1000))
