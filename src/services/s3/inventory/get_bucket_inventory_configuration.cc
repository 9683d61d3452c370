#include "services/s3/configurations/identified.h"

namespace millrace::s3 {

Task<GetBucketInventoryConfigurationOutput> get_bucket_inventory_configuration(
    S3& s3, wire::Call& call, GetBucketInventoryConfigurationRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId id{in.bucket(), configuration::kInventory, in.id()};
  CO_TRY(const auto found, find_identified<api::InventoryConfiguration>(s3, id, call.arena));
  auto out = call.make<GetBucketInventoryConfigurationOutput>();
  out.set_inventory_configuration(found);
  co_return out;
}

}  // namespace millrace::s3
