// S3RoleAccess: what S3's policies let the roles of jobs do.
#pragma once

#include "services/s3/policies/authorize.h"
#include "services/sagemaker/role_access.h"

namespace millrace::app {

class S3RoleAccess final : public sagemaker::RoleAccess {
 public:
  explicit S3RoleAccess(const s3::S3& s3) : s3_(s3) {}
  Result<void> may(const std::string& account, std::string_view role_arn, std::string_view action,
                   const objects::ObjectId& id) override {
    return s3::authorize_role(s3_, {account, std::string(role_arn), "SageMaker"}, action, id);
  }

 private:
  const s3::S3& s3_;
};

}  // namespace millrace::app
