// Emberlab's link, the board's side: see emberlab_link.h.
#include "emberlab_link.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace emberlab {

namespace {

// Longest reason in a message.
constexpr std::size_t kMaxReason = 160;
// A line that takes nothing for so long is full: frames are dropped until it takes something again.
constexpr std::uint64_t kPatienceMicros = 100000;
// An invocation that takes longer is looked at while it runs, so that questions are answered.
constexpr std::uint64_t kLongMicros = 50000;
// Most readings of the line for one request, so that endless noise does not keep the board from its work.
constexpr int kMaxReadings = 16;
// Bytes of a part of an output, so that the message fits into a frame.
constexpr std::size_t kPartBytes = kMaxPayload - 24;
// Bytes of records in one message of operators or checksums.
constexpr std::size_t kMaxRecordsBytes = kMaxPayload - 10;
constexpr std::size_t kTimeBytes = 14;
constexpr std::size_t kChecksumBytes = 16;
// More numbers than these in a row are not lost: the sender began anew.
constexpr std::uint16_t kMaxGap = 1024;

// 16 entries, so that the table takes no room worth naming.
constexpr std::uint32_t kCrcTable[16] = {
    0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

std::uint32_t CrcOf(const void* bytes, std::size_t n_bytes) {
  Crc32 crc;
  crc.Update(bytes, n_bytes);
  return crc.Value();
}

std::uint32_t Little(const std::uint8_t* bytes, int n_bytes) {
  std::uint32_t value = 0;
  for (int index = 0; index < n_bytes; ++index) {
    value |= static_cast<std::uint32_t>(bytes[index]) << (8 * index);
  }
  return value;
}

void PutLittle(std::uint8_t* bytes, std::uint32_t value, int n_bytes) {
  for (int index = 0; index < n_bytes; ++index) {
    bytes[index] = static_cast<std::uint8_t>(value >> (8 * index));
  }
}

// Reads the fields of a message; `is_good` turns false where they end too early.
struct FieldReader {
  const std::uint8_t* bytes;
  std::size_t n_bytes;
  bool is_good = true;

  std::uint32_t Number(int size) {
    if (n_bytes < static_cast<std::size_t>(size)) {
      is_good = false;
      return 0;
    }
    const std::uint32_t value = Little(bytes, size);
    bytes += size;
    n_bytes -= size;
    return value;
  }
  std::uint8_t U8() { return static_cast<std::uint8_t>(Number(1)); }
  std::uint16_t U16() { return static_cast<std::uint16_t>(Number(2)); }
  std::uint32_t U32() { return Number(4); }
  // A byte with a meaning: none above `largest`.
  std::uint8_t Code(std::uint8_t largest) {
    const std::uint8_t code = U8();
    is_good = is_good && code <= largest;
    return code;
  }
};

}  // namespace

void Crc32::Update(const void* bytes, std::size_t n_bytes) {
  const std::uint8_t* byte = static_cast<const std::uint8_t*>(bytes);
  std::uint32_t state = state_;
  for (std::size_t index = 0; index < n_bytes; ++index) {
    state ^= byte[index];
    state = (state >> 4) ^ kCrcTable[state & 15];
    state = (state >> 4) ^ kCrcTable[state & 15];
  }
  state_ = state;
}

void FrameWriter::Begin(std::uint16_t sequence, Kind kind) {
  size_ = 3;
  is_too_long_ = false;
  U16(sequence);
  U8(static_cast<std::uint8_t>(kind));
}

void FrameWriter::Bytes(const void* bytes, std::size_t n_bytes) {
  // In front of the fields are 3 bytes of frame and 3 of number and kind.
  if (is_too_long_ || n_bytes > 6 + kMaxPayload - size_) {
    is_too_long_ = true;
    return;
  }
  if (n_bytes > 0) std::memcpy(frame_ + size_, bytes, n_bytes);
  size_ += n_bytes;
}

void FrameWriter::U8(std::uint8_t value) { Bytes(&value, 1); }

void FrameWriter::U16(std::uint16_t value) {
  std::uint8_t bytes[2];
  PutLittle(bytes, value, 2);
  Bytes(bytes, 2);
}

void FrameWriter::U32(std::uint32_t value) {
  std::uint8_t bytes[4];
  PutLittle(bytes, value, 4);
  Bytes(bytes, 4);
}

void FrameWriter::U64(std::uint64_t value) {
  U32(static_cast<std::uint32_t>(value));
  U32(static_cast<std::uint32_t>(value >> 32));
}

void FrameWriter::Text(const char* text, std::size_t longest) {
  std::size_t n_bytes = text == nullptr ? 0 : std::strlen(text);
  longest = std::min<std::size_t>(longest, 255);
  if (n_bytes > longest) {
    n_bytes = longest;
    // In UTF-8 a byte 10xxxxxx goes on with a character, which then does not end here.
    while (n_bytes > 0 && (static_cast<std::uint8_t>(text[n_bytes]) & 0xc0) == 0x80) --n_bytes;
  }
  U8(static_cast<std::uint8_t>(n_bytes));
  Bytes(text, n_bytes);
}

bool FrameWriter::End() {
  if (is_too_long_) return false;
  PutLittle(frame_ + size_, CrcOf(frame_ + 3, size_ - 3), 4);
  size_ += 4;
  frame_[0] = 0;
  frame_[1] = 0xff;
  // COBS: every 0, and the byte in front, becomes the distance to the next 0 or to the end.
  std::uint8_t distance = 1;
  for (std::size_t index = size_ - 1; index > 2; --index) {
    if (frame_[index] == 0) {
      frame_[index] = distance;
      distance = 0;
    }
    ++distance;
  }
  frame_[2] = distance;
  frame_[size_++] = 0;
  return true;
}

bool FrameReader::Take(std::uint8_t byte, Frame* frame) {
  if (byte == 0) {
    const bool was_frame = state_ == State::kFrame;
    state_ = State::kZero;
    return was_frame && Open(frame);
  }
  switch (state_) {
    case State::kZero:
      state_ = byte == 0xff ? State::kFrame : State::kText;
      n_bytes_ = 0;
      break;
    case State::kFrame:
      if (n_bytes_ == kMaxEncoded) {
        state_ = State::kOverlong;
      } else {
        bytes_[n_bytes_++] = byte;
      }
      break;
    case State::kText:
    case State::kOverlong:
      break;
  }
  return false;
}

// Takes COBS off and looks at checksum and number.
bool FrameReader::Open(Frame* frame) {
  std::size_t read = 0;
  std::size_t written = 0;
  while (read < n_bytes_) {
    const std::size_t code = bytes_[read];
    const std::size_t end = read + code;
    if (code == 0 || end > n_bytes_) return false;
    std::memmove(bytes_ + written, bytes_ + read + 1, code - 1);
    written += code - 1;
    read = end;
    if (code < 0xff && read < n_bytes_) bytes_[written++] = 0;
  }
  if (written < 7) return false;
  const std::uint32_t checksum = Little(bytes_ + written - 4, 4);
  if (CrcOf(bytes_, written - 4) != checksum) return false;
  frame->sequence = static_cast<std::uint16_t>(Little(bytes_, 2));
  frame->kind = bytes_[2];
  frame->payload = bytes_ + 3;
  frame->n_payload = written - 7;
  return IsNew(frame->sequence, checksum);
}

// False for a frame that has come before: the same number with the same checksum, not long ago.
bool FrameReader::IsNew(std::uint16_t sequence, std::uint32_t checksum) {
  const std::uint16_t ahead = static_cast<std::uint16_t>(sequence - highest_);
  const std::uint16_t behind = static_cast<std::uint16_t>(highest_ - sequence);
  std::uint32_t* known = &checksums_[sequence % kWindow];
  const bool has_come = has_begun_ && behind < kWindow && ((seen_ >> behind) & 1) != 0;
  if (has_come && *known == checksum) return false;
  if (!has_begun_ || has_come || (ahead > kMaxGap && behind >= kWindow)) {
    // The sender began anew.
    has_begun_ = true;
    highest_ = sequence;
    seen_ = 1;
  } else if (behind < kWindow) {
    seen_ |= std::uint64_t{1} << behind;
  } else {
    seen_ = ahead < kWindow ? (seen_ << ahead) | 1 : 1;
    highest_ = sequence;
  }
  *known = checksum;
  return true;
}

// The xorshift32 generator whose numbers fill inputs; the first 16 are thrown away.
class Link::Generator {
 public:
  explicit Generator(std::uint32_t seed) : state_(seed == 0 ? 1 : seed) {
    for (int index = 0; index < 16; ++index) Step();
  }
  std::uint32_t Step() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_;
  }

