// The managed policies of AWS that can be attached here, in the order of their names. Any other
// ARN in AWS's namespace names a policy that does not exist.
// Source: AWS Managed Policy Reference Guide.
#pragma once

#include <span>
#include <string_view>

namespace millrace::policy {

struct AwsManagedPolicy {
  std::string_view path, name;
};

std::span<const AwsManagedPolicy> aws_managed_policies();
bool is_aws_managed(std::string_view path, std::string_view name);

// What the policy allows, as far as services here evaluate policies; empty where nothing is known
// of it: the policy can be attached, and allows nothing.
std::string_view aws_managed_document(std::string_view name);

}  // namespace millrace::policy
