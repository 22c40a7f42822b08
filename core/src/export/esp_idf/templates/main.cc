// @FILE@ with TensorFlow Lite Micro and ESP-NN: @WHAT@, then answers Emberlab on the same line.
// Written by Emberlab; yours to change.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "board.h"
#include "emberlab_link.h"
#include "esp_attr.h"
#include "esp_idf_version.h"
#include "model.h"
#include "resolver.h"
#include "samples.h"
#include "sdkconfig.h"
#include "tensorflow/lite/micro/micro_context.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/schema/schema_generated.h"
#include "tflm_model.h"

namespace {

// All memory that the program works in: nothing is taken from the heap after the start. The model itself stays in flash.
@ARENA_COMMENT@
alignas(16) @ARENA_ATTRIBUTE@std::uint8_t tensor_arena[@MODEL@::kTensorArenaSize];
// Inputs that come over the line, and what operators took.
@ARENA_ATTRIBUTE@std::uint8_t given_inputs[@INPUT_BYTES@];
emberlab::OperatorRow operator_rows[@OPERATORS@];

emberlab::Interpreter* interpreter = nullptr;

// Makes the model ready to run. Null, or what is wrong and what to do.
const char* Prepare(const tflite::Model* model, emberlab::TflmModel* profiler) {
  if (model->version() != TFLITE_SCHEMA_VERSION) {
    return "the model has another schema version than TensorFlow Lite Micro: export the project again";
  }
  static @MODEL@::OpResolver resolver;
  if (@MODEL@::RegisterOperators(resolver) != kTfLiteOk) {
    return "an operator could not be registered: build with esp-tflite-micro @TFLM_VERSION@, as main/idf_component.yml says";
  }
  static emberlab::Interpreter made(model, resolver, tensor_arena, @MODEL@::kTensorArenaSize, nullptr, profiler);
  if (made.initialization_status() != kTfLiteOk) {
    return "the interpreter could not be made: the lines before say why; is the model damaged? Export the project again";
  }
  if (made.AllocateTensors() != kTfLiteOk) {
    return "AllocateTensors failed: the arena is for esp-tflite-micro @TFLM_VERSION@ and esp-nn @ESP_NN_VERSION@; compare dependencies.lock";
  }
  std::size_t n_bytes = 0;
  for (std::size_t index = 0; index < made.inputs_size(); ++index) n_bytes += made.input(index)->bytes;
  if (n_bytes != sizeof(given_inputs)) {
    return "the inputs have another size than model.h says: export the project again";
  }
  interpreter = &made;
  return nullptr;
}

// Copies a stored sample into the inputs.
void SetInputs(const Sample& sample) {
  std::size_t offset = 0;
  for (std::size_t index = 0; index < interpreter->inputs_size(); ++index) {
    TfLiteTensor* input = interpreter->input(index);
    std::memcpy(input->data.raw, sample.bytes + offset, input->bytes);
    offset += input->bytes;
  }
}

@APP@
}  // namespace

extern "C" void app_main() {
  const char* problem = board::Start();
  if (problem != nullptr) std::printf("No link: %s\n", problem);

  static char build[120];
  std::snprintf(build, sizeof(build), "ESP-NN @ESP_NN_VERSION@%s, ESP-IDF %s, arena in @ARENA_PLACE@",
#if CONFIG_NN_ANSI_C
                " (ANSI C)",
#elif CONFIG_NN_SKIP_NUDGE
                " (skips the nudge)",
#else
                "",
#endif
                esp_get_idf_version());
  emberlab::About about = {};
  about.firmware = "@FIRMWARE@";
  about.version = "@TFLM_VERSION@";
  about.build = build;
  about.chip = CONFIG_IDF_TARGET;
  about.reset_reason = board::ResetReason();
  about.unit = emberlab::Unit::kCycles;
  about.has_micros = true;
  about.clock_hz = board::ClockHz();
  about.memory_bytes = sizeof(tensor_arena) + sizeof(given_inputs);
  const emberlab::Memory memory = {operator_rows, @OPERATORS@, given_inputs, sizeof(given_inputs)};
  static emberlab::Link link(board::ConsoleLine(), about, memory);

  const tflite::Model* model = tflite::GetModel(@MODEL@::kModelData);
  static emberlab::TflmModel profiler(model);
  problem = Prepare(model, &profiler);
  emberlab::Model described = {};
  if (problem == nullptr) {
    profiler.Attach(interpreter, &link);
    described = profiler.Describe();
    described.arena_used = static_cast<std::uint32_t>(interpreter->arena_used_bytes());
    std::printf("@FILE_TEXT@: %u bytes, arena %u of %u bytes used, %s\n", @MODEL@::kModelLength,
                static_cast<unsigned int>(interpreter->arena_used_bytes()),
                static_cast<unsigned int>(sizeof(tensor_arena)), build);
  } else {
    std::printf("@FILE_TEXT@ does not run: %s\n", problem);
  }
  described.bytes = @MODEL@::kModelData;
  described.n_bytes = @MODEL@::kModelLength;
  described.arena_minimum = @MODEL@::kTensorArenaSize;
  described.arena_given = sizeof(tensor_arena);
  described.refusal = problem;
  link.Start(described);
  if (problem == nullptr) @APP_CALL@(&link, &profiler);
  for (;;) {
    if (!link.Poll()) board::Rest();
  }
}
