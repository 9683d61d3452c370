#include "runtime/pool.h"

#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace millrace::runtime {

struct Pool::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::function<void()>> queue;
  bool stopping = false;
  std::vector<std::jthread> threads;

  void work() {
    for (;;) {
      std::function<void()> next;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [this] { return stopping || !queue.empty(); });
        if (queue.empty()) return;
        next = std::move(queue.front());
        queue.pop_front();
      }
      next();
    }
  }
};

Pool::Pool(std::string name, unsigned threads) : state_(std::make_unique<State>()) {
  ASSERT(threads > 0);
  for (unsigned i = 0; i < threads; ++i) {
    state_->threads.emplace_back([state = state_.get(), name] {
      pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
      state->work();
    });
  }
}

Pool::~Pool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  state_->threads.clear();
}

bool Pool::submit(std::function<void()> work) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->queue.size() >= kQueueMax) return false;
    state_->queue.push_back(std::move(work));
  }
  state_->wake.notify_one();
  return true;
}

}  // namespace millrace::runtime
