// What a bucket's policy may name: S3's actions and the keys of its conditions.
//
// Pure. Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon
// S3"; IAM User Guide, "AWS global condition context keys".
#pragma once

#include <span>
#include <string_view>

#include "services/s3/policies/actions.h"

namespace millrace::s3 {

struct PolicyAction {
  std::string_view name;  // With s3:
  Target target;
};
// All that AWS has, served or not, in alphabetical order.
std::span<const PolicyAction> policy_actions();

// Which actions a key of a condition says something of.
enum class KeyScope : uint8_t { unknown, any, listings, objects };
// `key`: s3:… or aws:…, in any case. Of a key with a part of the caller's own the whole is meant:
// s3:ExistingObjectTag/team.
KeyScope scope_of_key(std::string_view key);

// ListBucket, ListBucketVersions and ListBucketMultipartUploads.
bool is_listing(std::string_view action);

}  // namespace millrace::s3
