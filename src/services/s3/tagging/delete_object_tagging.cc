#include "services/s3/tag_text.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

Task<DeleteObjectTaggingOutput> delete_object_tagging(S3& s3, wire::Call& call,
                                                      DeleteObjectTaggingRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(name_version(in, id));
  Tags none;
  objects::Cause cause = cause_of(call, "DeleteObjectTagging");
  const Result<objects::Entry> set =
      co_await s3.objects.set_tags(id, std::move(none), std::move(cause));
  if (!set) co_return fail(read_error(s3, call, id, set.error()));
  auto out = call.make<DeleteObjectTaggingOutput>();
  write_version(s3, out, *set);
  co_return out;
}

}  // namespace millrace::s3
