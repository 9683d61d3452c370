#include "engines/ml/algorithms/factorization_machines/descent.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <optional>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/kernels.h"
#include "engines/ml/algorithms/factorization_machines/pace.h"
#include "engines/ml/algorithms/factorization_machines/pair_descent.h"
#include "engines/ml/algorithms/factorization_machines/slice_table.h"
#include "engines/ml/algorithms/factorization_machines/slices.h"
#include "engines/ml/generator.h"
#include "runtime/team.h"

namespace millrace::ml::factorization_machines {
namespace {

// Who publishes block b has used block b - 1 - kDelay, for which all had published theirs and so
// used those up to b - 2 - 2 kDelay: those after it may still be read.
constexpr size_t kRing = 8;
static_assert(kRing >= 2 * kDelay + 2);
constexpr size_t kStreamRows = 32768;   // Of a batch, where the data does not lie in memory.
constexpr size_t kSegmentRows = 2048;   // That stay together when the order is drawn anew.
constexpr size_t kNearBytes = 4 << 20;  // Of a table that a core has at hand.
constexpr size_t kLentUses = 16;        // Of a feature, that are worth copying its factors for.
constexpr double kProductMax = 1e300;
constexpr uint32_t kSlotsAhead = 2;    // From the slot that is used to the one that is asked for.
constexpr size_t kMiddleLooks = 4096;  // Non-zeros, about, of which the middle feature is found.

constexpr size_t kStartsAtOnce = 32;  // Segments, at most, between two choices of how many work.
constexpr size_t kEntriesAtOnce = 1 << 17;  // Non-zeros likewise.

struct alignas(64) CacheLine {
  std::array<float, 16> floats;
};

// Room for as many floats in lines that nothing else lies in.
std::vector<CacheLine> make_lines(size_t floats) { return std::vector<CacheLine>(floats / 16 + 1); }

// What a member tells the others of one block: the block's number, from 1, and its part of the
// outputs of the rows. Read once by each of the others; of two members the first line is all they
// need, since each line costs the reader a wait for the other core.
struct alignas(256) Slot {  // Lines come in pairs: the next one is nobody's.
  std::atomic<uint32_t> number{0};
  // Sums of pairs over the units of the member, which are a half, and of its linear weights. Of
  // one of more than two the latter.
  std::array<float, kBlockRows> half{};
  alignas(128) std::array<float, kBlockRows> other_half{};  // Of one who works alone.
  std::vector<CacheLine> units;  // Sums of pairs by row and unit, of one of more than two.
};
static_assert(sizeof(std::atomic<uint32_t>) + kBlockRows * sizeof(float) <= 64);

// Asks for the line in order to write to it: whoever has it gives it away.
#if defined(__x86_64__)
[[gnu::target("prfchw")]] void own(const void* line) { __builtin_prefetch(line, 1); }
#else
void own(const void* line) { __builtin_prefetch(line, 1); }
#endif

// The linear part of the model. The weights of features below the middle are moved by the first
// member, the others by the last: indices ascend within a row, so that those of either lie side by
// side.
struct Linear {
  float* weights = nullptr;
  float* squares = nullptr;
  uint32_t middle = 0;
};

// Which linear weights a member has.
enum class Side : uint8_t { none, below, above, both };

// Calls `work` with the place of each entry of a row that the side has. Those above come from the
// last one on, so that nobody has to look for where they begin.
template <Side kSide, class Work>
void each_entry(const uint32_t* indices, size_t begin, size_t end, uint32_t middle,
                const Work& work) {
  if constexpr (kSide == Side::both) {
    for (size_t i = begin; i < end; ++i) work(i);
  } else if constexpr (kSide == Side::below) {
    for (size_t i = begin; i < end && indices[i] < middle; ++i) work(i);
  } else {
    for (size_t i = end; i > begin && indices[i - 1] >= middle; --i) work(i - 1);
  }
}

// Calls `work.template operator()<side>()`.
template <class Work>
void for_side(Side side, const Work& work) {
  if (side == Side::both) work.template operator()<Side::both>();
  if (side == Side::below) work.template operator()<Side::below>();
  if (side == Side::above) work.template operator()<Side::above>();
}

// A feature that about as many non-zeros lie below as not, where a line of the cache begins.
uint32_t middle_feature(const RowBatch& batch) {
  std::vector<uint32_t> looks;
  const size_t rows = kMiddleLooks * batch.size() / (batch.indices.size() + 1) + 1;
  const size_t step = batch.size() / rows + 1;
  for (size_t at = 0; at < batch.size() && looks.size() < kMiddleLooks; at += step) {
    const std::span<const uint32_t> row = batch.row(at).indices;
    looks.insert(looks.end(), row.begin(), row.end());
  }
  if (looks.empty()) return 0;
  const auto middle = looks.begin() + static_cast<ptrdiff_t>(looks.size() / 2);
  std::nth_element(looks.begin(), middle, looks.end());
  return *middle & ~uint32_t{31};
}

}  // namespace

size_t block_rows(const RowBatch& batch, size_t first, size_t end) {
  const size_t* const ends = batch.ends().data();
  const size_t most = std::min(end, first + kBlockRows);
  const size_t entries = batch.begin_of(first) + kBlockEntries;
  if (ends[most - 1] <= entries) return most - first;
  size_t last = first + 1;
  while (last < most && ends[last] <= entries) ++last;
  return last - first;
}

struct Descent::State {
  // What a member of a crew works on and with.
  struct Member {
    Member(const Slice& its, Side linear) : slice(its), side(linear) {
      for (auto& sums_of : sums) sums_of = make_lines(kBlockRows * slice.width);
      units = make_lines(kBlockRows * slice.units());
      for (Slot& slot : slots) slot.units = make_lines(kBlockRows * slice.units());
    }

