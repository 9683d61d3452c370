// AWS's event stream, application/vnd.amazon.eventstream: messages of headers and a payload, each
// with its length and its checksums, one after the other.
//
// Source: Smithy, "Amazon Event Stream"; S3 API Reference, "Appendix: SelectObjectContent
// Response". Pure. Headers are text (type 7), which is all that S3 Select uses; a message with
// headers of another type is refused as unsupported.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace millrace::wire {

struct EventMessage {
  std::vector<std::pair<std::string, std::string>> headers;
  Bytes payload;

  const std::string* header(std::string_view name) const;
};

inline constexpr size_t kEventOverheadBytes = 16;
inline constexpr size_t kEventHeadersMax = 128 * 1024;
inline constexpr size_t kEventPayloadMax = 16 * 1024 * 1024;

// Appends the message to `out`. Names are 1 to 255 bytes and values less than 32 KiB, the
// headers together kEventHeadersMax; the payload is kEventPayloadMax at most.
void append_event(Bytes& out, const EventMessage& message);

// Takes the first message off `stream`. Nothing, and `stream` as it was, where more bytes must
// come first. Errors: invalid (lengths, checksums, headers), unsupported.
Result<std::optional<EventMessage>> take_event(BytesView& stream);

}  // namespace millrace::wire
