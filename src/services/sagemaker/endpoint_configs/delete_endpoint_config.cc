#include "services/sagemaker/sagemaker.h"

namespace millrace::sagemaker {

// AWS: endpoints that were made from it stay as they are.
Task<void> delete_endpoint_config(Sagemaker& sm, wire::Call& call, DeleteEndpointConfigInput in) {
  const std::string name(in.endpoint_config_name());
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::optional<NamedDocument> row, txn.find(kEndpointConfigs, {call.realm, name}));
  if (!row) {
    co_return fail(
        could_not_find("endpoint configuration", arn_of(call.realm, "endpoint-config", name)));
  }
  txn.erase(kEndpointConfigs, {call.realm, name});
  txn.erase(kTags, {call.realm, row->arn});
  co_return co_await txn.commit();
}

}  // namespace millrace::sagemaker
