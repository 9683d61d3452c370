#include "engines/ml/algorithms/factorization_machines/field_aware.h"

#include <algorithm>
#include <cmath>

#include "engines/ml/algorithms/factorization_machines/descent.h"
#include "engines/ml/generator.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kStreamRows = 8192;
constexpr size_t kLineFloats = 16;

class FieldAwareRun {
 public:
  FieldAwareRun(const Training& training, Model& model)
      : training_(training), settings_(training.settings), model_(model) {}

  Result<void> run() {
    TRY(begin());
    for (uint64_t epoch = 0; epoch < settings_.epochs; ++epoch) {
      Tally tally;
      training_.source.rewind();
      while (!training_.stop.stop_requested() && tally.finite) {
        TRY(const RowBatch* batch, training_.source.read(kStreamRows));
        if (batch->empty()) break;
        const size_t floats = longest_row(*batch) * table_.row_floats();
        if (table_.is_narrow() && floats > sums_.size()) sums_ = FloatTable(floats);
        for (size_t at = 0; at < batch->size() && tally.finite; ++at) learn(*batch, at, tally);
      }
      if (!tally.finite) return diverged(epoch, tally.rows / settings_.mini_batch_size);
      if (!training_.progress.epoch(epoch, measures_of(settings_.type, tally), model_)) break;
    }
    return ok;
  }

 private:
  Result<void> begin() {
    training_.source.rewind();
    TRY(const RowBatch* first, training_.source.read(kStreamRows));
    const Starts starts = fit_to(training_.memory != nullptr ? *training_.memory : *first);
    const size_t width = model_.num_factors();
    const auto fields = settings_.fields.size();
    Model drawn(model_.type(), model_.feature_dim(), static_cast<uint32_t>(width * fields));
    drawn.bias = model_.bias;
    drawn.fields = settings_.fields;
    if (settings_.bias_from_data && !first->empty()) drawn.bias = first_bias(model_.type(), *first);
    Generator generator(settings_.seed);
    const double most = starts.factors_enlarged / std::sqrt(static_cast<double>(width));
    for (uint64_t feature = 0; feature < drawn.feature_dim(); ++feature) {
      for (uint32_t f = 0; f < drawn.num_factors(); ++f) {
        drawn.row(feature)[f] = static_cast<float>(most * generator.uniform());
      }
    }
    model_ = std::move(drawn);
    squares_ = FloatTable(model_.feature_dim() * model_.stride());
    linear_squares_ = FloatTable(model_.feature_dim());
    std::fill_n(squares_.data(), squares_.size(), starts.factors_square);
    std::fill_n(linear_squares_.data(), linear_squares_.size(), starts.linear_square);
    bias_square_ = starts.bias_square;
    table_ = {model_.row(0), squares_.data(), model_.stride(), width, fields};
    decays_.resize(table_.row_floats());
    counts_.resize(fields);
    return ok;
  }

  // Rates, decays and starts for these labels and rows. Of the factors for the labels only: pairs
  // are divided by the length of their row.
  Starts fit_to(const RowBatch& rows) {
    const double scale = label_scale(model_.type(), rows);
    Starts starts;
    const TermSettings factors = scaled(settings_, scale, {}, starts).factors;
    Starts of_linear;
    settings_ = scaled(settings_, scale, row_lengths(rows), of_linear);
    settings_.factors = factors;
    starts.linear_square = of_linear.linear_square;
    return starts;
  }

  static size_t longest_row(const RowBatch& batch) {
    size_t longest = 0;
    for (size_t at = 0; at < batch.size(); ++at) {
      longest = std::max(longest, batch.row(at).indices.size());
    }
    return longest;
  }

