// What GetObject and HeadObject have in common: which bytes are asked for, and the headers that
// describe them.
#pragma once

#include <fmt/format.h>

#include "services/s3/checksums.h"
#include "services/s3/conditions.h"
#include "services/s3/locks/lock_fields.h"
#include "services/s3/metadata.h"
#include "services/s3/ranges.h"

namespace millrace::s3 {

struct Selection {
  ByteRange range;
  bool partial = false;                         // 206, with Content-Range.
  const objects::ComposedPart* part = nullptr;  // Of partNumber, where the object has parts.
};

// Errors: InvalidRange (its answer tells the object's size), InvalidPartNumber, InvalidRequest.
Result<Selection> select_bytes(wire::Call& call, const objects::Object& object,
                               std::string_view range, std::optional<int64_t> part_number);
// Errors: PreconditionFailed, NotModified. The latter's answer has the headers that a cache keeps.
Result<void> check_read(wire::Call& call, const ReadConditions& conditions,
                        const objects::Object& object);

template <class In>
Result<Selection> select_asked(wire::Call& call, const In& in, const objects::Object& object) {
  std::optional<int64_t> part_number;
  if (in.has_part_number()) part_number = in.part_number();
  return select_bytes(call, object, in.range(), part_number);
}

// AWS: only who signed a request may have other headers answered. See get_object.test.
template <class In>
Result<void> check_overrides(const wire::Call& call, const In& in) {
  const bool overrides = in.has_response_cache_control() || in.has_response_content_disposition() ||
                         in.has_response_content_encoding() || in.has_response_content_language() ||
                         in.has_response_content_type() || in.has_response_expires();
  if (!overrides || !call.principal.anonymous()) return {};
  return fail(invalid_request(
      "Request specific response headers cannot be used for anonymous GET requests."));
}

template <class In, class Out>
void override_headers(const In& in, const Out& out) {
  if (in.has_response_cache_control()) out.set_cache_control(in.response_cache_control());
  if (in.has_response_content_disposition()) {
    out.set_content_disposition(in.response_content_disposition());
  }
  if (in.has_response_content_encoding()) {
    out.set_content_encoding(in.response_content_encoding());
  }
  if (in.has_response_content_language()) {
    out.set_content_language(in.response_content_language());
  }
  if (in.has_response_content_type()) out.set_content_type(in.response_content_type());
  if (in.has_response_expires()) out.set_expires(to_http_date(in.response_expires()));
}

// Fills the answer, and sets the call's status.
template <class In, class Out>
void describe(wire::Call& call, const In& in, const Out& out, const objects::Object& object,
              const Selection& selection) {
  const objects::Entry& entry = object.entry;
  write_metadata(out, object.metadata);
  write_lock(out, object.metadata.lock);
  override_headers(in, out);
  out.set_accept_ranges("bytes");
  out.set_etag(quoted_etag(entry.etag));
  out.set_last_modified(std::chrono::floor<seconds>(entry.modified));
  if (selection.partial) {
    call.response_status = 206;
    out.set_content_range(fmt::format("bytes {}-{}/{}", selection.range.offset,
                                      selection.range.offset + selection.range.length - 1,
                                      entry.size_bytes));
  }
  if (in.has_part_number() && entry.parts != 0) out.set_parts_count(entry.parts);
  if constexpr (requires { out.set_tag_count(0); }) {
    if (!object.metadata.tags.empty()) {
      out.set_tag_count(static_cast<int64_t>(object.metadata.tags.size()));
    }
  }
  if (in.checksum_mode() != "ENABLED") return;
  if (selection.part != nullptr) {
    write_checksums(out, selection.part->checksums, 0);
  } else if (selection.range.length == entry.size_bytes) {
    write_checksums(out, object.checksums, entry.parts);
  }
}

}  // namespace millrace::s3
