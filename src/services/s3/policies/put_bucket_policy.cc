#include <fmt/format.h>

#include "services/s3/policies/bucket_policy.h"
#include "services/s3/policies/policy_errors.h"
#include "services/s3/policies/request_context.h"

namespace millrace::s3 {

// AWS: a public policy is refused where public policies are blocked, as they are in new buckets.
// DIVERGES: ConfirmRemoveSelfBucketAccess is not asked for: a policy that locks its author out is
// taken, and the root of the account can always take it away.
Task<void> put_bucket_policy(S3& s3, wire::Call& call, PutBucketPolicyRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  if (in.policy().empty()) co_return fail(problem(Problem::missing_request_body));
  CO_TRY(const policy::Document document, check_bucket_policy(in.policy(), in.bucket()));
  CO_TRY(check_principals(s3, document));
  CO_TRY(const auto block, public_access_block(s3, in.bucket()));
  if (block && block->block_policy && is_public(document)) {
    co_return fail(access_denied(
        fmt::format("User: {} is not authorized to perform: s3:PutBucketPolicy on resource: \"{}\" "
                    "because public policies are blocked by the BlockPublicPolicy block public "
                    "access setting.",
                    call.principal.arn, bucket_arn(in.bucket(), ""))));
  }
  objects::Setting setting;
  setting.bucket = in.bucket();
  setting.kind = configuration::kPolicy;
  setting.document = in.policy();
  call.response_status = 204;
  co_return co_await s3.objects.put_setting(std::move(setting));
}

}  // namespace millrace::s3
