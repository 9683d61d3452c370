#include "wire/auth/problems.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <array>
#include <optional>

namespace millrace::auth {
namespace {

struct Answer {
  std::string_view code;
  int status;
  std::string_view text;  // A format with {given} and {expected}.
};

// One row a problem. The families of services other than S3 share texts; their codes differ by
// `Exception` and their statuses by protocol, so a row names the stem of the code.
struct Row {
  AuthProblem problem;
  std::string_view name;
  Answer s3;
  Answer others;  // The code as json-1.x spells it.
};

using enum AuthProblem;

#define ROW(problem, ...) \
  Row { problem, #problem, __VA_ARGS__ }

constexpr std::string_view kInvalidToken = "The security token included in the request is invalid.";
constexpr std::string_view kMismatch =
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method. Consult the service documentation for details.";
constexpr std::string_view kS3Mismatch =
    "The request signature we calculated does not match the signature you provided. Check your key "
    "and signing method.";
constexpr std::string_view kS3Query =
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
    "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";
constexpr std::string_view kParts =
    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
    "got '{given}'";
constexpr std::string_view kSha256Forms =
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, "
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or "
    "a valid sha256 value.";
constexpr std::string_view kSkewed =
    "The difference between the request time and the current time is too large.";

constexpr std::string_view kHeader = "AuthorizationHeaderMalformed";
constexpr std::string_view kQuery = "AuthorizationQueryParametersError";
constexpr std::string_view kIncomplete = "IncompleteSignatureException";
constexpr std::string_view kInvalid = "InvalidSignatureException";
constexpr std::string_view kUnknown = "UnrecognizedClientException";
constexpr std::string_view kSignature = "SignatureDoesNotMatch";

constexpr std::array<Row, kAuthProblems> kRows = {
    ROW(missing_authentication, {"AccessDenied", 403, "Access Denied"},
        {"MissingAuthenticationTokenException", 400, "Request is missing Authentication Token"}),
    ROW(unsupported_algorithm,
        {"InvalidRequest", 400,
         "The authorization mechanism you have provided is not supported. Please use "
         "AWS4-HMAC-SHA256."},
        {kIncomplete, 400, "Unsupported AWS 'algorithm': '{given}'."}),
    ROW(two_mechanisms,
        {"InvalidArgument", 400,
         "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature "
         "query string parameter or the Authorization header should be specified"},
        {kInvalid, 400,
         "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP "
         "header."}),
    ROW(header_incomplete,
        {kHeader, 400,
         "The authorization header is malformed; the authorization header requires three "
         "components: Credential, SignedHeaders, and Signature."},
        {kIncomplete, 400, "{given}"}),
    ROW(header_malformed, {kHeader, 400, "The authorization header is malformed; {given}"},
        {kIncomplete, 400, "{given}"}),
    ROW(credential_malformed,
        {kHeader, 400,
         "The authorization header is malformed; the Credential is mal-formed; expecting "
         "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."},
        {kIncomplete, 400, kParts}),
    ROW(query_incomplete, {kQuery, 400, kS3Query}, {kIncomplete, 400, "{given}"}),
    ROW(query_malformed, {kQuery, 400, "{given}"}, {kIncomplete, 400, "{given}"}),
    ROW(query_credential_malformed,
        {kQuery, 400,
         "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
         "\"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\"."},
        {kIncomplete, 400, kParts}),
    ROW(query_date_malformed,
        {kQuery, 400, "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""},
        {kIncomplete, 400,
         "Date must be in ISO-8601 'basic format'. Got '{given}'. See "
         "http://en.wikipedia.org/wiki/ISO_8601"}),
    ROW(expires_not_number, {kQuery, 400, "X-Amz-Expires should be a number"},
        {kInvalid, 400, "X-Amz-Expires should be a number"}),
    ROW(expires_negative, {kQuery, 400, "X-Amz-Expires must be non-negative"},
        {kInvalid, 400, "X-Amz-Expires must be non-negative"}),
    ROW(expires_too_long,
        {kQuery, 400,
         "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
         "must be less than 604800 seconds"},
        {kInvalid, 400,
         "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
         "must be less than 604800 seconds"}),
    ROW(uri_malformed, {"InvalidURI", 400, "Couldn't parse the specified URI."},
        {kIncomplete, 400, "Couldn't parse the specified URI."}),
    ROW(date_missing,
        {"AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header"},
        {kIncomplete, 400,
         "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."}),
    ROW(date_malformed,
        {"AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header"},
        {kIncomplete, 400,
         "Date must be in ISO-8601 'basic format'. Got '{given}'. See "
         "http://en.wikipedia.org/wiki/ISO_8601"}),
    ROW(scope_date_malformed,
        {kHeader, 400,
         "The authorization header is malformed; incorrect date format \"{given}\". This date in "
         "the credential must be in the format \"yyyyMMdd\"."},
        {kInvalid, 400,
         "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
         "HTTP: '{given}' != '{expected:.8}', from '{expected}'."}),
    ROW(scope_date_mismatch,
        {kHeader, 400,
         "The authorization header is malformed; Invalid credential date \"{given}\". This date is "
         "not the same as X-Amz-Date: \"{expected:.8}\"."},
        {kInvalid, 400,
         "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from "
         "HTTP: '{given}' != '{expected:.8}', from '{expected}'."}),
    ROW(scope_terminator,
        {kHeader, 400,
         "The authorization header is malformed; incorrect terminal \"{given}\". This endpoint "
         "uses \"aws4_request\"."},
        {kInvalid, 400,
         "Credential should be scoped with a valid terminator: 'aws4_request', not '{given}'."}),
    ROW(wrong_region,
        {kHeader, 400,
         "The authorization header is malformed; the region '{given}' is wrong; expecting "
         "'{expected}'"},
        {kInvalid, 400, "Credential should be scoped to a valid region, not '{given}'."}),
    ROW(wrong_service,
        {kHeader, 400,
         "The authorization header is malformed; incorrect service \"{given}\". This endpoint "
         "belongs to \"{expected}\"."},
        {kInvalid, 400, "Credential should be scoped to correct service: '{expected}'."}),
    ROW(host_not_signed,
        {"AccessDenied", 403, "There were headers present in the request which were not signed"},
        {kInvalid, 400,
         "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."}),
    ROW(headers_not_signed,
        {"AccessDenied", 403, "There were headers present in the request which were not signed"},
        {kInvalid, 400, "Headers must be signed: {given}."}),
    ROW(content_sha256_missing,
        {"MissingSecurityHeader", 400,
         "Missing required header for this request: x-amz-content-sha256"},
        {kIncomplete, 400, "Missing required header for this request: x-amz-content-sha256"}),
    ROW(content_sha256_malformed, {"InvalidArgument", 400, kSha256Forms},
        {kInvalid, 400, kSha256Forms}),
    ROW(too_old, {"RequestTimeTooSkewed", 403, kSkewed},
        {kInvalid, 400, "Signature expired: {given} is now earlier than {expected}"}),
    ROW(not_yet, {"RequestTimeTooSkewed", 403, kSkewed},
        {kInvalid, 400, "Signature not yet current: {given} is still later than {expected}"}),
    ROW(presigned_expired, {"AccessDenied", 403, "Request has expired"},
        {kInvalid, 400, "Signature expired: {given} is now earlier than {expected}"}),
    ROW(unknown_key,
        {"InvalidAccessKeyId", 403,
         "The AWS Access Key Id you provided does not exist in our records."},
        {kUnknown, 400, kInvalidToken}),
    ROW(token_missing,
        {"InvalidAccessKeyId", 403,
         "The AWS Access Key Id you provided does not exist in our records."},
        {kUnknown, 400, kInvalidToken}),
    ROW(token_invalid,
        {"InvalidToken", 400, "The provided token is malformed or otherwise invalid."},
        {kUnknown, 400, kInvalidToken}),
    ROW(token_expired, {"ExpiredToken", 400, "The provided token has expired."},
        {"ExpiredTokenException", 400, "The security token included in the request is expired"}),
    ROW(signature_mismatch, {kSignature, 403, kS3Mismatch}, {kInvalid, 400, kMismatch}),
    ROW(internal, {"InternalError", 500, "We encountered an internal error. Please try again."},
        {"InternalFailure", 500, "The request processing has failed because of an unknown error."}),
    ROW(v2_incomplete,
        {"AccessDenied", 403,
         "Query-string authentication requires the Signature, Expires and AWSAccessKeyId "
         "parameters"},
        {kIncomplete, 400, "Request must contain a signature that conforms to AWS standards"}),
    ROW(v2_expires_malformed,
        {"AccessDenied", 403, "Invalid date (should be seconds since epoch): {given}"},
        {kIncomplete, 400, "Request must contain a signature that conforms to AWS standards"}),
    ROW(content_sha256_mismatch,
        {"XAmzContentSHA256Mismatch", 400,
         "The provided 'x-amz-content-sha256' header does not match what was computed."},
        {kInvalid, 400, kMismatch}),
    ROW(chunk_malformed,
        {"InvalidRequest", 400, "The body of the request is not a well-formed aws-chunked stream."},
        {kInvalid, 400, "The body of the request is not a well-formed aws-chunked stream."}),
    ROW(chunk_too_small,
        {"InvalidChunkSizeError", 403,
         "Only the last chunk is allowed to have a size less than 8192 bytes"},
        {kInvalid, 400, "Only the last chunk is allowed to have a size less than 8192 bytes"}),
    ROW(chunk_signature_mismatch, {kSignature, 403, kS3Mismatch}, {kInvalid, 400, kMismatch}),
    ROW(body_incomplete,
        {"IncompleteBody", 400,
         "You did not provide the number of bytes specified by the Content-Length HTTP header"},
        {kInvalid, 400, "The request body terminated unexpectedly."}),
    ROW(body_too_large,
        {"EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size"},
        {kInvalid, 400, "The request body is too large."}),
    ROW(decoded_length_missing,
        {"MissingContentLength", 411, "You must provide the Content-Length HTTP header."},
        {kInvalid, 400, "Missing required header for this request: x-amz-decoded-content-length"}),
    ROW(decoded_length_mismatch,
        {"IncompleteBody", 400,
         "You did not provide the number of bytes specified by the x-amz-decoded-content-length "
         "HTTP header"},
        {kInvalid, 400, "The request body has another length than announced."}),
    ROW(trailer_malformed,
        {"MalformedTrailerError", 400,
         "The request contained trailing data that was not well-formed or did not conform to our "
         "published schema."},
        {kInvalid, 400, "The request contained trailing data that was not well-formed."}),
    ROW(content_md5_malformed, {"InvalidDigest", 400, "The Content-MD5 you specified was invalid."},
        {kInvalid, 400, "The Content-MD5 you specified was invalid."}),
    ROW(content_md5_mismatch,
        {"BadDigest", 400, "The Content-MD5 you specified did not match what we received."},
        {kInvalid, 400, "The Content-MD5 you specified did not match what we received."}),
    ROW(checksum_malformed, {"InvalidRequest", 400, "Value for {given} header is invalid."},
        {kInvalid, 400, "Value for {given} header is invalid."}),
    ROW(checksum_unknown, {"NotImplemented", 501, "{given} is not implemented by Millrace"},
        {kInvalid, 400, "{given} is not implemented by Millrace"}),
    ROW(checksum_mismatch,
        {"BadDigest", 400, "The {given} you specified did not match the calculated checksum."},
        {kInvalid, 400, "The {given} you specified did not match the calculated checksum."}),
};

#undef ROW

constexpr bool rows_are_in_order() {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<size_t>(kRows[i].problem) != i) return false;
  }
  return true;
}
static_assert(rows_are_in_order());

// AWS: the query protocol's codes are those of json without `Exception`, except two of their own.
Answer as_query(Answer answer) {
  if (answer.code == kUnknown) return {"InvalidClientTokenId", 403, answer.text};
  if (answer.code == kInvalid) return {kSignature, 403, answer.text};
  const bool incomplete = answer.code == kIncomplete;
  if (answer.code.ends_with("Exception")) answer.code.remove_suffix(9);
  if (answer.status != 500) answer.status = incomplete ? 400 : 403;
  return answer;
}

Answer answer_for(AuthProblem problem, ErrorFamily family) {
  const Row& row = kRows[static_cast<size_t>(problem)];
  if (family == ErrorFamily::s3) return row.s3;
  if (family == ErrorFamily::query) return as_query(row.others);
  Answer answer = row.others;
  if (family == ErrorFamily::rest_json && answer.status == 400) answer.status = 403;
  if (family == ErrorFamily::rest_json && problem == missing_authentication) {
    answer.text = "Missing Authentication Token";
  }
  return answer;
}

// AWS: what is wrong with a presigned URL's credential is told of X-Amz-Credential.
// Pinned by Problems.APresignedUrlsCredentialIsNamed.
void name_the_parameter(Error& error) {
  static constexpr std::string_view kPrefix = "The authorization header is malformed;";
  if (error.code != kHeader || !error.message.starts_with(kPrefix)) return;
  error.code = kQuery;
  error.message.replace(0, kPrefix.size(), "Error parsing the X-Amz-Credential parameter;");
}

ErrorKind kind_of(int status) {
  if (status == 500) return ErrorKind::internal;
  return status == 403 ? ErrorKind::denied : ErrorKind::invalid;
}

}  // namespace

std::string_view to_string(AuthProblem problem) { return kRows[static_cast<size_t>(problem)].name; }

Error to_error(const AuthFailure& failure, ErrorFamily family) {
  const Answer answer = answer_for(failure.problem, family);
  Error error{kind_of(answer.status),
              fmt::format(fmt::runtime(answer.text), fmt::arg("given", failure.given),
                          fmt::arg("expected", failure.expected))};
  error.code = answer.code;
  error.http_status = answer.status;
  if (family != ErrorFamily::s3) return error;
  error.details = failure.details;
  if (failure.presigned) name_the_parameter(error);
  return error;
}

}  // namespace millrace::auth
