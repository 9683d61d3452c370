#include "engines/ml/algorithms/factorization_machines/blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "engines/ml/algorithms/factorization_machines/block_kernels.h"
#include "engines/ml/algorithms/factorization_machines/polya_gamma.h"
#include "engines/ml/float_table.h"
#include "engines/ml/generator.h"
#include "runtime/team.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kDirectFeatures = 12;   // Of a row on average, up to which no sums are kept.
constexpr size_t kKeptRows = 512;        // Whose derivatives are kept between the two passes.
constexpr size_t kSharedRows = 16384;    // From which on all members work on one column.
constexpr size_t kParts = 16;            // Of such a column, whoever works on them.
constexpr size_t kGrab = 8;              // Columns that a member takes at once.
constexpr size_t kFloatsToMeet = 16384;  // Of derivatives, that are worth a meeting of threads.
constexpr size_t kRowsPart = 4096;       // Of the work on rows.
constexpr uint64_t kRowDraws = uint64_t{1} << 40;  // Parts of draws that are not a feature's.
constexpr uint64_t kBiasDraws = kRowDraws - 1;

// What a member of the team works with.
struct Scratch {
  std::vector<float> derivatives;  // kKeptRows rows.
  std::vector<float> errors;       // Weighted, of those rows.
  std::vector<float> products;     // Of a row's derivatives and the change.
  std::vector<float> matrix;
  std::vector<float> change;  // Of the parameters; their gradient at first.
  std::vector<float> dual;    // Derivatives in units of the prior, by parameter and row.
  std::vector<float> dual_matrix;
  std::vector<float> dual_errors;
  std::vector<float> first;  // Where the dual solution begins.
  // With variances: what the uncertainty of others adds (block_kernels.h).
  std::vector<float> diagonal;
  std::vector<float> shared;
};

// Of a column that all members work on.
struct Part {
  std::vector<float> matrix;
  std::vector<float> gradient;
};

// As many as have something to do between two meetings, one after each set.
unsigned useful_threads(const RowBatch& rows, const Columns& columns, size_t width,
                        unsigned threads) {
  const size_t meetings = columns.sets().size() + 1;
  const size_t useful = rows.indices.size() * width / (meetings * kFloatsToMeet);
  return static_cast<unsigned>(std::clamp<size_t>(useful, 1, std::max(threads, 1u)));
}

}  // namespace

struct Blocks::State {
  State(const RowBatch& r, const Columns& c, std::vector<float> t, PredictorType p,
        const Options& o)
      : rows(r),
        columns(c),
        targets(std::move(t)),
        type(p),
        options(o),
        parameters(o.factors + 1),
        width(block_width(parameters)),
        team("fm-blocks", useful_threads(r, c, width, o.threads)),
        scratches(team.size()),
        parts(kParts),
        taken(columns.sets().size() + 2),
        outputs(rows.size()),
        errors(rows.size()) {
    if (type == PredictorType::binary_classifier || rows.weighted()) roots.resize(rows.size());
    if (!usually_short(rows)) {
      ASSERT(!options.keeps_variances);
      sums = FloatTable(rows.size() * width);
    }
    for (Scratch& scratch : scratches) prepare(scratch);
    for (Part& part : parts) {
      part.matrix.resize(width * width);
      part.gradient.resize(width);
    }
  }

  void prepare(Scratch& scratch) const {
    scratch.derivatives.resize(kKeptRows * width);
    scratch.errors.resize(std::max(kKeptRows, width));
    scratch.products.resize(std::max(kKeptRows, width));
    scratch.matrix.resize(width * width);
    scratch.change.resize(width);
    scratch.dual.resize(width * width);
    scratch.dual_matrix.resize(width * width);
    scratch.dual_errors.resize(width);
    scratch.first.resize(width);
    scratch.diagonal.resize(width);
    scratch.shared.resize(width);
  }

