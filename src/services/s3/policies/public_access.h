// What keeps a bucket from the public: its public access block, its ownership of objects, and
// whether a policy is public.
//
// A bucket that says nothing has AWS's defaults for new buckets: everything blocked, access lists
// disabled. What was deleted is remembered as such. Threads: reads rows, without waiting. Errors:
// internal. Source: S3 User Guide, "Blocking public access to your Amazon S3 storage", "Controlling
// ownership of objects and disabling ACLs".
#pragma once

#include <optional>
#include <string>

#include "engines/policy/evaluate.h"
#include "services/s3/s3.h"

namespace millrace::s3 {

namespace configuration {
inline constexpr std::string_view kOwnership = "ownership";
inline constexpr std::string_view kPolicy = "policy";
inline constexpr std::string_view kPublicAccessBlock = "public-access-block";
}  // namespace configuration

struct PublicAccessBlock {
  bool block_acls = false;
  bool ignore_acls = false;
  bool block_policy = false;
  bool restrict_buckets = false;
};

// Nothing where it was deleted: then nothing is blocked.
Result<std::optional<PublicAccessBlock>> public_access_block(const S3& s3, std::string_view bucket);

// BucketOwnerEnforced, BucketOwnerPreferred or ObjectWriter; nothing where it was deleted, which
// means ObjectWriter.
Result<std::optional<std::string>> object_ownership(const S3& s3, std::string_view bucket);
// Whether access lists are disabled.
Result<bool> lists_are_disabled(const S3& s3, std::string_view bucket);

Task<void> keep_public_access_block(S3& s3, std::string bucket,
                                    std::optional<PublicAccessBlock> block);
Task<void> keep_object_ownership(S3& s3, std::string bucket, std::optional<std::string> ownership);

// AWS: public is a policy that allows something to everybody, without a condition that narrows the
// callers to fixed values. See put_bucket_policy.test.
bool is_public(const policy::Document& document);

}  // namespace millrace::s3
