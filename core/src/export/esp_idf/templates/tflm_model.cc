// A model in TensorFlow Lite Micro as Emberlab's link sees it: see tflm_model.h.
#include "tflm_model.h"

#include "tensorflow/lite/micro/memory_helpers.h"
#include "tensorflow/lite/micro/micro_context.h"
#include "tensorflow/lite/micro/micro_interpreter_graph.h"

namespace emberlab {

namespace {

Element ElementOf(TfLiteType type) {
  switch (type) {
    case kTfLiteInt8:
    case kTfLiteUInt8:
      return Element::kInteger8;
    case kTfLiteInt16:
    case kTfLiteUInt16:
      return Element::kInteger16;
    case kTfLiteInt32:
    case kTfLiteUInt32:
      return Element::kInteger32;
    case kTfLiteFloat32:
      return Element::kFloat32;
    default:
      return Element::kOther;
  }
}

}  // namespace

int Interpreter::Subgraph() const {
  // The graph of an interpreter is always of this class; the interface of graphs has no such question.
  auto& graph = static_cast<tflite::MicroInterpreterGraph&>(tflite::GetMicroContext(&context())->graph());
  return graph.GetCurrentSubgraphIndex();
}

const TfLiteEvalTensor* Interpreter::Tensor(int index) const { return context().GetEvalTensor(&context(), index); }

void TflmModel::Attach(Interpreter* interpreter, Link* link) {
  interpreter_ = interpreter;
  link_ = link;
}

std::uint16_t TflmModel::OperatorCount(int subgraph) const {
  const auto* operators = model_->subgraphs()->Get(subgraph)->operators();
  return operators == nullptr ? 0 : static_cast<std::uint16_t>(operators->size());
}

const flatbuffers::Vector<std::int32_t>* TflmModel::OutputsOf(std::uint16_t subgraph, std::uint16_t op) const {
  return model_->subgraphs()->Get(subgraph)->operators()->Get(op)->outputs();
}

Model TflmModel::Describe() {
  Model model = {};
  model.context = this;
  model.n_inputs = static_cast<std::uint16_t>(interpreter_->inputs_size());
  model.n_outputs = static_cast<std::uint16_t>(interpreter_->outputs_size());
  model.n_subgraphs = static_cast<std::uint16_t>(model_->subgraphs()->size());
  model.input = [](void* context, std::uint16_t index) -> InputBytes {
    TfLiteTensor* tensor = Self(context)->interpreter_->input(index);
    return {reinterpret_cast<std::uint8_t*>(tensor->data.raw), tensor->bytes, ElementOf(tensor->type)};
  };
  model.output = [](void* context, std::uint16_t index) -> OutputBytes {
    TflmModel* self = Self(context);
    const TfLiteTensor* tensor = self->interpreter_->output(index);
    const std::int32_t number = self->interpreter_->outputs().Get(index);
    return {reinterpret_cast<const std::uint8_t*>(tensor->data.raw), tensor->bytes, number};
  };
  model.n_operators = [](void* context, std::uint16_t subgraph) { return Self(context)->OperatorCount(subgraph); };
  model.n_operator_outputs = [](void* context, std::uint16_t subgraph, std::uint16_t op) -> std::uint16_t {
    const auto* outputs = Self(context)->OutputsOf(subgraph, op);
    return outputs == nullptr ? 0 : static_cast<std::uint16_t>(outputs->size());
  };
  model.operator_output = [](void* context, std::uint16_t subgraph, std::uint16_t op, std::uint16_t index) -> OutputBytes {
    TflmModel* self = Self(context);
    const std::int32_t number = self->OutputsOf(subgraph, op)->Get(index);
    if (number < 0) return {nullptr, 0, -1};
    const TfLiteEvalTensor* tensor = self->interpreter_->Tensor(number);
    std::size_t n_bytes = 0;
    if (tensor->data.raw == nullptr || tflite::TfLiteEvalTensorByteLength(tensor, &n_bytes) != kTfLiteOk) n_bytes = 0;
    return {reinterpret_cast<const std::uint8_t*>(tensor->data.raw), n_bytes, number};
  };
  model.reset = [](void* context) { return Self(context)->interpreter_->Reset() == kTfLiteOk; };
  model.invoke = [](void* context) { return Self(context)->Invoke(); };
  return model;
}

Invoked TflmModel::Invoke() {
  is_watched_ = link_->IsWatching();
  depth_ = 0;
  levels_[0] = {-1, 0, 0};
  const TfLiteStatus status = interpreter_->Invoke();
  is_watched_ = false;
  if (status == kTfLiteOk) return Invoked::kWhole;
  // What the streaming operators return that wait for more input.
  return status == tflite::kTfLiteAbort ? Invoked::kEndedEarly : Invoked::kFailed;
}

TfLiteStatus TflmModel::InvokeListening() {
  is_listening_ = true;
  const TfLiteStatus status = interpreter_->Invoke();
  is_listening_ = false;
  return status;
}

// An operator begins. Its number is counted: a subgraph runs its operators one after the other from the first.
std::uint32_t TflmModel::BeginEvent(const char*) {
  if (!is_watched_) return 0;
  if (depth_ < kMaxDepth) {
    Level* level = &levels_[depth_];
    const int subgraph = interpreter_->Subgraph();
    if (level->subgraph != subgraph || level->next >= OperatorCount(subgraph)) *level = {subgraph, 0, 0};
    level->op = level->next++;
    if (depth_ + 1 < kMaxDepth) levels_[depth_ + 1] = {-1, 0, 0};
    link_->OperatorBegins(static_cast<std::uint16_t>(subgraph), level->op);
  }
  ++depth_;
  return 0;
}

void TflmModel::EndEvent(std::uint32_t) {
  if (is_listening_) link_->Listen();
  if (!is_watched_ || depth_ == 0) return;
  --depth_;
  if (depth_ < kMaxDepth) link_->OperatorEnds(static_cast<std::uint16_t>(levels_[depth_].subgraph), levels_[depth_].op);
}

}  // namespace emberlab
