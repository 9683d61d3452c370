#include "services/sagemaker/endpoints/endpoint_rows.h"

#include <fmt/format.h>

#include "engines/ml/algorithms.h"
#include "services/sagemaker/documents.h"

namespace millrace::sagemaker {
namespace {

constexpr milliseconds kStartupDefault{60'000};

std::string_view archive_of(const api::ContainerDefinition& container) {
  if (container.has_model_data_url()) return container.model_data_url();
  return container.model_data_source().s3_data_source().s3_uri();
}

Result<serving::Variant> variant_of(store::Txn& txn, wire::Call& call,
                                    const api::ProductionVariant& given) {
  const std::string model_name(given.model_name());
  TRY(const std::optional<NamedDocument> row, txn.find(kModels, {call.realm, model_name}));
  if (!row) return fail(could_not_find("model", arn_of(call.realm, "model", model_name)));
  TRY(const CreateModelInput model, read_document<CreateModelInput>(call, row->document));
  api::ContainerDefinition container = model.primary_container();
  if (!container) {
    if (model.containers().size() != 1) {
      return fail(wire::errors::not_implemented("An inference pipeline of several containers"));
    }
    container = model.containers()[0];
  }
  if (ml::find_algorithm_of_image(container.image()) == nullptr) {
    return fail(unknown_image(container.image()));
  }
  const int64_t instances = given.initial_instance_count(1);
  if (instances > serving::kInstancesMax) {
    return fail(errors::resource_limit_exceeded(
        fmt::format("Variant {} asks for {} instances; at most {} run here", given.variant_name(),
                    instances, serving::kInstancesMax)));
  }
  serving::Variant out{.name = std::string(given.variant_name()),
                       .weight = given.initial_variant_weight(1),
                       .instances = instances,
                       .image = std::string(container.image()),
                       .model_url = std::string(archive_of(container)),
                       .environment = {},
                       .startup_timeout_ms = kStartupDefault.count()};
  out.reader = model.execution_role_arn();
  if (given.has_container_startup_health_check_timeout_in_seconds()) {
    out.startup_timeout_ms = given.container_startup_health_check_timeout_in_seconds() * 1000;
  }
  const wire::Map<std::string_view> environment = container.environment();
  for (size_t i = 0; i < environment.size(); ++i) {
    out.environment.emplace(environment.key(i), environment.value(i));
  }
  return out;
}

}  // namespace

Result<std::vector<serving::Variant>> variants_of(store::Txn& txn, wire::Call& call,
                                                  const std::string& config) {
  TRY(const std::optional<NamedDocument> row, txn.find(kEndpointConfigs, {call.realm, config}));
  if (!row) {
    return fail(
        could_not_find("endpoint configuration", arn_of(call.realm, "endpoint-config", config)));
  }
  TRY(const CreateEndpointConfigInput given,
      read_document<CreateEndpointConfigInput>(call, row->document));
  std::vector<serving::Variant> out;
  for (const api::ProductionVariant variant : given.production_variants()) {
    TRY(serving::Variant made, variant_of(txn, call, variant));
    out.push_back(std::move(made));
  }
  return out;
}

// AWS: SageMaker publishes the change to EventBridge with these members; status in capitals.
void put_endpoint(store::Txn& txn, Endpoint& endpoint, Time now) {
  endpoint.modified = now;
  txn.put(kEndpoints, endpoint);
  std::string status = endpoint.status;
  for (char& c : status) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  const auto millis = std::chrono::floor<milliseconds>(now).time_since_epoch().count();
  const auto created =
      std::chrono::floor<milliseconds>(endpoint.created).time_since_epoch().count();
  txn.emit({.realm = endpoint.realm,
            .source = "aws.sagemaker",
            .detail_type = std::string(kEndpointStateChange),
            .resource = endpoint.arn,
            .detail = fmt::format(
                R"({{"EndpointName":"{}","EndpointArn":"{}","EndpointConfigName":"{}",)"
                R"("EndpointStatus":"{}","CreationTime":{},"LastModifiedTime":{}}})",
                endpoint.name, endpoint.arn,
                endpoint.pending_config.empty() ? endpoint.config : endpoint.pending_config, status,
                created, millis),
            .time = now});
}

}  // namespace millrace::sagemaker