 private:
  std::uint32_t state_;
};

// A message of the host.
struct Link::Request {
  enum class What : std::uint8_t { kAsk, kRun, kStop, kPut, kChoose, kUnreadable };
  What what = What::kUnreadable;
  std::uint16_t request = 0;
  RunRequest run = {};
  Target target = Target::kInputs;
  Place place = Place::kWindow;
  std::uint32_t offset = 0;
  std::uint32_t total = 0;
  const std::uint8_t* bytes = nullptr;
  std::size_t n_bytes = 0;
};

Link::Link(const Line& line, const About& about, const Memory& memory) : line_(line), about_(about), memory_(memory) {
  overhead_cycles_ = 0xffffffffu;
  for (int index = 0; index < 8; ++index) {
    const std::uint32_t before = line_.cycles(line_.context);
    overhead_cycles_ = std::min(overhead_cycles_, line_.cycles(line_.context) - before);
  }
}

void Link::Start(const Model& model) {
  model_ = model;
  model_crc_ = model.bytes == nullptr ? 0 : CrcOf(model.bytes, model.n_bytes);
  Begin(Kind::kStarted);
  writer_.U8(kProtocol);
  writer_.Text(about_.reset_reason, kMaxReason);
  Send();
  SayModel(0, Place::kWindow);
}

