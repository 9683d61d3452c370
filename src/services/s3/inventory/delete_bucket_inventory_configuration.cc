#include "services/s3/configurations/identified.h"

namespace millrace::s3 {

// AWS: what is not there cannot be deleted; see
// delete_bucket_inventory_configuration.test.
Task<void> delete_bucket_inventory_configuration(S3& s3, wire::Call& call,
                                                 DeleteBucketInventoryConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kInventory, in.id()};
  CO_TRY(find_identified<api::InventoryConfiguration>(s3, id, call.arena));
  co_return co_await erase_configuration(s3, id);
}

}  // namespace millrace::s3
