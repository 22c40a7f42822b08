// Emberlab's link: what a board and Emberlab say to each other over one line, beside plain text.
//
// This is the board's side. It needs nothing but the standard library of C++17, takes no memory of its own while it runs, and
// knows neither the chip nor TensorFlow Lite Micro: line, clock and model are structs of functions. Protocol version 1, as
// in firmware/PROTOCOL.md of Emberlab.
#ifndef EMBERLAB_LINK_H_
#define EMBERLAB_LINK_H_

#include <cstddef>
#include <cstdint>

namespace emberlab {

constexpr std::uint8_t kProtocol = 1;
// Most bytes of the fields of a message, and of a frame on the line.
constexpr std::size_t kMaxPayload = 244;
constexpr std::size_t kMaxFrame = 255;
// The operator of messages that name none, and in Run all of them.
constexpr std::uint16_t kNoOperator = 65535;

// CRC-32 as in zlib (IEEE 802.3).
class Crc32 {
 public:
  void Update(const void* bytes, std::size_t n_bytes);
  std::uint32_t Value() const { return ~state_; }

 private:
  std::uint32_t state_ = 0xffffffffu;
};

// The kinds of messages, in the order of the protocol's table.
enum class Kind : std::uint8_t {
  kAsk = 0x01,
  kRun = 0x02,
  kStop = 0x03,
  kPut = 0x04,
  kChoose = 0x05,
  kStarted = 0x80,
  kHello = 0x81,
  kReady = 0x82,
  kRefused = 0x83,
  kTaken = 0x84,
  kAccepted = 0x85,
  kSample = 0x86,
  kOperators = 0x87,
  kChecksums = 0x88,
  kOutput = 0x89,
  kWritten = 0x8a,
  kFinished = 0x8b,
  kFailed = 0x8c,
  kNote = 0x8d,
  kPanicked = 0x8e,
};

enum class Mode : std::uint8_t { kInvocations = 0, kOperators = 1, kChecksums = 2, kBytes = 3 };
enum class Source : std::uint8_t { kZeros = 0, kGiven = 1, kRandom = 2 };
enum class Target : std::uint8_t { kInputs = 0, kModel = 1 };
enum class Place : std::uint8_t { kWindow = 0, kRam = 1 };
enum class Unit : std::uint8_t { kCycles = 0, kInstructions = 1, kNanoseconds = 2 };
enum class End : std::uint8_t { kDone = 0, kStopped = 1 };
enum class Problem : std::uint8_t {
  kUnreadable = 0,
  kNoModel = 1,
  kInputsMissing = 2,
  kWrongInputs = 3,
  kTooLarge = 4,
  kBusy = 5,
};

// Writes one frame after the other into memory of its own.
class FrameWriter {
 public:
  void Begin(std::uint16_t sequence, Kind kind);
  void U8(std::uint8_t value);
  void U16(std::uint16_t value);
  void U32(std::uint32_t value);
  void U64(std::uint64_t value);
  // A text of at most `longest` bytes; what is longer is cut off between two characters.
  void Text(const char* text, std::size_t longest);
  void Bytes(const void* bytes, std::size_t n_bytes);
  // Adds checksum and COBS. False if the fields were too long; nothing is to be sent then.
  bool End();
  const std::uint8_t* data() const { return frame_; }
  std::size_t size() const { return size_; }

 private:
  // 00 ff, then COBS: a byte in front of number, kind, fields and checksum; then 00.
  std::uint8_t frame_[kMaxFrame];
  std::size_t size_ = 0;
  bool is_too_long_ = false;
};

// A frame that passed its checksum.
struct Frame {
  std::uint16_t sequence;
  std::uint8_t kind;
  const std::uint8_t* payload;
  std::size_t n_payload;
};

// Finds frames in whatever a line delivers. Text and broken frames are left out, and frames that came before.
class FrameReader {
 public:
  // Takes a byte; true if it completed a frame, which is valid until the next call.
  bool Take(std::uint8_t byte, Frame* frame);

 private:
  enum class State : std::uint8_t { kText, kZero, kFrame, kOverlong };
  static constexpr std::size_t kMaxEncoded = kMaxFrame - 3;
  static constexpr std::uint16_t kWindow = 64;

