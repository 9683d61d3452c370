#include "engines/ml/algorithms/factorization_machines/bpr.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <memory>

#include "engines/ml/algorithms/factorization_machines/kernels.h"
#include "engines/ml/algorithms/factorization_machines/negatives.h"
#include "engines/ml/algorithms/factorization_machines/slices.h"
#include "runtime/team.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kBlockPairs = 16;
constexpr size_t kBlockRows = 2 * kBlockPairs;  // The row with the item, the row with the other.
constexpr size_t kBlocksAhead = 256;            // Whose rows are drawn together.

constexpr double kMostFitted = 2;  // Times as large is the default decay at most.

// Half of the epochs go at full rate to where the model ranks well, the other half, slower and
// slower, take the noise of single draws away.
double slowed(uint64_t epoch, uint64_t epochs) {
  return std::min(1.0, 2 - 2 * static_cast<double>(epoch) / static_cast<double>(epochs));
}

struct Tally {
  double loss = 0;
  uint64_t in_order = 0;
  bool finite = true;
};

class BprRun {
 public:
  BprRun(const Training& training, const ImplicitData& data, Model& model)
      : training_(training),
        settings_(training.settings),
        data_(data),
        draws_(data),
        model_(model) {
    const std::vector<Slice> slices = share_units(model.num_factors(), training.threads);
    team_ = std::make_unique<runtime::Team>("fm-bpr", static_cast<unsigned>(slices.size()));
    for (const Slice& slice : slices) {
      auto member = std::make_unique<Member>();
      member->slice = slice;
      member->sums.resize(kBlockRows * slice.width);
      for (auto& pairs : member->pairs) pairs.resize(kBlockRows * slice.units());
      members_.push_back(std::move(member));
    }
    rows_.resize(kBlocksAhead);
    decay_ = static_cast<float>(settings_.factors.weight_decay);
    if (settings_.factors.decay_fits_rows) {
      decay_ *= static_cast<float>(std::clamp(std::sqrt(draws_.sparseness()), 1.0, kMostFitted));
    }
  }

  Result<void> run() {
    model_.bias = 0;
    for (uint64_t epoch = 0; epoch < settings_.epochs; ++epoch) {
      const std::vector<uint32_t> order = draws_.epoch(settings_.seed + 2 * epoch + 1);
      pairs_ = order.size() * settings_.negatives;
      const size_t blocks = (pairs_ + kBlockPairs - 1) / kBlockPairs;
      tally_ = Tally();
      slowed_ = slowed(epoch, settings_.epochs);
      for (size_t first = 0; first < blocks && tally_.finite; first += kBlocksAhead) {
        if (training_.stop.stop_requested()) break;
        const size_t count = std::min(kBlocksAhead, blocks - first);
        std::atomic<size_t> next{0};
        team_->run([&](unsigned) {
          for (size_t at = next++; at < count; at = next++) draw(order, epoch, first + at, at);
        });
        team_->run([&](unsigned member) { work(member, count); });
      }
      if (!tally_.finite) return diverged(epoch, 0);
      const auto pairs = static_cast<double>(pairs_);
      const Measures measures(
          pairs_, {{"bpr", "loss", tally_.loss / pairs},
                   {"pairs_in_order", "score", static_cast<double>(tally_.in_order) / pairs}});
      if (!training_.progress.epoch(epoch, measures, model_)) break;
    }
    return ok;
  }

 private:
  struct Member {
    Slice slice;
    std::vector<float> sums;
    // By row and unit; of two blocks, as one may still be read when the next is written.
    std::array<std::vector<float>, 2> pairs;
    std::array<float, kBlockRows> slopes{};
  };

  void append(RowBatch& rows, RowView context, RowView item) const {
    for (const RowView part : {context, item}) {
      rows.indices.insert(rows.indices.end(), part.indices.begin(), part.indices.end());
      rows.values.insert(rows.values.end(), part.values.begin(), part.values.end());
    }
    rows.end_row(0);
  }