    float* sums_for(uint32_t number) { return sums[number % sums.size()].front().floats.data(); }
    float* unit_sums() { return units.front().floats.data(); }
    Slot& slot(uint32_t number) { return slots[number % kRing]; }

    Slice slice;
    Side side;       // Of the linear weights.
    float bias = 0;  // Which every member has for itself.
    float bias_square = 1;
    SliceTable own_factors;  // While they are lent.
    SliceTable own_beside;
    // Of the blocks that are not used yet, by row and factor of the slice.
    std::array<std::vector<CacheLine>, kDelay + 1> sums;
    std::vector<CacheLine> units;  // Sums of pairs of a block, by row and unit of the slice.
    std::array<float, kBlockRows> slopes{};
    uint32_t blocks = 0;  // That it has worked on so far.
    double product = 1;   // Of 1 + e^-|y|, whose logarithm is still to be taken.
    Tally tally;
    std::array<Slot, kRing> slots;  // The only part that the others look at.
  };
  using Crew = std::vector<std::unique_ptr<Member>>;

  State(Model& m, const Settings& s, unsigned all_threads, const Starts& first)
      : model(m),
        settings(s),
        threads(all_threads),
        rates(s),
        adagrad(s.solver == Solver::adagrad),
        long_row(first.long_row),
        far(m.feature_dim() * m.stride() * sizeof(float) > kNearBytes),
        crew(make_crew(m.num_factors(), threads)),
        alone(make_crew(m.num_factors(), 1)),
        pace(crew.size()) {
    if (adagrad) {
      squares = FloatTable(m.feature_dim() * m.stride());
      std::fill(squares.data(), squares.data() + squares.size(), first.factors_square);
      linear_squares = FloatTable(m.feature_dim());
      std::fill(linear_squares.data(), linear_squares.data() + linear_squares.size(),
                first.linear_square);
    }
    linear = {.weights = m.linear(), .squares = linear_squares.data()};
    bias_square = first.bias_square;
  }