bool Link::Poll() {
  Request request;
  bool was_busy = has_waiting_;
  if (has_waiting_) {
    has_waiting_ = false;
    Run(run_);
  }
  while (Receive(&request)) {
    Do(request);
    was_busy = true;
  }
  return was_busy;
}

void Link::Listen() {
  Request request;
  while (Receive(&request)) {
    if (has_waiting_) {
      if (!AnswerInRun(request)) continue;
      has_waiting_ = false;
      EndRun(0, End::kStopped);
    } else if (request.what != Request::What::kRun) {
      Do(request);
    } else if (CanRun(request.run)) {
      // The model is in the middle of something: its inputs stay as they are until Poll.
      has_waiting_ = true;
      run_ = request.run;
      running_ = run_.request;
      inputs_crc_ = InputsCrc();
      SayAccepted();
    }
  }
}

void Link::Note(const char* text) {
  Begin(Kind::kNote);
  writer_.Text(text, kMaxPayload - 1);
  Send();
}

// Sends the frame, or drops it if the line takes nothing.
void Link::Send() {
  ++sequence_;
  if (!writer_.End()) {
    ++dropped_;
    return;
  }
  const std::uint8_t* rest = writer_.data();
  std::size_t n_rest = writer_.size();
  std::uint64_t last_progress = line_.micros(line_.context);
  while (n_rest > 0) {
    const std::size_t n_written = std::min(line_.write(line_.context, rest, n_rest), n_rest);
    rest += n_written;
    n_rest -= n_written;
    if (n_written > 0) {
      is_full_ = false;
      last_progress = line_.micros(line_.context);
      continue;
    }
    if (is_full_ || line_.micros(line_.context) - last_progress > kPatienceMicros) {
      // A frame that is cut off here is ended by the first byte of the next one.
      is_full_ = true;
      ++dropped_;
      return;
    }
    line_.idle(line_.context);
  }
}

// The next request that has arrived. Its bytes are valid until the next call.
bool Link::Receive(Request* request) {
  for (int reading = 0; reading < kMaxReadings; ++reading) {
    if (n_taken_ == n_incoming_) {
      n_taken_ = 0;
      n_incoming_ = std::min(line_.read(line_.context, incoming_, sizeof(incoming_)), sizeof(incoming_));
      if (n_incoming_ == 0) return false;
    }
    while (n_taken_ < n_incoming_) {
      Frame frame;
      if (!reader_.Take(incoming_[n_taken_++], &frame)) continue;
      *request = Request{};
      FieldReader fields{frame.payload, frame.n_payload};
      Request::What what = Request::What::kUnreadable;
      request->request = fields.U16();
      switch (static_cast<Kind>(frame.kind)) {
        case Kind::kAsk:
          fields.U8();
          what = Request::What::kAsk;
          break;
        case Kind::kRun: {
          RunRequest* run = &request->run;
          run->request = request->request;
          run->mode = static_cast<Mode>(fields.Code(3));
          run->source = static_cast<Source>(fields.Code(2));
          run->reset = fields.U8();
          run->outputs = fields.U8();
          run->invocations = fields.U32();
          run->interval_micros = fields.U32();
          run->seed = fields.U32();
          run->subgraph = fields.U16();
          run->op = fields.U16();
          what = Request::What::kRun;
          break;
        }
        case Kind::kStop:
          what = Request::What::kStop;
          break;
        case Kind::kPut:
          request->target = static_cast<Target>(fields.Code(1));
          request->offset = fields.U32();
          request->total = fields.U32();
          request->bytes = fields.bytes;
          request->n_bytes = fields.n_bytes;
          what = Request::What::kPut;
          break;
        case Kind::kChoose:
          request->place = static_cast<Place>(fields.Code(1));
          what = Request::What::kChoose;
          break;
        default:
          break;
      }
      request->what = fields.is_good ? what : Request::What::kUnreadable;
      return true;
    }
  }
  return false;
}

