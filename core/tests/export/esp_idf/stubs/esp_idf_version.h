// Stands in for ESP-IDF's header of the same name.
#pragma once
extern "C" const char* esp_get_idf_version(void);
