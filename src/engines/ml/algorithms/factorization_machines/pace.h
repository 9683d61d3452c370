// Whether a team of threads or one thread alone gets on faster, as measured piece by piece: where
// other work has the cores, a team that meets often waits for whoever is not running. Only for work
// whose results are the same either way.
//
// A value; not thread-safe.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "runtime/machine_time.h"

namespace millrace::ml::factorization_machines {

class Pace {
 public:
  explicit Pace(size_t threads) : threads_(threads) {}

  // Whether the next piece is to be done together. Begins the measurement.
  bool together() {
    begin_ = runtime::monotonic_now();
    if (threads_ < 2) return false;
    if (pieces_ < 2) return pieces_ == 0;
    const bool better = row_seconds_[1] <= row_seconds_[0];
    return pieces_ == next_try_ ? !better : better;
  }

  // The piece is done.
  void done(bool together, size_t rows) {
    const std::chrono::duration<double> spent = runtime::monotonic_now() - begin_;
    double& known = row_seconds_[together ? 1 : 0];
    const double now = spent.count() / static_cast<double>(rows > 0 ? rows : 1);
    known = known == 0 ? now : known + kNewShare * (now - known);
    if (pieces_ == next_try_) {
      // A try that shows a way to be much slower is not soon made again.
      const double other = row_seconds_[together ? 0 : 1];
      const auto times = static_cast<uint64_t>(std::clamp(now / other, 1.0, 40.0));
      next_try_ = pieces_ + kAgain * times;
    }
    ++pieces_;
  }

 private:
  static constexpr uint64_t kAgain = 24;  // Pieces from a try of the slower way to the next.
  static constexpr double kNewShare = 0.3;

  size_t threads_;
  uint64_t pieces_ = 0;
  uint64_t next_try_ = kAgain;
  runtime::Moment begin_;
  std::array<double, 2> row_seconds_{};  // Alone, together.
};

}  // namespace millrace::ml::factorization_machines
