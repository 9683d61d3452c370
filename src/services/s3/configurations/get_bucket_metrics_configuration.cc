#include "services/s3/configurations/identified.h"

namespace millrace::s3 {

Task<GetBucketMetricsConfigurationOutput> get_bucket_metrics_configuration(
    S3& s3, wire::Call& call, GetBucketMetricsConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kMetrics, in.id()};
  CO_TRY(const auto found, find_identified<api::MetricsConfiguration>(s3, id, call.arena));
  auto out = call.make<GetBucketMetricsConfigurationOutput>();
  out.set_metrics_configuration(found);
  co_return out;
}

}  // namespace millrace::s3
