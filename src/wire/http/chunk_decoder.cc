#include <algorithm>
#include <cstring>

#include "base/result.h"
#include "wire/http/parser.h"

namespace millrace::http {
namespace {

std::unexpected<Fault> refuse(std::string_view reason) {
  return std::unexpected(Fault{400, reason});
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Parsed<ChunkDecoder::Step> ChunkDecoder::decode(std::string_view in, char* out, size_t size) {
  Step done;
  while (state_ != State::done && done.consumed < in.size()) {
    if (state_ == State::data) {
      const uint64_t here = std::min(in.size() - done.consumed, size - done.produced);
      const size_t n = static_cast<size_t>(std::min(remaining_, here));
      if (n == 0) break;
      std::memcpy(out + done.produced, in.data() + done.consumed, n);
      done.consumed += n;
      done.produced += n;
      skip(n);
      continue;
    }
    if (auto taken = step(in[done.consumed]); !taken) return std::unexpected(taken.error());
    ++done.consumed;
  }
  return done;
}

void ChunkDecoder::skip(uint64_t bytes) {
  ASSERT(state_ == State::data && bytes <= remaining_);
  remaining_ -= bytes;
  if (remaining_ == 0) state_ = State::data_cr;
}

Parsed<void> ChunkDecoder::step(char c) {
  switch (state_) {
    case State::size:
    case State::extension:
      return step_size(c);
    case State::trailer_start:
    case State::trailer_name:
    case State::trailer_value:
      return step_trailer(c);
    default:
      return step_line_end(c);
  }
}

Parsed<void> ChunkDecoder::step_size(char c) {
  if (++line_bytes_ > limits_.line_bytes) return refuse("chunk line too long");
  if (c == '\r') {
    if (digits_ == 0) return refuse("malformed chunk size");
    state_ = State::size_lf;
    return {};
  }
  if (state_ == State::extension) {
    if (!is_field_value({&c, 1})) return refuse("malformed chunk extension");
    return {};
  }
  if (c == ';' && digits_ > 0) {
    state_ = State::extension;
    return {};
  }
  constexpr size_t kDigitsMax = 15;  // Cannot overflow, and no chunk is that long.
  const int digit = hex_digit(c);
  if (digit < 0 || ++digits_ > kDigitsMax) return refuse("malformed chunk size");
  remaining_ = remaining_ * 16 + static_cast<unsigned>(digit);
  return {};
}

Parsed<void> ChunkDecoder::step_trailer(char c) {
  if (++trailer_bytes_ > limits_.trailer_bytes) return refuse("trailers too large");
  if (state_ == State::trailer_value) {
    if (c == '\r') {
      state_ = State::trailer_lf;
    } else if (!is_field_value({&c, 1})) {
      return refuse("malformed trailer");
    }
    return {};
  }
  if (state_ == State::trailer_start && c == '\r') {
    state_ = State::end_lf;
    return {};
  }
  if (state_ == State::trailer_name && c == ':') {
    state_ = State::trailer_value;
    return {};
  }
  if (!is_token({&c, 1})) return refuse("malformed trailer");
  state_ = State::trailer_name;
  return {};
}

Parsed<void> ChunkDecoder::step_line_end(char c) {
  if (state_ == State::data_cr) {
    if (c != '\r') return refuse("chunk longer than its size");
    state_ = State::data_lf;
    return {};
  }
  if (c != '\n') return refuse("carriage return without line feed");
  switch (state_) {
    case State::size_lf:
      state_ = remaining_ == 0 ? State::trailer_start : State::data;
      break;
    case State::data_lf:
      state_ = State::size;
      digits_ = line_bytes_ = 0;
      break;
    case State::trailer_lf:
      state_ = State::trailer_start;
      break;
    default:
      state_ = State::done;
      break;
  }
  return {};
}

}  // namespace millrace::http
