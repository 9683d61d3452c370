#include "engines/ml/algorithms/factorization_machines/top_n_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "engines/ml/algorithms/factorization_machines/top_n_kernels.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kSheetItems = kScanSheet * kScanBlock;
constexpr float kUserCodeMax = 127;
constexpr int kCodeMax = 15;  // A code c stands for the number 2c - 15.
// Of the scale at which an item's largest factor is the largest number: smaller ones cut it off and
// tell the others better apart. The one that leaves least is taken.
constexpr std::array kScales = {1.0f, 0.9f, 0.8f, 0.7f};
constexpr size_t kLookTogether = 16;      // Items whose floats are fetched side by side.
constexpr float kSmallest = 1e-30f;       // What is smaller throughout is not rounded to codes.
constexpr double kLargestProduct = 1e37;  // Of two norms, near the largest float.

float above(double value) {
  return std::nextafter(static_cast<float>(value), std::numeric_limits<float>::infinity());
}

double norm_of(const float* row, size_t count) {
  double sum = 0;
  for (size_t f = 0; f < count; ++f) sum += double{row[f]} * row[f];
  return std::sqrt(sum);
}

int user_code_of(float value, float scale) {
  return static_cast<int>(std::lround(std::clamp(value / scale, -kUserCodeMax, kUserCodeMax)));
}

// `inverse` is that of twice the scale.
int code_of(float value, float inverse) {
  return static_cast<int>(std::clamp(value * inverse + 8.0f, 0.0f, 15.5f));
}

double left_by(const float* row, size_t factors, float scale) {
  const float inverse = 0.5f / scale;
  double left = 0;
  for (size_t f = 0; f < factors; ++f) {
    const double residual = row[f] - double{scale} * (2 * code_of(row[f], inverse) - kCodeMax);
    left += residual * residual;
  }
  return left;
}

}  // namespace

// u as codes, and what the bound needs.
struct TopNIndex::QuantisedUser {
  std::vector<int32_t> codes;
  std::vector<int32_t> even;
  std::vector<int32_t> odd;
  int32_t offset = 0;
  float scale = 0;
  float residual_factor = 0;
  float norm_factor = 0;
  bool usable = true;
};

// The best so far, the worst of them on top of a heap.
class TopNIndex::Best {
 public:
  explicit Best(size_t n) : n_(n) { hits_.reserve(n + 1); }

  // Offered in the order of their numbers, so that the first of equals stays.
  void offer(Hit hit) {
    if (n_ == 0 || (full() && !(hit.score > hits_.front().score))) return;
    hits_.push_back(hit);
    std::push_heap(hits_.begin(), hits_.end(), better);
    if (hits_.size() <= n_) return;
    std::pop_heap(hits_.begin(), hits_.end(), better);
    hits_.pop_back();
  }
  float threshold() const {
    if (n_ == 0) return std::numeric_limits<float>::infinity();
    return full() ? hits_.front().score : -std::numeric_limits<float>::infinity();
  }
  std::vector<Hit> take() {
    std::sort(hits_.begin(), hits_.end(), better);
    return std::move(hits_);
  }

 private:
  bool full() const { return hits_.size() == n_; }
  static bool better(const Hit& a, const Hit& b) {
    return a.score > b.score || (a.score == b.score && a.item < b.item);
  }
  size_t n_;
  std::vector<Hit> hits_;
};

// One find(): the items that have to be looked at, a few of them together, and the best of them.
class TopNIndex::Search {
 public:
  Search(const TopNIndex& index, const Query& query)
      : index_(index), query_(query), user_(index.padded(query.user)), best_(query.n) {}

