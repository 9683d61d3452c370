#include "services/sagemaker/documents.h"
#include "services/sagemaker/tags/tag_rows.h"

namespace millrace::sagemaker {
namespace {

// Where the model comes from in a way that is not there.
Result<void> check_container(const api::ContainerDefinition& container) {
  if (container.has_model_package_name()) {
    return fail(wire::errors::not_implemented("A container of a ModelPackageName"));
  }
  if (container.mode("SingleModel") != "SingleModel") {
    return fail(wire::errors::not_implemented("A container of several models"));
  }
  const api::S3ModelDataSource source = container.model_data_source().s3_data_source();
  if (!source) return {};
  if (container.has_model_data_url()) {
    return fail(errors::validation(
        "ModelDataUrl and ModelDataSource cannot both be given for one container."));
  }
  if (source.compression_type() != "Gzip" || source.s3_data_type() != "S3Object") {
    return fail(wire::errors::not_implemented(
        "A ModelDataSource other than an S3Object with the compression Gzip"));
  }
  return {};
}

}  // namespace

// AWS: either PrimaryContainer or Containers, and an image or a model package in each; whether the
// archive exists is found out by the endpoint.
Task<CreateModelOutput> create_model(Sagemaker& sm, wire::Call& call, CreateModelInput in) {
  if (in.has_primary_container() == !in.containers().empty()) {
    co_return fail(errors::validation(
        "You must provide either PrimaryContainer or Containers when creating a model."));
  }
  if (in.has_primary_container()) CO_TRY(check_container(in.primary_container()));
  for (const api::ContainerDefinition container : in.containers()) {
    CO_TRY(check_container(container));
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
