// Stands in for ESP-IDF's header of the same name.
#pragma once
typedef int esp_err_t;
#define ESP_OK 0
