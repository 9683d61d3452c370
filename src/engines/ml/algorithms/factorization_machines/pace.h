// Whether a team of threads gets on so much faster than one thread alone that it is worth its
// cores, as measured piece by piece: where other work has the cores, a team that meets often waits
// for whoever is not running, and pieces can be too short to share. Only for work whose results are
// the same either way. Members of a team that is not called for soon sleep (runtime/team.h).
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
  // Of the time alone, at most, is what a team may take: less than all of it where threads spend
  // more of the processors together, more where a slow piece is but somebody else's interruption.
  static constexpr double kWorth = 0.85;
  static constexpr double kShareFreely = 1.2;

  // Whether a team is left only when its turn to be compared comes, or also where it is slower
  // than one thread was for some pieces in a row. It then need not be compared as often, which
  // costs what the cores have in their caches, and is not left for a single piece that somebody
  // interrupted.
  enum class Watch : uint8_t { now_and_then, always };

  explicit Pace(size_t threads, double worth = kWorth, Watch watch = Watch::now_and_then)
      : threads_(threads), worth_(worth), watch_(watch) {}

  // Whether the next piece is to be done together. Begins the measurement.
  bool together() {
    begin_ = runtime::monotonic_now();
    if (threads_ < 2) return false;
    if (left_ == 0) choose();
    return together_;
  }

  // The piece is done.
  void done(bool together, size_t rows) {
    if (threads_ < 2) return;
    --left_;
    const std::chrono::duration<double> spent = runtime::monotonic_now() - begin_;
    double& known = row_seconds_[together ? 1 : 0];
    const double now = spent.count() / static_cast<double>(rows > 0 ? rows : 1);
    if (trial_ && !together && trials_ > 2 && now > kHopeless * row_seconds_[1]) {
      left_ = 0;
      return;
    }
    // After a change a core finds in its own cache what it needs only after a while.
    if (trial_ && left_ >= kCounted) return;
    if (!trial_) {
      const bool watched = watch_ == Watch::always;
      known += kNewShare * ((watched ? std::min(now, kInterrupted * known) : now) - known);
      slow_ = together && now > row_seconds_[0] ? slow_ + 1 : 0;
      if (watched && slow_ == kSlow) left_ = 0;
    } else if (left_ + 1 == kCounted) {
      known = now;
    } else {
      known = std::min(known, now);  // Whoever interrupts a piece says nothing of its way.
    }
  }

 private:
  // How the next pieces are done: both ways are tried at first, and the other one now and then.
  void choose() {
    if (trials_ < 2 || !trial_) {
      together_ = !together_;
      trial_ = true;
      left_ = kTrial;
      ++trials_;
      return;
    }
    const double tried = row_seconds_[together_ ? 1 : 0];
    const double other = row_seconds_[together_ ? 0 : 1];
    const bool worth = row_seconds_[1] <= worth_ * row_seconds_[0];
    // A try that shows a way to be much slower is not soon made again.
    const double times = tried > other ? tried / other : other / tried;
    together_ = worth;
    trial_ = false;
    slow_ = 0;
    // The first comparisons see memory that was never touched, and are soon repeated.
    const auto tries = static_cast<double>(trials_ - 1);
    const double stretch = worth && watch_ == Watch::always
                               ? std::min(kWatchedStretch, kFirstStretch * tries * tries)
                               : std::min(kStretch, kFirstStretch * tries);
    left_ = static_cast<uint64_t>(stretch * std::clamp(times, 1.0, 40.0));
  }

  static constexpr uint64_t kTrial = 5;     // Pieces...
  static constexpr uint64_t kCounted = 3;   // ...of which the last so many count.
  static constexpr double kHopeless = 1.5;  // Times as slow: to try to work alone goes no further.
  static constexpr double kInterrupted = 1.5;  // Times as long as usual, at most, a piece counts.
  static constexpr uint64_t kSlow = 8;         // Pieces in a row are more than an interruption.
  static constexpr double kStretch = 80;       // Pieces from one try to the next, or more.
  static constexpr double kWatchedStretch = 1000;
  static constexpr double kFirstStretch = 8;
  static constexpr double kNewShare = 0.3;  // Of a piece in what is known of its way.

  size_t threads_;
  double worth_;
  Watch watch_;
  uint64_t left_ = 0;  // Pieces until the next choice.
  uint64_t trials_ = 0;
  uint64_t slow_ = 0;     // Pieces by the team, in a row, that took longer than alone.
  bool together_ = true;  // Before the first choice, which is the other way.
  bool trial_ = false;
  runtime::Moment begin_;
  std::array<double, 2> row_seconds_{};  // Alone, together.
};

}  // namespace millrace::ml::factorization_machines
