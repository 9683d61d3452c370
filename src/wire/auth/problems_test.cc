#include "wire/auth/problems.h"

#include <gtest/gtest.h>

namespace millrace::auth {
namespace {

struct Expected {
  AuthProblem problem;
  ErrorFamily family;
  std::string_view code;
  int status;
  std::string_view message;
};

using enum AuthProblem;
using enum ErrorFamily;

TEST(Problems, AreAnsweredAsEachFamilyDoes) {
  const AuthFailure given{internal, "G", "E"};
  const Expected cases[] = {
      {signature_mismatch, s3, "SignatureDoesNotMatch", 403,
       "The request signature we calculated does not match the signature you provided. Check your "
       "key and signing method."},
      {signature_mismatch, query, "SignatureDoesNotMatch", 403,
       "The request signature we calculated does not match the signature you provided. Check your "
       "AWS Secret Access Key and signing method. Consult the service documentation for details."},
      {signature_mismatch, json, "InvalidSignatureException", 400, ""},
      {signature_mismatch, rest_json, "InvalidSignatureException", 403, ""},
      {unknown_key, s3, "InvalidAccessKeyId", 403,
       "The AWS Access Key Id you provided does not exist in our records."},
      {unknown_key, query, "InvalidClientTokenId", 403,
       "The security token included in the request is invalid."},
      {unknown_key, json, "UnrecognizedClientException", 400,
       "The security token included in the request is invalid."},
      {unknown_key, rest_json, "UnrecognizedClientException", 403, ""},
      {too_old, s3, "RequestTimeTooSkewed", 403,
       "The difference between the request time and the current time is too large."},
      {too_old, json, "InvalidSignatureException", 400,
       "Signature expired: G is now earlier than E"},
      {too_old, query, "SignatureDoesNotMatch", 403, "Signature expired: G is now earlier than E"},
      {not_yet, json, "InvalidSignatureException", 400,
       "Signature not yet current: G is still later than E"},
      {wrong_region, s3, "AuthorizationHeaderMalformed", 400,
       "The authorization header is malformed; the region 'G' is wrong; expecting 'E'"},
      {wrong_region, query, "SignatureDoesNotMatch", 403,
       "Credential should be scoped to a valid region, not 'G'."},
      {wrong_service, rest_json, "InvalidSignatureException", 403,
       "Credential should be scoped to correct service: 'E'."},
      {presigned_expired, s3, "AccessDenied", 403, "Request has expired"},
      {query_incomplete, s3, "AuthorizationQueryParametersError", 400, ""},
      {content_sha256_mismatch, s3, "XAmzContentSHA256Mismatch", 400,
       "The provided 'x-amz-content-sha256' header does not match what was computed."},
      {content_sha256_missing, s3, "MissingSecurityHeader", 400, ""},
      {token_invalid, s3, "InvalidToken", 400,
       "The provided token is malformed or otherwise invalid."},
      {token_expired, s3, "ExpiredToken", 400, "The provided token has expired."},
      {token_expired, query, "ExpiredToken", 403,
       "The security token included in the request is expired"},
      {token_expired, json, "ExpiredTokenException", 400, ""},
      {header_incomplete, query, "IncompleteSignature", 400, "G"},
      {header_incomplete, json, "IncompleteSignatureException", 400, "G"},
      {missing_authentication, query, "MissingAuthenticationToken", 403,
       "Request is missing Authentication Token"},
      {missing_authentication, json, "MissingAuthenticationTokenException", 400, ""},
      {missing_authentication, rest_json, "MissingAuthenticationTokenException", 403,
       "Missing Authentication Token"},
      {missing_authentication, s3, "AccessDenied", 403, "Access Denied"},
      {body_incomplete, s3, "IncompleteBody", 400, ""},
      {decoded_length_missing, s3, "MissingContentLength", 411, ""},
      {content_md5_mismatch, s3, "BadDigest", 400,
       "The Content-MD5 you specified did not match what we received."},
      {checksum_unknown, s3, "NotImplemented", 501, "G is not implemented by Millrace"},
      {checksum_mismatch, s3, "BadDigest", 400,
       "The G you specified did not match the calculated checksum."},
      {internal, query, "InternalFailure", 500, ""},
  };
  for (const Expected& row : cases) {
    AuthFailure failure = given;
    failure.problem = row.problem;
    const Error error = to_error(failure, row.family);
    EXPECT_EQ(error.code, row.code) << to_string(row.problem);
    EXPECT_EQ(error.http_status, row.status) << to_string(row.problem);
    if (!row.message.empty()) {
      EXPECT_EQ(error.message, row.message);
    }
  }
}

TEST(Problems, EveryProblemHasAnAnswerInEveryFamily) {
  for (size_t i = 0; i < kAuthProblems; ++i) {
    for (const ErrorFamily family : {s3, query, json, rest_json}) {
      const Error error = to_error({static_cast<AuthProblem>(i), "20150830T123600Z"}, family);
      EXPECT_FALSE(error.code.empty()) << i;
      EXPECT_GE(error.http_status, 400) << i;
      EXPECT_FALSE(error.message.empty() && family == s3) << i;
      EXPECT_EQ(error.message.find('{'), std::string::npos) << error.message;
      if (family == query) {
        EXPECT_FALSE(error.code.ends_with("Exception")) << error.code;
      }
    }
  }
}

TEST(Problems, TextOfTheClientIsNeverAFormat) {
  const Error error = to_error({header_malformed, "{expected} {0} {"}, s3);
  EXPECT_EQ(error.message, "The authorization header is malformed; {expected} {0} {");
}

TEST(Problems, APresignedUrlsCredentialIsNamed) {
  AuthFailure failure{wrong_region, "a", "b"};
  failure.presigned = true;
  const Error error = to_error(failure, s3);
  EXPECT_EQ(error.code, "AuthorizationQueryParametersError");
  EXPECT_EQ(error.message,
            "Error parsing the X-Amz-Credential parameter; the region 'a' is wrong; expecting 'b'");
  EXPECT_EQ(to_error(failure, json).code, "InvalidSignatureException");
}

TEST(Problems, OnlyS3TellsDetails) {
  const AuthFailure failure{wrong_region, "a", "b", {{"Region", "b"}}};
  EXPECT_EQ(to_error(failure, s3).details.size(), 1U);
  EXPECT_TRUE(to_error(failure, json).details.empty());
}

}  // namespace
}  // namespace millrace::auth
