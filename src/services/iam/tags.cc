#include "services/iam/tags.h"

#include <algorithm>
#include <set>

#include "base/hash.h"
#include "services/iam/paging.h"

namespace millrace::iam {
namespace {

constexpr size_t kMarkerBytes = 16;

std::string folded(std::string_view key) {
  std::string out(key);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return out;
}

std::string marker_of(const std::string& key) {
  return to_hex(sha256(key).substr(0, kMarkerBytes));
}

void erase_folded(policy::Tags& tags, std::string_view key) {
  const std::string wanted = folded(key);
  std::erase_if(tags, [&wanted](const auto& tag) { return folded(tag.first) == wanted; });
}

}  // namespace

Result<void> merge_tags(policy::Tags& tags, const wire::List<api::Tag>& given, const Quota& quota) {
  std::set<std::string> seen;
  for (const api::Tag tag : given) {
    const std::string key = folded(tag.key());
    if (!seen.insert(key).second) {
      return fail(errors::invalid_input(
          "Duplicate tag keys found. Please note that Tag keys are case insensitive."));
    }
    if (key.starts_with("aws:")) {
      return fail(errors::invalid_input("Tag keys may not begin with aws:"));
    }
    erase_folded(tags, tag.key());
    tags.emplace(tag.key(), tag.value());
  }
  if (tags.size() > quota.most) return fail(over_quota(quota));
  return {};
}

void remove_tags(policy::Tags& tags, const wire::List<std::string_view>& keys) {
  for (const std::string_view key : keys) erase_folded(tags, key);
}

void write_tags(const wire::List<api::Tag>& out, const policy::Tags& tags) {
  for (const auto& [key, value] : tags) {
    const api::Tag tag = out.append();
    tag.set_key(key);
    tag.set_value(value);
  }
}

Result<std::string> write_tag_page(const wire::List<api::Tag>& out, const policy::Tags& tags,
                                   std::string_view marker, int64_t max_items) {
  auto at = tags.begin();
  if (!marker.empty()) {
    at = std::ranges::find_if(tags,
                              [marker](const auto& tag) { return marker_of(tag.first) == marker; });
    if (at == tags.end()) return fail(invalid_marker());
    ++at;
  }
  policy::Tags page;
  for (; at != tags.end(); ++at) {
    if (page.size() == static_cast<size_t>(max_items)) break;
    page.insert(*at);
  }
  write_tags(out, page);
  return at == tags.end() ? std::string() : marker_of(std::prev(at)->first);
}

}  // namespace millrace::iam
