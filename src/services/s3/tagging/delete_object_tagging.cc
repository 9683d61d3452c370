#include "services/s3/s3.h"

namespace millrace::s3 {

Task<DeleteObjectTaggingOutput> delete_object_tagging(S3& s3, wire::Call& call,
                                                      DeleteObjectTaggingRequest in) {
  CO_TRY(const objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(check_version(in.version_id()));
  Result<void> set = co_await s3.objects.set_tags(id, {});
  if (!set) co_return fail(translate(s3, id, std::move(set).error()));
  co_return call.make<DeleteObjectTaggingOutput>();
}

}  // namespace millrace::s3
