// S3RoleAccess: what S3 lets the roles of jobs and models do.
#pragma once

#include "services/s3/policies/role_session.h"
#include "services/sagemaker/role_access.h"

namespace millrace::app {

class S3RoleAccess final : public sagemaker::RoleAccess {
 public:
  explicit S3RoleAccess(s3::S3& s3) : s3_(s3) {}
  Result<void> may_list(const sagemaker::Acting& who, const std::string& bucket) override {
    return s3::authorize_role(s3_, session(who), "s3:ListBucket", {.bucket = bucket});
  }
  Result<void> may_read(const sagemaker::Acting& who, const objects::Object& object) override {
    return s3::admit_role_reader(s3_, session(who), object);
  }
  Task<objects::Protect> may_write(sagemaker::Acting who, objects::ObjectId id,
                                   std::string kms_key) override {
    co_return co_await s3::admit_role_writer(s3_, session(who), std::move(id), std::move(kms_key));
  }

 private:
  static s3::RoleSession session(const sagemaker::Acting& who) {
    return {who.account, who.role_arn, "SageMaker"};
  }

  s3::S3& s3_;
};

}  // namespace millrace::app
