#include <fmt/format.h>

#include "services/iam/iam.h"

namespace millrace::iam {

Error no_such_policy(std::string_view arn) {
  return errors::no_such_entity(fmt::format("Policy {} was not found.", arn));
}

Error not_attachable(std::string_view arn) {
  return errors::no_such_entity(fmt::format("Policy {} does not exist or is not attachable.", arn));
}

Error over_quota(const Quota& quota) {
  return errors::limit_exceeded(
      fmt::format("Cannot exceed quota for {}: {}", quota.name, quota.most));
}

}  // namespace millrace::iam
