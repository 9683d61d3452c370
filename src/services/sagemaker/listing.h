// Listing: what every List operation of SageMaker has in common: filters, order and pages.
//
// Rows are few (thousands), so a page is made by filtering and sorting them all. The token names
// the last row of the page by its place in the order, so pages neither repeat nor lose a row that
// stays.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "services/sagemaker/sagemaker.h"

namespace millrace::sagemaker {

// One row, as far as listing looks at it; `index` is its place in the caller's vector.
struct Listed {
  std::string_view name;
  Time created{};
  Time modified{};
  std::string_view status = {};
  size_t index = 0;
};

struct ListRequest {
  std::string_view sort_by;  // Name, CreationTime, Status, LastModifiedTime; empty: CreationTime
  std::string_view sort_order;
  bool descending_default = true;
  std::string_view name_contains;
  std::string_view status_equals;
  std::optional<Time> created_after, created_before, modified_after, modified_before;
  int64_t max_results = 10;
  std::string_view next_token;
};

struct ListPage {
  std::vector<size_t> indices;
  std::string next_token;  // Empty on the last page.
};

// Errors: invalid (a token that this did not make).
Result<ListPage> list_page(std::vector<Listed> rows, const ListRequest& request);

// Fills the request from any of SageMaker's List inputs.
template <class In>
ListRequest list_request(const In& in) {
  ListRequest out;
  out.sort_by = in.sort_by();
  out.sort_order = in.sort_order();
  out.name_contains = in.name_contains();
  if (in.has_creation_time_after()) out.created_after = in.creation_time_after();
  if (in.has_creation_time_before()) out.created_before = in.creation_time_before();
  if constexpr (requires { in.last_modified_time_after(); }) {
    if (in.has_last_modified_time_after()) out.modified_after = in.last_modified_time_after();
    if (in.has_last_modified_time_before()) out.modified_before = in.last_modified_time_before();
  }
  if constexpr (requires { in.status_equals(); }) out.status_equals = in.status_equals();
  out.max_results = in.max_results(10);
  out.next_token = in.next_token();
  return out;
}

template <class Row>
struct RowPage {
  std::vector<Row> rows;
  std::string next_token;  // Empty on the last page.
};

// The rows of the account and region that a List operation answers. Errors: as list_page().
template <class Row, class In>
Result<RowPage<Row>> list_rows(const Sagemaker& sm, const Realm& realm,
                               const store::Table<Row>& table, const In& in) {
  store::Txn txn = sm.db.begin();
  TRY(std::vector<Row> all, txn.scan(table, {.prefix = store::key_prefix(realm)}));
  std::vector<Listed> listed;
  for (const Row& row : all) {
    Listed one{.name = row.name, .created = row.created, .index = listed.size()};
    if constexpr (requires { row.modified, row.status; }) {
      one.modified = row.modified;
      one.status = row.status;
    }
    listed.push_back(one);
  }
  TRY(ListPage page, list_page(std::move(listed), list_request(in)));
  RowPage<Row> out{.rows = {}, .next_token = std::move(page.next_token)};
  for (const size_t i : page.indices) out.rows.push_back(std::move(all[i]));
  return out;
}

}  // namespace millrace::sagemaker
