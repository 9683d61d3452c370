// AWS's quotas, by the names that its answers give them.
// Source: IAM User Guide, "IAM and AWS STS quotas" (the defaults).
#pragma once

#include <cstddef>
#include <string_view>

namespace millrace::iam {

struct Quota {
  std::string_view name;
  size_t most;
};

inline constexpr Quota kUsersPerAccount{"UsersPerAccount", 5000};
inline constexpr Quota kRolesPerAccount{"RolesPerAccount", 1000};
inline constexpr Quota kPoliciesPerAccount{"PoliciesPerAccount", 1500};
inline constexpr Quota kAccessKeysPerUser{"AccessKeysPerUser", 2};
inline constexpr Quota kPoliciesPerUser{"PoliciesPerUser", 10};
inline constexpr Quota kPoliciesPerRole{"PoliciesPerRole", 10};
inline constexpr Quota kTagsPerUser{"TagsPerUser", 50};
inline constexpr Quota kTagsPerRole{"TagsPerRole", 50};
inline constexpr Quota kTagsPerPolicy{"TagsPerPolicy", 50};
inline constexpr Quota kPolicySize{"PolicySize", 6144};
inline constexpr Quota kTrustPolicySize{"ACLSizePerRole", 2048};
inline constexpr size_t kVersionsPerPolicy = 5;
inline constexpr size_t kInlineBytesPerUser = 2048;
inline constexpr size_t kInlineBytesPerRole = 10240;

}  // namespace millrace::iam
