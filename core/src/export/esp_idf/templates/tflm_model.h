// A model in TensorFlow Lite Micro as Emberlab's link sees it: operators are timed and compared while they run.
//
// Only what TensorFlow Lite Micro offers to programs is used: its profiler interface says when an operator begins and ends,
// and the context of an interpreter gives the tensors of the subgraph that runs. The memory plan is the one of a program
// without any of this, so the arena stays as small as it is.
#ifndef EMBERLAB_TFLM_MODEL_H_
#define EMBERLAB_TFLM_MODEL_H_

#include <cstdint>

#include "emberlab_link.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace emberlab {

// An interpreter that says which subgraph runs; its context is for subclasses only.
class Interpreter : public tflite::MicroInterpreter {
 public:
  using tflite::MicroInterpreter::MicroInterpreter;

  // The subgraph of the operator that runs.
  int Subgraph() const;
  // A tensor of that subgraph.
  const TfLiteEvalTensor* Tensor(int index) const;
};

class TflmModel final : public tflite::MicroProfilerInterface {
 public:
  // `model` lives as long as this.
  explicit TflmModel(const tflite::Model* model) : model_(model) {}

  // Both live as long as this. The interpreter was given this object as its profiler, and its tensors are allocated.
  void Attach(Interpreter* interpreter, Link* link);

  // What the link has to know; to be completed with the bytes of the model and the figures of the arena.
  Model Describe();

  // Runs the model for the program, and lets the link answer questions between operators.
  TfLiteStatus InvokeListening();

  std::uint32_t BeginEvent(const char* tag) override;
  void EndEvent(std::uint32_t event) override;

 private:
  // Subgraphs that operators run within subgraphs. Deeper ones are not looked at.
  static constexpr int kMaxDepth = 8;
  struct Level {
    int subgraph;
    std::uint16_t op;
    std::uint16_t next;
  };

  static TflmModel* Self(void* context) { return static_cast<TflmModel*>(context); }
  std::uint16_t OperatorCount(int subgraph) const;
  const flatbuffers::Vector<std::int32_t>* OutputsOf(std::uint16_t subgraph, std::uint16_t op) const;
  Invoked Invoke();

  const tflite::Model* const model_;
  Interpreter* interpreter_ = nullptr;
  Link* link_ = nullptr;
  bool is_watched_ = false;
  bool is_listening_ = false;
  int depth_ = 0;
  Level levels_[kMaxDepth];
};

}  // namespace emberlab

#endif  // EMBERLAB_TFLM_MODEL_H_
