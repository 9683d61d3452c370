#include "services/s3/configurations/identified.h"

namespace millrace::s3 {

// DIVERGES: the configuration is kept and answered; CloudWatch gets no metrics of requests.
Task<void> put_bucket_metrics_configuration(S3& s3, wire::Call& call,
                                            PutBucketMetricsConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const api::MetricsConfiguration wanted = in.metrics_configuration();
  CO_TRY(check_configuration_id(in.id(), wanted.id()));
  const api::MetricsFilter filter = wanted.filter();
  if (filter && (filter.has_access_point_arn() ||
                 (filter.has_and() && filter.and_().has_access_point_arn()))) {
    co_return fail(not_implemented("A metrics filter by access point"));
  }
  CO_TRY(check_configuration_filter(filter));
  call.response_status = 204;
  const ConfigurationId id{in.bucket(), configuration::kMetrics, in.id()};
  co_return co_await put_configuration(s3, id, wanted);
}

}  // namespace millrace::s3
