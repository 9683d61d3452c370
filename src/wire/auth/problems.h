// Problems of authentication as typed values, and the one table of what AWS calls each of them.
//
// AWS: the same problem has another code, status and text in each family of services; problems.cc
// holds them, problems_test.cc pins them. Sources: S3 API Reference "Error responses", IAM User
// Guide "Troubleshoot signed requests for AWS APIs", and each API Reference's "Common errors".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace millrace::auth {

enum class AuthProblem : uint8_t {
  // Neither an Authorization header nor X-Amz-* parameters, where the operation needs them.
  missing_authentication,
  unsupported_algorithm,  // `given`: the algorithm.
  two_mechanisms,         // Both a header and query parameters.
  header_incomplete,      // `given`: the sentences that name what is missing.
  header_malformed,       // `given`: what is wrong.
  credential_malformed,   // `given`: the credential.
  query_incomplete,
  query_malformed,  // `given`: what is wrong.
  query_credential_malformed,
  query_date_malformed,
  expires_not_number,
  expires_negative,
  expires_too_long,
  uri_malformed,  // An escape that is none, or a limit exceeded.
  date_missing,
  date_malformed,        // `given`: the date.
  scope_date_malformed,  // `given`: the date in the scope.
  scope_date_mismatch,   // `given`: the scope's date, `expected`: the request's time.
  scope_terminator,      // `given`: the terminator.
  wrong_region,          // `given`, `expected`.
  wrong_service,         // `given`, `expected`.
  host_not_signed,
  headers_not_signed,  // `given`: the names.
  content_sha256_missing,
  content_sha256_malformed,
  too_old,            // `given`: the request's time, `expected`: the earliest allowed.
  not_yet,            // `given`: the request's time, `expected`: the latest allowed.
  presigned_expired,  // `given`: X-Amz-Expires; details carry the times.
  unknown_key,        // `given`: the access key id.
  token_missing,      // A temporary key without its token.
  token_invalid,
  token_expired,
  signature_mismatch,
  internal,  // The key store failed.
  // Of the query form of Signature Version 2 (sigv2.h).
  v2_incomplete,
  v2_expires_malformed,  // `given`: the text.
  // Of the payload.
  content_sha256_mismatch,
  chunk_malformed,
  chunk_too_small,
  chunk_signature_mismatch,
  body_incomplete,
  body_too_large,
  decoded_length_missing,
  decoded_length_mismatch,
  trailer_malformed,
  content_md5_malformed,
  content_md5_mismatch,
  checksum_malformed,  // `given`: the header's name.
  checksum_unknown,    // `given`: the header's name.
  checksum_mismatch,   // `given`: the algorithm.
};
inline constexpr size_t kAuthProblems = static_cast<size_t>(AuthProblem::checksum_mismatch) + 1;

// Who answers: decides code, status and wording.
enum class ErrorFamily : uint8_t {
  s3,         // Codes of their own, XML.
  query,      // STS, IAM, CloudWatch (query): codes without "Exception".
  json,       // json-1.0, json-1.1, rpc-v2-cbor: "…Exception", 400.
  rest_json,  // As json, but 403 as API Gateway and Lambda answer.
};

struct AuthFailure {
  AuthProblem problem = AuthProblem::internal;
  std::string given = {};
  std::string expected = {};
  // Members of S3's error document (`StringToSign`, `Region`, …); other families have none.
  std::vector<std::pair<std::string, std::string>> details = {};
  bool presigned = false;  // S3 then names the query parameter, not the header.
};

std::string_view to_string(AuthProblem problem);

// The error as `family` answers it: code, HTTP status, message, and for S3 the details.
Error to_error(const AuthFailure& failure, ErrorFamily family);

}  // namespace millrace::auth