  void allocate(uint64_t feature_dim) {
    table = FloatTable(feature_dim * width);
    if (!options.keeps_variances) return;
    variances = FloatTable(feature_dim * width);
    output_variances.resize(rows.size());
  }

  float* own(uint64_t feature) { return table.data() + feature * width; }

  BlockSource source() const {
    return {.rows = &rows,
            .parameters = table.data(),
            .factors = options.factors,
            .width = width,
            .sums = sums.size() > 0 ? sums.data() : nullptr,
            .roots = roots.empty() ? nullptr : roots.data()};
  }

  // What each row of the column has to do with the feature's parameters.
  void gather(const Column& part, Scratch& scratch) const {
    block_derivatives(source(), part, scratch.derivatives.data());
    for (size_t at = 0; at < part.size(); ++at) {
      const uint32_t row = part.rows[at];
      scratch.errors[at] = roots.empty() ? errors[row] : errors[row] * roots[row];
    }
  }

  void apply(const Column& part, Scratch& scratch) {
    multiply(scratch.derivatives.data(), scratch.change.data(), part.size(), width,
             scratch.products.data());
    for (size_t at = 0; at < part.size(); ++at) {
      const uint32_t row = part.rows[at];
      errors[row] -= roots.empty() ? scratch.products[at] : scratch.products[at] / roots[row];
    }
    if (sums.size() > 0) add_to_sums(part, scratch.change.data(), width, sums.data());
  }

  template <class Work>
  void by_kept_rows(const Column& column, const Work& work) const {
    for (size_t at = 0; at < column.size(); at += kKeptRows) {
      work(column.part(at, std::min(kKeptRows, column.size() - at)));
    }
  }

  void accumulate(const Column& column, Scratch& scratch, float* matrix, float* gradient) const {
    std::fill_n(matrix, width * width, 0.0f);
    std::fill_n(gradient, width, 0.0f);
    forget_uncertainty(scratch);
    by_kept_rows(column, [&](const Column& part) {
      gather(part, scratch);
      find_uncertainty(part, scratch);
      add_products(scratch.derivatives.data(), part.size(), width, matrix);
      add_scaled(scratch.derivatives.data(), scratch.errors.data(), part.size(), width, gradient);
    });
    if (variances.size() == 0) return;
    const float* const now = table.data() + column.feature * width;
    for (size_t at = 0; at < options.factors; ++at) {
      matrix[at * width + at] += scratch.diagonal[at];
      gradient[at] -= scratch.shared[at] + scratch.diagonal[at] * now[at];
    }
  }

  void forget_uncertainty(Scratch& scratch) const {
    std::fill(scratch.diagonal.begin(), scratch.diagonal.end(), 0.0f);
    std::fill(scratch.shared.begin(), scratch.shared.end(), 0.0f);
  }

  // After gather(). Linear weights have nothing to do with other parameters.
  void find_uncertainty(const Column& part, Scratch& scratch) const {
    if (variances.size() == 0) return;
    add_uncertainty(source(), part, variances.data(), scratch.derivatives.data(),
                    scratch.diagonal.data(), scratch.shared.data());
    scratch.diagonal[options.factors] = scratch.shared[options.factors] = 0;
  }

  // Of a parameter, from the curvature along it in units of the noise's precision.
  void keep_variance(const Column& column, size_t at, float curvature) {
    variances[column.feature * width + at] = 1 / (curvature * noise_precision);
  }

  float mean(const Column& column, size_t at) const {
    return priors->means[column.group * parameters + at];
  }
  // In units of the noise's.
  float precision(const Column& column, size_t at) const {
    return priors->precisions[column.group * parameters + at] / noise_precision;
  }