  void learn(const RowBatch& batch, size_t at, Tally& tally) {
    const RowView row = batch.row(at);
    const float label = batch.label(at);
    const float r = find_fields(row, model_.fields, entries_);
    float output = model_.bias;
    for (const FieldEntry& entry : entries_) output += model_.linear(entry.feature) * entry.value;
    const std::span<const uint32_t> next =
        at + 1 < batch.size() ? batch.row(at + 1).indices : std::span<const uint32_t>();
    output += r * (table_.is_narrow()
                       ? field_sums(table_, entries_, next, sums_.data())
                       : field_pairs(table_.factors, table_.stride, table_.width, entries_));
    if (!std::isfinite(output)) {
      tally.finite = false;
      return;
    }
    add_to(tally, model_.type(), output, label);
    const float slope = (score_of(model_.type(), output) - label) * batch.importance(at);
    if (table_.is_narrow()) {
      descend_along_sums(slope * r, next);
    } else {
      descend_fields(table_, entries_, slope * r,
                     static_cast<float>(settings_.factors.learning_rate),
                     static_cast<float>(settings_.factors.weight_decay));
    }
    move(settings_.bias, model_.bias, bias_square_, slope);
    for (const FieldEntry& entry : entries_) {
      move(settings_.linear, model_.linear(entry.feature), linear_squares_[entry.feature],
           slope * entry.value);
    }
  }

  void descend_along_sums(float slope, std::span<const uint32_t> next) {
    find_decays();
    const auto rate = static_cast<float>(settings_.factors.learning_rate);
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (i < next.size()) fetch(table_.squares + next[i] * table_.stride);
      const FieldEntry& entry = entries_[i];
      step_fields(table_, entry, counts_[entry.field] == 1, sums_.data() + i * table_.row_floats(),
                  slope * entry.value, rate, decays_.data());
    }
  }

  // Of the fields that the row has a feature of.
  void find_decays() {
    std::fill(counts_.begin(), counts_.end(), 0);
    std::fill(decays_.begin(), decays_.end(), 0.0f);
    for (const FieldEntry& entry : entries_) {
      if (counts_[entry.field]++ > 0) continue;
      std::fill_n(decays_.data() + entry.field * table_.width, table_.width,
                  static_cast<float>(settings_.factors.weight_decay));
    }
  }

  void fetch(const float* row) const {
    for (size_t at = 0; at < table_.row_floats(); at += kLineFloats) __builtin_prefetch(row + at);
  }

  static void move(const TermSettings& term, float& parameter, float& square, float gradient) {
    gradient += static_cast<float>(term.weight_decay) * parameter;
    square += gradient * gradient;
    parameter -= static_cast<float>(term.learning_rate) * gradient / std::sqrt(square);
  }

  const Training& training_;
  Settings settings_;  // Fitted to the labels and rows.
  Model& model_;
  FloatTable squares_;
  FloatTable linear_squares_;
  float bias_square_ = 1;
  FieldTable table_;
  // Of the row.
  std::vector<FieldEntry> entries_;
  FloatTable sums_;
  std::vector<float> decays_;     // step_fields()
  std::vector<uint32_t> counts_;  // Of entries, by field.
};

}  // namespace

float find_fields(RowView row, std::span<const uint64_t> fields, std::vector<FieldEntry>& entries) {
  entries.clear();
  double length = 0;
  size_t field = 0;
  for (size_t i = 0; i < row.indices.size(); ++i) {
    // Indices ascend, and so do the fields.
    while (field + 1 < fields.size() && row.indices[i] >= fields[field + 1]) ++field;
    entries.push_back({row.indices[i], static_cast<uint32_t>(field), row.values[i]});
    length += double{row.values[i]} * row.values[i];
  }
  return length > 0 ? static_cast<float>(1 / length) : 0;
}

Result<void> solve_field_aware(const Training& training, Model& model) {
  if (training.continued) {
    return fail(ErrorKind::unsupported,
                "A field-aware model (solver adagrad with 'fields') begins anew; it does not go on "
                "from a model");
  }
  return FieldAwareRun(training, model).run();
}

}  // namespace millrace::ml::factorization_machines
