#include "services/s3/policies/lists.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

// AWS: with ACLs disabled, the list is the bucket owner's full control.
Task<GetObjectAclOutput> get_object_acl(S3& s3, wire::Call& call, GetObjectAclRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(name_version(in, id));
  CO_TRY(const objects::Bucket bucket, s3.objects.bucket(id.bucket));
  const Result<objects::Object> object = s3.objects.describe(id);
  if (!object) co_return fail(read_error(s3, call, id, object.error()));
  const std::string owner = owner_id(bucket.owner);
  auto out = call.make<GetObjectAclOutput>();
  out.make_owner().set_id(owner);
  write_list(object_list(*object, owner), out.make_grants());
  co_return out;
}

}  // namespace millrace::s3