  // From the sums in `matrix` and `change` to the change; `expected`, unless null, receives what
  // the parameters are to be on average.
  void solve(const Column& column, Scratch& scratch, float* expected) {
    const float* now = own(column.feature);
    for (size_t at = 0; at < parameters; ++at) {
      const float weight = precision(column, at);
      scratch.matrix[at * width + at] += weight;
      scratch.change[at] += weight * (mean(column, at) - now[at]);
      if (variances.size() > 0) keep_variance(column, at, scratch.matrix[at * width + at]);
    }
    factorise(scratch.matrix.data(), parameters, width);
    solve_lower(scratch.matrix.data(), parameters, width, scratch.change.data());
    if (expected != nullptr) {
      std::copy_n(scratch.change.data(), width, scratch.products.data());
      solve_upper(scratch.matrix.data(), parameters, width, scratch.products.data());
      for (size_t at = 0; at < parameters; ++at) expected[at] = now[at] + scratch.products[at];
    }
    if (options.draws) {
      Generator generator(options.seed, number, column.feature);
      add_noise(generator, scratch.change.data(), parameters);
    }
    solve_upper(scratch.matrix.data(), parameters, width, scratch.change.data());
  }

  void add_noise(Generator& generator, float* to, size_t count) const {
    for (size_t at = 0; at < count; ++at) {
      to[at] += noise_deviation * static_cast<float>(generator.normal());
    }
  }

  bool has_dual(const Column& column) const {
    if (4 * column.size() > 3 * parameters || column.size() > kKeptRows) return false;
    for (size_t at = 0; at < parameters; ++at) {
      if (!(precision(column, at) > 0)) return false;
    }
    return true;
  }

  // The same in the space of the column's rows, of which `gather` was called. A draw begins at one
  // from the prior, and moves to where it meets the rows, of which each has noise of its own.
  void solve_dual(const Column& column, Scratch& scratch, float* expected) {
    const size_t count = column.size();
    const size_t padded = block_width(count);
    for (size_t at = 0; at < parameters; ++at) {
      const float unit = 1 / std::sqrt(precision(column, at) + scratch.diagonal[at]);
      float* to = scratch.dual.data() + at * padded;
      for (size_t row = 0; row < count; ++row) {
        to[row] = unit * scratch.derivatives[row * width + at];
      }
      std::fill(to + count, to + padded, 0.0f);
    }
    std::fill_n(scratch.dual_matrix.data(), padded * padded, 0.0f);
    add_products(scratch.dual.data(), parameters, padded, scratch.dual_matrix.data());
    for (size_t row = 0; row < count; ++row) scratch.dual_matrix[row * padded + row] += 1;
    factorise(scratch.dual_matrix.data(), count, padded);
    if (expected != nullptr) {
      move_dual(column, scratch, nullptr);
      const float* now = own(column.feature);
      for (size_t at = 0; at < parameters; ++at) expected[at] = now[at] + scratch.change[at];
    }
    Generator generator(options.seed, number, column.feature);
    move_dual(column, scratch, options.draws ? &generator : nullptr);
  }

  void keep_dual_variances(const Column& column, const Scratch& scratch) {
    for (size_t at = 0; at < parameters; ++at) {
      float curvature = precision(column, at) + scratch.diagonal[at];
      for (size_t row = 0; row < column.size(); ++row) {
        const float derivative = scratch.derivatives[row * width + at];
        curvature += derivative * derivative;
      }
      keep_variance(column, at, curvature);
    }
  }