void Link::Do(const Request& request) {
  switch (request.what) {
    case Request::What::kAsk:
      // A host that has just come may choose the same numbers as the one before.
      has_last_ = false;
      if (n_staged_ < memory_.n_input_bytes) n_staged_ = 0;
      SayHello(request.request);
      SayModel(request.request, Place::kWindow);
      break;
    case Request::What::kRun:
      Run(request.run);
      break;
    case Request::What::kStop:
      // A host that stops what is over has missed that it is.
      if (has_last_) SayFinished(last_);
      SayFinished({request.request, 0, End::kStopped, dropped_});
      break;
    case Request::What::kPut:
      if (request.target == Target::kModel) {
        SayFailed(request.request, Problem::kTooLarge,
                  "this firmware is built for one model; export another project for another one");
      } else {
        Stage(request);
      }
      break;
    case Request::What::kChoose:
      SayModel(request.request, request.place);
      break;
    case Request::What::kUnreadable:
      SayFailed(0, Problem::kUnreadable,
                "the board does not know this request; do app and firmware have the same version?");
      break;
  }
}

void Link::SayHello(std::uint16_t request) {
  Begin(Kind::kHello);
  writer_.U16(request);
  writer_.U8(kProtocol);
  writer_.U16(running_);
  writer_.U8(static_cast<std::uint8_t>(about_.unit));
  writer_.U8(about_.has_micros ? 1 : 0);
  writer_.U32(about_.clock_hz);
  writer_.U32(about_.memory_bytes);
  writer_.U32(overhead_cycles_);
  writer_.U32(dropped_);
  writer_.Text(about_.firmware, 24);
  writer_.Text(about_.version, 24);
  writer_.Text(about_.build, 120);
  writer_.Text(about_.chip, 24);
  Send();
}

// Ready or Refused.
void Link::SayModel(std::uint16_t request, Place place) {
  const char* refusal = model_.refusal;
  if (place == Place::kRam) refusal = "this firmware is built for one model and takes none into RAM";
  if (refusal != nullptr) {
    const bool is_here = place == Place::kWindow;
    Begin(Kind::kRefused);
    writer_.U16(request);
    writer_.U8(static_cast<std::uint8_t>(place));
    writer_.U32(is_here ? model_.n_bytes : 0);
    writer_.U32(is_here ? model_crc_ : 0);
    writer_.U32(0);
    writer_.U32(is_here ? model_.arena_given : 0);
    writer_.U16(0);
    writer_.U16(kNoOperator);
    writer_.Text("", 0);
    writer_.Text(refusal, kMaxReason);
    Send();
    return;
  }
  std::uint32_t n_operators = 0;
  for (std::uint16_t subgraph = 0; subgraph < model_.n_subgraphs; ++subgraph) {
    n_operators += model_.n_operators(model_.context, subgraph);
  }
  std::size_t output_bytes = 0;
  for (std::uint16_t index = 0; index < model_.n_outputs; ++index) {
    output_bytes += model_.output(model_.context, index).n_bytes;
  }
  Begin(Kind::kReady);
  writer_.U16(request);
  writer_.U8(static_cast<std::uint8_t>(place));
  writer_.U32(model_.n_bytes);
  writer_.U32(model_crc_);
  writer_.U32(model_.arena_used);
  writer_.U32(model_.arena_minimum);
  writer_.U32(model_.arena_given);
  writer_.U16(model_.n_inputs);
  writer_.U16(model_.n_outputs);
  writer_.U16(static_cast<std::uint16_t>(n_operators));
  writer_.U16(model_.n_subgraphs);
  writer_.U32(static_cast<std::uint32_t>(memory_.n_input_bytes));
  writer_.U32(static_cast<std::uint32_t>(output_bytes));
  Send();
}

