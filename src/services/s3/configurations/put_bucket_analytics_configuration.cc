#include "services/s3/configurations/identified.h"

namespace millrace::s3 {

// DIVERGES: the configuration is kept and answered, and no analysis is made, so that one whose
// analysis would be exported is refused.
Task<void> put_bucket_analytics_configuration(S3& s3, wire::Call& call,
                                              PutBucketAnalyticsConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const api::AnalyticsConfiguration wanted = in.analytics_configuration();
  CO_TRY(check_configuration_id(in.id(), wanted.id()));
  CO_TRY(check_configuration_filter(wanted.filter()));
  if (wanted.storage_class_analysis().has_data_export()) {
    co_return fail(not_implemented("The export of a storage class analysis"));
  }
  call.response_status = 204;
  const ConfigurationId id{in.bucket(), configuration::kAnalytics, in.id()};
  co_return co_await put_configuration(s3, id, wanted);
}

}  // namespace millrace::s3
