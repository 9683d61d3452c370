#include "services/s3/locks/lock_fields.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

Task<GetObjectRetentionOutput> get_object_retention(S3& s3, wire::Call& call,
                                                    GetObjectRetentionRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(name_version(in, id));
  CO_TRY(const objects::Bucket bucket, s3.objects.bucket(id.bucket));
  CO_TRY(check_locks(bucket));
  const Result<objects::Object> object = s3.objects.describe(id);
  if (!object) co_return fail(read_error(s3, call, id, object.error()));
  const objects::Retention& retention = object->metadata.lock.retention;
  if (retention.mode == objects::RetentionMode::none) co_return fail(no_lock());
  auto out = call.make<GetObjectRetentionOutput>();
  const auto document = out.make_retention();
  document.set_mode(mode_name(retention.mode));
  document.set_retain_until_date(retention.until);
  co_return out;
}

}  // namespace millrace::s3
