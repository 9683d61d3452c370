#include "runtime/team.h"

#include <sched.h>

#include <algorithm>
#include <latch>

namespace millrace::runtime {
namespace {

constexpr int kSpins = 4000;

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

Team::Team(std::string name, unsigned size) : size_(size) {
  ASSERT(size > 0);
  if (size > 1) others_ = std::make_unique<Pool>(std::move(name), size - 1);
}

Team::~Team() = default;

void Team::run(const std::function<void(unsigned member)>& work) {
  std::latch done(size_ - 1);
  for (unsigned member = 1; member < size_; ++member) {
    const bool queued = others_->submit([&work, &done, member] {
      work(member);
      done.count_down();
    });
    ASSERT(queued);
  }
  work(0);
  done.wait();
}

void Team::meet() {
  if (size_ == 1) return;
  const uint32_t round = round_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
    return;
  }
  spin_until(round_, round + 1);
}

unsigned usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<unsigned>(std::max(CPU_COUNT(&set), 1));
}

void spin_until(const std::atomic<uint32_t>& counter, uint32_t value) {
  for (int spins = 0;; ++spins) {
    if (static_cast<int32_t>(counter.load(std::memory_order_acquire) - value) >= 0) return;
    if (spins < kSpins) {
      pause_briefly();
    } else {
      sched_yield();
    }
  }
}

}  // namespace millrace::runtime
