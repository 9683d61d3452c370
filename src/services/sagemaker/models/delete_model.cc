#include "services/sagemaker/sagemaker.h"

namespace millrace::sagemaker {

// AWS: the archive in S3 stays, and so do endpoints that run the model.
Task<void> delete_model(Sagemaker& sm, wire::Call& call, DeleteModelInput in) {
  const std::string name(in.model_name());
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::optional<NamedDocument> row, txn.find(kModels, {call.realm, name}));
  if (!row) co_return fail(could_not_find("model", arn_of(call.realm, "model", name)));
  txn.erase(kModels, {call.realm, name});
  txn.erase(kTags, {call.realm, row->arn});
  co_return co_await txn.commit();
}

}  // namespace millrace::sagemaker
