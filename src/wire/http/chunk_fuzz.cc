// The chunk decoder: the same bytes give the same body however they arrive.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "wire/http/parser.h"

namespace {

struct Outcome {
  std::string body;
  size_t consumed = 0;
  bool done = false;
  bool refused = false;
};

Outcome decode(std::string_view text, size_t in, size_t out) {
  Outcome outcome;
  millrace::http::ChunkDecoder decoder({.line_bytes = 64, .trailer_bytes = 128});
  std::string piece(out, '\0');
  while (outcome.consumed < text.size() && !decoder.done()) {
    const auto step = decoder.decode(text.substr(outcome.consumed, in), piece.data(), piece.size());
    if (!step) {
      outcome.refused = true;
      break;
    }
    outcome.consumed += step->consumed;
    outcome.body.append(piece, 0, step->produced);
  }
  outcome.done = decoder.done();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Outcome whole = decode(text, size + 1, size + 1);
  const Outcome stepwise = decode(text, 1, 1);
  ASSERT(whole.refused == stepwise.refused);
  ASSERT(whole.done == stepwise.done);
  if (!whole.refused) {
    ASSERT(whole.body == stepwise.body);
    ASSERT(whole.consumed == stepwise.consumed);
  }
  return 0;
}
