#include "services/s3/tag_text.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

// The given tags take the place of all that there were.
Task<PutObjectTaggingOutput> put_object_tagging(S3& s3, wire::Call& call,
                                                PutObjectTaggingRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(name_version(in, id));
  CO_TRY(Tags tags, read_tags(in.tagging().tag_set()));
  objects::Cause cause = cause_of(call, "PutObjectTagging");
  const Result<objects::Entry> set =
      co_await s3.objects.set_tags(id, std::move(tags), std::move(cause));
  if (!set) co_return fail(read_error(s3, call, id, set.error()));
  auto out = call.make<PutObjectTaggingOutput>();
  write_version(s3, out, *set);
  co_return out;
}

}  // namespace millrace::s3
