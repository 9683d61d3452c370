#include "services/s3/tag_text.h"

namespace millrace::s3 {

// The given tags take the place of all that there were.
Task<PutObjectTaggingOutput> put_object_tagging(S3& s3, wire::Call& call,
                                                PutObjectTaggingRequest in) {
  CO_TRY(const objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(check_version(in.version_id()));
  CO_TRY(Tags tags, read_tags(in.tagging().tag_set()));
  Result<void> set = co_await s3.objects.set_tags(id, std::move(tags));
  if (!set) co_return fail(translate(s3, id, std::move(set).error()));
  co_return call.make<PutObjectTaggingOutput>();
}

}  // namespace millrace::s3
