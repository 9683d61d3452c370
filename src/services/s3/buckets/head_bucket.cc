#include "services/s3/s3.h"

namespace millrace::s3 {

Task<HeadBucketOutput> head_bucket(S3& s3, wire::Call& call, HeadBucketRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  auto out = call.make<HeadBucketOutput>();
  out.set_bucket_region(bucket.region);
  out.set_access_point_alias(false);
  co_return out;
}

}  // namespace millrace::s3
