#include <fmt/format.h>

#include "services/s3/configurations/identified.h"

namespace millrace::s3 {
namespace {

Result<void> check_inventory(const S3& s3, const objects::Bucket& source,
                             const PutBucketInventoryConfigurationRequest& in) {
  const api::InventoryConfiguration wanted = in.inventory_configuration();
  TRY(check_configuration_id(in.id(), wanted.id()));
  const std::string_view destination = wanted.destination().s3_bucket_destination().bucket();
  constexpr std::string_view kArn = "arn:aws:s3:::";
  if (!destination.starts_with(kArn) || !is_bucket_name(destination.substr(kArn.size()))) {
    return fail(problem(Problem::invalid_s3_destination_bucket));
  }
  const std::string_view format = wanted.destination().s3_bucket_destination().format();
  if (format == "ORC") return fail(not_implemented(fmt::format("An inventory as {}", format)));
  for (const std::string_view field : wanted.optional_fields()) {
    if (field == "ObjectAccessControlList") {
      return fail(not_implemented("An inventory's ObjectAccessControlList"));
    }
  }
  const Result<objects::Bucket> to = s3.objects.bucket(destination.substr(kArn.size()));
  if (to && to->owner != source.owner) {
    return fail(not_implemented("An inventory for a bucket of another account"));
  }
  return {};
}

}  // namespace

// DIVERGES: reports are written as CSV and Parquet, and within an account; the target's
// policy is not asked whether s3.amazonaws.com may write.
Task<void> put_bucket_inventory_configuration(S3& s3, wire::Call& call,
                                              PutBucketInventoryConfigurationRequest in) {
  CO_TRY(const objects::Bucket bucket,
         open_bucket(s3, call, in.bucket(), in.expected_bucket_owner()));
  CO_TRY(check_inventory(s3, bucket, in));
  call.response_status = 204;
  const ConfigurationId id{in.bucket(), configuration::kInventory, in.id()};
  co_return co_await put_configuration(s3, id, in.inventory_configuration());
}

}  // namespace millrace::s3