  // To be looked at soon; in the order of their numbers.
  void add(size_t item) {
    if (item >= index_.items_) return;
    const float* const row = index_.rows_.data() + item * index_.width_;
    for (size_t f = 0; f < index_.width_; f += 16) __builtin_prefetch(row + f);
    waiting_.push_back(item);
  }
  void look_at_many() {
    if (waiting_.size() >= kLookTogether) look_at_all();
  }
  void look_at_all() {
    for (const size_t item : waiting_) look(item);
    waiting_.clear();
  }
  void look(size_t item) {
    const float score = index_.score(user_, query_.biases[item], item);
    finite_ &= std::isfinite(score);
    best_.offer({static_cast<uint32_t>(item), score});
  }

  float threshold() const { return best_.threshold(); }
  bool finite() const { return finite_; }
  std::vector<Hit> take() { return best_.take(); }

 private:
  const TopNIndex& index_;
  const Query& query_;
  const std::vector<float> user_;
  Best best_;
  std::vector<size_t> waiting_;
  bool finite_ = true;
};

Result<TopNIndex> TopNIndex::make(std::span<const float> vectors, size_t items, size_t factors) {
  if (factors > kIndexFactorsMax) {
    return fail(ErrorKind::exhausted, fmt::format("an item index has at most {} factors, not {}",
                                                  kIndexFactorsMax, factors));
  }
  ASSERT(vectors.size() == items * factors);
  TopNIndex index;
  index.items_ = items;
  index.factors_ = factors;
  index.width_ = (factors + 15) / 16 * 16;
  index.groups_ = (factors + kScanGroup - 1) / kScanGroup;
  index.sheets_ = (items + kSheetItems - 1) / kSheetItems;
  const size_t blocks = index.sheets_ * kScanSheet;
  index.rows_ = FloatTable(items * index.width_);
  index.codes_ = FloatTable(index.sheets_ * kSheetItems * index.groups_);
  index.scales_.assign(index.padded_items(), 0);
  index.bounds_.assign(2 * blocks, 0);
  for (size_t item = 0; item < items; ++item) {
    const float* const from = vectors.data() + item * factors;
    if (!std::all_of(from, from + factors, [](float value) { return std::isfinite(value); })) {
      return fail(ErrorKind::invalid,
                  fmt::format("the factors of item {} are not finite numbers", item + 1));
    }
    std::copy_n(from, factors, index.rows_.data() + item * index.width_);
    index.quantise(item);
  }
  return index;
}

void TopNIndex::quantise(size_t item) {
  const float* const row = rows_.data() + item * width_;
  float largest = 0;
  for (size_t f = 0; f < factors_; ++f) largest = std::max(largest, std::abs(row[f]));
  const size_t block = item / kScanBlock;
  const float norm = above(norm_of(row, factors_));
  float scale = 0;
  double left = double{norm} * norm;
  for (const float share : kScales) {
    if (largest < kSmallest) break;
    const float tried = share * largest / kCodeMax;
    const double leaves = left_by(row, factors_, tried);
    if (scale != 0 && leaves >= left) break;
    scale = tried;
    left = leaves;
  }
  const float inverse = scale == 0 ? 0 : 0.5f / scale;
  for (size_t f = 0; f < factors_; ++f) {
    const size_t group = item / kSheetItems * groups_ + f / kScanGroup;
    const size_t at = (group * kSheetItems + item % kSheetItems) * kScanGroup / 2 + f % 4;
    codes()[at] |= static_cast<uint8_t>(code_of(row[f], inverse) << (f % kScanGroup / 4 * 4));
  }
  scales_[item] = scale;
  bounds_[2 * block] = std::max(bounds_[2 * block], above(std::sqrt(left)));
  bounds_[2 * block + 1] = std::max(bounds_[2 * block + 1], norm);
  largest_norm_ = std::max(largest_norm_, norm);
}

