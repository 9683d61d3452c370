#include "services/sagemaker/listing.h"
#include "services/sagemaker/sagemaker.h"

namespace millrace::sagemaker {

Task<ListModelsOutput> list_models(Sagemaker& sm, wire::Call& call, ListModelsInput in) {
  store::Txn txn = sm.db.begin();
  CO_TRY(const std::vector<NamedDocument> rows,
         txn.scan(kModels, {.prefix = store::key_prefix(call.realm)}));
  std::vector<Listed> listed;
  for (const NamedDocument& row : rows) {
    listed.push_back({.name = row.name, .created = row.created, .index = listed.size()});
  }
  CO_TRY(const ListPage page, list_page(std::move(listed), list_request(in)));
  auto out = call.make<ListModelsOutput>();
  const auto models = out.make_models();
  for (const size_t i : page.indices) {
    const api::ModelSummary model = models.append();
    model.set_model_name(rows[i].name);
    model.set_model_arn(rows[i].arn);
    model.set_creation_time(rows[i].created);
  }
  if (!page.next_token.empty()) out.set_next_token(page.next_token);
  co_return out;
}

}  // namespace millrace::sagemaker
