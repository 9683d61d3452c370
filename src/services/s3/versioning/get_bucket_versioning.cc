#include "services/s3/s3.h"

namespace millrace::s3 {

// AWS: a bucket whose versioning was never set has no status.
Task<GetBucketVersioningOutput> get_bucket_versioning(S3& s3, wire::Call& call,
                                                      GetBucketVersioningRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  auto out = call.make<GetBucketVersioningOutput>();
  if (bucket.versioning == objects::Versioning::enabled) out.set_status("Enabled");
  if (bucket.versioning == objects::Versioning::suspended) out.set_status("Suspended");
  co_return out;
}

}  // namespace millrace::s3
