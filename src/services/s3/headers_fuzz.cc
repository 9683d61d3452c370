// Whatever stands in the headers that this service parses itself.
#include <cstddef>
#include <cstdint>

#include "services/s3/conditions.h"
#include "services/s3/encryption/encryption.h"
#include "services/s3/metadata.h"
#include "services/s3/policies/bucket_policy.h"
#include "services/s3/policies/lists.h"
#include "services/s3/ranges.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::s3;
  if (size < 8) return 0;
  uint64_t object_size = 0;
  for (int i = 0; i < 8; ++i) object_size = object_size << 8 | data[i];
  const std::string_view text(reinterpret_cast<const char*>(data) + 8, size - 8);
  const ParsedRange range = parse_range(text, object_size);
  if (range.kind == RangeKind::satisfiable) {
    ASSERT(range.range.length != 0);
    ASSERT(range.range.offset < object_size);
    ASSERT(range.range.length <= object_size - range.range.offset);
  }
  const auto copied = parse_copy_range(text);
  ASSERT(!copied || copied->length != 0);
  const auto tags = parse_tag_header(text);
  ASSERT(!tags || tags->size() <= kTagsMax);
  static_cast<void>(content_encoding_of(text));
  objects::Entry entry;
  entry.etag = "etag";
  static_cast<void>(judge({.if_match = text, .if_none_match = text}, entry));
  static_cast<void>(is_bucket_name(text));
  AccessList list;
  static_cast<void>(add_header_grants(list, text, "READ"));
  ASSERT(list.grants.size() <= kGrantsMax);
  static_cast<void>(parse_list_text(text));
  static_cast<void>(check_bucket_policy(text, "bucket"));
  const auto context = parse_context(text);
  ASSERT(!context || parse_context(context_text(*context)) == *context);
  const auto key = read_customer_key({"AES256", text, text});
  ASSERT(!key || key->empty());  // A digest of 16 bytes is no key of 32.
  return 0;
}
