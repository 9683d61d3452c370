#include "services/s3/locks/lock_fields.h"
#include "services/s3/versions.h"

namespace millrace::s3 {
namespace {

// AWS: a document with neither mode nor date takes the retention away. Errors: MalformedXML,
// InvalidArgument.
Result<objects::Retention> read_document(const S3& s3, const api::ObjectLockRetention& given) {
  if (!given) return fail(problem(Problem::malformed_xml));
  if (!given.has_mode() && !given.has_retain_until_date()) return objects::Retention{};
  const auto mode = parse_mode(given.mode());
  if (!mode || !given.has_retain_until_date()) return fail(problem(Problem::malformed_xml));
  return read_retention(s3, given.mode(), given.retain_until_date());
}

}  // namespace

Task<PutObjectRetentionOutput> put_object_retention(S3& s3, wire::Call& call,
                                                    PutObjectRetentionRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(name_version(in, id));
  CO_TRY(const objects::Bucket bucket, s3.objects.bucket(id.bucket));
  CO_TRY(check_locks(bucket));
  CO_TRY(const objects::Retention retention, read_document(s3, in.retention()));
  const Result<void> set = co_await s3.objects.set_retention(
      id, retention, in.bypass_governance_retention(), cause_of(call, "PutObjectRetention"));
  if (!set) co_return fail(read_error(s3, call, id, lock_error(set.error())));
  co_return call.make<PutObjectRetentionOutput>();
}

}  // namespace millrace::s3
