#include "engines/ml/algorithms/factorization_machines/recommender.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "engines/ml/algorithms/factorization_machines/top_n_index.h"
#include "engines/ml/item_table.h"
#include "engines/ml/limits.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr std::string_view kItemsName = "items.jsonl";
constexpr std::string_view kUsersName = "users.jsonl";

// s(x): adds a row's factors to `sums`.
void add_factors(const ModelView& model, RowView row, float* sums) {
  for (size_t i = 0; i < row.indices.size(); ++i) {
    const float* const factors = model.row(row.indices[i]);
    for (uint32_t f = 0; f < model.num_factors; ++f) sums[f] += factors[f] * row.values[i];
  }
}

class TableRecommender final : public Recommender {
 public:
  TableRecommender(const ModelView& model, ItemTable items, std::optional<UserTable> users,
                   TopNIndex index)
      : model_(model),
        items_(std::move(items)),
        users_(std::move(users)),
        index_(std::move(index)),
        biases_(index_.padded_items()),
        margins_(items_.size()),
        in_stock_(words(), 0) {
    for (size_t at = 0; at < items_.size(); ++at) {
      biases_[at] = predict(model_, items_.features(at)) - model_.bias;
      const auto features = items_.features(at).indices;
      of_items_.insert(of_items_.end(), features.begin(), features.end());
      const ItemTable::Item& item = items_.item(at);
      margins_[at] = item.margin;
      if (item.in_stock) in_stock_[at / 64] |= uint64_t{1} << (at % 64);
      if (item.category == ItemTable::kNoCategory) continue;
      if (item.category >= of_category_.size()) of_category_.resize(item.category + 1);
      of_category_[item.category].push_back(static_cast<uint32_t>(at));
    }
    std::sort(of_items_.begin(), of_items_.end());
    of_items_.erase(std::unique(of_items_.begin(), of_items_.end()), of_items_.end());
  }

  Result<std::vector<RecommendedItem>> recommend(const TopQuery& query) const override {
    std::optional<uint32_t> user;
    if (query.user) {
      if (!users_) return fail(ErrorKind::invalid, "the model has no user table; give 'features'");
      user = users_->find(*query.user);
      if (!user) {
        return fail(ErrorKind::invalid,
                    fmt::format("the user '{}' is not known; give 'features'", *query.user));
      }
    }
    TRY(const RowBatch row, row_of(query, user));
    std::vector<float> sums(model_.num_factors);
    add_factors(model_, row.row(0), sums.data());
    TRY(const std::vector<uint64_t> allowed, allowed_items(query.filter, user));
    std::vector<float> ranking;
    if (query.margin_weight != 0) {
      ranking = biases_;
      const auto weight = static_cast<float>(query.margin_weight);
      for (size_t at = 0; at < items_.size(); ++at) ranking[at] += weight * margins_[at];
    }
    TRY(const std::vector<Hit> hits,
        index_.find({.user = sums,
                     .biases = ranking.empty() ? std::span<const float>(biases_)
                                               : std::span<const float>(ranking),
                     .allowed = allowed,
                     .n = query.top_n}));
    const float base = predict(model_, row.row(0));
    const std::vector<float> padded = index_.padded(sums);
    std::vector<RecommendedItem> answer;
    for (const Hit& hit : hits) {
      const float raw = base + index_.score(padded, biases_[hit.item], hit.item);
      if (!std::isfinite(raw)) {
        return fail(ErrorKind::invalid, "the score of an item is not a finite number");
      }
      const ItemTable::Item& item = items_.item(hit.item);
      answer.push_back({item.id, item.name, score_of(model_.type, raw)});
    }
    return answer;
  }

 private:
  // The features of the user and of the request.
  Result<RowBatch> row_of(const TopQuery& query, std::optional<uint32_t> user) const {
    RowBatch row;
    const auto append = [&](RowView part) {
      row.indices.insert(row.indices.end(), part.indices.begin(), part.indices.end());
      row.values.insert(row.values.end(), part.values.begin(), part.values.end());
    };
    if (user) append(users_->features(*user));
    if (!query.features.empty()) append(query.features.row(0));
    row.order_open_row();
    row.end_row(0);
    for (const uint32_t feature : row.indices) {
      if (std::binary_search(of_items_.begin(), of_items_.end(), feature)) {
        return fail(ErrorKind::invalid,
                    fmt::format("feature {} is an item's, and cannot be the user's", feature));
      }
    }
    return row;
  }

