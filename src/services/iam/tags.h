// Tags of users, roles and policies. AWS: keys that differ in case only are the same key.
#pragma once

#include <optional>
#include <string_view>

#include "services/iam/iam.h"

namespace millrace::iam {

// Adds or replaces. Errors: InvalidInput (a key twice, aws:), LimitExceeded.
Result<void> merge_tags(policy::Tags& tags, const wire::List<api::Tag>& given, const Quota& quota);
// Keys that are not there are ignored.
void remove_tags(policy::Tags& tags, const wire::List<std::string_view>& keys);
void write_tags(const wire::List<api::Tag>& out, const policy::Tags& tags);

// One page of tags. The marker is a digest of the last key, since a key may be longer than a
// marker. Errors: ValidationError (a marker that names no tag).
Result<std::string> write_tag_page(const wire::List<api::Tag>& out, const policy::Tags& tags,
                                   std::string_view marker, int64_t max_items);

template <class Out, class In>
Result<Out> tag_page(wire::Call& call, const policy::Tags& tags, const In& in) {
  auto out = call.make<Out>();
  TRY(const std::string marker,
      write_tag_page(out.make_tags(), tags, in.marker(), in.max_items(100)));
  out.set_is_truncated(!marker.empty());
  if (!marker.empty()) out.set_marker(marker);
  return out;
}

}  // namespace millrace::iam
