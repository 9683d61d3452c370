#include "services/s3/configurations.h"
#include "services/s3/cors.h"

namespace millrace::s3 {

Task<void> put_bucket_cors(S3& s3, wire::Call& call, PutBucketCorsRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(check_cors(in.cors_configuration()));
  const ConfigurationId id{in.bucket(), configuration::kCors};
  co_return co_await put_configuration(s3, id, in.cors_configuration());
}

}  // namespace millrace::s3
