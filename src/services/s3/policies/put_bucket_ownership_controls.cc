#include "services/s3/policies/lists.h"
#include "services/s3/policies/public_access.h"

namespace millrace::s3 {

// AWS: lists are disabled only where the bucket's own grants nothing to others.
Task<void> put_bucket_ownership_controls(S3& s3, wire::Call& call,
                                         PutBucketOwnershipControlsRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const auto rules = in.ownership_controls().rules();
  if (rules.size() != 1) co_return fail(problem(Problem::malformed_xml));
  const api::OwnershipControlsRule rule = *rules.begin();
  const std::string ownership(rule.object_ownership());
  if (ownership != "BucketOwnerEnforced" && ownership != "BucketOwnerPreferred" &&
      ownership != "ObjectWriter") {
    co_return fail(problem(Problem::malformed_xml));
  }
  CO_TRY(const AccessList list, bucket_list(s3, bucket));
  const bool shared = list != private_list(owner_id(bucket.owner));
  if (ownership == "BucketOwnerEnforced" && shared) {
    co_return fail(problem(Problem::invalid_bucket_acl));
  }
  co_return co_await keep_object_ownership(s3, bucket.name, ownership);
}

}  // namespace millrace::s3
