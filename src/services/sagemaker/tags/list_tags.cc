#include "services/sagemaker/tags/tag_rows.h"

namespace millrace::sagemaker {
namespace {

constexpr int64_t kPageDefault = 50;

}  // namespace

// The token is the last key of the page.
Task<ListTagsOutput> list_tags(Sagemaker& sm, wire::Call& call, ListTagsInput in) {
  store::Txn txn = sm.db.begin();
  const std::string arn(in.resource_arn());
  CO_TRY(const std::optional<ResourceTags> row, txn.find(kTags, {call.realm, arn}));
  auto out = call.make<ListTagsOutput>();
  const auto list = out.make_tags();
  if (!row) co_return out;
  const auto page = static_cast<size_t>(in.max_results(kPageDefault));
  for (auto it = row->tags.upper_bound(std::string(in.next_token())); it != row->tags.end(); ++it) {
    if (list.size() == page) {
      out.set_next_token(std::prev(it)->first);
      break;
    }
    const api::Tag tag = list.append();
    tag.set_key(it->first);
    tag.set_value(it->second);
  }
  co_return out;
}

}  // namespace millrace::sagemaker
