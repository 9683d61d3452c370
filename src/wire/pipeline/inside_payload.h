// Streaming payloads of calls from inside: bytes in the input's document become the body that the
// operation reads, and the body that it answers becomes bytes in the output's document.
//
// One call each; not thread-safe.
#pragma once

#include <memory>
#include <optional>

#include "wire/auth/payload.h"
#include "wire/http/body.h"
#include "wire/pipeline/call.h"
#include "wire/protocols/codec.h"

namespace millrace::wire {

// A larger one is to be fetched over HTTP. Answers `exhausted`.
inline constexpr size_t kInsidePayloadBytesMax = 32 * 1024 * 1024;

class InsidePayload final {
 public:
  // Takes the payload out of `input`, where the operation streams it, and makes it call.body. The
  // digests among the input's members are verified, as they are over HTTP. This outlives the call.
  // Errors: invalid (a malformed digest).
  Result<void> take(const Service& service, const Operation& operation, Value& input, Call& call);

 private:
  std::unique_ptr<http::BodyReader> source_;
  std::optional<auth::PayloadVerifier> verifier_;
};

// Puts call.response_body into `output`, in the call's arena. Errors: exhausted, those of reading.
Task<void> put_payload(const Operation* operation, Value* output, Call* call);

}  // namespace millrace::wire