void Link::SayFailed(std::uint16_t request, Problem problem, const char* reason) {
  Begin(Kind::kFailed);
  writer_.U16(request);
  writer_.U8(static_cast<std::uint8_t>(problem));
  writer_.Text(reason, kMaxReason);
  Send();
}

void Link::SayAccepted() {
  Begin(Kind::kAccepted);
  writer_.U16(run_.request);
  writer_.U32(inputs_crc_);
  Send();
}

void Link::SayFinished(const Last& run) {
  Begin(Kind::kFinished);
  writer_.U16(run.request);
  writer_.U32(run.invocations);
  writer_.U8(static_cast<std::uint8_t>(run.end));
  writer_.U32(run.dropped);
  Send();
}

// Takes a part of the inputs.
void Link::Stage(const Request& part) {
  if (model_.refusal != nullptr) {
    SayFailed(part.request, Problem::kNoModel, "there is no model that these inputs could be for");
    return;
  }
  if (part.total != memory_.n_input_bytes) {
    char reason[kMaxReason];
    std::snprintf(reason, sizeof(reason), "the inputs of the model have %lu bytes, not %lu",
                  static_cast<unsigned long>(memory_.n_input_bytes), static_cast<unsigned long>(part.total));
    SayFailed(part.request, Problem::kWrongInputs, reason);
    return;
  }
  const bool is_again = part.offset == 0 && n_staged_ == memory_.n_input_bytes;
  if (part.request != staged_request_ || is_again) {
    staged_request_ = part.request;
    n_staged_ = 0;
  }
  if (part.offset == n_staged_ && part.n_bytes <= memory_.n_input_bytes - n_staged_) {
    if (part.n_bytes > 0) std::memcpy(memory_.inputs + n_staged_, part.bytes, part.n_bytes);
    n_staged_ += part.n_bytes;
  }
  Begin(Kind::kTaken);
  writer_.U16(part.request);
  writer_.U8(static_cast<std::uint8_t>(Target::kInputs));
  writer_.U32(static_cast<std::uint32_t>(n_staged_));
  Send();
}

// Whether a run is to be done, and can be; the answer is given if not.
bool Link::CanRun(const RunRequest& request) {
  if (model_.refusal != nullptr) {
    SayFailed(request.request, Problem::kNoModel, "there is no model that can run; see what the board says at its start");
    return false;
  }
  if (has_last_ && last_.request == request.request) {
    // The host asked again because it missed our answers.
    SayFinished(last_);
    return false;
  }
  if (request.source == Source::kGiven && n_staged_ < memory_.n_input_bytes) {
    char reason[kMaxReason];
    std::snprintf(reason, sizeof(reason), "%lu of %lu bytes of the inputs are there",
                  static_cast<unsigned long>(n_staged_), static_cast<unsigned long>(memory_.n_input_bytes));
    SayFailed(request.request, Problem::kInputsMissing, reason);
    return false;
  }
  return true;
}

void Link::EndRun(std::uint32_t n_done, End end) {
  running_ = 0;
  has_last_ = true;
  last_ = {run_.request, n_done, end, dropped_};
  SayFinished(last_);
}

void Link::Run(const RunRequest& request) {
  if (!CanRun(request)) return;
  run_ = request;
  is_stopped_ = false;
  FillInputs();
  Crc32 inputs;
  for (std::uint16_t index = 0; index < model_.n_inputs; ++index) {
    const InputBytes input = model_.input(model_.context, index);
    inputs.Update(input.data, input.n_bytes);
  }
  inputs_crc_ = inputs.Value();
  running_ = run_.request;
  SayAccepted();

  const std::uint64_t interval = run_.interval_micros;
  std::uint64_t due = line_.micros(line_.context);
  std::uint32_t done = 0;
  End end = End::kDone;
  while (run_.invocations == 0 || done < run_.invocations) {
    std::uint64_t late = 0;
    for (;;) {
      if (IsToStop() || interval == 0) break;
      const std::uint64_t now = line_.micros(line_.context);
      if (now >= due) {
        late = now - due;
        break;
      }
      line_.idle(line_.context);
    }
    if (is_stopped_) {
      end = End::kStopped;
      break;
    }
    // Beats that were missed are left out, so that no burst follows.
    if (interval > 0) due += interval * (1 + late / interval);
    if (!Invoke(done, late)) {
      end = End::kStopped;
      break;
    }
    ++done;
  }
  EndRun(done, end);
}

