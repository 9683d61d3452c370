#include "services/sagemaker/endpoints/endpoint_rows.h"
#include "services/sagemaker/listing.h"

namespace millrace::sagemaker {

Task<ListEndpointsOutput> list_endpoints(Sagemaker& sm, wire::Call& call, ListEndpointsInput in) {
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::vector<Endpoint> rows,
         txn.scan(kEndpoints, {.prefix = store::key_prefix(call.realm)}));
  std::vector<Listed> listed;
  for (const Endpoint& row : rows) {
    listed.push_back({.name = row.name,
                      .created = row.created,
                      .modified = row.modified,
                      .status = row.status,
                      .index = listed.size()});
  }
  CO_TRY(const ListPage page, list_page(std::move(listed), list_request(in)));
  auto out = call.make<ListEndpointsOutput>();
  const auto endpoints = out.make_endpoints();
  for (const size_t i : page.indices) {
    const api::EndpointSummary endpoint = endpoints.append();
    endpoint.set_endpoint_name(rows[i].name);
    endpoint.set_endpoint_arn(rows[i].arn);
    endpoint.set_creation_time(rows[i].created);
    endpoint.set_last_modified_time(rows[i].modified);
    endpoint.set_endpoint_status(rows[i].status);
  }
  if (!page.next_token.empty()) out.set_next_token(page.next_token);
  co_return out;
}

}  // namespace millrace::sagemaker
