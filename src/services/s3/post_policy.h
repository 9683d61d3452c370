// PostPolicy: what the form of a browser upload must say, as its signer wrote it down. Pure.
//
// Every field of the form, and the bucket, must be named by a condition, but for those that carry
// the policy and its signature, the file, and x-ignore-*.
// Source: S3 API Reference, "POST policy". Limits: kPolicyConditionsMax conditions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace millrace::s3 {

inline constexpr size_t kPolicyConditionsMax = 500;

struct PolicyCondition {
  bool starts_with = false;  // Else: equals.
  std::string field;         // In lower case, without `$`.
  std::string value;
};

struct PostPolicy {
  Time expiration{};
  std::vector<PolicyCondition> conditions;
  uint64_t size_min = 0;
  uint64_t size_max = UINT64_MAX;
};

using FormFields = std::span<const std::pair<std::string, std::string>>;

// From the form's field: base64 of JSON. Errors: InvalidPolicyDocument.
Result<PostPolicy> parse_post_policy(std::string_view base64);

// Whether the form may be sent now. Errors: AccessDenied, with the condition that does not hold.
Result<void> check_post_policy(const PostPolicy& policy, FormFields fields, std::string_view bucket,
                               Time now);

// Whether the file may have that size. Errors: EntityTooLarge, EntityTooSmall.
Result<void> check_post_size(const PostPolicy& policy, uint64_t size, bool whole);

}  // namespace millrace::s3
