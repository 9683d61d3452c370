#include "services/sagemaker/tags/tag_rows.h"

#include <fmt/format.h>

#include <set>

namespace millrace::sagemaker {

Result<void> merge_tags(ResourceTags& row, const wire::List<api::Tag>& tags) {
  std::set<std::string_view> seen;
  for (const api::Tag tag : tags) {
    if (!seen.insert(tag.key()).second) {
      return fail(errors::validation(fmt::format("Duplicate tag key: {}", tag.key())));
    }
    if (tag.key().starts_with("aws:")) {
      return fail(errors::validation("Tag keys may not begin with aws:"));
    }
    row.tags.insert_or_assign(std::string(tag.key()), std::string(tag.value()));
  }
  if (row.tags.size() > kTagsMax) {
    return fail(errors::validation(fmt::format("A resource may have at most {} tags", kTagsMax)));
  }
  return {};
}

Result<void> put_new_tags(store::Txn& txn, const Realm& realm, const std::string& arn,
                          const wire::List<api::Tag>& tags) {
  if (tags.empty()) return {};
  ResourceTags row{.realm = realm, .arn = arn, .tags = {}};
  TRY(merge_tags(row, tags));
  txn.put(kTags, row);
  return {};
}

}  // namespace millrace::sagemaker
