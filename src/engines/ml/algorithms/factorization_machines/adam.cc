#include "engines/ml/algorithms/factorization_machines/adam.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engines/ml/algorithms/factorization_machines/kernels.h"
#include "engines/ml/algorithms/factorization_machines/pace.h"
#include "engines/ml/algorithms/factorization_machines/slices.h"
#include "runtime/team.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr float kBeta1 = 0.9f;
constexpr float kBeta2 = 0.999f;
constexpr uint32_t kNone = 0xffffffff;
constexpr size_t kAhead = 24;  // Entries and features that are fetched while others are used.

// A batch by feature: which rows each occurs in.
class Transposed {
 public:
  explicit Transposed(uint64_t feature_dim) : slots_(feature_dim, kNone) {}

  void assign(const RowBatch& batch) {
    for (size_t slot = 0; slot < features_.size(); ++slot) {
      if (slot + kAhead < features_.size())
        __builtin_prefetch(&slots_[features_[slot + kAhead]], 1);
      slots_[features_[slot]] = kNone;
    }
    features_.clear();
    ends_.clear();
    slot_of_.resize(batch.indices.size());
    const size_t entries = batch.indices.size();
    for (size_t i = 0; i < entries; ++i) {
      if (i + kAhead < entries) __builtin_prefetch(&slots_[batch.indices[i + kAhead]], 1);
      uint32_t& slot = slots_[batch.indices[i]];
      if (slot == kNone) {
        slot = static_cast<uint32_t>(features_.size());
        features_.push_back(batch.indices[i]);
        ends_.push_back(0);
      }
      slot_of_[i] = slot;
      ++ends_[slot];
    }
    uint32_t begin = 0;
    for (uint32_t& end : ends_) begin += std::exchange(end, begin);
    occurrences_.resize(batch.indices.size());
    size_t i = 0;
    for (size_t row = 0; row < batch.size(); ++row) {
      for (const float value : batch.row(row).values) {
        occurrences_[ends_[slot_of_[i++]]++] = {static_cast<uint32_t>(row), value};
      }
    }
  }

  std::span<const uint32_t> features() const { return features_; }
  Occurrences view() const {
    return {features_.data(), ends_.data(), occurrences_.data(), features_.size()};
  }
  std::span<const Occurrence> occurrences(size_t slot) const {
    const uint32_t begin = slot == 0 ? 0 : ends_[slot - 1];
    return std::span(occurrences_).subspan(begin, ends_[slot] - begin);
  }

 private:
  std::vector<uint32_t> slots_;     // By feature; kNone where it does not occur.
  std::vector<uint32_t> features_;  // By slot, in the order of their first occurrence.
  std::vector<uint32_t> ends_;      // Of the occurrences of a slot.
  std::vector<uint32_t> slot_of_;   // By entry of the batch.
  std::vector<Occurrence> occurrences_;
};

}  // namespace

struct Adam::State {
  State(Model& m, const Settings& s, unsigned threads)
      : model(m),
        settings(s),
        slices(share_units(m.num_factors(), threads)),
        team("fm-adam", static_cast<unsigned>(slices.size())),
        transposed(m.feature_dim()),
        means(m.feature_dim() * m.stride()),
        squares(m.feature_dim() * m.stride()),
        linear_means(m.feature_dim()),
        linear_squares(m.feature_dim()),
        sums(slices.size()),
        pace(slices.size()) {}

  AdamStep step_of(const TermSettings& term, size_t rows) const {
    const double t = static_cast<double>(steps);
    const double correction =
        std::sqrt(1.0 - std::pow(double{kBeta2}, t)) / (1.0 - std::pow(double{kBeta1}, t));
    const double scale = settings.rescale_gradient.value_or(1.0 / static_cast<double>(rows));
    return {.rate = static_cast<float>(term.learning_rate * correction),
            .decay = static_cast<float>(term.weight_decay),
            .scale = static_cast<float>(scale),
            .clip = settings.clip_gradient ? static_cast<float>(*settings.clip_gradient)
                                           : std::numeric_limits<float>::infinity(),
            .epsilon = static_cast<float>(settings.epsilon),
            .beta1 = kBeta1,
            .beta2 = kBeta2};
  }

