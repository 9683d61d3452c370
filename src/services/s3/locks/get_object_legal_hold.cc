#include "services/s3/locks/lock_fields.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

Task<GetObjectLegalHoldOutput> get_object_legal_hold(S3& s3, wire::Call& call,
                                                     GetObjectLegalHoldRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(name_version(in, id));
  CO_TRY(const objects::Bucket bucket, s3.objects.bucket(id.bucket));
  CO_TRY(check_locks(bucket));
  const Result<objects::Object> object = s3.objects.describe(id);
  if (!object) co_return fail(read_error(s3, call, id, object.error()));
  const std::optional<bool> held = object->metadata.lock.legal_hold;
  if (!held) co_return fail(no_lock());
  auto out = call.make<GetObjectLegalHoldOutput>();
  out.make_legal_hold().set_status(*held ? "ON" : "OFF");
  co_return out;
}

}  // namespace millrace::s3
