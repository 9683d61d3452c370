// Heads of requests and responses: whatever comes, nothing breaks, and what is accepted obeys the
// promises of parser.h.
#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "wire/http/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace::http;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const HeadLimits limits;
  HeadScanner whole;
  const auto end = whole.scan(text, limits);
  // Arriving byte by byte must make no difference to where the head ends.
  HeadScanner stepwise;
  for (size_t n = 1; n <= size; ++n) {
    const auto step = stepwise.scan(text.substr(0, n), limits);
    if (!step) break;
    if (*step == 0) continue;
    ASSERT(end.has_value() && *end == *step);
    break;
  }
  if (!end || *end == 0) return 0;
  RequestHead request;
  if (parse_request_head(text.substr(0, *end), limits, request)) {
    ASSERT(!(request.framing.chunked && request.framing.content_length));
    ASSERT(!request.path.empty());
    for (const HeaderView& field : request.headers) {
      ASSERT(is_token(field.name));
      ASSERT(is_field_value(field.value));
    }
  }
  ResponseHead response;
  if (parse_response_head(text.substr(0, *end), limits, response)) {
    ASSERT(response.status >= 100 && response.status < 600);
  }
  return 0;
}
