// The chip below the link: console, counter of cycles, clock.
#ifndef EMBERLAB_BOARD_H_
#define EMBERLAB_BOARD_H_

#include "emberlab_link.h"

namespace board {

// Makes the console ready for reading. To be called once, first. Null, or what went wrong.
const char* Start();

// The console as a line of Emberlab's link.
emberlab::Line ConsoleLine();

std::uint32_t Cycles();
std::uint64_t Micros();
std::uint32_t ClockHz();
const char* ResetReason();

// Waits for a millisecond, in which others run.
void Rest();

}  // namespace board

#endif  // EMBERLAB_BOARD_H_
