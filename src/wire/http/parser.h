// The grammar of HTTP/1.1, and only that: pure functions and state machines over bytes.
//
// Strict where leniency lets two parties disagree about where a message ends (request smuggling):
// lines end in CRLF only, no folded headers, no white space before the colon, exactly one Host,
// never both Content-Length and Transfer-Encoding, one Content-Length of digits, no coding but
// `chunked`. Allocates nothing but the list of headers, whose memory is kept. Source: RFC 9112.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "wire/http/headers.h"
#include "wire/http/limits.h"

namespace millrace::http {

// Why a head is refused, and the status that says so.
struct Fault {
  int status = 400;
  std::string_view reason;  // Constant text.
};
template <class T>
using Parsed = std::expected<T, Fault>;

// Finds where a head ends, as its bytes arrive. Refuses a line feed without its carriage return at
// once, so that nobody waits for the rest of nonsense.
class HeadScanner final {
 public:
  // `buffer` begins with the head and has all bytes so far. Answers the size of the head with its
  // empty line, or 0 while it is incomplete.
  Parsed<size_t> scan(std::string_view buffer, const HeadLimits& limits);
  void reset() { scanned_ = line_ = 0; }

 private:
  size_t scanned_ = 0;
  size_t line_ = 0;  // Where the current line begins.
};

// How the body of a message is delimited.
struct Framing {
  std::optional<uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
};

// Views borrow from the bytes that were parsed.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  std::string_view path;
  std::string_view query;
  std::string_view host;
  int version_minor = 1;
  HeaderViews headers;
  Framing framing;
  bool expect_continue = false;
};

struct ResponseHead {
  int version_minor = 1;
  int status = 0;
  std::string_view reason;
  HeaderViews headers;
  Framing framing;
};

// `head` is complete, as HeadScanner measured it.
Parsed<void> parse_request_head(std::string_view head, const HeadLimits& limits, RequestHead& out);
Parsed<void> parse_response_head(std::string_view head, const HeadLimits& limits,
                                 ResponseHead& out);

// True where `text` may stand on the wire as a header's name or value.
bool is_token(std::string_view text);
bool is_field_value(std::string_view text);

// Decodes `Transfer-Encoding: chunked`. Extensions are skipped, trailers are checked and dropped.
class ChunkDecoder final {
 public:
  explicit ChunkDecoder(const ChunkLimits& limits) : limits_(limits) {}

  struct Step {
    size_t consumed = 0;
    size_t produced = 0;
  };
  // Decodes from `in` into `out` until one of them is used up or the body ends.
  Parsed<Step> decode(std::string_view in, char* out, size_t size);
  bool done() const { return state_ == State::done; }

  // Bytes of the current chunk that are still to come; they may be read without the decoder, which
  // is then told of them.
  uint64_t chunk_remaining() const { return state_ == State::data ? remaining_ : 0; }
  void skip(uint64_t bytes);

 private:
  enum class State : uint8_t {
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer_name,
    trailer_value,
    trailer_lf,
    end_lf,
    done,
  };
  Parsed<void> step(char c);
  Parsed<void> step_size(char c);
  Parsed<void> step_trailer(char c);
  Parsed<void> step_line_end(char c);

  ChunkLimits limits_;
  State state_ = State::size;
  uint64_t remaining_ = 0;
  size_t digits_ = 0;
  size_t line_bytes_ = 0;
  size_t trailer_bytes_ = 0;
};

}  // namespace millrace::http