  static Crew make_crew(size_t num_factors, unsigned threads) {
    Crew made;
    const std::vector<Slice> slices = share_units(num_factors, threads);
    for (size_t at = 0; at < slices.size(); ++at) {
      const bool last = at + 1 == slices.size();
      const Side others = last ? Side::above : Side::none;
      made.push_back(std::make_unique<Member>(slices[at], at != 0 ? others
                                                          : last  ? Side::both
                                                                  : Side::below));
    }
    return made;
  }

  // Copies a member's part of the factors to where nobody else's lies beside it.
  void lend(Member& member) {
    const size_t features = model.feature_dim();
    member.own_factors.take(model.row(0), model.stride(), features, member.slice);
    if (adagrad) member.own_beside.take(squares.data(), model.stride(), features, member.slice);
  }

  // The factors are the model's again.
  void take_back() {
    if (!crew.front()->own_factors.taken()) return;
    team->run([this](unsigned at) {
      Member& member = *crew[at];
      const size_t features = model.feature_dim();
      member.own_factors.give(model.row(0), model.stride(), features, member.slice);
      if (adagrad) member.own_beside.give(squares.data(), model.stride(), features, member.slice);
    });
  }

  // Where a member finds its part of the factors.
  FactorTable table_of(Member& member) {
    if (member.own_factors.taken()) {
      return {.rows = member.own_factors.data(),
              .stride = member.own_factors.stride(),
              .slice = {.begin = 0, .width = member.slice.width},
              .beside = member.own_beside.data(),
              .far = far};
    }
    return {.rows = model.row(0),
            .stride = model.stride(),
            .slice = member.slice,
            .beside = adagrad ? squares.data() : nullptr,
            .far = far};
  }

  // A sweep over rows whose order is given; by the crew or by one alone. take_back() is to follow
  // the last one that `lends`.
  Tally sweep(const RowBatch& batch, std::span<const uint32_t> starts, size_t length, bool lends) {
    const bool together = pace.together();
    Crew& chosen = together ? crew : alone;
    for (const auto& member : chosen) {
      member->bias = model.bias;
      member->bias_square = bias_square;
    }
    if (together) {
      if (!team) team.emplace("fm-descent", static_cast<unsigned>(crew.size()));
      team->run([&](unsigned member) {
        if (lends && !crew[member]->own_factors.taken()) lend(*crew[member]);
        work(chosen, member, batch, starts, length);
      });
    } else {
      take_back();
      work(chosen, 0, batch, starts, length);
    }
    const Member& first = *chosen.front();
    model.bias = first.bias;
    bias_square = first.bias_square;
    pace.done(together, first.tally.rows);
    return first.tally;
  }

  // Whether the rows, which are the same in every call, are pairs that are sorted into cells.
  bool find_pairs(const RowBatch& batch) {
    if (looked_for_pairs) return pairs.has_value();
    looked_for_pairs = true;
    if (std::isfinite(long_row)) return false;
    std::optional<PairCells> cells =
        PairCells::make(batch, model.feature_dim(), model.stride() * sizeof(float));
    if (!cells) return false;
    const PairTables tables{.factors = model.row(0),
                            .stride = model.stride(),
                            .width = model.num_factors(),
                            .linear = model.linear(),
                            .squares = adagrad ? squares.data() : nullptr,
                            .linear_squares = linear_squares.data(),
                            .far = far};
    const PairDescent::Rates pair_rates{
        .rows = {.linear = rates.linear,
                 .linear_decay = rates.linear_decay,
                 .factors = static_cast<float>(settings.factors.learning_rate),
                 .factors_decay = static_cast<float>(settings.factors.weight_decay)},
        .bias = rates.bias,
        .bias_decay = rates.bias_decay,
    };
    pairs.emplace(std::move(*cells), model.type(), tables, pair_rates, threads);
    return true;
  }

  Tally sweep_pairs(uint64_t seed) {
    Bias bias{model.bias, bias_square};
    const Tally tally = pairs->sweep(seed, bias);
    model.bias = bias.value;
    bias_square = bias.square;
    return tally;
  }