  // From the factorised matrix to the change: drawn by `noise`, or the optimum where that is null.
  void move_dual(const Column& column, Scratch& scratch, Generator* noise) {
    const size_t count = column.size();
    const size_t padded = block_width(count);
    const float* now = own(column.feature);
    for (size_t at = 0; at < parameters; ++at) {
      const float own = precision(column, at);
      scratch.first[at] =
          (own * mean(column, at) - scratch.shared[at]) / (own + scratch.diagonal[at]) - now[at];
      if (noise == nullptr) continue;
      const float unit = 1 / std::sqrt(precision(column, at));
      scratch.first[at] += unit * noise_deviation * static_cast<float>(noise->normal());
    }
    multiply(scratch.derivatives.data(), scratch.first.data(), count, width,
             scratch.products.data());
    float* right = scratch.dual_errors.data();
    std::fill_n(right, padded, 0.0f);
    for (size_t row = 0; row < count; ++row)
      right[row] = scratch.errors[row] - scratch.products[row];
    if (noise != nullptr) add_noise(*noise, right, count);
    solve_lower(scratch.dual_matrix.data(), count, padded, right);
    solve_upper(scratch.dual_matrix.data(), count, padded, right);
    multiply(scratch.dual.data(), right, parameters, padded, scratch.products.data());
    for (size_t at = 0; at < parameters; ++at) {
      const float unit = 1 / std::sqrt(precision(column, at) + scratch.diagonal[at]);
      scratch.change[at] = scratch.first[at] + unit * scratch.products[at];
    }
  }

  void move(const Column& column, const Scratch& scratch) {
    float* now = own(column.feature);
    for (size_t at = 0; at < parameters; ++at) now[at] += scratch.change[at];
  }

  void work_alone(const Column& column, Scratch& scratch, float* expected) {
    if (has_dual(column)) {
      gather(column, scratch);
      forget_uncertainty(scratch);
      find_uncertainty(column, scratch);
      solve_dual(column, scratch, expected);
      if (variances.size() > 0) keep_dual_variances(column, scratch);
    } else {
      accumulate(column, scratch, scratch.matrix.data(), scratch.change.data());
      solve(column, scratch, expected);
    }
    by_kept_rows(column, [&](const Column& part) {
      if (column.size() > kKeptRows) gather(part, scratch);
      apply(part, scratch);
    });
    move(column, scratch);
  }

  // All members work on parts of the column; the first one solves.
  void work_together(const Column& column, unsigned member, float* expected) {
    Scratch& scratch = scratches[member];
    const auto part_of = [&](size_t at) {
      const size_t begin = column.size() * at / kParts;
      return column.part(begin, column.size() * (at + 1) / kParts - begin);
    };
    for (size_t at = member; at < kParts; at += team.size()) {
      accumulate(part_of(at), scratch, parts[at].matrix.data(), parts[at].gradient.data());
    }
    team.meet();
    Scratch& first = scratches[0];
    if (member == 0) {
      std::fill(first.matrix.begin(), first.matrix.end(), 0.0f);
      std::fill(first.change.begin(), first.change.end(), 0.0f);
      for (const Part& part : parts) {
        for (size_t n = 0; n < first.matrix.size(); ++n) first.matrix[n] += part.matrix[n];
        for (size_t n = 0; n < width; ++n) first.change[n] += part.gradient[n];
      }
      solve(column, first, expected);
    }
    team.meet();
    if (member != 0) scratch.change = first.change;
    for (size_t at = member; at < kParts; at += team.size()) {
      by_kept_rows(part_of(at), [&](const Column& part) {
        gather(part, scratch);
        apply(part, scratch);
      });
    }
    team.meet();
    if (member == 0) move(column, scratch);
    team.meet();
  }

  void work_on_set(size_t set, unsigned member) {
    const std::vector<uint32_t>& all = columns.sets()[set];
    const bool last = set + 1 == columns.sets().size();
    const auto expected_of = [&](size_t at) {
      return last && !expected.empty() ? expected.data() + at * width : nullptr;
    };
    size_t alone = 0;  // The most frequent come first.
    while (alone < all.size() && columns.column(all[alone]).size() >= kSharedRows) {
      work_together(columns.column(all[alone]), member, expected_of(alone));
      ++alone;
    }
    for (;;) {
      const size_t begin = alone + taken[set].fetch_add(kGrab, std::memory_order_relaxed);
      if (begin >= all.size()) break;
      for (size_t at = begin; at < std::min(begin + kGrab, all.size()); ++at) {
        work_alone(columns.column(all[at]), scratches[member], expected_of(at));
      }
    }
    team.meet();
  }

