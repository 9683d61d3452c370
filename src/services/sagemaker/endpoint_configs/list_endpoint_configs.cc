#include "services/sagemaker/listing.h"
#include "services/sagemaker/sagemaker.h"

namespace millrace::sagemaker {

Task<ListEndpointConfigsOutput> list_endpoint_configs(Sagemaker& sm, wire::Call& call,
                                                      ListEndpointConfigsInput in) {
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::vector<NamedDocument> rows,
         txn.scan(kEndpointConfigs, {.prefix = store::key_prefix(call.realm)}));
  std::vector<Listed> listed;
  for (const NamedDocument& row : rows) {
    listed.push_back({.name = row.name, .created = row.created, .index = listed.size()});
  }
  CO_TRY(const ListPage page, list_page(std::move(listed), list_request(in)));
  auto out = call.make<ListEndpointConfigsOutput>();
  const auto configs = out.make_endpoint_configs();
  for (const size_t i : page.indices) {
    const api::EndpointConfigSummary config = configs.append();
    config.set_endpoint_config_name(rows[i].name);
    config.set_endpoint_config_arn(rows[i].arn);
    config.set_creation_time(rows[i].created);
  }
  if (!page.next_token.empty()) out.set_next_token(page.next_token);
  co_return out;
}

}  // namespace millrace::sagemaker
