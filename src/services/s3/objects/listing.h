// What both listings of objects share.
// Source: ListObjects, ListObjectsV2.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/uri.h"
#include "services/s3/metadata.h"

namespace millrace::s3 {

inline constexpr int64_t kPageMax = 1'000;

// Keys as the listing's encoding-type has them.
class KeyEncoding {
 public:
  // Errors: InvalidArgument.
  static Result<KeyEncoding> parse(std::string_view type);
  std::string operator()(std::string_view key) const {
    return url_ ? uri_encode(key, true) : std::string(key);
  }

 private:
  bool url_ = false;
};

// 0..1000. Errors: InvalidArgument.
Result<size_t> page_size(int64_t asked, std::string_view name);

// The members that both answers have.
template <class In, class Out>
void write_listing(const In& in, const Out& out, const objects::Listing& listing,
                   const KeyEncoding& encode, std::string_view owner) {
  out.set_name(in.bucket());
  out.set_prefix(encode(in.prefix()));
  // AWS: an empty delimiter is none. See list_objects_v2.test.
  if (!in.delimiter().empty()) out.set_delimiter(encode(in.delimiter()));
  if (in.has_encoding_type()) out.set_encoding_type(in.encoding_type());
  out.set_is_truncated(listing.truncated);
  if (!listing.entries.empty()) {
    const auto contents = out.make_contents();
    for (const objects::Entry& entry : listing.entries) {
      const api::Object item = contents.append();
      item.set_key(encode(entry.object_key));
      item.set_last_modified(std::chrono::floor<seconds>(entry.modified));
      item.set_etag(quoted_etag(entry.etag));
      item.set_size(static_cast<int64_t>(entry.size_bytes));
      item.set_storage_class(storage_class_name(entry.storage_class));
      if (!owner.empty()) item.make_owner().set_id(owner);
      if (entry.checksum_kinds.empty()) continue;
      const auto kinds = item.make_checksum_algorithm();
      for (const std::string& kind : entry.checksum_kinds) kinds.append(kind);
      item.set_checksum_type(entry.checksum_composite ? "COMPOSITE" : "FULL_OBJECT");
    }
  }
  if (listing.groups.empty()) return;
  const auto prefixes = out.make_common_prefixes();
  for (const std::string& group : listing.groups) prefixes.append().set_prefix(encode(group));
}

}  // namespace millrace::s3
