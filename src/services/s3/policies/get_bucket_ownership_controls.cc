#include "services/s3/policies/policy_errors.h"
#include "services/s3/policies/public_access.h"

namespace millrace::s3 {

// AWS: a new bucket enforces its owner.
Task<GetBucketOwnershipControlsOutput> get_bucket_ownership_controls(
    S3& s3, wire::Call& call, GetBucketOwnershipControlsRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(const auto ownership, object_ownership(s3, in.bucket()));
  if (!ownership) co_return fail(no_ownership_controls(in.bucket()));
  auto out = call.make<GetBucketOwnershipControlsOutput>();
  out.make_ownership_controls().make_rules().append().set_object_ownership(*ownership);
  co_return out;
}

}  // namespace millrace::s3
