#include "services/sagemaker/documents.h"
#include "services/sagemaker/endpoints/endpoint_rows.h"

namespace millrace::sagemaker {
namespace {

// What runs: the variants of the fleet that serves, with how many of their workers answer.
Result<void> write_variants(Sagemaker& sm, store::Txn& txn, const Endpoint& endpoint,
                            const DescribeEndpointOutput& out) {
  TRY(const std::optional<serving::Fleet> fleet,
      txn.find(serving::kFleets, {endpoint.realm, endpoint.name}));
  if (!fleet || fleet->serving.variants.empty()) return {};
  const auto healthy = sm.fleets.healthy(endpoint.realm, endpoint.name);
  const auto list = out.make_production_variants();
  for (const serving::Variant& variant : fleet->serving.variants) {
    const api::ProductionVariantSummary summary = list.append();
    summary.set_variant_name(variant.name);
    const auto image = summary.make_deployed_images().append();
    image.set_specified_image(variant.image);
    image.set_resolved_image(variant.image);
    image.set_resolution_time(endpoint.modified);
    summary.set_current_weight(variant.weight);
    summary.set_desired_weight(variant.weight);
    const auto count = healthy.find(variant.name);
    summary.set_current_instance_count(count == healthy.end() ? 0 : count->second);
    summary.set_desired_instance_count(variant.instances);
  }
  return {};
}

}  // namespace

Task<DescribeEndpointOutput> describe_endpoint(Sagemaker& sm, wire::Call& call,
                                               DescribeEndpointInput in) {
  const std::string name(in.endpoint_name());
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::optional<Endpoint> row, txn.find(kEndpoints, {call.realm, name}));
  if (!row) co_return fail(could_not_find("endpoint", arn_of(call.realm, "endpoint", name)));
  auto out = call.make<DescribeEndpointOutput>();
  out.set_endpoint_name(row->name);
  out.set_endpoint_arn(row->arn);
  out.set_endpoint_config_name(row->config.empty() ? row->pending_config : row->config);
  out.set_endpoint_status(row->status);
  if (!row->failure_reason.empty()) out.set_failure_reason(row->failure_reason);
  out.set_creation_time(row->created);
  out.set_last_modified_time(row->modified);
  CO_TRY(write_variants(sm, txn, *row, out));
  co_return out;
}

}  // namespace millrace::sagemaker
