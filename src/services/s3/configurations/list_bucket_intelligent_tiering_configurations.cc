#include "services/s3/configurations/identified.h"

namespace millrace::s3 {

Task<ListBucketIntelligentTieringConfigurationsOutput>
list_bucket_intelligent_tiering_configurations(
    S3& s3, wire::Call& call, ListBucketIntelligentTieringConfigurationsRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId after{in.bucket(), configuration::kIntelligentTiering,
                              in.continuation_token()};
  auto out = call.make<ListBucketIntelligentTieringConfigurationsOutput>();
  CO_TRY(const auto found,
         list_identified<api::IntelligentTieringConfiguration>(s3, after, out, call.arena));
  const auto list = out.make_intelligent_tiering_configuration_list();
  for (const api::IntelligentTieringConfiguration& one : found) list.share(one);
  co_return out;
}

}  // namespace millrace::s3
