#include "engines/ml/evaluation/recommenders.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/result.h"

namespace millrace::ml::evaluation {
namespace {

class Popularity final : public Recommender {
 public:
  explicit Popularity(const InteractionMatrix& train) {
    for (const uint32_t users : train.users_of_items())
      scores_.push_back(static_cast<float>(users));
  }
  void score(uint32_t, std::span<float> scores) const override {
    ASSERT(scores.size() == scores_.size());
    std::copy(scores_.begin(), scores_.end(), scores.begin());
  }

 private:
  std::vector<float> scores_;
};

class Repetition final : public Recommender {
 public:
  explicit Repetition(const InteractionMatrix& train) : train_(train) {
    for (const uint32_t users : train.users_of_items()) {
      // Below 1, so that any repetition counts more than every popularity.
      shares_.push_back(static_cast<float>(users) / static_cast<float>(train.users() + 1));
    }
  }
  void score(uint32_t user, std::span<float> scores) const override {
    ASSERT(scores.size() == shares_.size());
    std::copy(shares_.begin(), shares_.end(), scores.begin());
    const std::span<const uint32_t> items = train_.row(user);
    const std::span<const uint32_t> counts = train_.counts(user);
    for (size_t i = 0; i < items.size(); ++i) scores[items[i]] += static_cast<float>(counts[i]);
  }

 private:
  const InteractionMatrix train_;
  std::vector<float> shares_;
};

struct Neighbour {
  uint32_t item;
  float similarity;
};

class ItemNeighbourhood final : public Recommender {
 public:
  ItemNeighbourhood(const InteractionMatrix& train, const ItemNeighbours& settings)
      : train_(train) {
    const InteractionMatrix users = train.turned();
    std::vector<uint32_t> together(train.items(), 0);  // With the item at hand.
    std::vector<uint32_t> touched;
    std::vector<Neighbour> found;
    for (uint32_t item = 0; item < train.items(); ++item) {
      touched.clear();
      for (const uint32_t user : users.row(item)) {
        for (const uint32_t other : train.row(user)) {
          if (together[other]++ == 0) touched.push_back(other);
        }
      }
      found.clear();
      const auto own = static_cast<double>(users.row(item).size());
      for (const uint32_t other : touched) {
        const auto others = static_cast<double>(users.row(other).size());
        const double similarity = together[other] / (std::sqrt(own * others) + settings.shrinkage);
        together[other] = 0;
        if (other != item) found.push_back({other, static_cast<float>(similarity)});
      }
      keep_best(found, settings.neighbours);
    }
  }

  void score(uint32_t user, std::span<float> scores) const override {
    ASSERT(scores.size() == ends_.size());
    std::fill(scores.begin(), scores.end(), 0.0f);
    for (const uint32_t item : train_.row(user)) {
      for (size_t i = item == 0 ? 0 : ends_[item - 1]; i < ends_[item]; ++i) {
        scores[neighbours_[i].item] += neighbours_[i].similarity;
      }
    }
  }

 private:
  void keep_best(std::vector<Neighbour>& found, size_t count) {
    const auto better = [](const Neighbour& a, const Neighbour& b) {
      return a.similarity > b.similarity || (a.similarity == b.similarity && a.item < b.item);
    };
    const size_t kept = std::min(count, found.size());
    std::partial_sort(found.begin(), found.begin() + static_cast<ptrdiff_t>(kept), found.end(),
                      better);
    neighbours_.insert(neighbours_.end(), found.begin(),
                       found.begin() + static_cast<ptrdiff_t>(kept));
    ends_.push_back(neighbours_.size());
  }

  const InteractionMatrix train_;
  std::vector<size_t> ends_;
  std::vector<Neighbour> neighbours_;
};

}  // namespace

std::unique_ptr<Recommender> make_popularity(const InteractionMatrix& train) {
  return std::make_unique<Popularity>(train);
}

std::unique_ptr<Recommender> make_repetition(const InteractionMatrix& train) {
  return std::make_unique<Repetition>(train);
}

std::unique_ptr<Recommender> make_item_neighbours(const InteractionMatrix& train,
                                                  const ItemNeighbours& settings) {
  return std::make_unique<ItemNeighbourhood>(train, settings);
}

}  // namespace millrace::ml::evaluation
