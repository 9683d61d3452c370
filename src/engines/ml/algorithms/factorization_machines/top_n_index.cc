#include "engines/ml/algorithms/factorization_machines/top_n_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "engines/ml/algorithms/factorization_machines/top_n_kernels.h"

namespace millrace::ml::factorization_machines {
namespace {

constexpr size_t kSheetItems = kScanSheet * kScanBlock;
constexpr float kCodeMax = 127;
constexpr int kCodeZero = 128;
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

int code_of(float value, float scale) {
  return static_cast<int>(std::lround(std::clamp(value / scale, -kCodeMax, kCodeMax)));
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
  const size_t code_bytes = index.sheets_ * kSheetItems * index.groups_ * kScanGroup;
  index.codes_ = FloatTable(code_bytes / sizeof(float));
  std::fill_n(index.codes(), code_bytes, static_cast<uint8_t>(kCodeZero));
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
  const float scale = largest < kSmallest ? 0 : largest / kCodeMax;
  const size_t block = item / kScanBlock;
  double left = 0;
  for (size_t f = 0; f < factors_; ++f) {
    const int code = scale == 0 ? 0 : code_of(row[f], scale);
    const double residual = row[f] - double{scale} * code;
    left += residual * residual;
    const size_t group = item / kSheetItems * groups_ + f / kScanGroup;
    codes()[(group * kSheetItems + item % kSheetItems) * kScanGroup + f % kScanGroup] =
        static_cast<uint8_t>(code + kCodeZero);
  }
  scales_[item] = scale;
  const float norm = above(norm_of(row, factors_));
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
  out.scale = largest / kCodeMax;
  double kept = 0;
  double left = 0;
  for (size_t g = 0; g < groups_; ++g) {
    uint32_t codes[kScanGroup] = {};
    for (size_t n = 0; n < kScanGroup && g * kScanGroup + n < user.size(); ++n) {
      const float value = user[g * kScanGroup + n];
      const int code = code_of(value, out.scale);
      const double rounded = double{out.scale} * code;
      kept += rounded * rounded;
      left += (value - rounded) * (value - rounded);
      out.offset += kCodeZero * code;
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
  const std::vector<float> user = padded(query.user);
  Best best(query.n);
  bool finite = true;
  const auto look = [&](size_t item) {
    if (item >= items_) return;
    if (!query.allowed.empty() && (query.allowed[item / 64] >> (item % 64) & 1) == 0) return;
    const float own = score(user, query.biases[item], item);
    finite &= std::isfinite(own);
    best.offer({static_cast<uint32_t>(item), own});
  };
  const QuantisedUser quantised = quantise_user(query.user);
  if (!quantised.usable) {
    for (size_t item = 0; item < items_; ++item) look(item);
  } else {
    const ScanTable table{.codes = codes(),
                          .scales = scales_.data(),
                          .biases = query.biases.data(),
                          .bounds = bounds_.data(),
                          .user = quantised.codes.data(),
                          .user_even = quantised.even.data(),
                          .user_odd = quantised.odd.data(),
                          .groups = groups_,
                          .offset = quantised.offset,
                          .user_scale = quantised.scale,
                          .residual_factor = quantised.residual_factor,
                          .norm_factor = quantised.norm_factor,
                          .bias_factor = 0x1p-20f,
                          .least = 1e-36f};
    for (size_t sheet = 0;; ++sheet) {
      uint64_t mask = 0;
      sheet = scan_items(table, sheet, sheets_, best.threshold(), &mask);
      if (sheet == sheets_) break;
      for (; mask != 0; mask &= mask - 1) {
        look(sheet * kSheetItems + static_cast<size_t>(std::countr_zero(mask)));
      }
    }
  }
  if (!finite) return fail(ErrorKind::invalid, "the score of an item is not a finite number");
  return best.take();
}

}  // namespace millrace::ml::factorization_machines
