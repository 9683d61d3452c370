#include "services/s3/locks/lock_fields.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

Task<PutObjectLegalHoldOutput> put_object_legal_hold(S3& s3, wire::Call& call,
                                                     PutObjectLegalHoldRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(name_version(in, id));
  CO_TRY(const objects::Bucket bucket, s3.objects.bucket(id.bucket));
  CO_TRY(check_locks(bucket));
  const std::string_view status = in.legal_hold().status();
  if (status != "ON" && status != "OFF") co_return fail(problem(Problem::malformed_xml));
  const Result<void> set =
      co_await s3.objects.set_legal_hold(id, status == "ON", cause_of(call, "PutObjectLegalHold"));
  if (!set) co_return fail(read_error(s3, call, id, set.error()));
  co_return call.make<PutObjectLegalHoldOutput>();
}

}  // namespace millrace::s3
