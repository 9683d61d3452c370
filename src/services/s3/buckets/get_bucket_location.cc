#include "services/s3/s3.h"

namespace millrace::s3 {

// AWS: the location of us-east-1 is no text; a bucket may be asked about from any region.
Task<GetBucketLocationOutput> get_bucket_location(S3& s3, wire::Call& call,
                                                  GetBucketLocationRequest in) {
  CO_TRY(const objects::Bucket bucket,
         find_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const bool classic = bucket.region == "us-east-1";
  auto out = call.make<GetBucketLocationOutput>();
  out.set_location_constraint(classic ? std::string_view() : bucket.region);
  co_return out;
}

}  // namespace millrace::s3
