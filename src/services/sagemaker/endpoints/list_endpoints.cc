#include "services/sagemaker/endpoints/endpoint_rows.h"
#include "services/sagemaker/listing.h"

namespace millrace::sagemaker {

Task<ListEndpointsOutput> list_endpoints(Sagemaker& sm, wire::Call& call, ListEndpointsInput in) {
  CO_TRY(const auto page, list_rows(sm, call.realm, kEndpoints, in));
  auto out = call.make<ListEndpointsOutput>();
  const auto endpoints = out.make_endpoints();
  for (const Endpoint& row : page.rows) {
    const api::EndpointSummary endpoint = endpoints.append();
    endpoint.set_endpoint_name(row.name);
    endpoint.set_endpoint_arn(row.arn);
    endpoint.set_creation_time(row.created);
    endpoint.set_last_modified_time(row.modified);
    endpoint.set_endpoint_status(row.status);
  }
  if (!page.next_token.empty()) out.set_next_token(page.next_token);
  co_return out;
}

}  // namespace millrace::sagemaker
