#include "engines/ml/algorithms/factorization_machines/adam.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engines/ml/algorithms/factorization_machines/adam_kernels.h"
#include "engines/ml/algorithms/factorization_machines/batch_by_feature.h"
#include "engines/ml/algorithms/factorization_machines/pace.h"
#include "engines/ml/algorithms/factorization_machines/slices.h"
#include "runtime/team.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr float kBeta1 = 0.9f;
constexpr float kBeta2 = 0.999f;
constexpr uint64_t kStepsPerSharing = 64;  // Of features among threads.

// Rows from `first` to before `end`.
struct RowRange {
  size_t first = 0;
  size_t end = 0;
};

// The part of the entries that the first of several members brings in order where it has all
// linear terms to sum up besides, which takes about a tenth of what the order takes.
double first_share(size_t members, bool linear_shared) {
  constexpr double kLinear = 0.1;
  if (linear_shared) return 1 / static_cast<double>(members);
  return std::max(0.0, (1 + kLinear) / static_cast<double>(members) - kLinear);
}

// In an order that lets the processor add several at once.
float sum_of(std::span<const float> values) {
  std::array<float, 8> sums{};
  for (size_t at = 0; at < values.size(); ++at) sums[at % sums.size()] += values[at];
  float total = 0;
  for (const float sum : sums) total += sum;
  return total;
}

template <size_t kUnits>
void add_pairs_of(const float* pairs, std::span<float> sums) {
  for (size_t row = 0; row < sums.size(); ++row, pairs += kUnits) {
    for (size_t u = 0; u < kUnits; ++u) sums[row] += pairs[u];
  }
}

// Adds to each row's sum what its units' pairs are, one after the other.
void add_pairs(const float* pairs, size_t units, std::span<float> sums) {
  if (units == 1) return add_pairs_of<1>(pairs, sums);
  if (units == 2) return add_pairs_of<2>(pairs, sums);
  if (units == 4) return add_pairs_of<4>(pairs, sums);
  for (size_t row = 0; row < sums.size(); ++row) {
    for (size_t u = 0; u < units; ++u) sums[row] += *pairs++;
  }
}

}  // namespace

struct Adam::State {
  State(Model& m, const Settings& s, unsigned threads)
      : model(m),
        settings(s),
        slices(share_units(m.num_factors(), threads)),
        team("fm-adam", static_cast<unsigned>(slices.size())),
        marks(m.feature_dim()),
        by_feature(slices.size(), BatchByFeature(marks)),
        ranges(slices.size()),
        linear_moments(2 * m.feature_dim()),
        sums(slices.size()),
        pairs(slices.size()),
        pace(slices.size(), Pace::kWorth, Pace::Watch::always) {
    for (const Slice& slice : slices) {
      moments.emplace_back(m.feature_dim() * moments_stride(slice));
    }
  }

  AdamStep step_of(const TermSettings& term) const {
    const double t = static_cast<double>(steps);
    const double root = std::sqrt(1.0 - double{kBeta2});
    const double correction =
        std::sqrt(1.0 - std::pow(double{kBeta2}, t)) / (1.0 - std::pow(double{kBeta1}, t));
    return {
        .rate = static_cast<float>(term.learning_rate * correction * (1.0 - double{kBeta1}) / root),
        .decay = static_cast<float>(term.weight_decay),
        .clip = settings.clip_gradient ? static_cast<float>(*settings.clip_gradient)
                                       : std::numeric_limits<float>::infinity(),
        .epsilon = static_cast<float>(settings.epsilon / root),
        .beta1 = kBeta1,
        .beta2 = kBeta2};
  }

  // Where linear weights lie in a cache nearby, the first member has them all for itself: they
  // would else go to and fro between the members.
  bool linear_shared() { return linear().far(); }

  // The rows whose linear terms a member sums up.
  RowRange linear_rows(const RowBatch& batch, unsigned member, bool together) {
    if (together && linear_shared()) return rows_of(batch, member, slices.size());
    return {0, member == 0 ? batch.size() : 0};
  }

  static RowRange rows_of(const RowBatch& batch, unsigned member, size_t members) {
    return {batch.size() * member / members, batch.size() * (member + 1) / members};
  }

  // The part of a member of the team, or the whole. Members share the factors by units, the order
  // by feature by ranges, and the rows where they are looked at one by one.
  void run(const RowBatch& batch, unsigned member, bool together) {
    const size_t members = together ? slices.size() : 1;
    const Slice slice = together ? slices[member] : Slice{0, model.num_factors()};
    std::vector<float>& own = sums[member];
    own.resize(batch.size() * slice.width);
    pairs[member].resize(batch.size() * slice.units());
    const FactorTable table{.rows = model.row(0), .stride = model.stride(), .slice = slice};
    forward(table, {&batch, 0, batch.size()}, own.data(), pairs[member].data(), slice.units());
    const auto [first, end] = linear_rows(batch, member, together);
    sum_linear(batch, first, end, linear(), model.bias, raw.data());
    by_feature[member].assign(batch, together ? ranges[member] : FeatureRange{0, marks.size()});
    if (together) team.meet();
    derive(batch, members, rows_of(batch, member, members));
    if (together) team.meet();
    move_factors(member, together);
    if (together && linear_shared()) {
      move_linear(by_feature[member]);
    } else if (member == 0) {
      for (size_t part = 0; part < members; ++part) move_linear(by_feature[part]);
    }
    if (member + 1 == members) move_bias();
    by_feature[member].release();
  }

