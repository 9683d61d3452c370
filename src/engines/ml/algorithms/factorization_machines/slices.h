// How threads share the factors: each takes units side by side.
#pragma once

#include <algorithm>
#include <vector>

#include "engines/ml/algorithms/factorization_machines/kernels.h"

namespace millrace::ml::factorization_machines {

// At most `threads` slices, of as equal numbers of units as possible; at least one.
inline std::vector<Slice> share_units(size_t num_factors, unsigned threads) {
  const size_t units = units_of(num_factors);
  const size_t count = std::clamp<size_t>(threads, 1, std::max<size_t>(units, 1));
  std::vector<Slice> slices;
  for (size_t at = 0; at < count; ++at) {
    const size_t begin = units * at / count * kUnit;
    const size_t end = std::min(units * (at + 1) / count * kUnit, num_factors);
    slices.push_back({begin, end - begin});
  }
  return slices;
}

}  // namespace millrace::ml::factorization_machines
