#include <fmt/format.h>

#include "services/sagemaker/endpoints/endpoint_rows.h"

namespace millrace::sagemaker {

// AWS: the endpoint is Deleting until its workers are gone, and then not there; its configuration
// and models stay.
Task<void> delete_endpoint(Sagemaker& sm, wire::Call& call, DeleteEndpointInput in) {
  const std::string name(in.endpoint_name());
  const std::string arn = arn_of(call.realm, "endpoint", name);
  store::Txn txn = sm.db.begin();
  CO_TRY(std::optional<Endpoint> endpoint, txn.find(kEndpoints, {call.realm, name}));
  if (!endpoint) co_return fail(could_not_find("endpoint", arn));
  if (endpoint->status == kCreating || endpoint->status == kUpdating) {
    co_return fail(
        errors::validation(fmt::format("Cannot delete in-progress endpoint \"{}\".", arn)));
  }
  CO_TRY(serving::Fleets::erase(txn, call.realm, name));
  endpoint->status = kDeleting;
  put_endpoint(txn, *endpoint, sm.clock.now());
  co_return co_await txn.commit();
}

}  // namespace millrace::sagemaker
