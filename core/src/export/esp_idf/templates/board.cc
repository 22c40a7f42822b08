// The chip below the link, with ESP-IDF: see board.h.
#include "board.h"

#include <cstdio>

#include "esp_cpu.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"

// The console that menuconfig chooses carries text and frames.
#if CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG
#include "driver/usb_serial_jtag.h"
#include "driver/usb_serial_jtag_vfs.h"
#elif CONFIG_ESP_CONSOLE_UART
#include "driver/uart.h"
#else
#error "Choose UART or USB Serial/JTAG as the console: idf.py menuconfig, Component config, ESP System Settings"
#endif

namespace board {

namespace {

// A frame has at most 255 bytes; the driver wants more than the 128 of the hardware.
constexpr int kBufferBytes = 1024;

// Text that was printed goes out before the frame behind it.
void FlushText() { std::fflush(stdout); }

#if CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG

std::size_t Read(void*, std::uint8_t* bytes, std::size_t n_bytes) {
  const int n_read = usb_serial_jtag_read_bytes(bytes, static_cast<std::uint32_t>(n_bytes), 0);
  return n_read > 0 ? static_cast<std::size_t>(n_read) : 0;
}

std::size_t Write(void*, const std::uint8_t* bytes, std::size_t n_bytes) {
  FlushText();
  const int n_written = usb_serial_jtag_write_bytes(bytes, n_bytes, 0);
  return n_written > 0 ? static_cast<std::size_t>(n_written) : 0;
}

#else

constexpr uart_port_t kPort = static_cast<uart_port_t>(CONFIG_ESP_CONSOLE_UART_NUM);

std::size_t Read(void*, std::uint8_t* bytes, std::size_t n_bytes) {
  const int n_read = uart_read_bytes(kPort, bytes, static_cast<std::uint32_t>(n_bytes), 0);
  return n_read > 0 ? static_cast<std::size_t>(n_read) : 0;
}

// Without a buffer of the driver this fills the hardware's and returns.
std::size_t Write(void*, const std::uint8_t* bytes, std::size_t n_bytes) {
  FlushText();
  const int n_written = uart_tx_chars(kPort, reinterpret_cast<const char*>(bytes), static_cast<std::uint32_t>(n_bytes));
  return n_written > 0 ? static_cast<std::size_t>(n_written) : 0;
}

#endif

}  // namespace

const char* Start() {
#if CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG
  usb_serial_jtag_driver_config_t config = USB_SERIAL_JTAG_DRIVER_CONFIG_DEFAULT();
  config.tx_buffer_size = kBufferBytes;
  config.rx_buffer_size = kBufferBytes;
  if (usb_serial_jtag_driver_install(&config) != ESP_OK) return "the driver of the USB port could not be started";
  // printf goes the same way as frames, so that both keep their order.
  usb_serial_jtag_vfs_use_driver();
#else
  if (uart_driver_install(kPort, kBufferBytes, 0, 0, nullptr, 0) != ESP_OK) {
    return "the driver of the serial port could not be started";
  }
#endif
  return nullptr;
}

std::uint32_t Cycles() { return static_cast<std::uint32_t>(esp_cpu_get_cycle_count()); }

std::uint64_t Micros() { return static_cast<std::uint64_t>(esp_timer_get_time()); }

std::uint32_t ClockHz() { return CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ * 1000000u; }

const char* ResetReason() {
  switch (esp_reset_reason()) {
    case ESP_RST_POWERON: return "power on";
    case ESP_RST_EXT: return "reset pin";
    case ESP_RST_SW: return "software";
    case ESP_RST_PANIC: return "panic: the lines before the reset say where";
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT: return "watchdog";
    case ESP_RST_DEEPSLEEP: return "deep sleep";
    case ESP_RST_BROWNOUT: return "brown-out: the supply voltage fell too low";
    default: return "unknown";
  }
}

void Rest() { vTaskDelay(pdMS_TO_TICKS(1) > 0 ? pdMS_TO_TICKS(1) : 1); }

emberlab::Line ConsoleLine() {
  emberlab::Line line = {};
  line.read = Read;
  line.write = Write;
  line.cycles = [](void*) { return Cycles(); };
  line.micros = [](void*) { return Micros(); };
  line.idle = [](void*) { Rest(); };
  return line;
}

}  // namespace board
