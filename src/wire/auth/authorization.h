// Authorization: what a request claims about its own signature, parsed and within limits.
//
// Two forms: the Authorization header, and the X-Amz-* query parameters of a presigned URL. Parsing
// proves nothing; verify.h does. Pure; any thread. Source: S3 API Reference, "Authenticating
// Requests: Using the Authorization Header" and "Using Query Parameters".
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "wire/auth/problems.h"
#include "wire/auth/sigv4.h"

namespace millrace::auth {

enum class AuthKind : uint8_t { anonymous, header, presigned };

struct Authorization {
  AuthKind kind = AuthKind::anonymous;
  std::string access_key_id;
  CredentialScope scope;
  std::string terminator;
  std::vector<std::string> signed_headers;  // Lower case, as listed.
  std::string signature;                    // 64 lower-case hex digits.
  std::string session_token;                // Empty where there is none.
  std::string iso_time;                     // yyyymmddThhmmssZ
  Time time{};
  std::optional<seconds> expires;  // Of a presigned URL.
};

// What the request carries, or what is wrong with it; kind anonymous where it carries nothing.
using Claim = std::expected<Authorization, AuthFailure>;
Claim parse_authorization(const RequestView& request);

// The value of an Authorization header alone: credential, signed headers and signature.
std::expected<Authorization, AuthFailure> parse_authorization_header(std::string_view value);

// The access key's scope alone, without checks: how a request is routed before it is verified.
std::optional<CredentialScope> peek_scope(const RequestView& request);
// The same of a request whose claim has been parsed.
std::optional<CredentialScope> peek_scope(const RequestView& request, const Claim& claim);

}  // namespace millrace::auth