  void work(Crew& all, unsigned at, const RowBatch& batch, std::span<const uint32_t> starts,
            size_t length) {
    Member& member = *all[at];
    member.tally = Tally();
    const FactorTable table = table_of(member);
    std::array<Block, kDelay + 1> waiting;
    const uint32_t begin = member.blocks;
    uint32_t used = begin;
    const auto use_next = [&] {
      const uint32_t number = used++;
      return use(all, at, table, waiting[number % waiting.size()], number);
    };
    for (const uint32_t start : starts) {
      const size_t end = std::min<size_t>(start + length, batch.size());
      for (size_t first = start; first < end;) {
        const Block block{&batch, first, block_rows(batch, first, end)};
        first += block.count;
        const uint32_t number = member.blocks++;
        waiting[number % waiting.size()] = block;
        publish(all, member, table, block, number);
        if (number - used == kDelay && !use_next()) return;
      }
    }
    while (used != member.blocks) {
      if (!use_next()) return;
    }
    take_logarithm(member);
  }

  // Computes the sums of a block, and tells the others its part of the outputs.
  void publish(const Crew& all, Member& member, const FactorTable& table, const Block& block,
               uint32_t number) const {
    Slot& slot = member.slot(number);
    const size_t units = member.slice.units();
    const bool by_unit = all.size() > 2;
    if (all.size() > 1) own(&slot);
    if (far) for_side(member.side, [&]<Side kSide>() { fetch_linear<kSide>(block); });
    float* const given = by_unit ? slot.units.front().floats.data() : member.unit_sums();
    forward(table, block, member.sums_for(number), given, units);
    if (all.size() == 1) {
      for (size_t r = 0; r < block.count; ++r) {
        slot.half[r] = add_up(given + r * units, units / 2);
        slot.other_half[r] = add_up(given + r * units + units / 2, units - units / 2);
      }
    } else if (!by_unit) {
      for (size_t r = 0; r < block.count; ++r) slot.half[r] = add_up(given + r * units, units);
    } else {
      slot.half = {};
    }
    for_side(member.side, [&]<Side kSide>() { add_linear<kSide>(block, slot); });
    slot.number.store(number + 1, std::memory_order_release);
    if (all.size() > 1) slot.number.notify_all();
  }

  // sum_i w_i x_i of either side of the middle.
  template <Side kSide>
  void add_linear(const Block& block, Slot& to) const {
    const float* const weights = linear.weights;
    const uint32_t* const indices = block.batch->indices.data();
    const float* const values = block.batch->values.data();
    const size_t* const ends = block.batch->ends().data() + block.first;
    size_t begin = block.batch->begin_of(block.first);
    for (size_t r = 0; r < block.count; ++r) {
      float below = 0;
      float above = 0;
      if constexpr (kSide != Side::above) {
        each_entry<Side::below>(indices, begin, ends[r], linear.middle,
                                [&](size_t i) { below += weights[indices[i]] * values[i]; });
        to.half[r] += below;
      }
      if constexpr (kSide != Side::below) {
        each_entry<Side::above>(indices, begin, ends[r], linear.middle,
                                [&](size_t i) { above += weights[indices[i]] * values[i]; });
        (kSide == Side::both ? to.other_half : to.half)[r] += above;
      }
      begin = ends[r];
    }
  }

