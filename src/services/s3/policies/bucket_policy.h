// The policy of a bucket: what may be one, and the one there is.
// Threads: reads rows, without waiting. Source: S3 User Guide, "Bucket policies"; API Reference,
// PutBucketPolicy.
#pragma once

#include <string_view>

#include "services/s3/policies/public_access.h"

namespace millrace::s3 {

inline constexpr size_t kPolicyBytesMax = 20 * 1024;

// A document for this bucket. Errors: MalformedPolicy, with the cause as S3 words it.
Result<policy::Document> check_bucket_policy(std::string_view text, std::string_view bucket);

// Whether everybody whom it names is there. Errors: MalformedPolicy, internal.
Result<void> check_principals(const S3& s3, const policy::Document& document);

// Null where there is none. Errors: internal.
Result<policy::DocumentPtr> find_bucket_policy(const S3& s3, std::string_view bucket);

}  // namespace millrace::s3
