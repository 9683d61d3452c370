#include "services/sagemaker/listing.h"
#include "services/sagemaker/sagemaker.h"

namespace millrace::sagemaker {

Task<ListEndpointConfigsOutput> list_endpoint_configs(Sagemaker& sm, wire::Call& call,
                                                      ListEndpointConfigsInput in) {
  CO_TRY(const auto page, list_rows(sm, call.realm, kEndpointConfigs, in));
  auto out = call.make<ListEndpointConfigsOutput>();
  const auto configs = out.make_endpoint_configs();
  for (const NamedDocument& row : page.rows) {
    const api::EndpointConfigSummary config = configs.append();
    config.set_endpoint_config_name(row.name);
    config.set_endpoint_config_arn(row.arn);
    config.set_creation_time(row.created);
  }
  if (!page.next_token.empty()) out.set_next_token(page.next_token);
  co_return out;
}

}  // namespace millrace::sagemaker