  // The outputs of a block's rows but for the bias. Units are added up one after the other in each
  // half of them, linear weights of one side of the middle then, and the halves at last, however
  // they are shared.
  static void collect(const Crew& all, const Block& block, uint32_t number, float* outputs) {
    for (const auto& member : all) runtime::spin_until(member->slot(number).number, number + 1);
    if (all.size() <= 2) {
      const Slot& first = all.front()->slot(number);
      const float* const rest =
          all.size() == 1 ? first.other_half.data() : all.back()->slot(number).half.data();
      for (size_t r = 0; r < block.count; ++r) outputs[r] = first.half[r] + rest[r];
      return;
    }
    const size_t half = (all.back()->slice.begin / kUnit + all.back()->slice.units()) / 2;
    for (size_t r = 0; r < block.count; ++r) {
      std::array<float, 2> sums{};
      size_t unit = 0;
      for (const auto& member : all) {
        const size_t units = member->slice.units();
        const float* const given = member->slot(number).units.front().floats.data() + r * units;
        for (size_t u = 0; u < units; ++u) sums[unit++ < half ? 0 : 1] += given[u];
      }
      outputs[r] = (sums[0] + all.front()->slot(number).half[r]) +
                   (sums[1] + all.back()->slot(number).half[r]);
    }
  }

  static float add_up(const float* values, size_t count) {
    if (count == 2) return values[0] + values[1];
    float sum = 0;
    for (size_t at = 0; at < count; ++at) sum += values[at];
    return sum;
  }

  // What publish() of the rows behind the block will need.
  template <Side kSide>
  void fetch_linear(const Block& block) const {
    const RowBatch& batch = *block.batch;
    const uint32_t* const indices = batch.indices.data();
    const size_t first = block.first + block.count;
    const size_t last = std::min(first + block.count, batch.size());
    for (size_t row = first; row < last; ++row) {
      each_entry<kSide>(indices, batch.begin_of(row), batch.ends()[row], linear.middle,
                        [this, indices](size_t i) {
                          __builtin_prefetch(&linear.weights[indices[i]], 1);
                          if (adagrad) __builtin_prefetch(&linear.squares[indices[i]], 1);
                        });
    }
  }

  // Moves the model by a block whose interactions are known. False where it has diverged.
  bool use(const Crew& all, unsigned at, const FactorTable& table, const Block& block,
           uint32_t number) {
    Member& member = *all[at];
    std::array<float, kBlockRows> outputs;
    collect(all, block, number, outputs.data());
    if (all.size() > 1) {  // The others have told of a block ahead by now, or will soon.
      for (const auto& other : all) {
        if (other.get() != &member) __builtin_prefetch(&other->slot(number + kSlotsAhead));
      }
    }
    if (!derive(member, block, outputs.data())) return false;
    for_side(member.side, [&]<Side kSide>() {
      adagrad ? move_linear<kSide, true>(member, block) : move_linear<kSide, false>(member, block);
    });
    const float* const sums = member.sums_for(number);
    const float rate = static_cast<float>(settings.factors.learning_rate);
    const float decay = static_cast<float>(settings.factors.weight_decay);
    if (adagrad) {
      descend_adagrad(table, block, sums, member.slopes.data(), rate, decay);
    } else {
      descend(table, block, sums, member.slopes.data(), rate, decay);
    }
    return true;
  }

  static void move_adagrad(float& parameter, float& square, float gradient, float rate) {
    square += gradient * gradient;
    parameter -= rate * gradient / std::sqrt(square);
  }

  // The slope of each row; moves the bias, which is never old. False where an output is not finite.
  template <bool kClassifier>
  bool derive(Member& member, const Block& block, const float* outputs) const {
    Tally tally = member.tally;
    double product = member.product;
    float bias = member.bias;
    const bool weighted = block.batch->weighted();
    const bool limited = std::isfinite(long_row);
    float check = 0;
    float errors = 0;  // Of the block, squared.
    float absolutes = 0;
    for (size_t r = 0; r < block.count; ++r) {
      const float label = block.batch->label(block.first + r);
      float slope;
      if constexpr (kClassifier) {
        slope = classify(outputs[r] + bias, label, tally, product);
        check += outputs[r] - outputs[r];  // NaN once an output is not finite.
      } else {
        slope = (outputs[r] - label) + bias;
        errors += slope * slope;
        absolutes += std::abs(slope);
      }
      if (weighted) slope *= block.batch->importance(block.first + r);
      if (limited) slope *= shortened(block.batch->row(block.first + r).values);
      member.slopes[r] = slope;
      if (adagrad) {
        move_adagrad(bias, member.bias_square, slope + rates.bias_decay * bias, rates.bias);
      } else {
        bias = bias * rates.bias_kept - rates.bias * slope;
      }
    }
    member.bias = bias;
    tally.rows += block.count;
    tally.loss += errors;
    tally.absolutes += absolutes;
    tally.finite = check == 0 && std::isfinite(errors) && std::isfinite(bias);
    member.tally = tally;
    member.product = product;
    return tally.finite;
  }

