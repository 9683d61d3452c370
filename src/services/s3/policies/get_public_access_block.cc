#include "services/s3/policies/policy_errors.h"
#include "services/s3/policies/public_access.h"

namespace millrace::s3 {

// AWS: a new bucket blocks everything.
Task<GetPublicAccessBlockOutput> get_public_access_block(S3& s3, wire::Call& call,
                                                         GetPublicAccessBlockRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(const auto block, public_access_block(s3, in.bucket()));
  if (!block) co_return fail(no_public_access_block(in.bucket()));
  auto out = call.make<GetPublicAccessBlockOutput>();
  const auto shown = out.make_public_access_block_configuration();
  shown.set_block_public_acls(block->block_acls);
  shown.set_ignore_public_acls(block->ignore_acls);
  shown.set_block_public_policy(block->block_policy);
  shown.set_restrict_public_buckets(block->restrict_buckets);
  co_return out;
}

}  // namespace millrace::s3
