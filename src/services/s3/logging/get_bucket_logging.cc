#include "services/s3/configurations.h"

namespace millrace::s3 {

Task<GetBucketLoggingOutput> get_bucket_logging(S3& s3, wire::Call& call,
                                                GetBucketLoggingRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kLogging};
  CO_TRY(const auto found, find_configuration<api::BucketLoggingStatus>(s3, id, call.arena));
  auto out = call.make<GetBucketLoggingOutput>();
  if (found) out.share_members(found);
  co_return out;
}

}  // namespace millrace::s3
