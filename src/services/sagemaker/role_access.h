// RoleAccess: what the role that a job runs with may do in S3. The process answers it: S3's
// policies are S3's.
//
// DIVERGES: a role that does not exist in IAM is not refused; its jobs may do all in their account.
// The roles of models and endpoints are not asked. Pinned by create_training_job_role.test.
#pragma once

#include <string>
#include <string_view>

#include "engines/objects/objects.h"

namespace millrace::sagemaker {

class RoleAccess {
 public:
  virtual ~RoleAccess() = default;
  // `id` with an empty key is the bucket. Reads rows, without waiting; any thread.
  // Errors: denied, as AWS words it; internal.
  virtual Result<void> may(const std::string& account, std::string_view role_arn,
                           std::string_view action, const objects::ObjectId& id) = 0;
};

}  // namespace millrace::sagemaker
