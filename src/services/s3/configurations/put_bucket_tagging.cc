#include "services/s3/configurations.h"
#include "services/s3/tag_text.h"

namespace millrace::s3 {

// The given tags take the place of all that there were.
Task<void> put_bucket_tagging(S3& s3, wire::Call& call, PutBucketTaggingRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(read_bucket_tags(in.tagging().tag_set()));
  call.response_status = 204;
  const ConfigurationId id{in.bucket(), configuration::kTagging};
  co_return co_await put_configuration(s3, id, in.tagging());
}

}  // namespace millrace::s3
