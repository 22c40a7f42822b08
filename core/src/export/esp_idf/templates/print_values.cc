// Prints the first numbers of the output.
void PrintAnswer() {
  constexpr unsigned int kCount = @MODEL@::k@OUTPUT@Elements;
  for (unsigned int index = 0; index < kCount && index < 8; ++index) {
    std::printf("%s", index == 0 ? "" : ", ");
    PrintFixed(OutputValue(index), 4);
  }
  if (kCount > 8) std::printf(" and %u more numbers", kCount - 8);
}