  // Calls `work(part, first, count)` for parts of the rows, shared by the members.
  template <class Work>
  void by_rows(std::atomic<size_t>& next, const Work& work) {
    for (;;) {
      const size_t part = next.fetch_add(1, std::memory_order_relaxed);
      if (part * kRowsPart >= rows.size()) return;
      work(part, part * kRowsPart, std::min(kRowsPart, rows.size() - part * kRowsPart));
    }
  }

  // The errors, and a classifier's weights.
  void find_errors(size_t part, size_t first, size_t count) {
    if (type == PredictorType::regressor) {
      for (size_t at = first; at < first + count; ++at) {
        errors[at] = targets[at] - outputs[at];
        if (!roots.empty()) roots[at] = std::sqrt(rows.importance(at));
      }
      return;
    }
    Generator generator(options.seed, number, kRowDraws + part);
    for (size_t at = first; at < first + count; ++at) {
      const double weight =
          options.draws ? polya_gamma(outputs[at], generator) : polya_gamma_mean(usual_output(at));
      roots[at] = static_cast<float>(std::sqrt(weight * rows.importance(at)));
      errors[at] = static_cast<float>((targets[at] - 0.5) / weight - outputs[at]);
    }
  }

  // The root of the mean square of a row's output, which bounds its class's likelihood best.
  float usual_output(size_t at) const {
    if (output_variances.empty()) return outputs[at];
    return std::sqrt(outputs[at] * outputs[at] + output_variances[at]);
  }

  void move_bias() {
    double weights = priors->bias_precision / noise_precision;
    double total = -weights * bias;
    for (size_t at = 0; at < errors.size(); ++at) {
      const double weight = roots.empty() ? 1 : double{roots[at]} * roots[at];
      weights += weight;
      total += weight * errors[at];
    }
    if (!(weights > 0)) return;
    double change = total / weights;
    if (options.draws) {
      Generator generator(options.seed, number, kBiasDraws);
      change += noise_deviation * generator.normal() / std::sqrt(weights);
    }
    bias += static_cast<float>(change);
    for (float& error : errors) error -= static_cast<float>(change);
  }

  void find_outputs(size_t first, size_t count) {
    block_outputs(source(), bias, first, count, outputs.data());
    if (variances.size() > 0) {
      block_output_variances(source(), variances.data(), first, count, output_variances.data());
    }
    if (sums.size() == 0) return;
    std::fill_n(sums.data() + first * width, count * width, 0.0f);
    for (size_t at = first; at < first + count; ++at) {
      const RowView row = rows.row(at);
      for (size_t i = 0; i < row.indices.size(); ++i) {
        add_scaled(own(row.indices[i]), &row.values[i], 1, width, sums.data() + at * width);
      }
    }
  }

  void run(unsigned member) {
    by_rows(taken[columns.sets().size()],
            [&](size_t part, size_t first, size_t count) { find_errors(part, first, count); });
    team.meet();
    if (member == 0) move_bias();
    team.meet();
    for (size_t set = 0; set < columns.sets().size(); ++set) work_on_set(set, member);
    by_rows(taken[columns.sets().size() + 1],
            [&](size_t, size_t first, size_t count) { find_outputs(first, count); });
  }

  const RowBatch& rows;
  const Columns& columns;
  const std::vector<float> targets;
  const PredictorType type;
  const Options options;
  const size_t parameters;
  const size_t width;
  runtime::Team team;
  std::vector<Scratch> scratches;
  std::vector<Part> parts;
  std::vector<std::atomic<size_t>> taken;  // By set: columns; then the rows, twice.

  FloatTable table;  // `width` floats a feature.
  float bias = 0;
  std::vector<float> outputs;
  std::vector<float> errors;
  std::vector<float> roots;  // Of the weights of rows, where they differ.
  FloatTable sums;
  FloatTable variances;                 // As `table`, where they are kept.
  std::vector<float> output_variances;  // Of rows, likewise.
  std::vector<float> expected;  // Of the last set, `width` floats a column, where they are wanted.

