#include "engines/ml/algorithms/factorization_machines/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <span>

#include "engines/ml/algorithms/factorization_machines/negatives.h"
#include "engines/ml/algorithms/factorization_machines/slices.h"
#include "engines/ml/algorithms/factorization_machines/softmax_kernels.h"
#include "engines/ml/float_table.h"
#include "runtime/team.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kBlockRows = 128;
constexpr float kFirstSquare = 0.01f;  // Of AdaGrad's sums.
// Times as large is the default decay, between users of whom much and of whom little is known.
constexpr double kLeastFitted = 0.2;
constexpr double kMostFitted = 2.5;
constexpr float kNever = -std::numeric_limits<float>::infinity();

size_t padded(size_t count) { return (count + kDenseUnit - 1) / kDenseUnit * kDenseUnit; }

// Items with their sums of factors, what their features add among themselves, and the gradients.
struct ItemRows {
  std::vector<uint32_t> items;
  std::vector<float> sums;       // By row.
  std::vector<float> biases;     // Linear weights, and pairs of an item's own features.
  std::vector<float> gradients;  // Of the sums.
  std::vector<float> slopes;     // Of the biases.

  void reserve(size_t rows, size_t width) {
    items.resize(rows);
    sums.resize(rows * width);
    biases.resize(rows);
    gradients.resize(rows * width);
    slopes.resize(rows);
  }
};

class SoftmaxRun {
 public:
  SoftmaxRun(const Training& training, const ImplicitData& data, Model& model)
      : training_(training),
        settings_(training.settings),
        data_(data),
        draws_(data),
        model_(model),
        width_(padded(model.num_factors())),
        in_batch_(settings_.sampling == NegativeSampling::in_batch),
        others_(in_batch_ ? kBlockRows : settings_.negatives),
        columns_(padded(others_)),
        slices_(share_units(model.num_factors(), training.threads)),
        team_("fm-softmax", static_cast<unsigned>(slices_.size())),
        squares_(model.feature_dim() * model.stride()),
        linear_squares_(model.feature_dim()) {
    std::fill_n(squares_.data(), squares_.size(), kFirstSquare);
    std::fill_n(linear_squares_.data(), linear_squares_.size(), kFirstSquare);
    own_.reserve(kBlockRows, width_);
    other_.reserve(columns_, width_);
    contexts_.resize(kBlockRows * width_);
    context_gradients_.resize(kBlockRows * width_);
    transposed_.resize(width_ * columns_);
    shares_.resize(kBlockRows * columns_);
    losses_.resize(kBlockRows);
    corrected_.resize(columns_);
    decay_ = static_cast<float>(settings_.factors.weight_decay);
    if (settings_.factors.decay_fits_rows) {
      const double sparse = draws_.sparseness();
      const double fitted = sparse > 1 ? std::sqrt(sparse) : sparse;
      decay_ *= static_cast<float>(std::clamp(fitted, kLeastFitted, kMostFitted));
    }
    if (begins_at_popularity(settings_)) origins_ = draws_.popularity(model.feature_dim());
    origins_.resize(model.feature_dim());
    keep_linear_of_items();
    begin_at(origins_, training.continued, model);
  }

  Result<void> run() {
    for (uint64_t epoch = 0; epoch < settings_.epochs; ++epoch) {
      const std::vector<uint32_t> order = draws_.epoch(settings_.seed + 2 * epoch + 1);
      double loss = 0;
      for (size_t first = 0; first < order.size(); first += kBlockRows) {
        if (training_.stop.stop_requested()) break;
        examples_ = std::span(order).subspan(first, std::min(kBlockRows, order.size() - first));
        draw(epoch, first);
        team_.run([&](unsigned member) { work(member); });
        for (size_t r = 0; r < examples_.size(); ++r) loss += losses_[r];
        if (!std::isfinite(loss)) return diverged(epoch, first / settings_.mini_batch_size);
      }
      const Measures measures(order.size(), {{"sampled_softmax_cross_entropy", "loss",
                                              loss / static_cast<double>(order.size())}});
      if (!training_.progress.epoch(epoch, measures, model_)) break;
    }
    return ok;
  }

 private:
  void keep_linear_of_items() {
    std::vector<std::pair<uint32_t, float>> kept;
    for (size_t item = 0; item < data_.items().size(); ++item) {
      for (const uint32_t feature : data_.item_row(item).indices) {
        kept.emplace_back(feature, model_.linear(feature));
      }
    }
    std::fill_n(model_.linear(), model_.feature_dim(), 0.0f);
    for (const auto& [feature, weight] : kept) model_.linear(feature) = weight;
    model_.bias = 0;
  }

