#include "engines/ml/algorithms/factorization_machines/ials.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>

#include "engines/ml/algorithms/factorization_machines/ials_kernels.h"
#include "engines/ml/algorithms/factorization_machines/implicit.h"
#include "engines/ml/float_table.h"
#include "runtime/team.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kGramParts = 16;  // Whatever the number of threads, so that sums are the same.
constexpr size_t kRowsAtOnce = 32;

// The users or the items: their examples and their factors.
struct Side {
  const std::vector<uint32_t>* features = nullptr;
  std::vector<size_t> ends;  // Of the entries of each row.
  std::vector<IalsEntry> entries;
  std::vector<double> weights;  // The sum of each row's.
  std::vector<double> losses;
  FloatTable table;
  std::vector<float> gram;

  size_t size() const { return features->size(); }
};

Side make_side(const ImplicitData& data, bool of_users, size_t width) {
  Side side;
  side.features = of_users ? &data.users() : &data.items();
  side.ends.assign(side.size(), 0);
  side.weights.assign(side.size(), 0);
  side.losses.assign(side.size(), 0);
  side.table = FloatTable(side.size() * width);
  side.gram.resize(width * width);
  for (const ImplicitExample& example : data.examples()) {
    ++side.ends[of_users ? example.user : example.item];
  }
  size_t end = 0;
  std::vector<size_t> next;
  for (size_t& count : side.ends) {
    next.push_back(end);
    end += count;
    count = end;
  }
  side.entries.resize(end);
  for (const ImplicitExample& example : data.examples()) {
    const uint32_t own = of_users ? example.user : example.item;
    const IalsEntry entry{of_users ? example.item : example.user, example.weight,
                          example.positive ? 1.0f : 0.0f};
    side.weights[own] += entry.weight;
    side.entries[next[own]++] = entry;
  }
  return side;
}

class IalsRun {
 public:
  IalsRun(const Training& training, const ImplicitData& data, Model& model)
      : training_(training),
        settings_(training.settings),
        model_(model),
        rows_(data.examples().size()),
        width_((model.num_factors() + kIalsUnit - 1) / kIalsUnit * kIalsUnit),
        users_(make_side(data, true, width_)),
        items_(make_side(data, false, width_)),
        team_("fm-ials", std::max(1u, training.threads)),
        scratch_(team_.size(), std::vector<float>(ials_scratch(width_))) {}

  Result<void> run() {
    begin();
    for (uint64_t epoch = 0; epoch < settings_.epochs; ++epoch) {
      if (training_.stop.stop_requested()) break;
      if (!step(users_, items_) || !step(items_, users_)) return diverged(epoch, 0);
      const double loss = objective();
      if (!std::isfinite(loss)) return diverged(epoch, 0);
      training_.progress.note(fmt::format("epoch={}, the objective is {:.8g}", epoch, loss));
      finish();
      if (!training_.progress.epoch(epoch, measures(), model_)) break;
    }
    finish();
    return ok;
  }

 private:
  void begin() {
    for (Side* side : {&users_, &items_}) {
      for (size_t at = 0; at < side->size(); ++at) {
        std::copy_n(model_.row((*side->features)[at]), model_.num_factors(),
                    side->table.data() + at * width_);
      }
    }
    for (uint64_t feature = 0; feature < model_.feature_dim(); ++feature) {
      model_.linear(feature) = 0;
      std::fill_n(model_.row(feature), model_.num_factors(), 0.0f);
    }
    model_.bias = 0;
  }

  void finish() {
    for (const Side* side : {&users_, &items_}) {
      for (size_t at = 0; at < side->size(); ++at) {
        std::copy_n(side->table.data() + at * width_, model_.num_factors(),
                    model_.row((*side->features)[at]));
      }
    }
  }