  // A bit for each item; empty where nothing is excluded.
  Result<std::vector<uint64_t>> allowed_items(const ItemFilter& filter,
                                              std::optional<uint32_t> user) const {
    const bool seen = filter.exclude_seen && user && !users_->seen(*user).empty();
    if (filter.exclude_seen && !user) {
      return fail(ErrorKind::invalid, "'exclude_seen' needs 'user'");
    }
    std::vector<uint64_t> allowed;
    if (filter.categories.empty() && !filter.in_stock && filter.exclude.empty() && !seen) {
      return allowed;
    }
    allowed.assign(words(), filter.categories.empty() ? ~uint64_t{0} : 0);
    for (const std::string& name : filter.categories) {
      const std::optional<uint32_t> category = items_.find_category(name);
      if (!category) {
        return fail(ErrorKind::invalid, fmt::format("no item has the category '{}'", name));
      }
      for (const uint32_t at : of_category_[*category]) {
        allowed[at / 64] |= uint64_t{1} << (at % 64);
      }
    }
    if (filter.in_stock) {
      for (size_t word = 0; word < allowed.size(); ++word) allowed[word] &= in_stock_[word];
    }
    const auto exclude = [&](uint32_t at) { allowed[at / 64] &= ~(uint64_t{1} << (at % 64)); };
    // Items that are no longer in the table cannot be answered anyway.
    for (const std::string& id : filter.exclude) {
      if (const std::optional<uint32_t> at = items_.find(id)) exclude(*at);
    }
    if (seen) std::for_each(users_->seen(*user).begin(), users_->seen(*user).end(), exclude);
    return allowed;
  }

  size_t words() const { return items_.size() / 64 + 1; }  // Of a bit for each item.

  const ModelView model_;
  const ItemTable items_;
  const std::optional<UserTable> users_;
  const TopNIndex index_;
  std::vector<float> biases_;       // y(z) - w0, padded.
  std::vector<uint32_t> of_items_;  // Features that items have, ascending.
  std::vector<float> margins_;
  std::vector<uint64_t> in_stock_;                  // A bit for each item.
  std::vector<std::vector<uint32_t>> of_category_;  // The items of each.
};

std::unexpected<Error> in_table(std::string_view name, Error error) {
  error.message = fmt::format("{}: {}", name, error.message);
  return fail(std::move(error));
}

// All files of a channel, with a line's end after each.
Result<Bytes> read_lines(runtime::Disk& disk, const runtime::Path& folder,
                         const std::vector<std::string>& files) {
  Bytes lines;
  for (const std::string& name : files) {
    TRY(const Bytes text, runtime::read_file(disk, folder / name, kTableBytesMax));
    if (lines.size() + text.size() > kTableBytesMax) {
      return fail(ErrorKind::exhausted,
                  fmt::format("The table is longer than {} bytes", kTableBytesMax));
    }
    lines += text;
    if (!lines.ends_with('\n')) lines += '\n';
  }
  return lines;
}

// A table that may be missing.
Result<std::optional<Bytes>> read_table(runtime::Disk& disk, const runtime::Path& path) {
  Result<Bytes> text = runtime::read_file(disk, path, kTableBytesMax);
  if (text) return std::optional<Bytes>(std::move(*text));
  if (text.error().kind == ErrorKind::not_found) return std::optional<Bytes>();
  return fail(std::move(text).error());
}

}  // namespace

Result<std::unique_ptr<Recommender>> load_recommender(runtime::Disk& disk,
                                                      const runtime::Path& folder,
                                                      const ModelView& model) {
  TRY(const std::optional<Bytes> item_lines, read_table(disk, folder / kItemsName));
  if (!item_lines) return std::unique_ptr<Recommender>();
  if (!model.fields.empty()) {
    return fail(ErrorKind::unsupported,
                "items.jsonl: the items of a field-aware model cannot be ranked");
  }
  Result<ItemTable> items = ItemTable::parse(*item_lines, model.feature_dim);
  if (!items) return in_table(kItemsName, std::move(items).error());
  std::optional<UserTable> users;
  TRY(const std::optional<Bytes> user_lines, read_table(disk, folder / kUsersName));
  if (user_lines) {
    Result<UserTable> parsed = UserTable::parse(*user_lines, model.feature_dim, *items);
    if (!parsed) return in_table(kUsersName, std::move(parsed).error());
    users = std::move(*parsed);
  }
  std::vector<float> vectors(items->size() * model.num_factors);
  for (size_t at = 0; at < items->size(); ++at) {
    add_factors(model, items->features(at), vectors.data() + at * model.num_factors);
  }
  Result<TopNIndex> index = TopNIndex::make(vectors, items->size(), model.num_factors);
  if (!index) return in_table(kItemsName, std::move(index).error());
  return std::unique_ptr<Recommender>(std::make_unique<TableRecommender>(
      model, std::move(*items), std::move(users), std::move(*index)));
}

Result<void> save_tables(runtime::Disk& disk, const TableFiles& files, uint64_t feature_dim,
                         const runtime::Path& folder) {
  if (files.items == nullptr) {
    if (files.users == nullptr) return ok;
    return fail(ErrorKind::invalid, "The channel 'users' needs the channel 'items'");
  }
  TRY(const Bytes item_lines, read_lines(disk, files.folder / "items", *files.items));
  Result<ItemTable> items = ItemTable::parse(item_lines, feature_dim);
  if (!items) return in_table("The channel 'items'", std::move(items).error());
  TRY(runtime::write_file_durably(disk, folder / kItemsName, item_lines));
  if (files.users == nullptr) return ok;
  TRY(const Bytes user_lines, read_lines(disk, files.folder / "users", *files.users));
  const Result<UserTable> users = UserTable::parse(user_lines, feature_dim, *items);
  if (!users) return in_table("The channel 'users'", users.error());
  return runtime::write_file_durably(disk, folder / kUsersName, user_lines);
}

}  // namespace millrace::ml::factorization_machines
