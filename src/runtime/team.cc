#include "runtime/team.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

namespace millrace::runtime {
namespace {

constexpr int kEagerSpins = 100;  // Without a pause, which takes as long as a line takes to come.
constexpr int kSpins = 2000;      // With one; whoever is not there by then is not running.

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

Team::Team(std::string name, unsigned size) : size_(size) {
  ASSERT(size > 0);
  if (size == 1) return;
  others_ = std::make_unique<Pool>(std::move(name), size - 1);
  for (unsigned member = 1; member < size; ++member) {
    const bool queued = others_->submit([this, member] { follow(member); });
    ASSERT(queued);
  }
}

Team::~Team() {
  ended_ = true;
  runs_.fetch_add(1, std::memory_order_release);
  runs_.notify_all();
}

void Team::follow(unsigned member) {
  for (uint32_t run = 1;; ++run) {
    spin_until(runs_, run);
    if (ended_) return;
    (*work_)(member);
    finished_.fetch_add(1, std::memory_order_release);
    finished_.notify_all();
  }
}

void Team::run(const std::function<void(unsigned member)>& work) {
  if (size_ == 1) {
    work(0);
    return;
  }
  const uint32_t all = finished_.load(std::memory_order_relaxed) + size_ - 1;
  work_ = &work;
  runs_.fetch_add(1, std::memory_order_release);
  runs_.notify_all();
  work(0);
  spin_until(finished_, all);
}

void Team::meet() {
  if (size_ == 1) return;
  const uint32_t round = round_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == size_) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
    round_.notify_all();
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

namespace {

// Threads that run or could run, of the whole machine; 1 where the kernel does not tell.
unsigned running_threads() {
  std::ifstream file("/proc/loadavg");
  std::string averages[3];
  unsigned running = 1;
  file >> averages[0] >> averages[1] >> averages[2] >> running;
  return file ? std::max(running, 1u) : 1u;
}

}  // namespace

unsigned free_cores() {
  constexpr size_t kLooks = 9;
  const unsigned usable = usable_cores();
  if (usable == 1) return 1;
  std::array<unsigned, kLooks> others{};
  for (unsigned& look : others) {
    look = running_threads() - 1;  // Without this thread.
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::nth_element(others.begin(), others.begin() + kLooks / 2, others.end());
  return usable - std::min(usable - 1, others[kLooks / 2]);
}

void spin_until(const std::atomic<uint32_t>& counter, uint32_t value) {
  for (int spins = 0;; ++spins) {
    const uint32_t now = counter.load(std::memory_order_acquire);
    if (static_cast<int32_t>(now - value) >= 0) return;
    if (spins < kEagerSpins) continue;
    if (spins < kSpins) {
      pause_briefly();
    } else {
      counter.wait(now, std::memory_order_acquire);
    }
  }
}

}  // namespace millrace::runtime
