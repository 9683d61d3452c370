#include "bench/speeds.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <functional>

#include "base/hash.h"

namespace millrace::bench {
namespace {

constexpr int kRounds = 5;

// Of this thread's processor time, so that who else works does not count.
double now() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double best_rate(BytesView bytes, const std::function<void(BytesView)>& digest) {
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    const double began = now();
    digest(bytes);
    best = std::max(best, static_cast<double>(bytes.size()) / (now() - began));
  }
  return best;
}

}  // namespace

void print_digest_speeds(BytesView bytes) {
  const double md5_rate = best_rate(bytes, [](BytesView b) { static_cast<void>(md5(b)); });
  const double sha256_rate = best_rate(bytes, [](BytesView b) { static_cast<void>(sha256(b)); });
  const double crc32_rate = best_rate(bytes, [](BytesView b) { static_cast<void>(crc32(0, b)); });
  fmt::print("{{\"md5\":{:.0f},\"sha256\":{:.0f},\"crc32\":{:.0f}}}\n", md5_rate, sha256_rate,
             crc32_rate);
}

}  // namespace millrace::bench
