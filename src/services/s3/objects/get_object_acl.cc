#include "services/s3/versions.h"

namespace millrace::s3 {

// AWS: with ACLs disabled, the list is the bucket owner's full control.
Task<GetObjectAclOutput> get_object_acl(S3& s3, wire::Call& call, GetObjectAclRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(name_version(in, id));
  const Result<objects::Object> object = s3.objects.describe(id);
  if (!object) co_return fail(read_error(s3, call, id, object.error()));
  auto out = call.make<GetObjectAclOutput>();
  out.make_owner().set_id(owner_id(call.principal.account));
  const api::Grant grant = out.make_grants().append();
  grant.set_permission("FULL_CONTROL");
  const api::Grantee grantee = grant.make_grantee();
  grantee.set_id(owner_id(call.principal.account));
  grantee.set_type("CanonicalUser");
  co_return out;
}

}  // namespace millrace::s3
