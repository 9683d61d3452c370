#include "services/s3/configurations/identified.h"

namespace millrace::s3 {

Task<void> delete_bucket_intelligent_tiering_configuration(
    S3& s3, wire::Call& call, DeleteBucketIntelligentTieringConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kIntelligentTiering, in.id()};
  CO_TRY(find_identified<api::IntelligentTieringConfiguration>(s3, id, call.arena));
  co_return co_await erase_configuration(s3, id);
}

}  // namespace millrace::s3
