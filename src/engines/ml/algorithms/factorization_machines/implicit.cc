#include "engines/ml/algorithms/factorization_machines/implicit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kItemField = 1;

std::unexpected<Error> no_fields(std::string_view why) {
  return fail(ErrorKind::invalid,
              fmt::format("It is not known which features are users and which are items: {}. Set "
                          "the hyperparameter 'fields' to the first feature of each field, users "
                          "first, then items, such as 0,943",
                          why));
}

// The part of a row whose features lie in [first, end).
RowView part_of(RowView row, uint64_t first, uint64_t end) {
  const auto begin = std::lower_bound(row.indices.begin(), row.indices.end(), first);
  const auto last = std::lower_bound(begin, row.indices.end(), end);
  const auto at = static_cast<size_t>(begin - row.indices.begin());
  const auto count = static_cast<size_t>(last - begin);
  return {row.indices.subspan(at, count), row.values.subspan(at, count)};
}

bool same(RowView a, RowView b) {
  return std::equal(a.indices.begin(), a.indices.end(), b.indices.begin(), b.indices.end()) &&
         std::equal(a.values.begin(), a.values.end(), b.values.begin(), b.values.end());
}

void append(RowBatch& rows, RowView row) {
  rows.indices.insert(rows.indices.end(), row.indices.begin(), row.indices.end());
  rows.values.insert(rows.values.end(), row.values.begin(), row.values.end());
}

uint32_t place_of(const std::vector<uint32_t>& sorted, uint32_t feature) {
  const auto found = std::lower_bound(sorted.begin(), sorted.end(), feature);
  return static_cast<uint32_t>(found - sorted.begin());
}

void sort_unique(std::vector<uint32_t>& features) {
  std::sort(features.begin(), features.end());
  features.erase(std::unique(features.begin(), features.end()), features.end());
}

// With the features of its user and item in the place of their numbers.
Result<ImplicitExample> example_of(const RowBatch& rows, size_t at,
                                   const std::vector<uint64_t>& fields, uint64_t feature_dim,
                                   const ExampleName& name) {
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorKind::invalid, fmt::format("{}: {}", name(at), what));
  };
  const uint64_t items_end = fields.size() > 2 ? fields[2] : feature_dim;
  const RowView user = part_of(rows.row(at), 0, fields[kItemField]);
  const RowView item = part_of(rows.row(at), fields[kItemField], items_end);
  if (user.indices.size() != 1 || item.indices.size() != 1) {
    return refuse(
        fmt::format("it has {} users (features below {}) and {} items (features from there to "
                    "below {}), and must have one of each",
                    user.indices.size(), fields[kItemField], item.indices.size(), items_end));
  }
  if (user.values[0] != 1 || item.values[0] != 1) {
    return refuse("its user or its item has another value than 1");
  }
  const float label = rows.label(at);
  if (!(label >= 0)) {
    return refuse(
        fmt::format("the label is {}; for implicit feedback labels are at least 0", label));
  }
  const float weight = (label > 0 ? label : 1.0f) * rows.importance(at);
  if (!std::isfinite(weight)) return refuse("label and importance are too large");
  return ImplicitExample{user.indices[0], item.indices[0], label > 0, weight};
}

}  // namespace

std::string example_number(size_t at) { return fmt::format("example {}", at + 1); }

Result<std::vector<uint64_t>> find_fields(const RowBatch& rows, const Settings& settings,
                                          const ExampleName& name) {
  if (settings.fields.size() >= 2) return settings.fields;
  if (settings.fields.size() == 1) return no_fields("'fields' names one field, and two are needed");
  if (rows.empty()) return no_fields("there is no example");
  const size_t width = rows.row(0).indices.size();
  if (width < 2) return no_fields(name(0) + " has fewer than two features");
  const auto first = rows.row(0).indices;
  std::vector<uint64_t> low(first.begin(), first.end());
  std::vector<uint64_t> high = low;
  for (size_t at = 0; at < rows.size(); ++at) {
    const RowView row = rows.row(at);
    if (row.indices.size() != width) {
      return no_fields(fmt::format("{} has {} features, {} has {}", name(at), row.indices.size(),
                                   name(0), width));
    }
    for (size_t j = 0; j < width; ++j) {
      low[j] = std::min<uint64_t>(low[j], row.indices[j]);
      high[j] = std::max<uint64_t>(high[j], row.indices[j]);
    }
  }
  for (size_t j = 1; j < width; ++j) {
    if (high[j - 1] >= low[j]) {
      return no_fields(
          fmt::format("feature {} is feature {} of one example and feature {} of "
                      "another",
                      low[j], j, j + 1));
    }
  }
  low[0] = 0;
  return low;
}

