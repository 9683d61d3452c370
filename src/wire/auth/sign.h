// Signing, as a client does it: for tests, the `.test` runner and calls to other endpoints.
//
// Pure; any thread. The answers are what to add to the request; nothing is changed in place.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "wire/auth/sigv4.h"

namespace millrace::auth {

struct Signer {
  std::string access_key_id;
  std::string secret;
  std::string session_token = {};
  std::string region = "us-east-1";
  std::string service;
  PathRule path = kServicePaths;
  // The session token is added, but not signed.
  bool token_outside_signature = false;
};
Signer s3_signer(std::string access_key_id, std::string secret, std::string region = "us-east-1");

struct HeaderSignature {
  // X-Amz-Date, X-Amz-Security-Token where there is one, Authorization; in this order.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string canonical_request;
  std::string string_to_sign;
  std::string signature;
  std::string iso_time;
  CredentialScope scope;
};

// Signs every header of `request` (but authorization, user-agent and the hop-by-hop ones).
// `payload_hash`: the body's SHA-256 in hex, or one of the fixed texts; S3 wants it as the header
// x-amz-content-sha256 among `request.headers` too.
HeaderSignature sign_header(const Signer& signer, const RequestView& request,
                            std::string_view payload_hash, Time now);

struct QuerySignature {
  std::string query;  // The whole query: the request's, and what was added to it.
  std::string canonical_request;
  std::string string_to_sign;
  std::string signature;
};

// A presigned URL's query. S3's payload hash is UNSIGNED-PAYLOAD.
QuerySignature sign_query(const Signer& signer, const RequestView& request,
                          std::string_view payload_hash, Time now, seconds expires);

}  // namespace millrace::auth
