#include "services/s3/configurations.h"

namespace millrace::s3 {

Task<GetBucketLifecycleConfigurationOutput> get_bucket_lifecycle_configuration(
    S3& s3, wire::Call& call, GetBucketLifecycleConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kLifecycle};
  CO_TRY(const auto found,
         find_configuration<api::GetBucketLifecycleConfigurationOutput>(s3, id, call.arena));
  if (!found) {
    co_return fail(problem(Problem::no_such_lifecycle_configuration,
                           {{"BucketName", std::string(in.bucket())}}));
  }
  auto out = call.make<GetBucketLifecycleConfigurationOutput>();
  out.share_members(found);
  co_return out;
}

}  // namespace millrace::s3