// Answers what comes while a run goes on or waits; true if the run is to stop.
bool Link::AnswerInRun(const Request& request) {
  switch (request.what) {
    case Request::What::kStop:
      return true;
    case Request::What::kAsk:
      SayHello(request.request);
      break;
    case Request::What::kRun:
      if (request.request == running_) {
        SayAccepted();
        break;
      }
      SayFailed(request.request, Problem::kBusy, "a run goes on; stop it first");
      break;
    case Request::What::kPut:
    case Request::What::kChoose:
      SayFailed(request.request, Problem::kBusy, "a run goes on; stop it first");
      break;
    case Request::What::kUnreadable:
      Do(request);
      break;
  }
  return false;
}

// Answers what comes during a run; true if the run is to stop.
bool Link::IsToStop() {
  Request request;
  while (!is_stopped_ && Receive(&request)) is_stopped_ = AnswerInRun(request);
  return is_stopped_;
}

// One invocation and its results; false if it failed.
bool Link::Invoke(std::uint32_t invocation, std::uint64_t late_micros) {
  if (run_.reset != 0 && !model_.reset(model_.context)) {
    Note("the model could not be reset; reset the board");
    return false;
  }
  FillInputs();
  invocation_ = invocation;
  n_records_ = 0;
  n_waiting_ = 0;
  cycles_ = 0;
  since_look_ = 0;
  for (std::size_t index = 0; index < memory_.n_rows; ++index) memory_.rows[index] = OperatorRow{};
  const bool is_short = model_.n_subgraphs == 1 && has_last_micros_ && last_micros_ < kLongMicros;
  switch (run_.mode) {
    case Mode::kInvocations: watch_ = is_short ? Watch::kNothing : Watch::kWhole; break;
    case Mode::kOperators: watch_ = Watch::kTimes; break;
    case Mode::kChecksums:
    case Mode::kBytes: watch_ = Watch::kChecks; break;
  }
  const bool is_observed = watch_ != Watch::kNothing;
  const std::uint64_t start_micros = line_.micros(line_.context);
  last_cycles_ = line_.cycles(line_.context);
  const Invoked invoked = model_.invoke(model_.context);
  Count();
  const std::uint64_t micros = line_.micros(line_.context) - start_micros;
  watch_ = Watch::kNothing;
  const std::uint64_t cycles = cycles_ > overhead_cycles_ ? cycles_ - overhead_cycles_ : 0;
  FlushChecks();
  if (invoked == Invoked::kFailed) {
    Note("Invoke failed: the lines before say which operator; inputs of another size or a damaged model do that");
    return false;
  }
  if (run_.mode == Mode::kOperators) n_records_ = SendTimes(invocation);
  if (run_.mode == Mode::kInvocations) {
    has_last_micros_ = true;
    last_micros_ = micros;
  }
  Crc32 outputs;
  for (std::uint16_t index = 0; index < model_.n_outputs; ++index) {
    const OutputBytes output = model_.output(model_.context, index);
    outputs.Update(output.data, output.n_bytes);
    if (run_.outputs != 0) SendParts(Kind::kOutput, invocation, index, output.data, output.n_bytes);
  }
  Begin(Kind::kSample);
  writer_.U16(run_.request);
  writer_.U32(invocation);
  writer_.U8(is_observed ? 1 : 0);
  writer_.U8(invoked == Invoked::kEndedEarly ? 1 : 0);
  writer_.U64(cycles);
  writer_.U64(micros);
  writer_.U32(static_cast<std::uint32_t>(std::min<std::uint64_t>(late_micros, 0xffffffffu)));
  writer_.U32(outputs.Value());
  writer_.U32(n_records_);
  writer_.U32(dropped_);
  Send();
  if (run_.source == Source::kGiven && on_given != nullptr) on_given(on_given_context);
  return true;
}

