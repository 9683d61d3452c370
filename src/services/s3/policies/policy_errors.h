// The errors of policies, access lists and what limits them. The texts are S3's.
// Source: S3 API Reference, "Error responses".
#pragma once

#include <string_view>

#include "base/result.h"

namespace millrace::s3 {

Error access_denied(std::string_view message);
Error malformed_policy(std::string_view cause);
Error malformed_acl();
Error method_not_allowed();
Error no_such_bucket_policy(std::string_view bucket);
Error no_public_access_block(std::string_view bucket);
Error no_ownership_controls(std::string_view bucket);
Error lists_not_supported();
Error unresolvable_grant();

}  // namespace millrace::s3
