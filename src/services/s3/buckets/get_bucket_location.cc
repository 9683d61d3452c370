#include "services/s3/s3.h"

namespace millrace::s3 {

// AWS: the location of us-east-1 is no text.
Task<GetBucketLocationOutput> get_bucket_location(S3& s3, wire::Call& call,
                                                  GetBucketLocationRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  auto out = call.make<GetBucketLocationOutput>();
  out.set_location_constraint(bucket.region == "us-east-1" ? std::string_view() : bucket.region);
  co_return out;
}

}  // namespace millrace::s3
