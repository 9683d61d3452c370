#include "services/s3/policies/bucket_policy.h"
#include "services/s3/policies/policy_errors.h"

namespace millrace::s3 {

Task<GetBucketPolicyStatusOutput> get_bucket_policy_status(S3& s3, wire::Call& call,
                                                           GetBucketPolicyStatusRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(const policy::DocumentPtr document, find_bucket_policy(s3, in.bucket()));
  if (!document) co_return fail(no_such_bucket_policy(in.bucket()));
  auto out = call.make<GetBucketPolicyStatusOutput>();
  out.make_policy_status().set_is_public(is_public(*document));
  co_return out;
}

}  // namespace millrace::s3
