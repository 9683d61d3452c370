#include "services/s3/conditions.h"

namespace millrace::s3 {

// AWS: deleting what is not there succeeds.
Task<DeleteObjectOutput> delete_object(S3& s3, wire::Call& call, DeleteObjectRequest in) {
  CO_TRY(const objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(check_version(in.version_id()));
  if (in.has_mfa()) co_return fail(not_implemented("MFA delete"));
  if (in.has_if_match_last_modified_time() || in.has_if_match_size()) {
    co_return fail(not_implemented("A condition on size or time"));
  }
  CO_TRY(const objects::Conditions conditions, write_conditions(in.if_match(), ""));
  const auto removed = co_await s3.objects.remove(id, conditions, cause_of(call, "DeleteObject"));
  if (!removed) co_return fail(name_condition(translate(s3, id, removed.error()), conditions));
  co_return call.make<DeleteObjectOutput>();
}

}  // namespace millrace::s3
