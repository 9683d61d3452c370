// RoleAccess: what a role that SageMaker acts with may do in S3. The process answers it: policies,
// keys and archives are S3's.
//
// Thread-safe. Errors are S3's, as AWS words them: AccessDenied, InvalidObjectState (archived),
// InvalidRequest (a customer's key protects it), those of KMS; internal.
//
// DIVERGES: a role that does not exist in IAM is not refused; its jobs and models may do all in
// their account. Pinned by create_training_job_role.test.
#pragma once

#include <string>

#include "engines/objects/objects.h"

namespace millrace::sagemaker {

// An account, and the role that SageMaker assumes in it.
struct Acting {
  std::string account, role_arn;
};

class RoleAccess {
 public:
  virtual ~RoleAccess() = default;
  virtual Result<void> may_list(const Acting& who, const std::string& bucket) = 0;
  // The object's bytes, now.
  virtual Result<void> may_read(const Acting& who, const objects::Object& object) = 0;
  // Answers how the new object is to be protected: under the key of KMS that is named, or where
  // none is, as its bucket says.
  virtual Task<objects::Protect> may_write(Acting who, objects::ObjectId id,
                                           std::string kms_key) = 0;
};

}  // namespace millrace::sagemaker
