#include "services/s3/s3.h"

namespace millrace::s3 {

// AWS: with ACLs disabled, the list is the owner's full control.
Task<GetBucketAclOutput> get_bucket_acl(S3& s3, wire::Call& call, GetBucketAclRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  auto out = call.make<GetBucketAclOutput>();
  out.make_owner().set_id(owner_id(bucket.owner));
  const api::Grant grant = out.make_grants().append();
  grant.set_permission("FULL_CONTROL");
  const api::Grantee grantee = grant.make_grantee();
  grantee.set_id(owner_id(bucket.owner));
  grantee.set_type("CanonicalUser");
  co_return out;
}

}  // namespace millrace::s3
