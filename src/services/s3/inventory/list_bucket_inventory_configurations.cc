#include "services/s3/configurations/identified.h"

namespace millrace::s3 {

Task<ListBucketInventoryConfigurationsOutput> list_bucket_inventory_configurations(
    S3& s3, wire::Call& call, ListBucketInventoryConfigurationsRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  const ConfigurationId after{in.bucket(), configuration::kInventory, in.continuation_token()};
  auto out = call.make<ListBucketInventoryConfigurationsOutput>();
  CO_TRY(const auto found,
         list_identified<api::InventoryConfiguration>(s3, after, out, call.arena));
  const auto list = out.make_inventory_configuration_list();
  for (const api::InventoryConfiguration& one : found) list.share(one);
  co_return out;
}

}  // namespace millrace::s3