Result<void> check_examples(const RowBatch& rows, const std::vector<uint64_t>& fields,
                            uint64_t feature_dim, const ExampleName& name) {
  for (size_t at = 0; at < rows.size(); ++at) {
    TRY(example_of(rows, at, fields, feature_dim, name));
  }
  return ok;
}

Result<ImplicitData> ImplicitData::make(const RowBatch& rows, const Settings& settings) {
  ImplicitData data;
  data.feature_dim_ = settings.feature_dim;
  TRY(data.fields_, find_fields(rows, settings));
  TRY(data.find_ids(rows));
  data.find_item_fields(rows);
  data.split(rows);
  return data;
}

Result<ImplicitData> ImplicitData::make_like(const RowBatch& rows, const ImplicitData& known) {
  ImplicitData data;
  data.feature_dim_ = known.feature_dim_;
  data.fields_ = known.fields_;
  data.of_item_ = known.of_item_;
  TRY(data.find_ids(rows));
  data.split(rows);
  return data;
}

Result<void> ImplicitData::find_ids(const RowBatch& rows) {
  bool positive = false;
  for (size_t at = 0; at < rows.size(); ++at) {
    TRY(const ImplicitExample example, example_of(rows, at, fields_, feature_dim_, example_number));
    positive |= example.positive;
    users_.push_back(example.user);
    items_.push_back(example.item);
    examples_.push_back(example);
  }
  if (!positive) return fail(ErrorKind::invalid, "No example has a label above 0");
  sort_unique(users_);
  sort_unique(items_);
  for (ImplicitExample& example : examples_) {
    example.user = place_of(users_, example.user);
    example.item = place_of(items_, example.item);
  }
  return ok;
}

// A field that is constant within every item, and not within every user, is the item's.
void ImplicitData::find_item_fields(const RowBatch& rows) {
  constexpr size_t kNone = SIZE_MAX;
  of_item_.assign(fields_.size(), false);
  of_item_[kItemField] = true;
  for (size_t field = 2; field < fields_.size(); ++field) {
    const uint64_t end = field + 1 < fields_.size() ? fields_[field + 1] : feature_dim_;
    std::vector<size_t> first_of_item(items_.size(), kNone);
    std::vector<size_t> first_of_user(users_.size(), kNone);
    bool by_item = true;
    bool by_user = true;
    const auto constant = [&](size_t& first, size_t at) {
      if (first == kNone) first = at;
      return same(part_of(rows.row(first), fields_[field], end),
                  part_of(rows.row(at), fields_[field], end));
    };
    for (size_t at = 0; at < rows.size() && (by_item || by_user); ++at) {
      by_item = by_item && constant(first_of_item[examples_[at].item], at);
      by_user = by_user && constant(first_of_user[examples_[at].user], at);
    }
    of_item_[field] = by_item && !by_user;
  }
}

void ImplicitData::split(const RowBatch& rows) {
  std::vector<size_t> first_of_item(items_.size(), SIZE_MAX);
  for (size_t at = 0; at < rows.size(); ++at) {
    for (size_t field = 0; field < fields_.size(); ++field) {
      const uint64_t end = field + 1 < fields_.size() ? fields_[field + 1] : feature_dim_;
      if (!of_item_[field]) append(contexts_, part_of(rows.row(at), fields_[field], end));
    }
    contexts_.end_row(rows.label(at));
    size_t& first = first_of_item[examples_[at].item];
    if (first == SIZE_MAX) first = at;
  }
  for (const size_t at : first_of_item) {
    for (size_t field = 0; field < fields_.size(); ++field) {
      const uint64_t end = field + 1 < fields_.size() ? fields_[field + 1] : feature_dim_;
      if (of_item_[field]) append(item_rows_, part_of(rows.row(at), fields_[field], end));
    }
    item_rows_.end_row(0);
  }
}

}  // namespace millrace::ml::factorization_machines
