#include "engines/policy/key_policies.h"

#include <fmt/format.h>

namespace millrace::policy {

std::string default_key_policy(std::string_view account) {
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

std::string service_key_policy(const Realm& realm, std::string_view service) {
  return fmt::format(R"({{
  "Version" : "2012-10-17",
  "Id" : "auto-{0}-2",
  "Statement" : [ {{
    "Sid" : "Allow access through {0} for all principals in the account that)"
                     R"( are authorized to use {0}",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "*"
    }},
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*",
                 "kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {{
      "StringEquals" : {{
        "kms:ViaService" : "{0}.{1}.amazonaws.com",
        "kms:CallerAccount" : "{2}"
      }}
    }}
  }}, {{
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:aws:iam::{2}:root"
    }},
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant" ],
    "Resource" : "*"
  }} ]
}})",
                     service, realm.region, realm.account);
}

}  // namespace millrace::policy
