// The best items for a user: what is asked, and who answers. An extension of SageMaker's inference
// formats; top_request.h has its JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engines/ml/rows.h"

namespace millrace::ml {

struct ItemFilter {
  std::vector<std::string> categories;  // One of these; empty: any.
  bool in_stock = false;                // Only items that are.
  bool exclude_seen = false;            // Not those that the user table says the user has had.
  std::vector<std::string> exclude;     // Not these.
};

// A user of the user table, or features, or both: the features are then the context of the request.
struct TopQuery {
  std::optional<std::string> user;
  RowBatch features;  // One row, or none.
  size_t top_n = 10;
  ItemFilter filter;
  // Items are ranked by the model's output + margin_weight * the item's margin.
  double margin_weight = 0;
};

struct RecommendedItem {
  std::string_view id;    // Of the item table, which outlives the answer.
  std::string_view name;  // Empty where it has none.
  float score = 0;        // What the model answers for this user and item as an ordinary request.
};

// Thread-safe.
class Recommender {
 public:
  virtual ~Recommender() = default;
  // Best first; fewer than asked for where the filter leaves fewer. Errors: invalid (an unknown
  // user or category, features that are an item's, a score that is not finite).
  virtual Result<std::vector<RecommendedItem>> recommend(const TopQuery& query) const = 0;
};

}  // namespace millrace::ml
