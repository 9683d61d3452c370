#include "services/sagemaker/listing.h"
#include "services/sagemaker/sagemaker.h"

namespace millrace::sagemaker {

Task<ListModelsOutput> list_models(Sagemaker& sm, wire::Call& call, ListModelsInput in) {
  CO_TRY(const auto page, list_rows(sm, call.realm, kModels, in));
  auto out = call.make<ListModelsOutput>();
  const auto models = out.make_models();
  for (const NamedDocument& row : page.rows) {
    const api::ModelSummary model = models.append();
    model.set_model_name(row.name);
    model.set_model_arn(row.arn);
    model.set_creation_time(row.created);
  }
  if (!page.next_token.empty()) out.set_next_token(page.next_token);
  co_return out;
}

}  // namespace millrace::sagemaker
