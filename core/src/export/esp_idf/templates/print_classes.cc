// Prints the likeliest classes, the first one first.
void PrintAnswer() {
  constexpr unsigned int kCount = @MODEL@::k@OUTPUT@Elements;
  bool is_printed[kCount] = {};
  for (unsigned int place = 0; place < kCount && place < 3; ++place) {
    unsigned int best = kCount;
    for (unsigned int index = 0; index < kCount; ++index) {
      if (!is_printed[index] && (best == kCount || OutputValue(index) > OutputValue(best))) best = index;
    }
    is_printed[best] = true;
    std::printf("%s@LABEL_FORMAT@ ", place == 0 ? "" : ", ", @LABEL@);
    PrintFixed(OutputValue(best)@FACTOR@, @DECIMALS@);
    std::printf("@UNIT@");
  }
}
