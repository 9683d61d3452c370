#include "services/s3/configurations/identified.h"

namespace millrace::s3 {

Task<ListBucketAnalyticsConfigurationsOutput> list_bucket_analytics_configurations(
    S3& s3, wire::Call& call, ListBucketAnalyticsConfigurationsRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId after{in.bucket(), configuration::kAnalytics, in.continuation_token()};
  auto out = call.make<ListBucketAnalyticsConfigurationsOutput>();
  CO_TRY(const auto found,
         list_identified<api::AnalyticsConfiguration>(s3, after, out, call.arena));
  const auto list = out.make_analytics_configuration_list();
  for (const api::AnalyticsConfiguration& one : found) list.share(one);
  co_return out;
}

}  // namespace millrace::s3
