// Signature Version 2 in the query of an S3 URL: AWSAccessKeyId, Expires, Signature.
//
// boto3's generate_presigned_url() makes such URLs for endpoints that are not AWS's own. Only this
// form is known; the Authorization header of Version 2 is refused (problems.h,
// unsupported_algorithm). A parameter that the signature does not cover and that is no detail of a
// listing is refused: it could make another operation of the request. Pure; any thread.
// Source: S3 User Guide, "Signing and authenticating REST requests (AWS signature version 2)".
#pragma once

#include <expected>

#include "wire/auth/verify.h"

namespace millrace::auth {

// Whether the request has any of the three parameters, and none of Version 4's.
bool claims_v2(const RequestView& request);

// What verify() answers for such a request; its kind is presigned, its scope empty.
std::expected<Verified, AuthFailure> verify_v2(const RequestView& request, const VerifyRules& rules,
                                               KeyStore& keys, Time now);

// What Version 2 signs: method, digest, type, expiry, x-amz-* of headers and query, and the path.
// Nothing where an escape is malformed, a limit exceeded, or a parameter may not be there.
std::optional<std::string> string_to_sign_v2(const RequestView& request,
                                             std::string_view host_bucket);

// 28 characters of base64.
std::string sign_v2(std::string_view secret, std::string_view string_to_sign);

}  // namespace millrace::auth