void Link::FillRandom(const InputBytes& input, Generator* generator) {
  std::size_t size = 0;
  switch (input.element) {
    case Element::kInteger8: size = 1; break;
    case Element::kInteger16: size = 2; break;
    case Element::kInteger32: size = 4; break;
    case Element::kFloat32: size = 4; break;
    case Element::kOther: std::memset(input.data, 0, input.n_bytes); return;
  }
  for (std::size_t offset = 0; offset + size <= input.n_bytes; offset += size) {
    const std::uint32_t number = generator->Step();
    if (input.element == Element::kFloat32) {
      const float value = -1.0f + 2.0f * (static_cast<float>(number >> 16) / 65536.0f);
      std::memcpy(input.data + offset, &value, sizeof(value));
    } else {
      PutLittle(input.data + offset, number, static_cast<int>(size));
    }
  }
}

// Writes a part of the inputs; `given` is where it begins in those that came over the line.
void Link::FillPart(const InputBytes& part, Generator* generator, std::size_t given) const {
  switch (run_.source) {
    case Source::kRandom:
      FillRandom(part, generator);
      break;
    case Source::kZeros:
      std::memset(part.data, 0, part.n_bytes);
      break;
    case Source::kGiven:
      std::memcpy(part.data, memory_.inputs + given, std::min(part.n_bytes, memory_.n_input_bytes - given));
      break;
  }
}

// Writes the inputs, which an invocation leaves with anything.
void Link::FillInputs() {
  Generator generator(run_.seed);
  std::size_t given = 0;
  for (std::uint16_t index = 0; index < model_.n_inputs; ++index) {
    const InputBytes input = model_.input(model_.context, index);
    FillPart(input, &generator, given);
    given += input.n_bytes;
  }
}

// The checksum that the inputs of the run will have, without writing them.
std::uint32_t Link::InputsCrc() const {
  Generator generator(run_.seed);
  Crc32 crc;
  std::size_t given = 0;
  // A whole number of elements of any size.
  std::uint8_t part[64];
  for (std::uint16_t index = 0; index < model_.n_inputs; ++index) {
    const InputBytes input = model_.input(model_.context, index);
    for (std::size_t offset = 0; offset < input.n_bytes; offset += sizeof(part)) {
      const std::size_t n_bytes = std::min(sizeof(part), input.n_bytes - offset);
      FillPart({part, n_bytes, input.element}, &generator, given + offset);
      crc.Update(part, n_bytes);
    }
    given += input.n_bytes;
  }
  return crc.Value();
}

// Adds the cycles since the last call; the sum is right as long as no operator takes 2^32 of them.
void Link::Count() {
  const std::uint32_t now = line_.cycles(line_.context);
  const std::uint32_t passed = now - last_cycles_;
  last_cycles_ = now;
  cycles_ += passed;
  since_look_ += passed;
}

OperatorRow* Link::RowOf(std::uint16_t subgraph, std::uint16_t op) {
  std::size_t row = op;
  for (std::uint16_t before = 0; before < subgraph; ++before) row += model_.n_operators(model_.context, before);
  return row < memory_.n_rows ? &memory_.rows[row] : nullptr;
}

void Link::OperatorBegins(std::uint16_t subgraph, std::uint16_t op) {
  if (watch_ != Watch::kTimes) return;
  if (OperatorRow* row = RowOf(subgraph, op)) {
    row->start_micros = static_cast<std::uint32_t>(line_.micros(line_.context));
    row->start_cycles = line_.cycles(line_.context);
  }
}

void Link::OperatorEnds(std::uint16_t subgraph, std::uint16_t op) {
  if (watch_ == Watch::kNothing) return;
  if (watch_ == Watch::kTimes) {
    const std::uint32_t cycles = line_.cycles(line_.context);
    const std::uint32_t micros = static_cast<std::uint32_t>(line_.micros(line_.context));
    if (OperatorRow* row = RowOf(subgraph, op)) {
      const std::uint32_t passed = cycles - row->start_cycles;
      row->cycles += passed > overhead_cycles_ ? passed - overhead_cycles_ : 0;
      row->micros += micros - row->start_micros;
      ++row->calls;
    }
  }
  if (watch_ == Watch::kChecks) AddChecks(subgraph, op);
  Count();
  // A millisecond, or what may be one.
  if (since_look_ > std::max<std::uint32_t>(about_.clock_hz, 100000000u) / 1000) {
    since_look_ = 0;
    // A stop is done when the invocation is over: TensorFlow Lite Micro cannot leave one.
    IsToStop();
  }
}