  // The outputs and slopes of some rows.
  void derive(const RowBatch& batch, size_t members, RowRange rows) {
    const auto [first, end] = rows;
    for (size_t member = 0; member < members; ++member) {
      const size_t units = members == 1 ? units_of(model.num_factors()) : slices[member].units();
      add_pairs(pairs[member].data() + first * units, units,
                std::span(raw).subspan(first, end - first));
    }
    // The score of a regressor is its output, of which the processor takes several at once.
    std::copy(raw.begin() + first, raw.begin() + end, slopes.begin() + first);
    if (model.type() != PredictorType::regressor) {
      for (size_t row = first; row < end; ++row) slopes[row] = score_of(model.type(), raw[row]);
    }
    for (size_t row = first; row < end; ++row) {
      slopes[row] = (slopes[row] - batch.label(row)) * scale;
    }
    if (!batch.weighted()) return;
    for (size_t row = first; row < end; ++row) slopes[row] *= batch.importance(row);
  }

  // Of the member's slice for the features of all, or of all slices.
  void move_factors(unsigned member, bool together) {
    const AdamStep step = step_of(settings.factors);
    for (size_t part = 0; part < slices.size(); ++part) {
      const size_t at = (part + member) % slices.size();
      const size_t mine = together ? member : at;  // Which slice; `at` is whose features.
      BatchByFeature& features = by_feature[together ? at : 0];
      const AdamTables tables{model.row(0), model.stride(), moments[mine].data(), slices[mine]};
      const RowSums of_rows =
          together ? RowSums{slopes.data(), sums[member].data(), slices[member].width}
                   : RowSums{slopes.data(), sums[0].data() + slices[at].begin, model.num_factors()};
      const bool linear_too = together && linear_shared() ? at == member : mine == 0;
      step_adam(tables, features.view(), of_rows, step,
                linear_too ? features.gradients() : nullptr);
    }
  }

  void move_linear(BatchByFeature& features) {
    step_adam_linear(linear(), features.features(), features.gradients(), step_of(settings.linear));
  }

  AdamLinear linear() { return {model.linear(), linear_moments.data(), model.feature_dim()}; }

  void move_bias() {
    const AdamStep step = step_of(settings.bias);
    float slope = sum_of(slopes) + model.bias * step.decay;
    slope = std::min(std::max(slope, -step.clip), step.clip);
    bias_mean = step.beta1 * bias_mean + slope;
    bias_square = step.beta2 * bias_square + slope * slope;
    model.bias -= step.rate * bias_mean / (std::sqrt(bias_square) + step.epsilon);
  }

  Model& model;
  const Settings& settings;
  std::vector<Slice> slices;
  runtime::Team team;
  std::vector<uint32_t> marks;             // By feature.
  std::vector<BatchByFeature> by_feature;  // By member.
  std::vector<FeatureRange> ranges;        // By member.
  std::vector<FloatTable> moments;         // Of the factors, by slice.
  FloatTable linear_moments;
  float bias_mean = 0;
  float bias_square = 0;
  uint64_t steps = 0;
  float scale = 1;                        // Of the sum of the gradients, in this step.
  std::vector<std::vector<float>> sums;   // By member: of its slice, by row of the batch.
  std::vector<std::vector<float>> pairs;  // By member: by row and unit of its slice.
  std::vector<float> raw;                 // By row: at first the linear terms, then the output.
  std::vector<float> slopes;              // By row.
  Pace pace;
};

Adam::Adam(Model& model, const Settings& settings, unsigned threads)
    : state_(std::make_unique<State>(model, settings, threads)) {}

Adam::~Adam() = default;

std::span<const float> Adam::step(const RowBatch& batch) {
  State& state = *state_;
  ++state.steps;
  state.scale = static_cast<float>(
      state.settings.rescale_gradient.value_or(1.0 / static_cast<double>(batch.size())));
  state.raw.resize(batch.size());
  state.slopes.resize(batch.size());
  const bool together = state.pace.together();
  if (together) {
    if (state.ranges.back().end == 0 || state.steps % kStepsPerSharing == 1) {
      const double first = first_share(state.ranges.size(), state.linear_shared());
      share_features(batch, state.marks.size(), first, state.ranges);
    }
    state.team.run([&](unsigned member) { state.run(batch, member, true); });
  } else {
    state.run(batch, 0, false);
  }
  state.pace.done(together, batch.size());
  return state.raw;
}

Result<void> solve_adam(const Training& training, Model& model) {
  const Settings& settings = training.settings;
  Adam adam(model, settings, training.threads);
  for (uint64_t epoch = 0; epoch < settings.epochs; ++epoch) {
    Measures measures(settings.type);
    training.source.rewind();
    for (uint64_t at = 0; !training.stop.stop_requested(); ++at) {
      TRY(const RowBatch* batch, training.source.read(settings.mini_batch_size));
      if (batch->empty()) break;
      const std::span<const float> raw = adam.step(*batch);
      for (size_t i = 0; i < raw.size(); ++i) {
        if (!std::isfinite(raw[i])) return diverged(epoch, at);
        measures.add(raw[i], batch->label(i));
      }
      training.progress.batch(epoch, at, measures);
    }
    if (!training.progress.epoch(epoch, measures, model)) break;
  }
  return ok;
}

}  // namespace millrace::ml::factorization_machines
