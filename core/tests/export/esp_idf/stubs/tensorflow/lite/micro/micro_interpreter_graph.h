// Stands in for TensorFlow Lite Micro's header of the same name.
#pragma once
#include "tensorflow/lite/micro/micro_context.h"
namespace tflite {
class MicroInterpreterGraph : public MicroGraph {
 public:
  int GetCurrentSubgraphIndex();
};
}  // namespace tflite
