#include "services/s3/conditions.h"
#include "services/s3/locks/lock_fields.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

// AWS: deleting what is not there succeeds. In a bucket with versions the key gets a delete marker.
// DIVERGES: the conditions on size and time, which AWS has only for directory buckets, hold here.
Task<DeleteObjectOutput> delete_object(S3& s3, wire::Call& call, DeleteObjectRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(name_version(in, id));
  if (in.has_mfa()) co_return fail(not_implemented("MFA delete"));
  CO_TRY(check_bypass(s3, id.bucket, in.bypass_governance_retention()));
  CO_TRY(objects::Conditions conditions, write_conditions(in.if_match(), ""));
  if (in.has_if_match_size()) conditions.size_bytes = static_cast<uint64_t>(in.if_match_size());
  if (in.has_if_match_last_modified_time()) {
    conditions.modified = in.if_match_last_modified_time();
  }
  const Result<objects::Removal> removal = co_await s3.objects.remove(
      id, conditions, cause_of(call, "DeleteObject"), in.bypass_governance_retention());
  if (!removal) {
    Error error = translate(s3, id, lock_error(removal.error()));
    co_return fail(name_condition(std::move(error), conditions));
  }
  auto out = call.make<DeleteObjectOutput>();
  if (removal->marker) {
    out.set_delete_marker(true);
    write_version(s3, out, *removal->marker);
  } else if (!id.version.empty()) {
    out.set_version_id(id.version);
    if (removal->removed && removal->removed->marker) out.set_delete_marker(true);
  }
  co_return out;
}

}  // namespace millrace::s3
