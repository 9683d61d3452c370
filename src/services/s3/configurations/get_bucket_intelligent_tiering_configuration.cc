#include "services/s3/configurations/identified.h"

namespace millrace::s3 {

Task<GetBucketIntelligentTieringConfigurationOutput> get_bucket_intelligent_tiering_configuration(
    S3& s3, wire::Call& call, GetBucketIntelligentTieringConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kIntelligentTiering, in.id()};
  CO_TRY(const auto found,
         find_identified<api::IntelligentTieringConfiguration>(s3, id, call.arena));
  auto out = call.make<GetBucketIntelligentTieringConfigurationOutput>();
  out.set_intelligent_tiering_configuration(found);
  co_return out;
}

}  // namespace millrace::s3
