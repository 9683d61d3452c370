#include "services/s3/policies/policy_errors.h"
#include "services/s3/policies/public_access.h"

namespace millrace::s3 {

Task<GetBucketPolicyOutput> get_bucket_policy(S3& s3, wire::Call& call, GetBucketPolicyRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(const auto setting, s3.objects.setting(in.bucket(), configuration::kPolicy, ""));
  if (!setting) co_return fail(no_such_bucket_policy(in.bucket()));
  auto out = call.make<GetBucketPolicyOutput>();
  out.set_policy(setting->document);
  co_return out;
}

}  // namespace millrace::s3
