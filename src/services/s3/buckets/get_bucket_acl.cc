#include "services/s3/policies/lists.h"

namespace millrace::s3 {

// AWS: with ACLs disabled, the list is the owner's full control.
Task<GetBucketAclOutput> get_bucket_acl(S3& s3, wire::Call& call, GetBucketAclRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(const AccessList list, bucket_list(s3, bucket));
  auto out = call.make<GetBucketAclOutput>();
  out.make_owner().set_id(owner_id(bucket.owner));
  write_list(list, out.make_grants());
  co_return out;
}

}  // namespace millrace::s3