  // The linear weights of a side, row after row.
  template <Side kSide, bool kAdagrad>
  void move_linear(const Member& member, const Block& block) const {
    float* const weights = linear.weights;
    float* const squares_of = linear.squares;
    const uint32_t* const indices = block.batch->indices.data();
    const float* const values = block.batch->values.data();
    const size_t* const ends = block.batch->ends().data() + block.first;
    size_t begin = block.batch->begin_of(block.first);
    for (size_t r = 0; r < block.count; ++r) {
      const float slope = member.slopes[r];
      const float step = rates.linear * slope;
      each_entry<kSide>(indices, begin, ends[r], linear.middle, [&](size_t i) {
        float& weight = weights[indices[i]];
        if constexpr (kAdagrad) {
          move_adagrad(weight, squares_of[indices[i]],
                       slope * values[i] + rates.linear_decay * weight, rates.linear);
        } else {
          weight = weight * rates.linear_kept - step * values[i];
        }
      });
      begin = ends[r];
    }
  }

  // By how much less a row is to count for its length.
  float shortened(std::span<const float> values) const {
    float length = 0;
    for (const float value : values) length += value * value;
    if (!(length > long_row)) return 1;
    const float part = long_row / length;
    return part * part;  // The factors' derivatives grow with the square, too.
  }

  bool derive(Member& member, const Block& block, const float* outputs) const {
    return model.type() == PredictorType::regressor ? derive<false>(member, block, outputs)
                                                    : derive<true>(member, block, outputs);
  }

  // The derivative of the cross-entropy by the output, and the tally of it: the cross-entropy is
  // log(1 + e^-|y|), and |y| more where the guess is wrong.
  static float classify(float output, float label, Tally& tally, double& product) {
    const float small = std::exp(-std::abs(output));
    const float inverse = 1 / (1 + small);
    const bool guess = output > 0;
    const bool truth = label > 0.5f;
    product *= 1 + small;
    if (guess != truth) tally.loss += std::abs(output);
    if (product > kProductMax) {
      tally.loss += std::log(product);
      product = 1;
    }
    tally.right += guess == truth;
    tally.true_positives += guess && truth;
    tally.false_positives += guess && !truth;
    tally.false_negatives += !guess && truth;
    return (guess ? inverse : small * inverse) - label;
  }

  static void take_logarithm(Member& member) {
    member.tally.loss += std::log(member.product);
    member.product = 1;
  }

  // Of the settings, as the loops take them.
  struct Rates {
    explicit Rates(const Settings& s)
        : bias(static_cast<float>(s.bias.learning_rate)),
          bias_decay(static_cast<float>(s.bias.weight_decay)),
          bias_kept(1 - bias * bias_decay),
          linear(static_cast<float>(s.linear.learning_rate)),
          linear_decay(static_cast<float>(s.linear.weight_decay)),
          linear_kept(1 - linear * linear_decay) {}
    float bias;
    float bias_decay;
    float bias_kept;
    float linear;
    float linear_decay;
    float linear_kept;
  };