// Sends what operators took; number of records.
std::uint32_t Link::SendTimes(std::uint32_t invocation) {
  std::uint32_t first = 0;
  std::uint32_t number = 0;
  std::size_t n_bytes = 0;
  std::uint8_t records[kMaxRecordsBytes];
  const auto flush = [&] {
    Begin(Kind::kOperators);
    writer_.U16(run_.request);
    writer_.U32(invocation);
    writer_.U32(first);
    writer_.Bytes(records, n_bytes);
    Send();
    first = number;
    n_bytes = 0;
  };
  for (std::uint16_t subgraph = 0; subgraph < model_.n_subgraphs; ++subgraph) {
    const std::uint16_t n_operators = model_.n_operators(model_.context, subgraph);
    for (std::uint16_t op = 0; op < n_operators; ++op) {
      const OperatorRow* row = RowOf(subgraph, op);
      if (row == nullptr) continue;
      if (n_bytes + kTimeBytes > kMaxRecordsBytes) flush();
      std::uint8_t* record = records + n_bytes;
      PutLittle(record, subgraph, 2);
      PutLittle(record + 2, op, 2);
      PutLittle(record + 4, row->calls, 2);
      PutLittle(record + 6, row->cycles, 4);
      PutLittle(record + 10, row->micros, 4);
      n_bytes += kTimeBytes;
      ++number;
    }
  }
  if (n_bytes > 0) flush();
  return number;
}

// Takes the checksums of what an operator wrote, and sends its bytes if they are asked for.
void Link::AddChecks(std::uint16_t subgraph, std::uint16_t op) {
  const auto fits = [](std::uint16_t chosen, std::uint16_t found) { return chosen == kNoOperator || chosen == found; };
  const bool is_chosen = run_.mode == Mode::kBytes && fits(run_.subgraph, subgraph) && fits(run_.op, op);
  const std::uint16_t n_outputs = model_.n_operator_outputs(model_.context, subgraph, op);
  for (std::uint16_t index = 0; index < n_outputs; ++index) {
    const OutputBytes output = model_.operator_output(model_.context, subgraph, op, index);
    if (output.tensor < 0) continue;
    if ((n_waiting_ + 1) * kChecksumBytes > sizeof(records_)) FlushChecks();
    std::uint8_t* record = records_ + n_waiting_ * kChecksumBytes;
    PutLittle(record, subgraph, 2);
    PutLittle(record + 2, op, 2);
    PutLittle(record + 4, static_cast<std::uint32_t>(output.tensor), 4);
    PutLittle(record + 8, static_cast<std::uint32_t>(output.n_bytes), 4);
    PutLittle(record + 12, CrcOf(output.data, output.n_bytes), 4);
    ++n_waiting_;
    const std::uint32_t number = n_records_++;
    if (is_chosen) SendParts(Kind::kWritten, invocation_, number, output.data, output.n_bytes);
  }
}

// Sends the checksums that wait.
void Link::FlushChecks() {
  if (n_waiting_ == 0) return;
  Begin(Kind::kChecksums);
  writer_.U16(run_.request);
  writer_.U32(invocation_);
  writer_.U32(n_records_ - static_cast<std::uint32_t>(n_waiting_));
  writer_.Bytes(records_, n_waiting_ * kChecksumBytes);
  Send();
  n_waiting_ = 0;
}

// Sends bytes in parts, at least one. The number of an output has 2 bytes, that of a record 4.
void Link::SendParts(Kind kind, std::uint32_t invocation, std::uint32_t index, const std::uint8_t* bytes, std::size_t n_bytes) {
  std::size_t offset = 0;
  do {
    const std::size_t n_part = std::min(kPartBytes, n_bytes - offset);
    Begin(kind);
    writer_.U16(run_.request);
    writer_.U32(invocation);
    if (kind == Kind::kOutput) {
      writer_.U16(static_cast<std::uint16_t>(index));
    } else {
      writer_.U32(index);
    }
    writer_.U32(static_cast<std::uint32_t>(offset));
    writer_.U32(static_cast<std::uint32_t>(n_bytes));
    writer_.Bytes(bytes + offset, n_part);
    Send();
    offset += n_part;
  } while (offset < n_bytes);
}

}  // namespace emberlab
