#include "engines/ml/item_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engines/ml/json_features.h"
#include "engines/ml/limits.h"

namespace millrace::ml {
namespace {

namespace json = boost::json;

constexpr size_t kLineBytesMax = 1 << 20;
constexpr size_t kTextBytesMax = 4096;  // Of an id, a name, a category.
constexpr size_t kRowBytesMin = 16;     // `{"id":1,"features":` begins one.

std::unexpected<Error> wrong(std::string_view name, std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("'{}' {}", name, what));
}

Result<std::string> read_text(std::string_view name, const json::value& value) {
  std::string text;
  if (value.is_string()) {
    text = std::string(value.get_string());
  } else if (value.is_int64()) {
    text = fmt::format("{}", value.get_int64());
  } else if (value.is_uint64()) {
    text = fmt::format("{}", value.get_uint64());
  } else {
    return wrong(name, "is neither a string nor a whole number");
  }
  if (text.empty()) return wrong(name, "is empty");
  if (text.size() > kTextBytesMax) {
    return wrong(name, fmt::format("is longer than {} bytes", kTextBytesMax));
  }
  return text;
}

Result<double> read_number(std::string_view name, const json::value& value) {
  TRY(const double number, json_number(value));
  if (!(std::abs(number) < 1e30)) return wrong(name, "is too large");
  return number;
}

// At least as many rows as there can be, of any size.
size_t rows_at_most(BytesView lines) {
  const auto ends = static_cast<uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
  return std::min({ends + 1, lines.size() / kRowBytesMin + 1, kTableRowsMax});
}

// Reads the lines of a table: `take(object)` makes a row of each.
template <class Take>
Result<void> each_line(BytesView lines, const Take& take) {
  if (lines.size() > kTableBytesMax) {
    return fail(ErrorKind::exhausted,
                fmt::format("the table is longer than {} bytes", kTableBytesMax));
  }
  uint64_t rows = 0;
  for (uint64_t number = 1; !lines.empty(); ++number) {
    const size_t end = lines.find('\n');
    const BytesView line = lines.substr(0, end);
    lines = end == BytesView::npos ? BytesView() : lines.substr(end + 1);
    if (line.find_first_not_of(" \t\r") == BytesView::npos) continue;
    const auto one = [&]() -> Result<void> {
      if (line.size() > kLineBytesMax) {
        return fail(ErrorKind::exhausted, fmt::format("it is longer than {} bytes", kLineBytesMax));
      }
      if (++rows > kTableRowsMax) {
        return fail(ErrorKind::exhausted, fmt::format("there are more than {}", kTableRowsMax));
      }
      json::monotonic_resource memory;
      TRY(const json::value value, parse_json_text(line, &memory));
      if (!value.is_object()) return fail(ErrorKind::invalid, "it is not an object");
      return take(value.get_object());
    };
    if (Result<void> taken = one(); !taken) {
      Error error = std::move(taken).error();
      error.message = fmt::format("line {}: {}", number, error.message);
      return fail(std::move(error));
    }
  }
  if (rows == 0) return fail(ErrorKind::invalid, "the table has no line");
  return ok;
}

Result<void> append_features(const json::value& value, const RowRules& rules, RowBatch& rows) {
  TRY(append_json_features(value, rules, rows));
  if (rows.row(rows.size() - 1).indices.empty()) return wrong("features", "has no feature");
  return ok;
}

std::optional<uint32_t> find_in(const std::unordered_map<std::string, uint32_t>& map,
                                std::string_view name) {
  const auto found = map.find(std::string(name));
  if (found == map.end()) return {};
  return found->second;
}

// A row must name itself and have features once; an id may be there once.
Result<void> finish_row(std::string id, size_t rows_before, const RowBatch& features,
                        std::unordered_map<std::string, uint32_t>& ids) {
  if (id.empty()) return fail(ErrorKind::invalid, "it has no 'id'");
  if (features.size() != rows_before + 1) return fail(ErrorKind::invalid, "it has no 'features'");
  const auto [place, added] = ids.emplace(std::move(id), static_cast<uint32_t>(rows_before));
  if (!added)
    return fail(ErrorKind::invalid, fmt::format("the id '{}' is there twice", place->first));
  return ok;
}

}  // namespace

