// What a model knows of the items and users that requests name, in JSON Lines; an extension.
// docs/formats/item-table.md. Training takes them from the channels `items` and `users`, checks
// them, and puts them beside the artefact as items.jsonl and users.jsonl.
//   {"id": "85123A", "features": {"keys": [943], "values": [1]}, "name": "…", "category": "gifts",
//    "price": 2.55, "margin": 0.4, "in_stock": true}
//   {"id": "17850", "features": {"keys": [0], "values": [1]}, "seen": ["85123A"]}
//
// Immutable once parsed; thread-safe. Errors: invalid, naming the line (from 1) and the cause;
// exhausted (kTableBytesMax, kTableRowsMax).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engines/ml/rows.h"

namespace millrace::ml {

class ItemTable final {
 public:
  static Result<ItemTable> parse(BytesView lines, uint64_t feature_dim);

  static constexpr uint32_t kNoCategory = UINT32_MAX;
  struct Item {
    std::string id;
    std::string name;
    uint32_t category = kNoCategory;
    double price = 0;
    float margin = 0;
    bool in_stock = true;
  };

  size_t size() const { return items_.size(); }
  const Item& item(size_t at) const { return items_[at]; }
  RowView features(size_t at) const { return features_.row(at); }
  std::optional<uint32_t> find(std::string_view id) const;
  std::optional<uint32_t> find_category(std::string_view name) const;

 private:
  std::vector<Item> items_;
  RowBatch features_;
  std::unordered_map<std::string, uint32_t> ids_;
  std::unordered_map<std::string, uint32_t> categories_;
};

class UserTable final {
 public:
  // Items that are seen and not in `items` are refused.
  static Result<UserTable> parse(BytesView lines, uint64_t feature_dim, const ItemTable& items);

  size_t size() const { return seen_.size(); }
  RowView features(size_t at) const { return features_.row(at); }
  const std::vector<uint32_t>& seen(size_t at) const { return seen_[at]; }
  std::optional<uint32_t> find(std::string_view id) const;

 private:
  RowBatch features_;
  std::vector<std::vector<uint32_t>> seen_;
  std::unordered_map<std::string, uint32_t> ids_;
};

}  // namespace millrace::ml
