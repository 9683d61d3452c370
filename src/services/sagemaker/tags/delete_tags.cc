#include "services/sagemaker/tags/tag_rows.h"

namespace millrace::sagemaker {

Task<DeleteTagsOutput> delete_tags(Sagemaker& sm, wire::Call& call, DeleteTagsInput in) {
  store::Txn txn = sm.db.begin();
  const std::string arn(in.resource_arn());
  CO_TRY(std::optional<ResourceTags> row, txn.find(kTags, {call.realm, arn}));
  if (row) {
    for (const std::string_view key : in.tag_keys()) row->tags.erase(std::string(key));
    txn.put(kTags, *row);
    CO_TRY(co_await txn.commit());
  }
  co_return call.make<DeleteTagsOutput>();
}

}  // namespace millrace::sagemaker
