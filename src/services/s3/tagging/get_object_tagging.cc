#include "services/s3/tag_text.h"
#include "services/s3/versions.h"

namespace millrace::s3 {

Task<GetObjectTaggingOutput> get_object_tagging(S3& s3, wire::Call& call,
                                                GetObjectTaggingRequest in) {
  CO_TRY(objects::ObjectId id,
         open_key(s3, call, in.bucket(), in.key(), in.expected_bucket_owner()));
  CO_TRY(name_version(in, id));
  const Result<objects::Object> object = s3.objects.describe(id);
  if (!object) co_return fail(read_error(s3, call, id, object.error()));
  auto out = call.make<GetObjectTaggingOutput>();
  write_version(s3, out, object->entry);
  write_tags(object->metadata.tags, out.make_tag_set());
  co_return out;
}

}  // namespace millrace::s3
