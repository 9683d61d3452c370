// Who signed the form of a browser upload: the policy in it is what is signed. Pure but for the
// look-up of the key.
// Source: S3 API Reference, "Authenticating requests in browser-based uploads using POST"
// (Signature Version 4), "Browser-based uploads using POST" (Signature Version 2).
#pragma once

#include <string>

#include "base/time.h"
#include "services/s3/form_parser.h"
#include "wire/auth/credentials.h"

namespace millrace::s3 {

struct FormSigner {
  auth::AccessKey key;  // Its `secret` is empty.
  std::string region;   // Empty: Version 2 names none.
};

// Errors: AccessDenied (nobody signed it), InvalidArgument (a field is missing),
// InvalidAccessKeyId, SignatureDoesNotMatch, InvalidToken, ExpiredToken, internal.
Result<FormSigner> verify_form(const FormParser& form, auth::KeyStore& keys, Time now);

// HMAC-SHA1, which Version 2 signs with.
Bytes hmac_sha1_of(BytesView key, BytesView text);

}  // namespace millrace::s3
