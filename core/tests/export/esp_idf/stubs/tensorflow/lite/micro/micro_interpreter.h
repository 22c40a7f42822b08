// Stands in for TensorFlow Lite Micro's header of the same name: declarations that generated programs use, written for
// compiling them without it. Nothing here runs.
#pragma once

#include <cstddef>
#include <cstdint>

#define TFLITE_SCHEMA_VERSION (3)

enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };
enum TfLiteType { kTfLiteFloat32 = 1, kTfLiteInt32, kTfLiteUInt8, kTfLiteInt16, kTfLiteInt8, kTfLiteUInt32, kTfLiteUInt16, kTfLiteBool };
union TfLitePtrUnion {
  char* raw;
};
struct TfLiteTensor {
  TfLitePtrUnion data;
  TfLiteType type;
  size_t bytes;
};
struct TfLiteEvalTensor {
  TfLitePtrUnion data;
};
struct TfLiteContext {
  TfLiteEvalTensor* (*GetEvalTensor)(const TfLiteContext* context, int tensor_idx);
};
struct TFLMRegistration;

namespace flatbuffers {
template <typename T>
class Vector {
 public:
  uint32_t size() const;
  T Get(uint32_t i) const;
};
}  // namespace flatbuffers

namespace tflite {

struct Operator {
  const flatbuffers::Vector<int32_t>* outputs() const;
};
struct SubGraph {
  const flatbuffers::Vector<const Operator*>* operators() const;
};
struct Model {
  uint32_t version() const;
  const flatbuffers::Vector<const SubGraph*>* subgraphs() const;
};
const Model* GetModel(const void* buf);

class MicroOpResolver {};
class MicroResourceVariables;
class MicroProfilerInterface;

class MicroInterpreter {
 public:
  MicroInterpreter(const Model* model, const MicroOpResolver& op_resolver, uint8_t* tensor_arena, size_t tensor_arena_size,
                   MicroResourceVariables* resource_variables = nullptr, MicroProfilerInterface* profiler = nullptr,
                   bool preserve_all_tensors = false);
  ~MicroInterpreter();
  TfLiteStatus AllocateTensors();
  TfLiteStatus Invoke();
  TfLiteStatus Reset();
  TfLiteTensor* input(size_t index);
  size_t inputs_size() const;
  TfLiteTensor* output(size_t index);
  size_t outputs_size() const;
  const flatbuffers::Vector<int32_t>& outputs() const;
  template <class T>
  T* typed_output_tensor(int tensor_index) {
    return reinterpret_cast<T*>(output(static_cast<size_t>(tensor_index))->data.raw);
  }
  TfLiteStatus initialization_status() const;
  size_t arena_used_bytes() const;

 protected:
  const TfLiteContext& context() const;
};

}  // namespace tflite
