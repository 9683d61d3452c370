// The items of the highest scores <u, v_i> + c_i for a vector u: exact, without computing every
// score. Items are kept twice: as floats, and as four bits a factor with a scale an item. A pass
// over the codes bounds each score from above; only an item whose bound exceeds the worst of the
// best so far is computed in floats. Four bits and not eight, because reading the codes is what
// takes the time: an eighth of the items' floats, for some hundred more items in floats.
//
// The bound. With u = t p + w and v = a q + r (p whole numbers of at most 7 bits, q odd ones from
// -15 to 15, w and r what rounding left), <u, v> = t a <p, q> + <t p, r> + <w, v>, so by Cauchy and
// Schwarz it differs from t a <p, q>, which is computed without error but its last rounding, by at
// most |t p| |r| + |w| |v|. What float arithmetic adds to either side is within
// (k + 16) 2^-23 (|u| + |t p|) (|v| + |r|) + 2^-20 |c| + 1e-36. The largest |r| and |v| of 16 items
// bound them together. Where |u| |v| comes near the largest float, or u is too small to be rounded,
// every score is computed in floats.
//
// Immutable once made; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "engines/ml/float_table.h"

namespace millrace::ml::factorization_machines {

inline constexpr size_t kIndexFactorsMax = 32768;  // So that sums of products fit 32 bits.

struct Hit {
  uint32_t item = 0;
  float score = 0;
  bool operator==(const Hit&) const = default;
};

class TopNIndex final {
 public:
  // Of `items` vectors, one after another. Errors: invalid (an item's is not finite), exhausted.
  static Result<TopNIndex> make(std::span<const float> vectors, size_t items, size_t factors);

  struct Query {
    std::span<const float> user;    // u; `factors` of them.
    std::span<const float> biases;  // c: padded_items() of them.
    // Which items may be answered, 64 a word; all where it is empty.
    std::span<const uint64_t> allowed;
    size_t n = 10;
  };

  // Best first; of equal scores the item of the smaller number comes first. Errors: invalid (a
  // score is not finite).
  Result<std::vector<Hit>> find(const Query& query) const;

  size_t items() const { return items_; }
  size_t padded_items() const { return sheets_ * 64; }
  // What find() calls an item's score.
  float score(std::span<const float> padded_user, float bias, size_t item) const;
  // u, padded with zeros as score() takes it.
  std::vector<float> padded(std::span<const float> user) const;
  size_t bytes_scanned() const { return (codes_.size() + scales_.size() + bounds_.size()) * 4; }

 private:
  struct QuantisedUser;
  class Best;
  class Search;

  TopNIndex() = default;
  void quantise(size_t item);
  QuantisedUser quantise_user(std::span<const float> user) const;
  void scan(const QuantisedUser& user, const Query& query, Search& search) const;

  uint8_t* codes() { return reinterpret_cast<uint8_t*>(codes_.data()); }
  const uint8_t* codes() const { return reinterpret_cast<const uint8_t*>(codes_.data()); }

  size_t items_ = 0;
  size_t factors_ = 0;
  size_t width_ = 0;   // Of a row of floats.
  size_t groups_ = 0;  // Of eight factors.
  size_t sheets_ = 0;  // Of sixty-four items.
  float largest_norm_ = 0;
  FloatTable rows_;
  FloatTable codes_;  // Bytes, for the sake of its huge pages.
  std::vector<float> scales_;
  std::vector<float> bounds_;  // By block: the largest |r| and |v|.
};

}  // namespace millrace::ml::factorization_machines
