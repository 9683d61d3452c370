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
constexpr uint64_t kStepsPerSharing = 64;  // Of features among threads.
constexpr uint32_t kNone = 0xffffffff;
constexpr size_t kAhead = 24;  // Entries and features that are fetched while others are used.

// Features from `begin` to before `end`.
struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;
};

// The entries of a batch whose features lie in a range, by feature: which rows each occurs in.
// Indices of a row ascend, so that no other entries are looked at but one.
class Transposed {
 public:
  // `slots` by feature, all kNone; only those of the range are touched, and left so by release().
  explicit Transposed(std::vector<uint32_t>& slots) : slots_(slots) {}

  void assign(const RowBatch& batch, Range range) {
    find_parts(batch, range);
    const size_t entries = batch.indices.size();
    if (features_.size() < entries + 1) {
      features_.resize(entries + 1);
      ends_.resize(entries + 1);
      slot_of_.resize(entries);
      occurrences_.resize(entries);
      gradients_.resize(entries);
    }
    find_slots(batch);
    uint32_t begin = 0;
    for (size_t slot = 0; slot < count_; ++slot) begin += std::exchange(ends_[slot], begin);
    uint32_t* const ends = ends_.data();
    Occurrence* const occurrences = occurrences_.data();
    const float* const values = batch.values.data();
    const uint32_t* slot = slot_of_.data();
    for (size_t row = 0; row < parts_.size(); ++row) {
      const auto [first, last] = parts_[row];
      for (size_t i = first; i < last; ++i) {
        occurrences[ends[*slot++]++] = {static_cast<uint32_t>(row), values[i]};
      }
    }
  }

  // Leaves the slots to whoever has the features in its range next.
  void release() {
    for (size_t at = 0; at < count_; ++at) {
      if (at + kAhead < count_) __builtin_prefetch(&slots_[features_[at + kAhead]], 1);
      slots_[features_[at]] = kNone;
    }
  }

  std::span<const uint32_t> features() const { return std::span(features_).first(count_); }
  float* gradients() { return gradients_.data(); }  // By slot, of the linear weights.
  Occurrences view() const { return {features_.data(), ends_.data(), occurrences_.data(), count_}; }

 private:
  struct Part {  // Of the entries of a row.
    size_t begin;
    size_t end;
  };

  // Gives each feature a slot, in the order of their first occurrence, and counts in ends_ how
  // often each occurs. Whether a feature is new is not to be foreseen, so nothing branches on it.
  void find_slots(const RowBatch& batch) {
    const uint32_t* const indices = batch.indices.data();
    const size_t entries = batch.indices.size();
    uint32_t* const slots = slots_.data();
    uint32_t* const features = features_.data();
    uint32_t* const ends = ends_.data();
    uint32_t* slot_of = slot_of_.data();
    uint32_t count = 0;
    for (const auto& [begin, end] : parts_) {
      for (size_t i = begin; i < end; ++i) {
        __builtin_prefetch(&slots[indices[i + kAhead < entries ? i + kAhead : i]], 1);
        const uint32_t feature = indices[i];
        const uint32_t known = slots[feature];
        const uint32_t slot = std::min(known, count);  // kNone is more than any.
        slots[feature] = slot;
        features[count] = feature;  // Stays where it is new.
        ends[count] = 0;
        ++ends[slot];
        *slot_of++ = slot;
        count += static_cast<uint32_t>(known > slot);
      }
    }
    count_ = count;
  }

  // Of indices that ascend. Where they are few, to compare all is faster than to guess.
  static size_t count_below(std::span<const uint32_t> indices, uint64_t limit) {
    constexpr size_t kFew = 128;
    if (indices.size() > kFew) {
      return static_cast<size_t>(std::lower_bound(indices.begin(), indices.end(), limit) -
                                 indices.begin());
    }
    const auto narrow = static_cast<uint32_t>(limit);  // No more than a feature's number.
    uint32_t count = 0;
    for (const uint32_t index : indices) count += static_cast<uint32_t>(index < narrow);
    return count;
  }

  void find_parts(const RowBatch& batch, Range range) {
    const uint32_t* const indices = batch.indices.data();
    parts_.resize(batch.size());
    size_t begin = 0;
    for (size_t row = 0; row < batch.size(); ++row) {
      size_t end = batch.ends()[row];
      const size_t next = end;
      if (range.begin > 0) begin += count_below({indices + begin, indices + end}, range.begin);
      if (range.end < slots_.size()) {
        end = begin + count_below({indices + begin, indices + end}, range.end);
      }
      parts_[row] = {begin, end};
      begin = next;
    }
  }

  std::vector<uint32_t>& slots_;
  std::vector<Part> parts_;         // By row.
  size_t count_ = 0;                // Of slots.
  std::vector<uint32_t> features_;  // By slot; one more than there can be.
  std::vector<uint32_t> ends_;      // Of the occurrences of a slot; likewise.
  std::vector<uint32_t> slot_of_;   // By entry of the parts.
  std::vector<Occurrence> occurrences_;
  std::vector<float> gradients_;
};

