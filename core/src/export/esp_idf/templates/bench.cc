// Times the model with the first stored sample.
void Bench(emberlab::Link* link, emberlab::TflmModel* model) {
  constexpr int kWarmUps = 10;
  constexpr std::size_t kRuns = 1000;
  // Slow models are not run to the end; the number of runs is printed.
  constexpr std::uint64_t kLongestMicros = 60000000;
  static std::uint32_t micros[kRuns];
  if (interpreter->Reset() != kTfLiteOk) {
    std::printf("The model could not be reset; reset the board\n");
    return;
  }
  // Time of all invocations, those that warm up included; requests that are done in between do not count.
  std::uint64_t spent = 0;
  std::uint64_t sum = 0;
  std::uint64_t cycles = 0;
  std::size_t n_runs = 0;
  int n_warm_ups = 0;
  // Questions are answered between invocations, and within long ones, where it takes no time that shows. The first one may be
  // long.
  bool is_long = true;
  while (n_runs < kRuns && (n_runs == 0 || spent < kLongestMicros)) {
    // An invocation may write over its inputs.
    SetInputs(kSamples[0]);
    const std::uint64_t before_micros = board::Micros();
    const std::uint32_t before_cycles = board::Cycles();
    const TfLiteStatus status = is_long ? model->InvokeListening() : interpreter->Invoke();
    const std::uint32_t passed_cycles = board::Cycles() - before_cycles;
    const std::uint64_t passed_micros = board::Micros() - before_micros;
    // An operator that waits for more input ends early, which is no fault.
    if (status != kTfLiteOk && status != tflite::kTfLiteAbort) {
      std::printf("Invoke failed; the lines before say which operator\n");
      return;
    }
    spent += passed_micros;
    if (n_warm_ups < kWarmUps) {
      ++n_warm_ups;
      is_long = passed_micros > 50000;
    } else {
      micros[n_runs++] = static_cast<std::uint32_t>(passed_micros);
      sum += passed_micros;
      cycles += passed_cycles;
    }
    // Requests are done between invocations, and no time is measured meanwhile.
    link->Poll();
  }
  std::sort(micros, micros + n_runs);
  // The smallest number that so many of a hundred do not exceed.
  const auto percentile = [&](std::size_t of_100) {
    return static_cast<unsigned long>(micros[(n_runs * of_100 + 99) / 100 - 1]);
  };
  std::printf("%u runs after %d warm-ups, in microseconds: average %lu, min %lu, median %lu, p95 %lu, max %lu\n",
              static_cast<unsigned int>(n_runs), kWarmUps, static_cast<unsigned long>((sum + n_runs / 2) / n_runs),
              static_cast<unsigned long>(micros[0]), percentile(50), percentile(95),
              static_cast<unsigned long>(micros[n_runs - 1]));
  std::printf("%lu cycles on average at %lu Hz\n", static_cast<unsigned long>(cycles / n_runs),
              static_cast<unsigned long>(board::ClockHz()));
}
