// Pool: named threads for work that blocks or burns (disk, SQL, training, digests).
//
// Thread-safe. The destructor runs what is queued, then joins. The queue is bounded: run() answers
// `exhausted` when it is full.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "runtime/loop.h"
#include "runtime/task.h"

namespace millrace::runtime {

class Pool final {
 public:
  static constexpr size_t kQueueMax = 65536;

  Pool(std::string name, unsigned threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Queues `work`. False when the queue is full; `work` is not called then.
  bool submit(std::function<void()> work);

  // Runs `work` (a callable that answers Result<T>) on the pool and continues on the awaiting
  // loop, or on the pool's thread where no loop was running.
  template <class Work>
  auto run(Work work) -> Task<typename std::invoke_result_t<Work&>::value_type> {
    using Answer = std::invoke_result_t<Work&>;
    struct Awaiter {
      Pool& pool;
      Work& work;
      std::optional<Answer> answer;
      std::exception_ptr exception;
      bool await_ready() const noexcept { return false; }
      bool await_suspend(std::coroutine_handle<> h) {
        Loop* const home = Loop::current();
        return pool.submit([this, h, home] {
          try {
            answer.emplace(work());
          } catch (...) {
            exception = std::current_exception();
          }
          if (home != nullptr) {
            home->post(h);
          } else {
            h.resume();
          }
        });
      }
      void await_resume() const noexcept {}
    };
    Awaiter awaiter{*this, work, std::nullopt, nullptr};
    co_await awaiter;
    if (awaiter.exception) std::rethrow_exception(awaiter.exception);
    if (!awaiter.answer) co_return fail(ErrorKind::exhausted, "too much work is queued");
    co_return std::move(*awaiter.answer);
  }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::runtime
