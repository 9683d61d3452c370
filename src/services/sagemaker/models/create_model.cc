#include "services/sagemaker/documents.h"
#include "services/sagemaker/tags/tag_rows.h"

namespace millrace::sagemaker {

// AWS: either PrimaryContainer or Containers, and an image or a model package in each; whether the
// archive exists is found out by the endpoint.
Task<CreateModelOutput> create_model(Sagemaker& sm, wire::Call& call, CreateModelInput in) {
  if (in.has_primary_container() == !in.containers().empty()) {
    co_return fail(errors::validation(
        "You must provide either PrimaryContainer or Containers when creating a model."));
  }
  const std::string name(in.model_name());
  const std::string arn = arn_of(call.realm, "model", name);
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::optional<NamedDocument> existing, txn.find(kModels, {call.realm, name}));
  if (existing) co_return fail(already_existing("model", arn));
  txn.put(kModels, NamedDocument{.realm = call.realm,
                                 .name = name,
                                 .arn = arn,
                                 .created = sm.clock.now(),
                                 .document = document_of(in)});
  CO_TRY(put_new_tags(txn, call.realm, arn, in.tags()));
  CO_TRY(co_await txn.commit());
  auto out = call.make<CreateModelOutput>();
  out.set_model_arn(arn);
  co_return out;
}

}  // namespace millrace::sagemaker
