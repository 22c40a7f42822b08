// A board over standard input and output, with a model that is none of TensorFlow Lite Micro's: for tests of the link.
//   board one       a model with one subgraph
//   board two       a model whose second operator runs another subgraph
//   board refused   no model that runs
//   board busy      as one, but the program runs the model itself until a 0 and "go" come
//   board vectors   frames of standard input in words, then frames of its own, both in hexadecimal
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "emberlab_link.h"

namespace {

using emberlab::Element;
using emberlab::InputBytes;
using emberlab::Invoked;
using emberlab::OutputBytes;

std::uint64_t Nanoseconds() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
}

// Whether a 0 and "go" have come, which begin no frame and end none.
bool may_go = false;

std::size_t ReadLine(void*, std::uint8_t* bytes, std::size_t n_bytes) {
  const ssize_t n_read = read(STDIN_FILENO, bytes, n_bytes);
  // The line is gone; a run may go on without end.
  if (n_read == 0) std::exit(0);
  constexpr char kGo[] = "\0go";
  static std::size_t n_matching = 0;
  for (ssize_t index = 0; index < n_read && !may_go; ++index) {
    const char byte = static_cast<char>(bytes[index]);
    n_matching = byte == kGo[n_matching] ? n_matching + 1 : byte == kGo[0] ? 1 : 0;
    may_go = n_matching == 3;
  }
  return n_read > 0 ? static_cast<std::size_t>(n_read) : 0;
}

std::size_t WriteLine(void*, const std::uint8_t* bytes, std::size_t n_bytes) {
  const ssize_t n_written = write(STDOUT_FILENO, bytes, n_bytes);
  return n_written > 0 ? static_cast<std::size_t>(n_written) : 0;
}

std::uint32_t Cycles(void*) { return static_cast<std::uint32_t>(Nanoseconds()); }
std::uint64_t Micros(void*) { return Nanoseconds() / 1000; }
void Idle(void*) { std::this_thread::sleep_for(std::chrono::microseconds(200)); }

// Three inputs; tensors of the main subgraph have the numbers of `written`.
struct Toy {
  emberlab::Link* link = nullptr;
  bool has_branch = false;
  std::uint8_t integers[37];
  float numbers[5];
  std::int16_t shorts[6];
  std::uint8_t state = 0;
  std::uint8_t changed[37];   // tensor 3: output of operator 0
  std::uint8_t branched[37];  // tensor 1 of subgraph 1
  std::uint8_t added[37];     // tensor 4: output of operator 1
  std::uint8_t large[600];    // tensor 5: first output of operator 2
};

constexpr char kModelBytes[] = "a model of no format";

InputBytes Input(void* context, std::uint16_t index) {
  Toy* toy = static_cast<Toy*>(context);
  switch (index) {
    case 0: return {toy->integers, sizeof(toy->integers), Element::kInteger8};
    case 1: return {reinterpret_cast<std::uint8_t*>(toy->numbers), sizeof(toy->numbers), Element::kFloat32};
    default: return {reinterpret_cast<std::uint8_t*>(toy->shorts), sizeof(toy->shorts), Element::kInteger16};
  }
}

OutputBytes Output(void* context, std::uint16_t index) {
  Toy* toy = static_cast<Toy*>(context);
  if (index == 0) return {toy->added, sizeof(toy->added), 4};
  return {toy->large, sizeof(toy->large), 5};
}

std::uint16_t OperatorCount(void*, std::uint16_t subgraph) { return subgraph == 0 ? 3 : 1; }

// The last operator has an output that is none.
std::uint16_t OperatorOutputCount(void*, std::uint16_t subgraph, std::uint16_t op) {
  return subgraph == 0 && op == 2 ? 2 : 1;
}

OutputBytes OperatorOutput(void* context, std::uint16_t subgraph, std::uint16_t op, std::uint16_t index) {
  Toy* toy = static_cast<Toy*>(context);
  if (subgraph == 1) return {toy->branched, sizeof(toy->branched), 1};
  if (op == 0) return {toy->changed, sizeof(toy->changed), 3};
  if (op == 1) return {toy->added, sizeof(toy->added), 4};
  if (index == 1) return {nullptr, 0, -1};
  return {toy->large, sizeof(toy->large), 5};
}

bool Reset(void* context) {
  static_cast<Toy*>(context)->state = 0;
  return true;
}

Invoked Invoke(void* context) {
  Toy* toy = static_cast<Toy*>(context);
  constexpr std::size_t kSize = sizeof(toy->integers);
  toy->link->OperatorBegins(0, 0);
  for (std::size_t index = 0; index < kSize; ++index) toy->changed[index] = toy->integers[index] ^ 0x5a;
  toy->link->OperatorEnds(0, 0);
  toy->link->OperatorBegins(0, 1);
  std::memcpy(toy->branched, toy->changed, kSize);
  if (toy->has_branch) {
    toy->link->OperatorBegins(1, 0);
    for (std::uint8_t& byte : toy->branched) byte ^= 0x11;
    toy->link->OperatorEnds(1, 0);
  }
  for (std::size_t index = 0; index < kSize; ++index) {
    toy->added[index] = static_cast<std::uint8_t>(toy->branched[index] + index + toy->state);
  }
  ++toy->state;
  toy->link->OperatorEnds(0, 1);
  toy->link->OperatorBegins(0, 2);
  std::memset(toy->large, 0x33, sizeof(toy->large));
  std::memcpy(toy->large, toy->numbers, sizeof(toy->numbers));
  std::memcpy(toy->large + sizeof(toy->numbers), toy->shorts, sizeof(toy->shorts));
  toy->link->OperatorEnds(0, 2);
  return Invoked::kWhole;
}