TopNIndex::QuantisedUser TopNIndex::quantise_user(std::span<const float> user) const {
  QuantisedUser out;
  float largest = 0;
  for (const float value : user) largest = std::max(largest, std::abs(value));
  const double norm = norm_of(user.data(), user.size());
  out.usable = largest >= kSmallest && norm * largest_norm_ < kLargestProduct;
  if (!out.usable) return out;
  out.scale = largest / kUserCodeMax;
  double kept = 0;
  double left = 0;
  for (size_t begin = 0; begin < groups_ * kScanGroup; begin += 4) {
    uint32_t codes[4] = {};
    for (size_t n = 0; n < 4 && begin + n < user.size(); ++n) {
      const float value = user[begin + n];
      const int code = user_code_of(value, out.scale);
      const double rounded = double{out.scale} * code;
      kept += rounded * rounded;
      left += (value - rounded) * (value - rounded);
      out.offset += kCodeMax * code;
      codes[n] = static_cast<uint32_t>(code);
    }
    const auto low8 = [](uint32_t code) { return code & 0xff; };
    out.codes.push_back(std::bit_cast<int32_t>(low8(codes[0]) | low8(codes[1]) << 8 |
                                               low8(codes[2]) << 16 | codes[3] << 24));
    out.even.push_back(std::bit_cast<int32_t>((codes[0] & 0xffff) | codes[2] << 16));
    out.odd.push_back(std::bit_cast<int32_t>((codes[1] & 0xffff) | codes[3] << 16));
  }
  kept = std::sqrt(kept);
  left = std::sqrt(left);
  // The share of all float roundings; doubled, for those of the bound itself.
  const double rounding = 2 * static_cast<double>(factors_ + 16) * 0x1p-23 * (norm + kept);
  out.residual_factor = above((kept + rounding) * (1 + 1e-5));
  out.norm_factor = above((left + rounding) * (1 + 1e-5));
  return out;
}

std::vector<float> TopNIndex::padded(std::span<const float> user) const {
  std::vector<float> out(width_);
  std::copy(user.begin(), user.end(), out.begin());
  return out;
}

float TopNIndex::score(std::span<const float> padded_user, float bias, size_t item) const {
  return dot_rows(padded_user.data(), rows_.data() + item * width_, width_) + bias;
}

Result<std::vector<Hit>> TopNIndex::find(const Query& query) const {
  ASSERT(query.user.size() == factors_);
  ASSERT(query.biases.size() == padded_items());
  ASSERT(query.allowed.empty() || query.allowed.size() * 64 >= items_);
  const QuantisedUser quantised = quantise_user(query.user);
  Search search(*this, query);
  if (!quantised.usable) {
    for (size_t item = 0; item < items_; ++item) {
      if (query.allowed.empty() || (query.allowed[item / 64] >> (item % 64) & 1) != 0) {
        search.look(item);
      }
    }
  } else {
    scan(quantised, query, search);
  }
  if (!search.finite()) {
    return fail(ErrorKind::invalid, "the score of an item is not a finite number");
  }
  return search.take();
}

void TopNIndex::scan(const QuantisedUser& user, const Query& query, Search& search) const {
  const ScanTable table{.codes = codes(),
                        .scales = scales_.data(),
                        .biases = query.biases.data(),
                        .bounds = bounds_.data(),
                        .allowed = query.allowed.empty() ? nullptr : query.allowed.data(),
                        .user = user.codes.data(),
                        .user_even = user.even.data(),
                        .user_odd = user.odd.data(),
                        .groups = groups_,
                        .offset = user.offset,
                        .user_scale = user.scale,
                        .residual_factor = user.residual_factor,
                        .norm_factor = user.norm_factor,
                        .bias_factor = 0x1p-20f,
                        .least = 1e-36f};
  for (size_t sheet = 0;; ++sheet) {
    uint64_t mask = 0;
    sheet = scan_items(table, sheet, sheets_, search.threshold(), &mask);
    if (sheet == sheets_) break;
    for (; mask != 0; mask &= mask - 1) {
      search.add(sheet * kSheetItems + static_cast<size_t>(std::countr_zero(mask)));
    }
    search.look_at_many();
  }
  search.look_at_all();
}

}  // namespace millrace::ml::factorization_machines
