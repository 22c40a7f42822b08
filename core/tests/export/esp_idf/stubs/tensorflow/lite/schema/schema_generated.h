// Stands in for TensorFlow Lite's header of the same name.
#pragma once
#include "tensorflow/lite/micro/micro_interpreter.h"