  bool Open(Frame* frame);
  bool IsNew(std::uint16_t sequence, std::uint32_t checksum);

  State state_ = State::kText;
  std::uint8_t bytes_[kMaxEncoded];
  std::size_t n_bytes_ = 0;
  // Numbers of frames that have come: the highest, which of those before it (a bit each), and their checksums.
  bool has_begun_ = false;
  std::uint16_t highest_ = 0;
  std::uint64_t seen_ = 0;
  std::uint32_t checksums_[kWindow] = {};
};

// The line, the counter of cycles and the clock of the board. No function waits.
struct Line {
  void* context;
  // Takes bytes that have arrived; their number.
  std::size_t (*read)(void* context, std::uint8_t* bytes, std::size_t n_bytes);
  // Sends the first of the bytes, as many as go at once; their number.
  std::size_t (*write)(void* context, const std::uint8_t* bytes, std::size_t n_bytes);
  // The counter of cycles, modulo 2^32.
  std::uint32_t (*cycles)(void* context);
  // Microseconds since the start.
  std::uint64_t (*micros)(void* context);
  // Called when there is nothing to do but to wait.
  void (*idle)(void* context);
};

// What the board says of itself. Texts live as long as the link.
struct About {
  const char* firmware;
  const char* version;
  const char* build;
  const char* chip;
  const char* reset_reason;
  Unit unit;
  bool has_micros;
  std::uint32_t clock_hz;
  // Bytes of RAM for inputs and arena.
  std::uint32_t memory_bytes;
};

// What the elements of an input are, for random numbers in it.
enum class Element : std::uint8_t { kInteger8, kInteger16, kInteger32, kFloat32, kOther };

struct InputBytes {
  std::uint8_t* data;
  std::size_t n_bytes;
  Element element;
};

struct OutputBytes {
  const std::uint8_t* data;
  std::size_t n_bytes;
  // Number of the tensor; negative for none.
  std::int32_t tensor;
};

enum class Invoked : std::uint8_t {
  kWhole,
  // An operator waits for more input, so that those behind it did not run.
  kEndedEarly,
  kFailed,
};

// A model that is ready to run, or why it is not.
struct Model {
  void* context;
  const std::uint8_t* bytes;
  std::uint32_t n_bytes;
  std::uint32_t arena_used;
  std::uint32_t arena_minimum;
  std::uint32_t arena_given;
  std::uint16_t n_inputs;
  std::uint16_t n_outputs;
  std::uint16_t n_subgraphs;
  // What is wrong; null if the model is ready. None of the functions is called otherwise.
  const char* refusal;
  InputBytes (*input)(void* context, std::uint16_t index);
  OutputBytes (*output)(void* context, std::uint16_t index);
  std::uint16_t (*n_operators)(void* context, std::uint16_t subgraph);
  // Called at the end of the operator, while what it wrote is there.
  std::uint16_t (*n_operator_outputs)(void* context, std::uint16_t subgraph, std::uint16_t op);
  OutputBytes (*operator_output)(void* context, std::uint16_t subgraph, std::uint16_t op, std::uint16_t index);
  // Resets variable tensors and the state of operators.
  bool (*reset)(void* context);
  // Runs the model. Calls OperatorBegins and OperatorEnds of the link for every operator while IsWatching is true.
  Invoked (*invoke)(void* context);
};

// What was measured of an operator.
struct OperatorRow {
  std::uint32_t start_cycles;
  std::uint32_t start_micros;
  std::uint32_t cycles;
  std::uint32_t micros;
  std::uint16_t calls;
};

// Memory that the link works in.
struct Memory {
  // A row for every operator of all subgraphs.
  OperatorRow* rows;
  std::size_t n_rows;
  // Room for all inputs, one behind the other.
  std::uint8_t* inputs;
  std::size_t n_input_bytes;
};

// The board's side of one line.
class Link {
 public:
  Link(const Line& line, const About& about, const Memory& memory);

  // Says that the board has started, and which model is ready or why none is.
  void Start(const Model& model);

  // Does what requests ask for that have arrived; a run is over when this returns. To be called often. True if there was
  // something to do.
  bool Poll();

  // Answers while the program itself runs the model, and takes parts of inputs. A run that is asked for is accepted, and done
  // by Poll.
  void Listen();