// Ranges that have about as many entries of the batch each, by the look of some of them.
void share_features(const RowBatch& batch, uint64_t feature_dim, std::vector<Range>& ranges) {
  constexpr size_t kLooks = 256;
  std::vector<uint32_t> seen;
  const size_t entries = batch.indices.size();
  // A stride that the number of entries in a row does not divide.
  for (size_t at = 0; at < std::min(entries, kLooks); ++at) {
    seen.push_back(batch.indices[(at * 7919) % entries]);
  }
  std::sort(seen.begin(), seen.end());
  uint64_t begin = 0;
  for (size_t at = 0; at < ranges.size(); ++at) {
    const bool last = at + 1 == ranges.size() || seen.empty();
    const uint64_t end =
        last ? feature_dim
             : std::max<uint64_t>(begin, seen[seen.size() * (at + 1) / ranges.size()]);
    ranges[at] = {begin, end};
    begin = end;
  }
}

}  // namespace

struct Adam::State {
  State(Model& m, const Settings& s, unsigned threads)
      : model(m),
        settings(s),
        slices(share_units(m.num_factors(), threads)),
        team("fm-adam", static_cast<unsigned>(slices.size())),
        slots(m.feature_dim(), kNone),
        transposed(slices.size(), Transposed(slots)),
        ranges(slices.size()),
        linear_means(m.feature_dim()),
        linear_squares(m.feature_dim()),
        sums(slices.size()),
        pairs(slices.size()),
        pace(slices.size()) {
    for (const Slice& slice : slices) {
      moments.emplace_back(m.feature_dim() * moments_stride(slice));
    }
  }

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

  // The part of a member of the team, or the whole. Members share the factors by units, the
  // features by ranges where they are looked at one by one, and the rows where they are.
  void run(const RowBatch& batch, unsigned member, bool together) {
    const size_t members = together ? slices.size() : 1;
    const Slice slice = together ? slices[member] : Slice{0, model.num_factors()};
    std::vector<float>& own = sums[member];
    own.resize(batch.size() * slice.width);
    pairs[member].resize(batch.size() * slice.units());
    const FactorTable table{.rows = model.row(0), .stride = model.stride(), .slice = slice};
    forward(table, {&batch, 0, batch.size()}, own.data(), pairs[member].data(), slice.units());
    transposed[member].assign(batch, together ? ranges[member] : Range{0, model.feature_dim()});
    if (together) team.meet();
    derive(batch, members, batch.size() * member / members, batch.size() * (member + 1) / members);
    if (together) team.meet();
    move_factors(batch, member, together);
    step_adam_linear({model.linear(), linear_means.data(), linear_squares.data()},
                     transposed[member].features(), transposed[member].gradients(),
                     step_of(settings.linear, batch.size()));
    transposed[member].release();
    if (member + 1 == members) move_bias(batch.size());
  }

  // By the sums of run(): of the member's slice for the features of all, or of all slices.
  void move_factors(const RowBatch& batch, unsigned member, bool together) {
    const AdamStep step = step_of(settings.factors, batch.size());
    for (size_t part = 0; part < slices.size(); ++part) {
      const size_t at = (part + member) % slices.size();
      const size_t mine = together ? member : at;  // Which slice; `at` is whose features.
      Transposed& features = transposed[together ? at : 0];
      const AdamTables tables{model.row(0), model.stride(), moments[mine].data(), slices[mine]};
      const RowSums of_rows = together
                                  ? RowSums{sums[member].data(), slices[member].width}
                                  : RowSums{sums[0].data() + slices[at].begin, model.num_factors()};
      const bool first = together ? at == member : at == 0;
      step_adam(tables, features.view(), of_rows, slopes.data(), step,
                first ? features.gradients() : nullptr);
    }
  }

  // The outputs and slopes of the rows from `first` to before `end`.
  void derive(const RowBatch& batch, size_t members, size_t first, size_t end) {
    const size_t all_units = units_of(model.num_factors());
    const size_t entries = batch.indices.size();
    for (size_t r = first; r < end; ++r) {
      const RowView row = batch.row(r);
      const size_t next = batch.begin_of(r) + row.indices.size();
      for (size_t i = next; i < std::min(next + row.indices.size(), entries); ++i) {
        __builtin_prefetch(&model.linear(batch.indices[i]));
      }
      float output = model.bias;
      for (size_t i = 0; i < row.indices.size(); ++i) {
        output += model.linear(row.indices[i]) * row.values[i];
      }
      float pair = 0;
      for (size_t member = 0; member < members; ++member) {
        const size_t units = members == 1 ? all_units : slices[member].units();
        for (size_t u = 0; u < units; ++u) pair += pairs[member][r * units + u];
      }
      raw[r] = output + pair;
      slopes[r] = score_of(model.type(), raw[r]) - batch.label(r);
      if (batch.weighted()) slopes[r] *= batch.importance(r);
    }
  }

  void move_bias(size_t rows) {
    float gradient = 0;
    for (const float slope : slopes) gradient += slope;
    move_one(step_of(settings.bias, rows), gradient, model.bias, bias_mean, bias_square);
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
  std::vector<uint32_t> slots;         // By feature; kNone where it does not occur.
  std::vector<Transposed> transposed;  // By member.
  std::vector<Range> ranges;           // Of features, by member.
  std::vector<FloatTable> moments;     // Of the factors, by slice.
  FloatTable linear_means;
  FloatTable linear_squares;
  float bias_mean = 0;
  float bias_square = 0;
  uint64_t steps = 0;
  std::vector<std::vector<float>> sums;   // By member: of its slice, by row of the batch.
  std::vector<std::vector<float>> pairs;  // By member: by row and unit of its slice.
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
  state.raw.resize(batch.size());
  state.slopes.resize(batch.size());
  const bool together = state.pace.together();
  if (together) {
    if (state.ranges.back().end == 0 || state.steps % kStepsPerSharing == 1) {
      share_features(batch, state.model.feature_dim(), state.ranges);
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
