// Prints a number with decimals by way of integers: printf takes memory from the heap for %f.
void PrintFixed(float value, int n_decimals) {
  if (!std::isfinite(value) || std::fabs(value) > 1e6f) {
    std::printf("%s", std::isnan(value) ? "not a number" : value > 0 ? "very large" : "very small");
    return;
  }
  long scale = 1;
  for (int decimal = 0; decimal < n_decimals; ++decimal) scale *= 10;
  const long long all = std::llround(static_cast<double>(value) * static_cast<double>(scale));
  const long long positive = all < 0 ? -all : all;
  std::printf("%s%ld.%0*ld", all < 0 ? "-" : "", static_cast<long>(positive / scale), n_decimals,
              static_cast<long>(positive % scale));
}

// An element of the @ORDINAL@output as a real number.
float OutputValue(unsigned int index) {
  const auto* elements = interpreter->typed_output_tensor<@MODEL@::@OUTPUT@Element>(0);
  if (elements == nullptr) return 0.0f;
  return @VALUE@;
}

@PRINT_ANSWER@

// Whether the outputs are those that Emberlab has computed with the same bits.
const char* Compare(const Sample& sample) {
  if (!sample.has_expected) return "";
  emberlab::Crc32 crc;
  for (std::size_t index = 0; index < interpreter->outputs_size(); ++index) {
    const TfLiteTensor* output = interpreter->output(index);
    crc.Update(output->data.raw, output->bytes);
  }
  return crc.Value() == sample.outputs_crc ? "; same bits as on the computer" : "; OTHER bits than on the computer";
}

// Runs the model with every stored sample.
void Classify(emberlab::Link* link, emberlab::TflmModel* model) {
  // Inputs that come over the line are answered in words, too.
  link->on_given = [](void*) {
    std::printf("inputs from the line: ");
    PrintAnswer();
    std::printf("\n");
  };
  for (const Sample& sample : kSamples) {
    // Samples have nothing to do with each other.
    if (interpreter->Reset() != kTfLiteOk) {
      std::printf("%s: the model could not be reset; reset the board\n", sample.name);
      return;
    }
    SetInputs(sample);
    const TfLiteStatus status = model->InvokeListening();
    // An operator that waits for more input ends early, which is no fault.
    if (status != kTfLiteOk && status != tflite::kTfLiteAbort) {
      std::printf("%s: Invoke failed; the lines before say which operator\n", sample.name);
      return;
    }
    std::printf("%s: ", sample.name);
    PrintAnswer();
    std::printf("%s\n", Compare(sample));
    link->Poll();
  }
}
