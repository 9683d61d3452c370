// verify(): who sent a request, proven by its signature, or why it cannot be told.
//
// Called once a request, by the pipeline's authenticate stage; any thread. The payload is verified
// later, while it is read: `Verified::payload` says how (payload.h, aws_chunked.h).
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "wire/auth/authorization.h"
#include "wire/auth/credentials.h"
#include "wire/auth/problems.h"
#include "wire/auth/signing_keys.h"
#include "wire/auth/sigv4.h"

namespace millrace::auth {

// What x-amz-content-sha256 says of the body.
enum class PayloadMode : uint8_t {
  literal,                     // A SHA-256 of the whole body.
  unsigned_payload,            // UNSIGNED-PAYLOAD
  streaming_signed,            // STREAMING-AWS4-HMAC-SHA256-PAYLOAD
  streaming_signed_trailer,    // STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
  streaming_unsigned_trailer,  // STREAMING-UNSIGNED-PAYLOAD-TRAILER
};
inline bool is_streaming(PayloadMode mode) { return mode >= PayloadMode::streaming_signed; }

// Nothing on any other text.
std::optional<PayloadMode> parse_payload_mode(std::string_view content_sha256);

// How the service that a request is for wants it signed.
struct VerifyRules {
  PathRule path = kServicePaths;
  // The service's signing names; the scope must name the first or, where given, the second.
  std::string_view service;
  std::string_view other_service = {};  // AWS: S3 Express answers to s3express, for example.
  std::string_view region = {};         // Empty: any region.
  // AWS: S3 wants x-amz-content-sha256 with a signed header, every x-amz-* header signed, and
  // X-Amz-Expires in a presigned URL.
  bool s3 = false;
  // The bucket that the host names; Signature Version 2 signs it as part of the path.
  std::string_view host_bucket = {};
  // The session token was added after signing, as some services (IoT) do with presigned URLs.
  bool token_outside_query = false;
};
VerifyRules s3_rules(std::string_view region = {});
VerifyRules service_rules(std::string_view service, std::string_view region = {});

struct Verified {
  AuthKind kind = AuthKind::anonymous;
  AccessKey key;  // Its `secret` is empty.
  CredentialScope scope;
  std::vector<std::string> signed_headers;
  std::string iso_time;
  PayloadMode payload = PayloadMode::unsigned_payload;
  std::string payload_sha256;     // Of `literal`: 64 hex digits. The body is still to be compared.
  bool payload_verified = false;  // `literal`, and it was the hash of the body given to verify().
  // What the chunks of a signed stream are verified with; empty otherwise. Never log.
  Bytes signing_key;
  std::string signature;
};

// True where verify() needs the body: the request does not say its hash. Such requests are typed
// operations; their body is small and is read before.
bool needs_body(const RequestView& request, const VerifyRules& rules);

struct Verifier {
  KeyStore& keys;
  SigningKeys& signing_keys;
};

// A request and what it claims of its signature, parsed once for all that ask.
struct ClaimedRequest {
  RequestView request;
  Claim claim;
};

// `body`: the whole body where needs_body(); ignored elsewhere. An unsigned request answers kind
// anonymous; whether that is enough is the service's decision (missing_authentication). Takes the
// claim apart.
std::expected<Verified, AuthFailure> verify_claimed(ClaimedRequest claimed,
                                                    const VerifyRules& rules, BytesView body,
                                                    Verifier verifier, Time now);
std::expected<Verified, AuthFailure> verify(const RequestView& request, const VerifyRules& rules,
                                            BytesView body, Verifier verifier, Time now);

}  // namespace millrace::auth