  Model& model;
  const Settings& settings;
  const unsigned threads;
  const Rates rates;
  const bool adagrad;
  const float long_row;
  const bool far;
  Crew crew;
  Crew alone;
  std::optional<runtime::Team> team;  // Of the crew.
  Pace pace;
  Linear linear;
  float bias_square = 1;
  FloatTable squares;  // AdaGrad's sums for the factors, laid out as the model's rows.
  FloatTable linear_squares;
  bool looked_for_pairs = false;
  std::optional<PairDescent> pairs;  // Where the rows in memory are such.
};

Descent::Descent(Model& model, const Settings& settings, unsigned threads, Starts starts)
    : state_(std::make_unique<State>(model, settings, threads, starts)) {}

Descent::~Descent() = default;

Tally Descent::sweep(const RowBatch& batch, std::span<const uint32_t> starts, size_t length) {
  Tally total;
  state_->linear.middle = middle_feature(batch);
  const size_t entries = batch.indices.size() / std::max<size_t>(batch.size(), 1) + 1;  // Of a row.
  const size_t most = std::clamp<size_t>(kEntriesAtOnce / (entries * length), 1, kStartsAtOnce);
  const size_t uses = std::min(batch.indices.size(), starts.size() * length * entries);
  const bool lends = !state_->far && uses >= kLentUses * state_->model.feature_dim();
  while (!starts.empty() && total.finite) {
    const size_t count = std::min(most, starts.size());
    total.add(state_->sweep(batch, starts.first(count), length, lends));
    starts = starts.subspan(count);
  }
  state_->take_back();
  return total;
}

Tally Descent::epoch(const RowBatch& batch, uint64_t seed) {
  if (state_->find_pairs(batch)) return state_->sweep_pairs(seed);
  std::vector<uint32_t> starts;
  for (size_t at = 0; at < batch.size(); at += kSegmentRows) {
    starts.push_back(static_cast<uint32_t>(at));
  }
  Generator generator(seed);
  for (size_t at = starts.size(); at > 1; --at) {
    std::swap(starts[at - 1], starts[generator.below(at)]);
  }
  return sweep(batch, starts, kSegmentRows);
}

float first_bias(PredictorType type, const RowBatch& batch) {
  double sum = 0;
  for (size_t at = 0; at < batch.size(); ++at) sum += batch.label(at);
  const double rows = static_cast<double>(batch.size());
  if (type == PredictorType::regressor) return static_cast<float>(sum / rows);
  return static_cast<float>(std::log((sum + 1) / (rows - sum + 1)));
}

double label_scale(PredictorType type, const RowBatch& batch) {
  if (type != PredictorType::regressor || batch.empty()) return 1;
  const double mean = first_bias(type, batch);
  double squares = 0;
  for (size_t at = 0; at < batch.size(); ++at) {
    squares += (batch.label(at) - mean) * (batch.label(at) - mean);
  }
  const double scale = std::sqrt(squares / static_cast<double>(batch.size()));
  return scale > 0 && std::isfinite(scale) ? scale : 1;
}

RowLengths row_lengths(const RowBatch& batch) {
  constexpr double kTwoOnes = 2;
  std::vector<double> lengths(batch.size());
  for (size_t at = 0; at < batch.size(); ++at) {
    for (const float value : batch.row(at).values) lengths[at] += double{value} * value;
  }
  if (lengths.empty()) return {};
  const auto middle = lengths.begin() + static_cast<ptrdiff_t>(lengths.size() / 2);
  std::nth_element(lengths.begin(), middle, lengths.end());
  if (!(*middle > 0) || !std::isfinite(*middle)) return {};
  const double longest = *std::max_element(middle, lengths.end());
  return {.usual = *middle / kTwoOnes, .alike = longest <= kLongRow * *middle};
}

// With y = s y', w = s w' / c and v = sqrt(s) v' / sqrt(c) of rows sqrt(c) times as long, a
// gradient by w is s sqrt(c) times, one by v s^1.5 sqrt(c) times that of the primed model.
Settings scaled(const Settings& settings, double scale, const RowLengths& lengths, Starts& starts) {
  Settings out = settings;
  const double longer = lengths.usual;
  const double root = std::sqrt(longer);
  out.linear.weight_decay *= longer;
  out.factors.weight_decay *= scale * longer;
  starts.factors_enlarged = std::sqrt(scale / longer);
  if (settings.solver == Solver::adagrad) {
    out.bias.learning_rate *= scale;
    out.linear.learning_rate *= scale / root;
    out.factors.learning_rate *= std::sqrt(scale) / root;
    starts.bias_square = static_cast<float>(scale * scale);
    starts.linear_square = static_cast<float>(scale * scale * longer);
    starts.factors_square = static_cast<float>(scale * scale * scale * longer);
  } else {
    out.linear.learning_rate /= longer;
    out.factors.learning_rate /= scale * longer;
    if (!lengths.alike) starts.long_row = static_cast<float>(2 * kLongRow * longer);
  }
  return out;
}

namespace {

class DescentRun {
 public:
  DescentRun(const Training& training, Model& model) : training_(training), model_(model) {}

