// Any body, in pieces whose size its first byte says: the same as at once.
#include <cstdlib>

#include "services/s3/form_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  if (size == 0) return 0;
  const size_t piece = size_t{data[0]} + 1;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  (void)s3::form_boundary(body);
  const auto parse = [&body](size_t step, Bytes& file) {
    s3::FormParser parser("B");
    for (size_t at = 0; at < body.size(); at += step) {
      if (!parser.feed(body.substr(at, step), file)) return false;
    }
    return parser.finish().has_value();
  };
  Bytes whole;
  Bytes pieces;
  const bool a = parse(body.size() + 1, whole);
  const bool b = parse(piece, pieces);
  if (a != b || (a && whole != pieces)) std::abort();
  return 0;
}
