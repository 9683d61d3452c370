// Team: threads that work on one computation side by side, and meet at barriers within it.
//
// run() is called by one thread at a time, which is member 0 of the team. A member that waits spins
// for some microseconds, then sleeps: meetings are frequent and short, but the team may have more
// members than the machine has free cores. The others wait for the next run() likewise, so that
// runs in quick succession wake nobody.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "runtime/pool.h"

namespace millrace::runtime {

class Team final {
 public:
  Team(std::string name, unsigned size);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  unsigned size() const { return size_; }

  // Calls `work(member)` for each member at once, and returns when all are done. `work` does not
  // throw.
  void run(const std::function<void(unsigned member)>& work);

  // Within run(): returns when every member has called it as often as this one. What the others
  // wrote before is seen afterwards.
  void meet();

 private:
  // The life of a member but the first: run after run.
  void follow(unsigned member);

  const unsigned size_;
  const std::function<void(unsigned member)>* work_ = nullptr;  // Of the run under way.
  bool ended_ = false;
  alignas(64) std::atomic<uint32_t> runs_{0};      // Begun; the last ends the team.
  alignas(64) std::atomic<uint32_t> finished_{0};  // By members but the first, of all runs.
  alignas(64) std::atomic<uint32_t> arrived_{0};
  alignas(64) std::atomic<uint32_t> round_{0};
  std::unique_ptr<Pool> others_;
};

// The processors that this process may use.
unsigned usable_cores();

// Those of them that nobody else seems to need, but at least one: a team that meets often is slower
// than one thread where its members must wait for processors. Looks for some milliseconds.
unsigned free_cores();

// Waits until `counter` has reached `value` (modulo 2^32), as a member of a team waits. Who moves
// the counter calls notify_all() on it.
void spin_until(const std::atomic<uint32_t>& counter, uint32_t value);

}  // namespace millrace::runtime
