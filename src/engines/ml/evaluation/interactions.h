// Who turned to what, and when: the raw material of recommenders, and its split by time.
//
// Users and items are numbered from 0. Pure values; thread-safe while nobody writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace millrace::ml::evaluation {

struct Interaction {
  uint32_t user = 0;
  uint32_t item = 0;
  int64_t time = 0;  // In any unit: only compared.
  bool operator==(const Interaction&) const = default;
};

// The items of each user (or, turned, the users of each item), increasing, each once.
class InteractionMatrix {
 public:
  // Every user is below `users` and every item below `items`.
  InteractionMatrix(std::span<const Interaction> interactions, size_t users, size_t items);

  size_t users() const { return ends_.size(); }
  size_t items() const { return items_; }
  size_t size() const { return columns_.size(); }
  std::span<const uint32_t> row(uint32_t user) const {
    const size_t begin = user == 0 ? 0 : ends_[user - 1];
    return std::span(columns_).subspan(begin, ends_[user] - begin);
  }
  // How often the pair of row() at the same place was seen.
  std::span<const uint32_t> counts(uint32_t user) const {
    const size_t begin = user == 0 ? 0 : ends_[user - 1];
    return std::span(counts_).subspan(begin, ends_[user] - begin);
  }
  InteractionMatrix turned() const;
  // How many users each item has.
  std::vector<uint32_t> users_of_items() const;

 private:
  InteractionMatrix() = default;
  size_t items_ = 0;
  std::vector<size_t> ends_;
  std::vector<uint32_t> columns_;
  std::vector<uint32_t> counts_;
};

struct TimeSplit {
  std::vector<Interaction> train;
  std::vector<Interaction> test;
  size_t unknown = 0;  // Of the test: left out, because their user or item is not in train.
};

// Everything before `cut` trains, everything from it on tests: nothing of the future is known to
// the model, of no user (Ji et al., 2023, "A critical study on data leakage in recommender system
// offline evaluation"). What the training cannot know (new users, new items) is counted and left
// out of the test.
TimeSplit split_at(std::span<const Interaction> interactions, int64_t cut);

// The last `baskets` times of each user test, where the user has more than these: what happened at
// one time stays together. A model that is trained on it has seen other users' futures, which
// split_at() never shows: use it where there are too few users for a cut.
TimeSplit leave_last_out(std::span<const Interaction> interactions, size_t baskets = 1);

}  // namespace millrace::ml::evaluation
