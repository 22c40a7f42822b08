// Stands in for ESP-IDF's header of the same name.
#pragma once
#include <cstdint>
#include "esp_err.h"
typedef enum { UART_NUM_0, UART_NUM_1, UART_NUM_MAX } uart_port_t;
extern "C" {
esp_err_t uart_driver_install(uart_port_t uart_num, int rx_buffer_size, int tx_buffer_size, int queue_size, void* uart_queue,
                              int intr_alloc_flags);
int uart_read_bytes(uart_port_t uart_num, void* buf, uint32_t length, uint32_t ticks_to_wait);
int uart_tx_chars(uart_port_t uart_num, const char* buffer, uint32_t len);
}
