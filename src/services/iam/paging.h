// Paging: Marker, MaxItems and IsTruncated. The marker is the last row's key without what the
// request says itself, in base64, so pages neither repeat nor lose a row that stays.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/iam/iam.h"

namespace millrace::iam {

inline constexpr int64_t kItemsDefault = 100;

template <class Row>
struct Page {
  std::vector<Row> rows;
  std::string marker;  // Empty on the last page.
};

Error invalid_marker();
// What follows `prefix` in the key that a marker stands for. Errors: ValidationError.
Result<Bytes> key_of_marker(std::string_view marker);

// The rows behind the marker that `admit`, at most `max_items`.
template <class Row, class Admit>
Result<Page<Row>> read_page(store::Txn& txn, const store::Table<Row>& table, const Bytes& prefix,
                            std::string_view marker, int64_t max_items, const Admit& admit) {
  store::Range range{.prefix = prefix};
  if (!marker.empty()) {
    TRY(const Bytes rest, key_of_marker(marker));
    range.after = prefix + rest;
  }
  Page<Row> page;
  TRY(txn.each(table, range, [&](Row& row) {
    if (!admit(row)) return true;
    if (page.rows.size() == static_cast<size_t>(max_items)) {
      page.marker = to_base64(store::encode_key(page.rows.back().key()).substr(prefix.size()));
      return false;
    }
    page.rows.push_back(std::move(row));
    return true;
  }));
  return page;
}

template <class Row, class In, class Admit>
Result<Page<Row>> read_page(store::Txn& txn, const store::Table<Row>& table, const Bytes& prefix,
                            const In& in, const Admit& admit) {
  return read_page(txn, table, prefix, in.marker(), in.max_items(kItemsDefault), admit);
}

template <class Row, class In>
Result<Page<Row>> read_page(store::Txn& txn, const store::Table<Row>& table, const Bytes& prefix,
                            const In& in) {
  return read_page(txn, table, prefix, in, [](const Row&) { return true; });
}

template <class Out>
void close_page(const Out& out, const std::string& marker) {
  out.set_is_truncated(!marker.empty());
  if (!marker.empty()) out.set_marker(marker);
}

}  // namespace millrace::iam