  void draw(uint64_t epoch, size_t first) {
    Generator generator(settings_.seed ^ (epoch << 40) ^ (first + 1) * 0x9e3779b97f4a7c15ull);
    for (size_t r = 0; r < examples_.size(); ++r) {
      own_.items[r] = data_.examples()[examples_[r]].item;
    }
    drawn_ = in_batch_ ? examples_.size() : others_;
    for (size_t m = 0; m < drawn_; ++m) {
      other_.items[m] = in_batch_ ? own_.items[m] : draws_.item(settings_.sampling, generator);
    }
  }

  // The part of `count` rows that a member works on.
  std::pair<size_t, size_t> part(unsigned member, size_t count) const {
    return {count * member / slices_.size(), count * (member + 1) / slices_.size()};
  }

  void work(unsigned member) {
    find_sums(member);
    team_.meet();
    find_shares(member);
    team_.meet();
    find_item_gradients(member);
    team_.meet();
    move(member);
  }

  void add_factors(RowView row, float* sums) const {
    std::fill_n(sums, width_, 0.0f);
    for (size_t i = 0; i < row.indices.size(); ++i) {
      const float* const factors = model_.row(row.indices[i]);
      for (uint32_t f = 0; f < model_.num_factors(); ++f) sums[f] += factors[f] * row.values[i];
    }
  }

  void find_item(ItemRows& rows, size_t at) const {
    const RowView row = data_.item_row(rows.items[at]);
    add_factors(row, rows.sums.data() + at * width_);
    rows.biases[at] = predict(model_.view(), row);
  }

  void find_sums(unsigned member) {
    const auto [begin, end] = part(member, examples_.size());
    for (size_t r = begin; r < end; ++r) {
      add_factors(data_.context(examples_[r]), contexts_.data() + r * width_);
      find_item(own_, r);
    }
    const auto [first, last] = part(member, drawn_);
    for (size_t m = first; m < last; ++m) {
      find_item(other_, m);
      corrected_[m] = other_.biases[m] + correction(other_.items[m]);
      for (size_t f = 0; f < width_; ++f) {
        transposed_[f * columns_ + m] = other_.sums[m * width_ + f];
      }
    }
  }

  // An output as it counts in the sum: as often as the item stands for items like it.
  float correction(uint32_t item) const {
    const NegativeSampling sampling = in_batch_ ? NegativeSampling::popularity : settings_.sampling;
    const double draws = static_cast<double>(in_batch_ ? drawn_ - 1 : drawn_);
    return static_cast<float>(
        -std::log(std::max(1e-30, draws * draws_.probability(sampling, item))));
  }

  void find_shares(unsigned member) {
    const auto [begin, end] = part(member, examples_.size());
    for (size_t r = begin; r < end; ++r) {
      float* const shares = shares_.data() + r * columns_;
      std::copy_n(corrected_.data(), drawn_, shares);
      std::fill(shares + drawn_, shares + columns_, kNever);
    }
    multiply_add(contexts_.data() + begin * width_, width_, 1, transposed_.data(), columns_,
                 shares_.data() + begin * columns_, columns_, end - begin, width_, columns_);
    for (size_t r = begin; r < end; ++r) {
      float* const shares = shares_.data() + r * columns_;
      for (size_t m = 0; m < drawn_; ++m) {
        if (other_.items[m] == own_.items[r]) shares[m] = kNever;
      }
      const float* const context = contexts_.data() + r * width_;
      const float* const item = own_.sums.data() + r * width_;
      float output = own_.biases[r];
      for (size_t f = 0; f < width_; ++f) output += context[f] * item[f];
      float log_sum = 0;
      own_.slopes[r] = softmax_shares(shares, columns_, output, &log_sum) - 1;
      losses_[r] = log_sum - output;
      float* const gradient = context_gradients_.data() + r * width_;
      for (size_t f = 0; f < width_; ++f) gradient[f] = own_.slopes[r] * item[f];
    }
    multiply_add(shares_.data() + begin * columns_, columns_, 1, other_.sums.data(), width_,
                 context_gradients_.data() + begin * width_, width_, end - begin, drawn_, width_);
  }

