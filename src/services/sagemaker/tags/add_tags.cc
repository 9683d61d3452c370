#include "services/sagemaker/tags/tag_rows.h"

namespace millrace::sagemaker {

Task<AddTagsOutput> add_tags(Sagemaker& sm, wire::Call& call, AddTagsInput in) {
  store::Txn txn = sm.db.begin();
  const std::string arn(in.resource_arn());
  CO_TRY(std::optional<ResourceTags> found, txn.find(kTags, {call.realm, arn}));
  ResourceTags row =
      found ? std::move(*found) : ResourceTags{.realm = call.realm, .arn = arn, .tags = {}};
  CO_TRY(merge_tags(row, in.tags()));
  txn.put(kTags, row);
  CO_TRY(co_await txn.commit());
  auto out = call.make<AddTagsOutput>();
  const auto list = out.make_tags();
  for (const auto& [key, value] : row.tags) {
    const api::Tag tag = list.append();
    tag.set_key(key);
    tag.set_value(value);
  }
  co_return out;
}

}  // namespace millrace::sagemaker
