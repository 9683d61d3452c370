#include <fmt/format.h>

#include <set>

#include "services/sagemaker/documents.h"
#include "services/sagemaker/tags/tag_rows.h"

namespace millrace::sagemaker {
namespace {

// AWS: each variant names a model that exists, and its own name once.
Result<void> check_variants(store::Txn& txn, const Realm& realm,
                            const wire::List<api::ProductionVariant>& variants) {
  std::set<std::string_view> names;
  for (const api::ProductionVariant variant : variants) {
    if (!names.insert(variant.variant_name()).second) {
      return fail(errors::validation(
          fmt::format("Duplicate production variant name {}", variant.variant_name())));
    }
    if (variant.has_serverless_config() == variant.has_instance_type()) {
      return fail(errors::validation(
          fmt::format("Variant {} needs either an InstanceType or a ServerlessConfig",
                      variant.variant_name())));
    }
    const std::string model(variant.model_name());
    TRY(const std::optional<NamedDocument> row, txn.find(kModels, {realm, model}));
    if (!row) return fail(could_not_find("model", arn_of(realm, "model", model)));
  }
  return {};
}

// What would change what the endpoint does, and is not there.
Result<void> check_features(const CreateEndpointConfigInput& in) {
  if (in.data_capture_config().enable_capture(false)) {
    return fail(wire::errors::not_implemented("DataCaptureConfig"));
  }
  if (in.has_async_inference_config()) {
    return fail(wire::errors::not_implemented("AsyncInferenceConfig"));
  }
  if (in.has_explainer_config()) return fail(wire::errors::not_implemented("ExplainerConfig"));
  if (!in.shadow_production_variants().empty()) {
    return fail(wire::errors::not_implemented("ShadowProductionVariants"));
  }
  return {};
}

}  // namespace

Task<CreateEndpointConfigOutput> create_endpoint_config(Sagemaker& sm, wire::Call& call,
                                                        CreateEndpointConfigInput in) {
  CO_TRY(check_features(in));
  const std::string name(in.endpoint_config_name());
  const std::string arn = arn_of(call.realm, "endpoint-config", name);
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::optional<NamedDocument> existing,
         txn.find(kEndpointConfigs, {call.realm, name}));
  if (existing) co_return fail(already_existing("endpoint configuration", arn));
  CO_TRY(check_variants(txn, call.realm, in.production_variants()));
  txn.put(kEndpointConfigs, NamedDocument{.realm = call.realm,
                                          .name = name,
                                          .arn = arn,
                                          .created = sm.clock.now(),
                                          .document = document_of(in)});
  CO_TRY(put_new_tags(txn, call.realm, arn, in.tags()));
  CO_TRY(co_await txn.commit());
  auto out = call.make<CreateEndpointConfigOutput>();
  out.set_endpoint_config_arn(arn);
  co_return out;
}

}  // namespace millrace::sagemaker