  void find_item_gradients(unsigned member) {
    const auto [first, last] = part(member, drawn_);
    std::fill_n(other_.gradients.data() + first * width_, (last - first) * width_, 0.0f);
    multiply_add(shares_.data() + first, 1, columns_, contexts_.data(), width_,
                 other_.gradients.data() + first * width_, width_, last - first, examples_.size(),
                 width_);
    std::fill_n(other_.slopes.data() + first, last - first, 0.0f);
    for (size_t r = 0; r < examples_.size(); ++r) {
      const float* const shares = shares_.data() + r * columns_;
      for (size_t m = first; m < last; ++m) other_.slopes[m] += shares[m];
    }
    const auto [begin, end] = part(member, examples_.size());
    for (size_t r = begin; r < end; ++r) {
      for (size_t f = 0; f < width_; ++f) {
        own_.gradients[r * width_ + f] = own_.slopes[r] * contexts_[r * width_ + f];
      }
    }
  }

  // Each member moves its factors of all rows, one after another.
  void move(unsigned member) {
    const Slice& slice = slices_[member];
    std::vector<float> gradient(slice.width);
    const auto step = [&](uint32_t feature) {
      const size_t at = feature * model_.stride() + slice.begin;
      move_adagrad(model_.row(0) + at, squares_.data() + at, gradient.data(), slice.width,
                   static_cast<float>(settings_.factors.learning_rate), decay_);
    };
    for (size_t r = 0; r < examples_.size(); ++r) {
      const RowView row = data_.context(examples_[r]);
      const float* const from = context_gradients_.data() + r * width_ + slice.begin;
      for (size_t i = 0; i < row.indices.size(); ++i) {
        for (size_t f = 0; f < slice.width; ++f) gradient[f] = row.values[i] * from[f];
        step(row.indices[i]);
      }
    }
    for (const auto& [rows, count] :
         {std::pair<ItemRows*, size_t>(&own_, examples_.size()), {&other_, drawn_}}) {
      for (size_t at = 0; at < count; ++at) {
        const RowView row = data_.item_row(rows->items[at]);
        const float* const from = rows->gradients.data() + at * width_ + slice.begin;
        const float* const sums = rows->sums.data() + at * width_ + slice.begin;
        for (size_t i = 0; i < row.indices.size(); ++i) {
          const float x = row.values[i];
          const float* const own = model_.row(row.indices[i]) + slice.begin;
          // An item's features meet one another, too.
          const float slope = row.indices.size() > 1 ? rows->slopes[at] : 0;
          for (size_t f = 0; f < slice.width; ++f) {
            gradient[f] = x * (from[f] + slope * (sums[f] - x * own[f]));
          }
          step(row.indices[i]);
          if (member == 0) move_linear(row.indices[i], x * rows->slopes[at]);
        }
      }
    }
  }

  void move_linear(uint32_t feature, float gradient) {
    float learned = model_.linear(feature) - origins_[feature];
    move_adagrad(&learned, &linear_squares_[feature], &gradient, 1,
                 static_cast<float>(settings_.linear.learning_rate),
                 static_cast<float>(settings_.linear.weight_decay));
    model_.linear(feature) = learned + origins_[feature];
  }

  const Training& training_;
  const Settings& settings_;
  const ImplicitData& data_;
  const ImplicitDraws draws_;
  Model& model_;
  const size_t width_;  // Of a row of sums.
  const bool in_batch_;
  const size_t others_;
  const size_t columns_;  // Of a row of shares.
  const std::vector<Slice> slices_;
  runtime::Team team_;
  FloatTable squares_;
  FloatTable linear_squares_;
  float decay_ = 0;  // Of factors.
  // Of the block.
  std::span<const uint32_t> examples_;
  size_t drawn_ = 0;
  ItemRows own_;
  ItemRows other_;
  std::vector<float> contexts_;
  std::vector<float> context_gradients_;
  std::vector<float> transposed_;  // The others' sums, by factor.
  std::vector<float> corrected_;   // The others' biases, as they count in the sum.
  std::vector<float> shares_;
  std::vector<float> losses_;
  std::vector<float> origins_;  // By feature: where linear weights begin, and decay to.
};

}  // namespace

Result<void> solve_softmax(const Training& training, Model& model) {
  TRY(const RowBatch* rows, in_memory(training));
  TRY(const ImplicitData data, ImplicitData::make(*rows, training.settings));
  return SoftmaxRun(training, data, model).run();
}

}  // namespace millrace::ml::factorization_machines
