// Paging: Marker, Limit, NextMarker and Truncated. The marker is the key of the last row without
// what the request says itself, in base64.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/kms/kms.h"

namespace millrace::kms {

template <class Row>
struct Page {
  std::vector<Row> rows;
  std::string marker;  // Empty on the last page.
};

// Errors: InvalidMarkerException.
Result<Bytes> key_of_marker(std::string_view marker);

template <class Row, class In>
Result<Page<Row>> read_page(store::Txn& txn, const store::Table<Row>& table, const Bytes& prefix,
                            const In& in, int64_t limit_default) {
  const auto limit = static_cast<size_t>(in.limit(limit_default));
  store::Range range{.prefix = prefix, .limit = limit + 1};
  if (in.has_marker()) {
    TRY(const Bytes rest, key_of_marker(in.marker()));
    range.after = prefix + rest;
  }
  Page<Row> page;
  TRY(page.rows, txn.scan(table, range));
  if (page.rows.size() <= limit) return page;
  page.rows.pop_back();
  page.marker = to_base64(store::encode_key(page.rows.back().key()).substr(prefix.size()));
  return page;
}

template <class Out>
void close_page(const Out& out, const std::string& marker) {
  out.set_truncated(!marker.empty());
  if (!marker.empty()) out.set_next_marker(marker);
}

}  // namespace millrace::kms
