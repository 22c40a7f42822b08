// Stands in for TensorFlow Lite Micro's header of the same name.
#pragma once
#include "tensorflow/lite/micro/micro_interpreter.h"
namespace tflite {
TfLiteStatus TfLiteEvalTensorByteLength(const TfLiteEvalTensor* eval_tensor, size_t* out_bytes);
}