  Result<void> run() {
    for (int attempt = 1;; ++attempt) {
      TRY(const Attempt now, attempt_once());
      if (!now.diverged) return ok;
      if (attempt == kAttempts || training_.continued) return diverged(now.epoch, now.batch);
      rates_ *= kLowerRates;
      training_.progress.note(fmt::format(
          "The training diverged with these learning rates and begins anew with {:g} of them",
          rates_));
      initialize(model_, training_.settings);
      descent_.reset();
    }
  }

 private:
  struct Attempt {
    bool diverged = false;
    uint64_t epoch = 0;  // Where.
    uint64_t batch = 0;
  };

  Result<Attempt> attempt_once() {
    const Settings& settings = training_.settings;
    for (uint64_t epoch = 0; epoch < settings.epochs; ++epoch) {
      Tally tally;
      if (training_.memory != nullptr) {
        tally = sweep_memory(*training_.memory, epoch);
      } else {
        TRY(tally, sweep_stream());
      }
      if (!tally.finite) return Attempt{true, epoch, tally.rows / settings.mini_batch_size};
      if (!training_.progress.epoch(epoch, measures_of(settings.type, tally), model_)) break;
    }
    return Attempt();
  }

  Descent& descent(const RowBatch& first) {
    if (!descent_) {
      if (training_.settings.bias_from_data && !training_.continued) {
        model_.bias = first_bias(training_.settings.type, first);
      }
      const double scale = label_scale(training_.settings.type, first);
      Starts starts;
      settings_ = scaled(training_.settings, scale, row_lengths(first), starts);
      for (TermSettings* term : {&settings_.bias, &settings_.linear, &settings_.factors}) {
        term->learning_rate *= rates_;
      }
      if (!training_.continued) enlarge(starts.factors_enlarged);
      descent_ = std::make_unique<Descent>(model_, settings_, training_.threads, starts);
    }
    return *descent_;
  }

  void enlarge(double by) {
    for (uint64_t feature = 0; feature < model_.feature_dim(); ++feature) {
      float* row = model_.row(feature);
      for (uint32_t f = 0; f < model_.num_factors(); ++f) row[f] *= static_cast<float>(by);
    }
  }

  Tally sweep_memory(const RowBatch& rows, uint64_t epoch) {
    return descent(rows).epoch(rows, training_.settings.seed + epoch * 0x9e3779b9);
  }

  Result<Tally> sweep_stream() {
    Tally total;
    training_.source.rewind();
    while (!training_.stop.stop_requested() && total.finite) {
      TRY(const RowBatch* batch, training_.source.read(kStreamRows));
      if (batch->empty()) break;
      constexpr std::array<uint32_t, 1> kAll = {0};
      total.add(descent(*batch).sweep(*batch, kAll, kStreamRows));
    }
    return total;
  }

  const Training& training_;
  Model& model_;
  Settings settings_;  // For the scale of the labels and the lengths of the rows.
  double rates_ = 1;   // Of those that were asked for.
  std::unique_ptr<Descent> descent_;
};

}  // namespace

Result<void> solve_descent(const Training& training, Model& model) {
  return DescentRun(training, model).run();
}

}  // namespace millrace::ml::factorization_machines