Result<ItemTable> ItemTable::parse(BytesView lines, uint64_t feature_dim) {
  const RowRules rules{.feature_dim = feature_dim, .label = LabelRule::ignored};
  ItemTable table;
  table.ids_.reserve(rows_at_most(lines));
  table.items_.reserve(rows_at_most(lines));
  const auto member = [&](std::string_view name, const json::value& value,
                          Item& item) -> Result<void> {
    if (name == "id") {
      TRY(item.id, read_text(name, value));
    } else if (name == "features") {
      if (table.features_.size() > table.items_.size()) return wrong(name, "is there twice");
      TRY(append_features(value, rules, table.features_));
    } else if (name == "name") {
      TRY(item.name, read_text(name, value));
    } else if (name == "category") {
      TRY(std::string category, read_text(name, value));
      const auto next = static_cast<uint32_t>(table.categories_.size());
      item.category = table.categories_.emplace(std::move(category), next).first->second;
    } else if (name == "price") {
      TRY(item.price, read_number(name, value));
    } else if (name == "margin") {
      TRY(const double margin, read_number(name, value));
      item.margin = static_cast<float>(margin);
    } else if (name == "in_stock") {
      if (!value.is_bool()) return wrong(name, "is neither true nor false");
      item.in_stock = value.get_bool();
    } else {
      return wrong(name, "is not known as a member of an item");
    }
    return ok;
  };
  TRY(each_line(lines, [&](const json::object& object) -> Result<void> {
    Item item;
    for (const auto& each : object) TRY(member(each.key(), each.value(), item));
    TRY(finish_row(item.id, table.items_.size(), table.features_, table.ids_));
    table.items_.push_back(std::move(item));
    return ok;
  }));
  return table;
}

std::optional<uint32_t> ItemTable::find(std::string_view id) const { return find_in(ids_, id); }

std::optional<uint32_t> ItemTable::find_category(std::string_view name) const {
  return find_in(categories_, name);
}

Result<UserTable> UserTable::parse(BytesView lines, uint64_t feature_dim, const ItemTable& items) {
  const RowRules rules{.feature_dim = feature_dim, .label = LabelRule::ignored};
  UserTable table;
  table.ids_.reserve(rows_at_most(lines));
  table.seen_.reserve(rows_at_most(lines));
  const auto take_seen = [&](const json::value& value,
                             std::vector<uint32_t>& seen) -> Result<void> {
    if (!value.is_array()) return wrong("seen", "is not a list");
    for (const json::value& each : value.get_array()) {
      TRY(const std::string id, read_text("seen", each));
      const std::optional<uint32_t> item = items.find(id);
      if (!item) return wrong("seen", fmt::format("names the item '{}', which is not known", id));
      seen.push_back(*item);
    }
    return ok;
  };
  TRY(each_line(lines, [&](const json::object& object) -> Result<void> {
    std::string id;
    std::vector<uint32_t> seen;
    for (const auto& each : object) {
      const std::string_view name = each.key();
      if (name == "id") {
        TRY(id, read_text(name, each.value()));
      } else if (name == "features") {
        if (table.features_.size() > table.seen_.size()) return wrong(name, "is there twice");
        TRY(append_features(each.value(), rules, table.features_));
      } else if (name == "seen") {
        TRY(take_seen(each.value(), seen));
      } else {
        return wrong(name, "is not known as a member of a user");
      }
    }
    TRY(finish_row(std::move(id), table.seen_.size(), table.features_, table.ids_));
    table.seen_.push_back(std::move(seen));
    return ok;
  }));
  return table;
}

std::optional<uint32_t> UserTable::find(std::string_view id) const { return find_in(ids_, id); }

}  // namespace millrace::ml
