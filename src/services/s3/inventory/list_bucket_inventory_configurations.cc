#include "services/s3/configurations.h"

namespace millrace::s3 {
namespace {

constexpr size_t kPage = 100;  // AWS's.

}  // namespace

// The token is the last id of the page before it.
Task<ListBucketInventoryConfigurationsOutput> list_bucket_inventory_configurations(
    S3& s3, wire::Call& call, ListBucketInventoryConfigurationsRequest in) {
  CO_TRY(open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(std::vector<objects::Setting> found,
         s3.objects.settings(in.bucket(), configuration::kInventory, in.continuation_token(),
                             kPage + 1));
  auto out = call.make<ListBucketInventoryConfigurationsOutput>();
  const bool more = found.size() > kPage;
  if (more) found.pop_back();
  if (in.has_continuation_token()) out.set_continuation_token(in.continuation_token());
  out.set_is_truncated(more);
  if (more) out.set_next_continuation_token(found.back().id);
  const auto list = out.make_inventory_configuration_list();
  for (const objects::Setting& setting : found) {
    CO_TRY(const auto one, read_configuration<api::InventoryConfiguration>(setting, call.arena));
    list.share(one);
  }
  co_return out;
}

}  // namespace millrace::s3
