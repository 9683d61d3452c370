#include "services/sagemaker/listing.h"

#include <fmt/format.h>

#include "base/bytes.h"

namespace millrace::sagemaker {
namespace {

// What a row is sorted by: text that compares as the order does. Names make it unique.
std::string place_of(const Listed& row, std::string_view sort_by) {
  if (sort_by == "Name") return std::string(row.name);
  if (sort_by == "Status") return fmt::format("{}\n{}", row.status, row.name);
  const Time t = sort_by == "LastModifiedTime" ? row.modified : row.created;
  return fmt::format("{:020}\n{}", t.time_since_epoch().count(), row.name);
}

bool admitted(const Listed& row, const ListRequest& r) {
  if (row.name.find(r.name_contains) == std::string_view::npos) return false;
  if (!r.status_equals.empty() && row.status != r.status_equals) return false;
  if (r.created_after && row.created < *r.created_after) return false;
  if (r.created_before && row.created > *r.created_before) return false;
  if (r.modified_after && row.modified < *r.modified_after) return false;
  return !r.modified_before || row.modified <= *r.modified_before;
}

}  // namespace

Result<ListPage> list_page(std::vector<Listed> rows, const ListRequest& request) {
  std::erase_if(rows, [&](const Listed& row) { return !admitted(row, request); });
  std::vector<std::pair<std::string, size_t>> places;
  for (const Listed& row : rows) places.emplace_back(place_of(row, request.sort_by), row.index);
  std::ranges::sort(places);
  const bool by_name = request.sort_by == "Name";
  const bool descending = request.sort_order.empty() ? request.descending_default && !by_name
                                                     : request.sort_order == "Descending";
  if (descending) std::ranges::reverse(places);
  auto begin = places.begin();
  if (!request.next_token.empty()) {
    Bytes after;
    if (!from_base64(request.next_token, after)) {
      return fail(ErrorKind::invalid, "Invalid pagination token");
    }
    begin = std::ranges::find_if(places, [&](const auto& place) {
      return descending ? place.first < after : place.first > after;
    });
  }
  ListPage page;
  for (; begin != places.end(); ++begin) {
    if (page.indices.size() == static_cast<size_t>(request.max_results)) {
      page.next_token = to_base64(std::prev(begin)->first);
      break;
    }
    page.indices.push_back(begin->second);
  }
  return page;
}

}  // namespace millrace::sagemaker