  // Says a text, with a checksum.
  void Note(const char* text);

  // True while an invocation is looked at: only then has the model to say when operators begin and end.
  bool IsWatching() const { return watch_ != Watch::kNothing; }

  // For the model, while it is invoked.
  void OperatorBegins(std::uint16_t subgraph, std::uint16_t op);
  void OperatorEnds(std::uint16_t subgraph, std::uint16_t op);

  // Called after each invocation whose inputs came over the line; for what the program does with outputs besides.
  void (*on_given)(void* context) = nullptr;
  void* on_given_context = nullptr;

 private:
  class Generator;
  struct Request;
  struct RunRequest {
    std::uint16_t request;
    Mode mode;
    Source source;
    std::uint8_t reset;
    std::uint8_t outputs;
    std::uint32_t invocations;
    std::uint32_t interval_micros;
    std::uint32_t seed;
    std::uint16_t subgraph;
    std::uint16_t op;
  };
  // What is looked at while the model runs.
  enum class Watch : std::uint8_t { kNothing, kWhole, kTimes, kChecks };

  void Send();
  bool Receive(Request* request);
  void Begin(Kind kind) { writer_.Begin(sequence_, kind); }

  void Do(const Request& request);
  void SayHello(std::uint16_t request);
  void SayModel(std::uint16_t request, Place place);
  void SayFailed(std::uint16_t request, Problem problem, const char* reason);
  void SayAccepted();
  struct Last {
    std::uint16_t request;
    std::uint32_t invocations;
    End end;
    std::uint32_t dropped;
  };
  void SayFinished(const Last& run);
  void Stage(const Request& part);
  bool CanRun(const RunRequest& request);
  void Run(const RunRequest& request);
  void EndRun(std::uint32_t n_done, End end);
  bool AnswerInRun(const Request& request);
  bool IsToStop();
  bool Invoke(std::uint32_t invocation, std::uint64_t late_micros);
  static void FillRandom(const InputBytes& input, Generator* generator);
  void FillPart(const InputBytes& part, Generator* generator, std::size_t given) const;
  void FillInputs();
  std::uint32_t InputsCrc() const;
  void Count();
  std::uint32_t SendTimes(std::uint32_t invocation);
  void AddChecks(std::uint16_t subgraph, std::uint16_t op);
  void FlushChecks();
  void SendParts(Kind kind, std::uint32_t invocation, std::uint32_t index, const std::uint8_t* bytes, std::size_t n_bytes);
  OperatorRow* RowOf(std::uint16_t subgraph, std::uint16_t op);

  const Line line_;
  const About about_;
  const Memory memory_;
  Model model_ = {};
  std::uint32_t model_crc_ = 0;
  std::uint32_t overhead_cycles_ = 0;

  FrameReader reader_;
  std::uint8_t incoming_[64];
  std::size_t n_incoming_ = 0;
  std::size_t n_taken_ = 0;
  FrameWriter writer_;
  std::uint16_t sequence_ = 0;
  bool is_full_ = false;
  std::uint32_t dropped_ = 0;

  // Inputs that came over the line: how many bytes, and the request that they belong to.
  std::size_t n_staged_ = 0;
  std::uint16_t staged_request_ = 0;

  // The run that goes on, and how the last one ended, for a host that asks once more.
  RunRequest run_ = {};
  std::uint16_t running_ = 0;
  // The run was accepted while the program ran the model itself, and begins when that is done.
  bool has_waiting_ = false;
  std::uint32_t inputs_crc_ = 0;
  bool has_last_ = false;
  Last last_ = {};

  Watch watch_ = Watch::kNothing;
  std::uint32_t last_cycles_ = 0;
  std::uint64_t cycles_ = 0;
  std::uint64_t since_look_ = 0;
  bool is_stopped_ = false;
  // Microseconds of the last invocation that was measured as a whole.
  bool has_last_micros_ = false;
  std::uint64_t last_micros_ = 0;

  // Checksums that are not sent yet: at most 14 records of 16 bytes.
  std::uint32_t invocation_ = 0;
  std::uint8_t records_[14 * 16];
  std::size_t n_waiting_ = 0;
  std::uint32_t n_records_ = 0;
};

}  // namespace emberlab

#endif  // EMBERLAB_LINK_H_
