#include "services/s3/configurations.h"

namespace millrace::s3 {

Task<GetBucketCorsOutput> get_bucket_cors(S3& s3, wire::Call& call, GetBucketCorsRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kCors};
  CO_TRY(const auto found, find_configuration<api::CORSConfiguration>(s3, id, call.arena));
  if (!found) {
    co_return fail(
        problem(Problem::no_such_cors_configuration, {{"BucketName", std::string(in.bucket())}}));
  }
  auto out = call.make<GetBucketCorsOutput>();
  out.share_members(found);
  co_return out;
}

}  // namespace millrace::s3
