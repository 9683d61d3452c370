// Authorization of what an operation names beside its own bucket and key: the source of a copy,
// each key of a DeleteObjects, the tags that a new object brings.
#pragma once

#include <string_view>

#include "services/s3/s3.h"

namespace millrace::s3 {

// Whether the caller may do `action` (s3:GetObject) to that object, or with an empty key to the
// bucket. Errors: AccessDenied; internal. A bucket that does not exist is no error: its operation
// says so.
Result<void> authorize_action(const S3& s3, const wire::Call& call, std::string_view action,
                              const objects::ObjectId& id);

// The use of a key of KMS, for an object.
struct KeyUse {
  std::string_view action;   // kms:Decrypt, kms:GenerateDataKey
  std::string_view key_arn;  // Of the key itself, not of an alias.
  std::string_view bucket, key;
  bool wide = false;  // For all of the bucket.
};

// Whether the caller may use the key in S3's name. A key that does not exist is not refused: its
// use says so. Errors: AccessDenied; internal.
// AWS: a key's policy decides, and IAM's policies where it lets their account in. See
// kms_access.test.
Result<void> authorize_kms_key(const S3& s3, const wire::Call& call, const KeyUse& use);

// Who calls, as policies see it. Errors: internal.
Result<policy::Subject> subject_of(const S3& s3, const wire::Call& call);
// What the caller is told of a decision against it.
Error denial(const policy::Request& request, const policy::Decision& decision);

}  // namespace millrace::s3
