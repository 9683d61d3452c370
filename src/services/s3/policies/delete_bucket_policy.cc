#include "services/s3/policies/public_access.h"

namespace millrace::s3 {

// AWS: a policy that is not there is deleted as well.
Task<void> delete_bucket_policy(S3& s3, wire::Call& call, DeleteBucketPolicyRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  co_return co_await s3.objects.erase_setting(std::string(in.bucket()),
                                              std::string(configuration::kPolicy), "");
}

}  // namespace millrace::s3
