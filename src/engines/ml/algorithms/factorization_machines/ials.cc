#include "engines/ml/algorithms/factorization_machines/ials.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <map>

#include "engines/ml/algorithms/factorization_machines/ials_kernels.h"
#include "engines/ml/algorithms/factorization_machines/implicit.h"
#include "engines/ml/float_table.h"
#include "runtime/team.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kGramParts = 16;  // Whatever the number of threads, so that sums are the same.
constexpr size_t kRowsAtOnce = 32;

constexpr float kWeightMin = 1e-6f;   // Of entries whose inverse is taken.
constexpr size_t kGroupsAtOnce = 16;  // Whose matrices are in memory.

// Rows of few entries and the same ridge, which one factorisation serves.
struct Group {
  double ridge = 0;
  std::vector<uint32_t> rows;
};

// The users or the items: their examples and their factors.
struct Side {
  const std::vector<uint32_t>* features = nullptr;
  std::vector<size_t> ends;  // Of the entries of each row.
  std::vector<IalsEntry> entries;
  std::vector<double> weights;  // The sum of each row's.
  std::vector<double> losses;
  FloatTable table;
  std::vector<float> gram;
  std::vector<double> ridges;  // lambda (C + a0 N)^nu of each row.
  std::vector<Group> groups;
  std::vector<uint32_t> others;  // Rows of no group.

  size_t begin_of(size_t row) const { return row == 0 ? 0 : ends[row - 1]; }
  size_t count_of(size_t row) const { return ends[row] - begin_of(row); }
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

// Finds what the ridges are, and which rows have few entries and share theirs with others.
void make_groups(const Settings& settings, size_t others, size_t factors, Side& side) {
  std::map<double, std::vector<uint32_t>> by_ridge;
  for (uint32_t at = 0; at < side.size(); ++at) {
    const double frequency =
        side.weights[at] + settings.unobserved_weight * static_cast<double>(others);
    side.ridges.push_back(settings.factors.weight_decay *
                          std::pow(frequency, settings.frequency_exponent));
    const auto first = side.entries.begin() + static_cast<ptrdiff_t>(side.begin_of(at));
    const size_t count = side.count_of(at);
    const bool few = count <= ials_few(factors) &&
                     std::all_of(first, first + static_cast<ptrdiff_t>(count),
                                 [](const IalsEntry& entry) { return entry.weight >= kWeightMin; });
    if (few) {
      by_ridge[side.ridges.back()].push_back(at);
    } else {
      side.others.push_back(at);
    }
  }
  for (auto& [ridge, rows] : by_ridge) {
    if (rows.size() > 1) {
      side.groups.push_back({ridge, std::move(rows)});
    } else {
      side.others.push_back(rows.front());
    }
  }
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
        scratch_(team_.size(), std::vector<float>(ials_scratch(width_))) {
    make_groups(settings_, items_.size(), model.num_factors(), users_);
    make_groups(settings_, users_.size(), model.num_factors(), items_);
  }

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
      if (training_.continued) continue;
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
    gram_ = other.gram;
    for (float& value : gram_) value *= unobserved;
    bool solved = solve_rows(own, other, own.others, nullptr);
    for (size_t first = 0; first < own.groups.size(); first += kGroupsAtOnce) {
      const size_t count = std::min(kGroupsAtOnce, own.groups.size() - first);
      factorise(own, first, count);
      for (size_t at = 0; at < count; ++at) {
        const std::vector<float>& upper = uppers_[at];
        solved &= solve_rows(own, other, own.groups[first + at].rows,
                             upper.empty() ? nullptr : upper.data());
      }
    }
    return solved;
  }

  // Of the groups from `first` on; what is singular is left empty.
  void factorise(const Side& own, size_t first, size_t count) {
    std::atomic<size_t> next{0};
    team_.run([&](unsigned) {
      for (size_t at = next++; at < count; at = next++) {
        std::vector<float>& upper = uppers_[at];
        upper.resize(width_ * width_);
        const auto ridge = static_cast<float>(own.groups[first + at].ridge);
        if (!factorise_ials(gram_.data(), ridge, model_.num_factors(), width_, upper.data())) {
          upper.clear();
        }
      }
    });
  }

  // `upper`: of the rows' group, or null.
  bool solve_rows(Side& own, const Side& other, const std::vector<uint32_t>& rows,
                  const float* upper) {
    std::atomic<size_t> next{0};
    std::atomic<bool> solved{true};
    team_.run([&](unsigned member) {
      for (size_t first = next.fetch_add(kRowsAtOnce); first < rows.size();
           first = next.fetch_add(kRowsAtOnce)) {
        const size_t end = std::min(first + kRowsAtOnce, rows.size());
        for (size_t at = first; at < end; ++at) {
          const uint32_t number = rows[at];
          const IalsRow row{.gram = gram_.data(),
                            .ridge = static_cast<float>(own.ridges[number]),
                            .others = other.table.data(),
                            .entries = own.entries.data() + own.begin_of(number),
                            .count = own.count_of(number),
                            .factors = model_.num_factors(),
                            .width = width_};
          float* const scratch = scratch_[member].data();
          float* const out = own.table.data() + number * width_;
          own.losses[number] = upper != nullptr ? solve_ials_few(row, upper, scratch, out)
                                                : solve_ials_row(row, scratch, out);
          if (own.losses[number] < 0) solved = false;
        }
      }
    });
    return solved;
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
    for (const Side* own : {&users_, &items_}) {
      for (size_t at = 0; at < own->size(); ++at) {
        double norm = 0;
        for (size_t f = 0; f < width_; ++f) {
          norm += double{own->table[at * width_ + f]} * own->table[at * width_ + f];
        }
        penalty += own->ridges[at] * norm;
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
  std::vector<float> gram_;  // Of the side that stays, weighted.
  std::array<std::vector<float>, kGroupsAtOnce> uppers_;
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
