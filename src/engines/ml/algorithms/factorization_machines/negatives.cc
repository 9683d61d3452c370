#include "engines/ml/algorithms/factorization_machines/negatives.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace millrace::ml::factorization_machines {
namespace {

constexpr int kDrawsMax = 64;  // For an item that the user has not taken.

}  // namespace

ImplicitDraws::ImplicitDraws(const ImplicitData& data)
    : data_(data),
      counts_(data.items().size()),
      taken_(data.users().size()),
      unwanted_(data.users().size()) {
  bool alike = true;
  const auto& examples = data.examples();
  for (uint32_t at = 0; at < examples.size(); ++at) {
    if (!examples[at].positive) continue;
    positives_.push_back(at);
    ++counts_[examples[at].item];
    taken_[examples[at].user].push_back(examples[at].item);
    alike = alike && examples[at].weight == examples[positives_[0]].weight;
  }
  for (auto& items : taken_) {
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
  }
  for (const ImplicitExample& example : examples) {
    if (!example.positive && !taken(example.user, example.item)) {
      unwanted_[example.user].push_back(example.item);
    }
  }
  if (alike) return;
  double sum = 0;
  for (const uint32_t at : positives_) weights_.push_back(sum += examples[at].weight);
}

std::vector<uint32_t> ImplicitDraws::epoch(uint64_t seed) const {
  Generator generator(seed);
  std::vector<uint32_t> order = positives_;
  if (weights_.empty()) {
    for (size_t at = order.size(); at > 1; --at) {
      std::swap(order[at - 1], order[generator.below(at)]);
    }
    return order;
  }
  for (uint32_t& example : order) {
    const double place = generator.uniform() * weights_.back();
    const auto found = std::upper_bound(weights_.begin(), weights_.end(), place);
    const auto at =
        std::min<size_t>(static_cast<size_t>(found - weights_.begin()), positives_.size() - 1);
    example = positives_[at];
  }
  return order;
}

std::vector<float> ImplicitDraws::popularity(uint64_t feature_dim) const {
  std::vector<float> popularity(feature_dim);
  for (size_t item = 0; item < counts_.size(); ++item) {
    popularity[data_.items()[item]] = std::log1p(static_cast<float>(counts_[item]));
  }
  return popularity;
}

void begin_at(std::span<const float> origins, bool continued, Model& model) {
  for (uint64_t feature = 0; feature < origins.size(); ++feature) {
    if (!continued || model.linear(feature) == 0) model.linear(feature) += origins[feature];
  }
}

bool begins_at_popularity(const Settings& settings) {
  const Initializer& drawn = settings.linear.initializer;
  return drawn.method == Initializer::Method::normal && drawn.argument == 0;
}

double ImplicitDraws::sparseness() const {
  const auto users =
      std::count_if(taken_.begin(), taken_.end(),
                    [](const std::vector<uint32_t>& items) { return !items.empty(); });
  return kUsualPositives * static_cast<double>(users) / static_cast<double>(positives_.size());
}

uint32_t ImplicitDraws::item(NegativeSampling sampling, Generator& generator) const {
  if (sampling == NegativeSampling::uniform) {
    return static_cast<uint32_t>(generator.below(counts_.size()));
  }
  return data_.examples()[positives_[generator.below(positives_.size())]].item;
}

double ImplicitDraws::probability(NegativeSampling sampling, uint32_t item) const {
  if (sampling == NegativeSampling::uniform) return 1 / static_cast<double>(counts_.size());
  return counts_[item] / static_cast<double>(positives_.size());
}

bool ImplicitDraws::taken(uint32_t user, uint32_t item) const {
  return std::binary_search(taken_[user].begin(), taken_[user].end(), item);
}

uint32_t ImplicitDraws::negative(uint32_t user, NegativeSampling sampling,
                                 Generator& generator) const {
  const auto& unwanted = unwanted_[user];
  if (!unwanted.empty() && generator.below(2) == 0) {
    return unwanted[generator.below(unwanted.size())];
  }
  uint32_t drawn = item(sampling, generator);
  for (int draw = 1; draw < kDrawsMax && taken(user, drawn); ++draw) {
    drawn = item(sampling, generator);
  }
  return drawn;
}

}  // namespace millrace::ml::factorization_machines
