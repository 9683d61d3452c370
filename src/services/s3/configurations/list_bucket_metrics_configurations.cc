#include "services/s3/configurations/identified.h"

namespace millrace::s3 {

Task<ListBucketMetricsConfigurationsOutput> list_bucket_metrics_configurations(
    S3& s3, wire::Call& call, ListBucketMetricsConfigurationsRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId after{in.bucket(), configuration::kMetrics, in.continuation_token()};
  auto out = call.make<ListBucketMetricsConfigurationsOutput>();
  CO_TRY(const auto found, list_identified<api::MetricsConfiguration>(s3, after, out, call.arena));
  const auto list = out.make_metrics_configuration_list();
  for (const api::MetricsConfiguration& one : found) list.share(one);
  co_return out;
}

}  // namespace millrace::s3
