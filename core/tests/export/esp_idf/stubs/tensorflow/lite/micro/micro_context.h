// Stands in for TensorFlow Lite Micro's header of the same name.
#pragma once
#include "tensorflow/lite/micro/micro_interpreter.h"
namespace tflite {
const TfLiteStatus kTfLiteAbort = static_cast<TfLiteStatus>(15);
class MicroGraph {};
class MicroContext {
 public:
  virtual ~MicroContext() {}
  virtual MicroGraph& graph() = 0;
};
MicroContext* GetMicroContext(const TfLiteContext* context);
}  // namespace tflite
