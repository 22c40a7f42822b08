// Stands in for ESP-IDF's header of the same name.
#pragma once
extern "C" void usb_serial_jtag_vfs_use_driver(void);
