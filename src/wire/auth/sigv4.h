// SigV4: the pure functions of AWS Signature Version 4, the same for who signs and who verifies.
//
// Source: IAM User Guide, "Create a signed AWS API request"; S3 API Reference, "Authenticating
// Requests (AWS Signature Version 4)". Everything here is a value or borrows from its arguments;
// no state, any thread. Limits: limits.h.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "wire/http/headers.h"

namespace millrace::http {
struct Request;
}

namespace millrace::auth {

inline constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kTerminator = "aws4_request";
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

using http::HeaderView;

// A request as it stands on the wire. Borrows all of it.
struct RequestView {
  std::string_view method;
  std::string_view path;   // Raw, up to the '?'.
  std::string_view query;  // Raw, after the '?'.
  std::span<const HeaderView> headers;
};

// How a path becomes canonical.
struct PathRule {
  bool normalized = true;     // `//`, `.` and `..` are resolved.
  bool encoded_twice = true;  // The path is encoded as sent, not as meant.
};
inline constexpr PathRule kServicePaths{true, true};
inline constexpr PathRule kS3Paths{false, false};  // AWS: S3 keys may hold `//` and `..`.

// date/region/service; the terminator is implied.
struct CredentialScope {
  std::string date;  // yyyymmdd
  std::string region;
  std::string service;
  std::string text() const;
  bool operator==(const CredentialScope&) const = default;
};

RequestView view_of(const http::Request& request);

// The first header of that name (any case), or null.
const HeaderView* find_header(std::span<const HeaderView> headers, std::string_view name);

// Nothing where an escape is malformed.
std::optional<std::string> canonical_path(std::string_view path, PathRule rule);

// Decodes, encodes, sorts. `without` are names to leave out. Nothing where an escape is malformed
// or a limit is exceeded.
std::optional<std::string> canonical_query(std::string_view query,
                                           std::span<const std::string_view> without = {});

// `name:value\n` of each of `names` (lower case, in order): values trimmed, runs of white space
// made one space, several headers of one name joined with a comma.
void append_canonical_headers(std::string& out, std::span<const HeaderView> headers,
                              std::span<const std::string_view> names);

struct CanonicalParts {
  std::string_view path;   // Canonical.
  std::string_view query;  // Canonical.
  std::span<const std::string_view> signed_headers;
  std::string_view payload_hash;
};
std::string canonical_request(const RequestView& request, const CanonicalParts& parts);

std::string string_to_sign(std::string_view iso_time, const CredentialScope& scope,
                           std::string_view canonical_request);

// HMAC chain over date, region, service and terminator: 32 raw bytes.
Bytes derive_signing_key(std::string_view secret, const CredentialScope& scope);
// 64 lower-case hex digits.
std::string sign(BytesView signing_key, std::string_view string_to_sign);

// Splits `a;b;c`. Nothing where a name is empty, no lower-case token, repeated, or one too many.
std::optional<std::vector<std::string_view>> split_signed_headers(std::string_view text);

}  // namespace millrace::auth
