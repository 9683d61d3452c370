#include "services/s3/configurations/identified.h"

namespace millrace::s3 {

Task<GetBucketAnalyticsConfigurationOutput> get_bucket_analytics_configuration(
    S3& s3, wire::Call& call, GetBucketAnalyticsConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kAnalytics, in.id()};
  CO_TRY(const auto found, find_identified<api::AnalyticsConfiguration>(s3, id, call.arena));
  auto out = call.make<GetBucketAnalyticsConfigurationOutput>();
  out.set_analytics_configuration(found);
  co_return out;
}

}  // namespace millrace::s3
