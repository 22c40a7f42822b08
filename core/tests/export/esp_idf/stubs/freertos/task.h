// Stands in for FreeRTOS's header of the same name.
#pragma once
#include "freertos/FreeRTOS.h"
extern "C" void vTaskDelay(TickType_t ticks);
