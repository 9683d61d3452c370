#include "services/kms/tags/tags.h"

#include <set>

namespace millrace::kms {

Result<void> merge_tags(std::map<std::string, std::string>& tags,
                        const wire::List<api::Tag>& given) {
  std::set<std::string_view> seen;
  for (const api::Tag tag : given) {
    if (!seen.insert(tag.tag_key()).second) return fail(errors::tag("Duplicate tag keys"));
    if (tag.tag_key().starts_with("aws:")) {
      return fail(errors::tag("Tag keys that begin with aws: are reserved for AWS"));
    }
    tags.insert_or_assign(std::string(tag.tag_key()), std::string(tag.tag_value()));
  }
  if (tags.size() <= kTagsPerKey) return {};
  return fail(errors::limit_exceeded("Too many tags: a key has 50 at most"));
}

}  // namespace millrace::kms