  // The rows of a block; they depend on nothing but the seed, the epoch and the block.
  void draw(const std::vector<uint32_t>& order, uint64_t epoch, size_t block, size_t at) {
    Generator generator(settings_.seed ^ (epoch << 40) ^ (block + 1) * 0x9e3779b97f4a7c15ull);
    RowBatch& rows = rows_[at];
    rows.clear();
    const size_t end = std::min((block + 1) * kBlockPairs, pairs_);
    for (size_t pair = block * kBlockPairs; pair < end; ++pair) {
      const uint32_t at_example = order[pair / settings_.negatives];
      const ImplicitExample& example = data_.examples()[at_example];
      const uint32_t other = draws_.negative(example.user, settings_.sampling, generator);
      append(rows, data_.context(at_example), data_.item_row(example.item));
      append(rows, data_.context(at_example), data_.item_row(other));
    }
  }

  void work(unsigned at, size_t blocks) {
    Member& member = *members_[at];
    const FactorTable table{
        .rows = model_.row(0), .stride = model_.stride(), .slice = member.slice};
    const auto rate = static_cast<float>(settings_.factors.learning_rate * slowed_);
    for (size_t number = 0; number < blocks; ++number) {
      const Block block{&rows_[number], 0, rows_[number].size()};
      forward(table, block, member.sums.data(), member.pairs[number % 2].data(),
              member.slice.units());
      if (at == 0) linear_outputs(*block.batch, linear_[number % 2]);
      team_->meet();
      find_slopes(member, block, number, at == 0);
      descend(table, block, member.sums.data(), member.slopes.data(), rate, decay_);
      if (at == 0) move_linear(*block.batch, member.slopes);
    }
  }

  void linear_outputs(const RowBatch& rows, std::array<float, kBlockRows>& outputs) const {
    for (size_t r = 0; r < rows.size(); ++r) {
      const RowView row = rows.row(r);
      outputs[r] = 0;
      for (size_t i = 0; i < row.indices.size(); ++i) {
        outputs[r] += model_.linear(row.indices[i]) * row.values[i];
      }
    }
  }

  // The derivative of each row's output: of the pair's loss, and opposite in its two rows.
  void find_slopes(Member& member, const Block& block, size_t number, bool tell) {
    const auto& linear = linear_[number % 2];
    std::array<float, kBlockRows> outputs{};
    for (size_t r = 0; r < block.count; ++r) outputs[r] = linear[r];
    for (const auto& other : members_) {
      const size_t units = other->slice.units();
      const float* const given = other->pairs[number % 2].data();
      for (size_t r = 0; r < block.count; ++r) {
        for (size_t u = 0; u < units; ++u) outputs[r] += given[r * units + u];
      }
    }
    for (size_t r = 0; r < block.count; r += 2) {
      const float apart = outputs[r] - outputs[r + 1];
      const auto slope = static_cast<float>(-sigmoid(-apart));
      member.slopes[r] = slope;
      member.slopes[r + 1] = -slope;
      if (!tell) continue;
      tally_.finite &= std::isfinite(apart);
      tally_.in_order += apart > 0;
      tally_.loss += std::log1p(std::exp(-std::abs(apart))) + std::max(0.0f, -apart);
    }
  }

  void move_linear(const RowBatch& rows, const std::array<float, kBlockRows>& slopes) {
    const auto rate = static_cast<float>(settings_.linear.learning_rate * slowed_);
    const auto decay = static_cast<float>(settings_.linear.weight_decay);
    for (size_t r = 0; r < rows.size(); ++r) {
      const RowView row = rows.row(r);
      for (size_t i = 0; i < row.indices.size(); ++i) {
        float& weight = model_.linear(row.indices[i]);
        weight -= rate * (slopes[r] * row.values[i] + decay * weight);
      }
    }
  }

  const Training& training_;
  const Settings& settings_;
  const ImplicitData& data_;
  const ImplicitDraws draws_;
  Model& model_;
  std::unique_ptr<runtime::Team> team_;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<RowBatch> rows_;  // Of blocks.
  float decay_ = 0;             // Of factors.
  size_t pairs_ = 0;
  double slowed_ = 1;  // What rates are multiplied by in this epoch.
  std::array<std::array<float, kBlockRows>, 2> linear_{};  // Of two blocks, as `pairs`.
  Tally tally_;
};

}  // namespace

Result<void> solve_bpr(const Training& training, Model& model) {
  TRY(const RowBatch* rows, in_memory(training));
  TRY(const ImplicitData data, ImplicitData::make(*rows, training.settings));
  return BprRun(training, data, model).run();
}

}  // namespace millrace::ml::factorization_machines
