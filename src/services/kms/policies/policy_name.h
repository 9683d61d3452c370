// AWS: a key has one policy, and its name is `default`.
#pragma once

#include <string_view>

#include "services/kms/kms.h"

namespace millrace::kms {

inline constexpr std::string_view kPolicyName = "default";

inline Result<void> check_policy_name(std::string_view name) {
  if (name == kPolicyName) return {};
  return fail(errors::not_found("No such policy exists"));
}

}  // namespace millrace::kms