  // The sum of r r' over the rows of a table, in parts that are added up in one order.
  void make_gram(Side& side) {
    std::array<std::vector<float>, kGramParts> parts;
    std::atomic<size_t> next{0};
    team_.run([&](unsigned) {
      for (size_t part = next++; part < kGramParts; part = next++) {
        parts[part].resize(width_ * width_);
        const size_t begin = side.size() * part / kGramParts;
        const size_t end = side.size() * (part + 1) / kGramParts;
        add_gram(side.table.data() + begin * width_, end - begin, width_, parts[part].data());
      }
    });
    std::fill(side.gram.begin(), side.gram.end(), 0.0f);
    for (const auto& part : parts) {
      for (size_t at = 0; at < part.size(); ++at) side.gram[at] += part[at];
    }
  }

  // Solves for the rows of `own` while `other` stays. False where the equations are singular.
  bool step(Side& own, Side& other) {
    make_gram(other);
    const auto unobserved = static_cast<float>(settings_.unobserved_weight);
    std::vector<float> gram = other.gram;
    for (float& value : gram) value *= unobserved;
    std::atomic<size_t> next{0};
    std::atomic<bool> solved{true};
    team_.run([&](unsigned member) {
      for (size_t first = next.fetch_add(kRowsAtOnce); first < own.size();
           first = next.fetch_add(kRowsAtOnce)) {
        const size_t end = std::min(first + kRowsAtOnce, own.size());
        for (size_t at = first; at < end; ++at) {
          const size_t begin = at == 0 ? 0 : own.ends[at - 1];
          const IalsRow row{.gram = gram.data(),
                            .ridge = static_cast<float>(ridge(own, at, other.size())),
                            .others = other.table.data(),
                            .entries = own.entries.data() + begin,
                            .count = own.ends[at] - begin,
                            .factors = model_.num_factors(),
                            .width = width_};
          own.losses[at] =
              solve_ials_row(row, scratch_[member].data(), own.table.data() + at * width_);
          if (own.losses[at] < 0) solved = false;
        }
      }
    });
    return solved;
  }

  double ridge(const Side& own, size_t at, size_t others) const {
    const double frequency =
        own.weights[at] + settings_.unobserved_weight * static_cast<double>(others);
    return settings_.factors.weight_decay * std::pow(frequency, settings_.frequency_exponent);
  }

  double squares() const {
    double sum = 0;
    for (const double loss : items_.losses) sum += loss;
    return sum;
  }

  double objective() {
    make_gram(users_);
    make_gram(items_);
    double all = 0;  // The sum of all squared outputs is the inner product of the two.
    for (size_t i = 0; i < width_; ++i) {
      for (size_t j = i; j < width_; ++j) {
        const double product = double{users_.gram[i * width_ + j]} * items_.gram[i * width_ + j];
        all += i == j ? product : 2 * product;
      }
    }
    double penalty = 0;
    for (const auto& [own, other] : {std::pair(&users_, &items_), std::pair(&items_, &users_)}) {
      for (size_t at = 0; at < own->size(); ++at) {
        double norm = 0;
        for (size_t f = 0; f < width_; ++f) {
          norm += double{own->table[at * width_ + f]} * own->table[at * width_ + f];
        }
        penalty += ridge(*own, at, other->size()) * norm;
      }
    }
    return squares() + settings_.unobserved_weight * all + penalty;
  }

  // Of the examples: their errors weigh as they do in the objective.
  Measures measures() const {
    return Measures(rows_,
                    {{"implicit_squared_error", "loss", squares() / static_cast<double>(rows_)}});
  }

  const Training& training_;
  const Settings& settings_;
  Model& model_;
  const size_t rows_;
  const size_t width_;
  Side users_;
  Side items_;
  runtime::Team team_;
  std::vector<std::vector<float>> scratch_;
};

}  // namespace

Result<void> solve_ials(const Training& training, Model& model) {
  TRY(const RowBatch* rows, in_memory(training));
  TRY(const ImplicitData data, ImplicitData::make(*rows, training.settings));
  if (data.fields() > 2) {
    training.progress.note(
        "ials learns from users and items; the parameters of all other features are 0");
  }
  return IalsRun(training, data, model).run();
}

}  // namespace millrace::ml::factorization_machines
