// Examples as implicit feedback: who took what, seen through the fields of the features.
//
// The first field names the user, the second the item; an example has one feature of each, with the
// value 1. A further field whose features are the same in all examples of an item (its category,
// its brand) belongs to the item; every other one, and the user, is the context in which items
// compete. A label above 0 is a positive example of that weight; a label of 0 says that this user
// is known not to want this item.
//
// Values; reading is thread-safe. Errors: invalid, naming the example and the cause.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "engines/ml/algorithms/factorization_machines/settings.h"
#include "engines/ml/rows.h"

namespace millrace::ml::factorization_machines {

// What an error calls an example: where it was read, or its number from 1 in the order in which the
// examples are held.
using ExampleName = std::function<std::string(size_t at)>;
std::string example_number(size_t at);

// The first feature of each field. Where the hyperparameter is not given: what the examples show,
// if all have as many features and the ranges of their j-th features lie one after another.
Result<std::vector<uint64_t>> find_fields(const RowBatch& rows, const Settings& settings,
                                          const ExampleName& name = example_number);

// Whether each has one user and one item in `fields`, and a label from 0.
Result<void> check_examples(const RowBatch& rows, const std::vector<uint64_t>& fields,
                            uint64_t feature_dim, const ExampleName& name);

struct ImplicitExample {
  uint32_t user = 0;  // Of users(), of items().
  uint32_t item = 0;
  bool positive = false;
  float weight = 0;  // The label of a positive, 1 of a negative; times the importance.
};

class ImplicitData {
 public:
  static Result<ImplicitData> make(const RowBatch& rows, const Settings& settings);
  // Of rows held out: with the fields of `known`.
  static Result<ImplicitData> make_like(const RowBatch& rows, const ImplicitData& known);

  // The features of the users and items that occur, ascending.
  const std::vector<uint32_t>& users() const { return users_; }
  const std::vector<uint32_t>& items() const { return items_; }
  // By example.
  const std::vector<ImplicitExample>& examples() const { return examples_; }
  RowView context(size_t example) const { return contexts_.row(example); }
  // By item: its feature and those of the fields that belong to it.
  RowView item_row(size_t item) const { return item_rows_.row(item); }
  size_t fields() const { return fields_.size(); }

 private:
  Result<void> find_ids(const RowBatch& rows);
  void find_item_fields(const RowBatch& rows);
  void split(const RowBatch& rows);

  uint64_t feature_dim_ = 0;
  std::vector<uint64_t> fields_;
  std::vector<bool> of_item_;
  std::vector<uint32_t> users_;
  std::vector<uint32_t> items_;
  std::vector<ImplicitExample> examples_;
  RowBatch contexts_;
  RowBatch item_rows_;
};

}  // namespace millrace::ml::factorization_machines
