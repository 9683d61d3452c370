#include <fmt/format.h>

#include "engines/policy/statements.h"
#include "services/kms/kms.h"

namespace millrace::kms {

Result<void> check_policy(std::string_view document) {
  if (document.size() > kPolicyBytesMax) {
    return fail(errors::limit_exceeded(
        fmt::format("The key policy is larger than {} bytes", kPolicyBytesMax)));
  }
  const Result<policy::Document> read = policy::read_document(document);
  if (!read) return fail(errors::malformed_policy_document(read.error().message));
  return {};
}

}  // namespace millrace::kms
