#include <fmt/format.h>

#include <boost/json.hpp>

#include "services/kms/kms.h"

namespace millrace::kms {

std::string default_policy(std::string_view account) {
  return fmt::format(R"({{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:aws:iam::{}:root"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}})",
                     account);
}

// DIVERGES: that a policy leaves its maker the right to change it is not checked, since key
// policies are not evaluated.
Result<void> check_policy(std::string_view document) {
  if (document.size() > kPolicyBytesMax) {
    return fail(errors::limit_exceeded(
        fmt::format("The key policy is larger than {} bytes", kPolicyBytesMax)));
  }
  boost::json::parse_options options;
  options.max_depth = kPolicyDepthMax;
  boost::system::error_code code;
  const boost::json::value parsed = boost::json::parse(document, code, {}, options);
  const auto* const object = code ? nullptr : parsed.if_object();
  if (object == nullptr) {
    return fail(errors::malformed_policy_document("The new key policy is not valid JSON."));
  }
  const auto* const statement = object->if_contains("Statement");
  if (statement == nullptr || (!statement->is_array() && !statement->is_object())) {
    return fail(errors::malformed_policy_document("The new key policy has no statement."));
  }
  return {};
}

}  // namespace millrace::kms
