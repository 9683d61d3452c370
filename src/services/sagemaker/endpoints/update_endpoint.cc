#include <fmt/format.h>

#include "services/sagemaker/endpoints/endpoint_rows.h"

namespace millrace::sagemaker {

// AWS: the old workers answer until the new ones do. Only an endpoint that is InService can be
// updated; one that failed has to be deleted.
Task<UpdateEndpointOutput> update_endpoint(Sagemaker& sm, wire::Call& call,
                                           UpdateEndpointInput in) {
  const std::string name(in.endpoint_name());
  const std::string arn = arn_of(call.realm, "endpoint", name);
  store::Txn txn = sm.db.begin();
  CO_TRY(std::optional<Endpoint> endpoint, txn.find(kEndpoints, {call.realm, name}));
  if (!endpoint) co_return fail(could_not_find("endpoint", arn));
  if (endpoint->status != kInService) {
    co_return fail(
        errors::validation(fmt::format("Cannot update in-progress endpoint \"{}\".", arn)));
  }
  const std::string config(in.endpoint_config_name());
  CO_TRY(std::vector<serving::Variant> variants, variants_of(txn, call, config));
  CO_TRY(serving::Fleets::plan(txn, call.realm, name, endpoint->tag, std::move(variants)));
  endpoint->status = kUpdating;
  endpoint->pending_config = config;
  put_endpoint(txn, *endpoint, sm.clock.now());
  CO_TRY(co_await txn.commit());
  auto out = call.make<UpdateEndpointOutput>();
  out.set_endpoint_arn(arn);
  co_return out;
}

}  // namespace millrace::sagemaker
