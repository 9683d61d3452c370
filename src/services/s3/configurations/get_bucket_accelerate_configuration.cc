#include "services/s3/configurations.h"

namespace millrace::s3 {

Task<GetBucketAccelerateConfigurationOutput> get_bucket_accelerate_configuration(
    S3& s3, wire::Call& call, GetBucketAccelerateConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kAccelerate};
  CO_TRY(const auto found, find_configuration<api::AccelerateConfiguration>(s3, id, call.arena));
  auto out = call.make<GetBucketAccelerateConfigurationOutput>();
  if (found) out.share_members(found);
  co_return out;
}

}  // namespace millrace::s3