void PrintHex(const char* what, const std::uint8_t* bytes, std::size_t n_bytes) {
  std::printf("%s", what);
  for (std::size_t index = 0; index < n_bytes; ++index) std::printf(" %02x", bytes[index]);
  std::printf("\n");
}

// Frames of the standard input, then the three of the protocol's description.
int Vectors() {
  emberlab::FrameReader reader;
  emberlab::Frame frame;
  for (int byte = std::getchar(); byte != EOF; byte = std::getchar()) {
    if (!reader.Take(static_cast<std::uint8_t>(byte), &frame)) continue;
    std::printf("frame %u kind %02x", frame.sequence, frame.kind);
    PrintHex("", frame.payload, frame.n_payload);
  }
  emberlab::FrameWriter writer;
  writer.Begin(0, emberlab::Kind::kAsk);
  writer.U16(1);
  writer.U8(1);
  if (!writer.End()) return 1;
  PrintHex("sent", writer.data(), writer.size());
  writer.Begin(1, emberlab::Kind::kRun);
  writer.U16(0x1234);
  writer.U8(static_cast<std::uint8_t>(emberlab::Mode::kOperators));
  writer.U8(static_cast<std::uint8_t>(emberlab::Source::kRandom));
  writer.U8(1);
  writer.U8(0);
  writer.U32(10);
  writer.U32(0);
  writer.U32(7);
  writer.U16(emberlab::kNoOperator);
  writer.U16(emberlab::kNoOperator);
  if (!writer.End()) return 1;
  PrintHex("sent", writer.data(), writer.size());
  writer.Begin(256, emberlab::Kind::kNote);
  writer.Text("pump on", 200);
  if (!writer.End()) return 1;
  PrintHex("sent", writer.data(), writer.size());
  // A text that is cut between two characters, and fields that do not fit.
  writer.Begin(0, emberlab::Kind::kNote);
  writer.Text("a\xc3\xa4\xc3\xa4", 4);
  if (!writer.End()) return 1;
  PrintHex("cut", writer.data(), writer.size());
  const std::uint8_t zeros[emberlab::kMaxPayload + 1] = {};
  writer.Begin(0, emberlab::Kind::kOutput);
  writer.Bytes(zeros, emberlab::kMaxPayload);
  if (!writer.End() || writer.size() != emberlab::kMaxFrame) return 1;
  writer.Begin(0, emberlab::Kind::kOutput);
  writer.Bytes(zeros, emberlab::kMaxPayload + 1);
  if (writer.End()) return 1;
  return 0;
}

void PrintGiven(void* context) {
  std::printf("given: %u\n", static_cast<Toy*>(context)->added[0]);
  std::fflush(stdout);
}

}  // namespace

int main(int n_arguments, char** arguments) {
  const char* what = n_arguments > 1 ? arguments[1] : "one";
  if (std::strcmp(what, "vectors") == 0) return Vectors();
  fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);

  static Toy toy;
  static emberlab::OperatorRow rows[4];
  static std::uint8_t inputs[sizeof(toy.integers) + sizeof(toy.numbers) + sizeof(toy.shorts)];
  toy.has_branch = std::strcmp(what, "two") == 0;
  const emberlab::Line line = {nullptr, ReadLine, WriteLine, Cycles, Micros, Idle};
  const emberlab::About about = {"a test", "1.2.3", "g++ and nothing else", "process", "start of the test",
                                 emberlab::Unit::kNanoseconds, true, 0, 1234};
  const emberlab::Memory memory = {rows, toy.has_branch ? 4u : 3u, inputs, sizeof(inputs)};
  emberlab::Link link(line, about, memory);
  toy.link = &link;
  link.on_given = PrintGiven;
  link.on_given_context = &toy;
  emberlab::Model model = {};
  model.context = &toy;
  model.bytes = reinterpret_cast<const std::uint8_t*>(kModelBytes);
  model.n_bytes = sizeof(kModelBytes) - 1;
  model.arena_used = 100;
  model.arena_minimum = 112;
  model.arena_given = 128;
  model.n_inputs = 3;
  model.n_outputs = 2;
  model.n_subgraphs = toy.has_branch ? 2 : 1;
  model.refusal = std::strcmp(what, "refused") == 0 ? "AllocateTensors failed" : nullptr;
  model.input = Input;
  model.output = Output;
  model.n_operators = OperatorCount;
  model.n_operator_outputs = OperatorOutputCount;
  model.operator_output = OperatorOutput;
  model.reset = Reset;
  model.invoke = Invoke;
  link.Start(model);
  link.Note("a note");
  while (std::strcmp(what, "busy") == 0 && !may_go) {
    // As within an invocation: inputs have other values, and keep them.
    std::memset(toy.integers, 7, sizeof(toy.integers));
    link.Listen();
    for (const std::uint8_t byte : toy.integers) {
      if (byte != 7) return 1;
    }
    Idle(nullptr);
  }
  for (;;) {
    if (!link.Poll()) Idle(nullptr);
  }
}