  const BlockPriors* priors = nullptr;  // Of the sweep that is going on.
  float noise_precision = 1;
  float noise_deviation = 1;
  uint64_t number = 0;
};

Result<void> check_block_factors(const Model& model) {
  if (model.num_factors() <= kBlockFactorsMax) return ok;
  return fail(ErrorKind::unsupported,
              fmt::format("The solvers als and mcmc take up to {} factors, not {}",
                          kBlockFactorsMax, model.num_factors()));
}

bool usually_short(const RowBatch& rows) {
  return rows.indices.size() <= kDirectFeatures * rows.size();
}

Blocks::Blocks(const RowBatch& rows, const Columns& columns, std::vector<float> targets,
               PredictorType type, const Options& options)
    : state_(std::make_unique<State>(rows, columns, std::move(targets), type, options)) {}

Blocks::~Blocks() = default;

void Blocks::take(const Model& model) {
  State& state = *state_;
  ASSERT(model.num_factors() == state.options.factors);
  state.allocate(model.feature_dim());
  state.bias = model.bias;
  for (size_t at = 0; at < state.columns.size(); ++at) {
    const uint32_t feature = state.columns.column(at).feature;
    std::copy_n(model.row(feature), state.options.factors, state.own(feature));
    state.own(feature)[state.options.factors] = model.linear(feature);
  }
  state.taken[0] = 0;
  state.team.run([&](unsigned) {
    state.by_rows(state.taken[0],
                  [&](size_t, size_t first, size_t count) { state.find_outputs(first, count); });
  });
}

void Blocks::give(const BlockPriors& priors, bool keep_others, Model& model) const {
  const State& state = *state_;
  const size_t factors = state.options.factors;
  model.bias = state.bias;
  size_t next = 0;
  for (uint64_t feature = 0; feature < model.feature_dim(); ++feature) {
    const bool occurs =
        next < state.columns.size() && state.columns.column(next).feature == feature;
    next += occurs ? 1 : 0;
    if (!occurs && keep_others) continue;
    const float* from =
        occurs ? parameters(feature).data()
               : priors.means.data() + state.columns.group_of(feature) * state.parameters;
    std::copy_n(from, factors, model.row(feature));
    model.linear(feature) = from[factors];
  }
}

void Blocks::give_expected(Model& model) const {
  const State& state = *state_;
  if (state.expected.empty()) return;
  const std::vector<uint32_t>& last = state.columns.sets().back();
  for (size_t at = 0; at < last.size(); ++at) {
    const float* const from = state.expected.data() + at * state.width;
    const uint32_t feature = state.columns.column(last[at]).feature;
    std::copy_n(from, state.options.factors, model.row(feature));
    model.linear(feature) = from[state.options.factors];
  }
}

void Blocks::sweep(const BlockPriors& priors, float noise_precision, uint64_t number,
                   bool expects) {
  State& state = *state_;
  const bool any = !state.columns.sets().empty();
  state.expected.resize(expects && any ? state.columns.sets().back().size() * state.width : 0);
  state.priors = &priors;
  state.noise_precision = noise_precision;
  state.noise_deviation = 1 / std::sqrt(noise_precision);
  state.number = number;
  for (auto& taken : state.taken) taken = 0;
  state.team.run([&](unsigned member) { state.run(member); });
}

std::span<const float> Blocks::outputs() const { return state_->outputs; }

std::span<const float> Blocks::parameters(uint64_t feature) const {
  return {state_->table.data() + feature * state_->width, state_->parameters};
}

std::span<const float> Blocks::variances(uint64_t feature) const {
  return {state_->variances.data() + feature * state_->width, state_->parameters};
}

std::span<const float> Blocks::output_variances() const { return state_->output_variances; }

}  // namespace millrace::ml::factorization_machines
