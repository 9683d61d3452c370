#include "services/sagemaker/documents.h"

namespace millrace::sagemaker {

Task<DescribeModelOutput> describe_model(Sagemaker& sm, wire::Call& call, DescribeModelInput in) {
  const std::string name(in.model_name());
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::optional<NamedDocument> row, txn.find(kModels, {call.realm, name}));
  if (!row) co_return fail(could_not_find("model", arn_of(call.realm, "model", name)));
  CO_TRY(const CreateModelInput created, read_document<CreateModelInput>(call, row->document));
  auto out = call.make<DescribeModelOutput>();
  out.share_members(created);
  out.set_model_arn(row->arn);
  out.set_creation_time(row->created);
  if (!out.has_enable_network_isolation()) out.set_enable_network_isolation(false);
  co_return out;
}

}  // namespace millrace::sagemaker