  // The part of a member of the team, or the whole.
  void run(const RowBatch& batch, unsigned member, bool together) {
    const Slice slice = together ? slices[member] : Slice{0, model.num_factors()};
    const size_t units = units_of(model.num_factors());
    std::vector<float>& own = sums[member];
    own.resize(batch.size() * slice.width);
    const FactorTable table{.rows = model.row(0), .stride = model.stride(), .slice = slice};
    forward(table, {&batch, 0, batch.size()}, own.data(), pairs.data() + slice.begin / kUnit,
            units);
    if (member == 0) transposed.assign(batch);
    if (together) team.meet();
    if (member == 0) derive(batch, units);
    if (together) team.meet();
    const AdamTables tables{model.row(0), means.data(), squares.data(), model.stride(), slice};
    step_adam(tables, transposed.view(), own.data(), slopes.data(),
              step_of(settings.factors, batch.size()));
    if (!together || member + 1 == slices.size()) move_linear(batch.size());
  }

  void derive(const RowBatch& batch, size_t units) {
    bias_gradient = 0;
    for (size_t r = 0; r < batch.size(); ++r) {
      const RowView row = batch.row(r);
      const size_t next = batch.begin_of(r) + row.indices.size();
      for (size_t i = next; i < std::min(next + row.indices.size(), batch.indices.size()); ++i) {
        __builtin_prefetch(&model.linear(batch.indices[i]));
      }
      float output = model.bias;
      for (size_t i = 0; i < row.indices.size(); ++i) {
        output += model.linear(row.indices[i]) * row.values[i];
      }
      float pair = 0;
      for (size_t u = 0; u < units; ++u) pair += pairs[r * units + u];
      raw[r] = output + pair;
      slopes[r] = score_of(model.type(), raw[r]) - batch.label(r);
      if (batch.weighted()) slopes[r] *= batch.importance(r);
      bias_gradient += slopes[r];
    }
  }

  void move_linear(size_t rows) {
    const AdamStep step = step_of(settings.linear, rows);
    const std::span<const uint32_t> features = transposed.features();
    for (size_t slot = 0; slot < features.size(); ++slot) {
      if (slot + kAhead < features.size()) {
        const uint32_t ahead = features[slot + kAhead];
        __builtin_prefetch(&model.linear(ahead), 1);
        __builtin_prefetch(&linear_means[ahead], 1);
        __builtin_prefetch(&linear_squares[ahead], 1);
      }
      float gradient = 0;
      for (const Occurrence& occurrence : transposed.occurrences(slot)) {
        gradient += slopes[occurrence.row] * occurrence.value;
      }
      const uint32_t feature = features[slot];
      move_one(step, gradient, model.linear(feature), linear_means[feature],
               linear_squares[feature]);
    }
    move_one(step_of(settings.bias, rows), bias_gradient, model.bias, bias_mean, bias_square);
  }

  static void move_one(const AdamStep& step, float gradient, float& parameter, float& mean,
                       float& square) {
    float slope = gradient * step.scale + parameter * step.decay;
    slope = std::min(std::max(slope, -step.clip), step.clip);
    mean = step.beta1 * mean + (1 - step.beta1) * slope;
    square = step.beta2 * square + (1 - step.beta2) * slope * slope;
    parameter -= step.rate * mean / (std::sqrt(square) + step.epsilon);
  }

  Model& model;
  const Settings& settings;
  std::vector<Slice> slices;
  runtime::Team team;
  Transposed transposed;
  FloatTable means;    // First moments of the factors, laid out as the model's rows.
  FloatTable squares;  // Second moments.
  FloatTable linear_means;
  FloatTable linear_squares;
  float bias_mean = 0;
  float bias_square = 0;
  float bias_gradient = 0;
  uint64_t steps = 0;
  std::vector<std::vector<float>> sums;  // By member: of its slice, by row of the batch.
  std::vector<float> pairs;              // By row and unit.
  std::vector<float> raw;
  std::vector<float> slopes;
  Pace pace;
};

Adam::Adam(Model& model, const Settings& settings, unsigned threads)
    : state_(std::make_unique<State>(model, settings, threads)) {}

Adam::~Adam() = default;

std::span<const float> Adam::step(const RowBatch& batch) {
  State& state = *state_;
  ++state.steps;
  state.pairs.resize(batch.size() * units_of(state.model.num_factors()));
  state.raw.resize(batch.size());
  state.slopes.resize(batch.size());
  const bool together = state.pace.together();
  if (together) {
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
