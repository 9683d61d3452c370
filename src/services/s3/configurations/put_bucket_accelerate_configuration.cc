#include "services/s3/configurations.h"

namespace millrace::s3 {

// DIVERGES: there are no edge locations to accelerate transfers with; enabling is refused.
Task<void> put_bucket_accelerate_configuration(S3& s3, wire::Call& call,
                                               PutBucketAccelerateConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const api::AccelerateConfiguration wanted = in.accelerate_configuration();
  if (!wanted.has_status()) co_return fail(problem(Problem::malformed_xml));
  if (in.bucket().find('.') != std::string_view::npos) {
    co_return fail(invalid_request(
        "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names"));
  }
  if (wanted.status() == "Enabled") co_return fail(not_implemented("Transfer acceleration"));
  const ConfigurationId id{in.bucket(), configuration::kAccelerate};
  co_return co_await put_configuration(s3, id, wanted);
}

}  // namespace millrace::s3
