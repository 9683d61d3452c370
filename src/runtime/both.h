// both(): two tasks side by side, on the loop that awaits them; ends when both have ended.
//
// Each task's answer is its own: an error of one does not end the other. Where no loop runs, the
// awaiter continues on the thread of the task that ended last.
#pragma once

#include <atomic>
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "runtime/loop.h"
#include "runtime/task.h"

namespace millrace::runtime {

template <class A, class B>
struct Both {
  Result<A> first;
  Result<B> second;
};

namespace detail {

// Where two sides and the one who awaits them meet; the last to arrive lets the awaiter go on.
struct Meeting {
  std::atomic<int> awaited{3};
  std::coroutine_handle<> awaiter;
  Loop* home = nullptr;
  std::exception_ptr exceptions[2];

  bool is_last() { return awaited.fetch_sub(1, std::memory_order_acq_rel) == 1; }
  void arrive() {
    if (!is_last()) return;
    if (home != nullptr && Loop::current() != home) {
      home->post(awaiter);
    } else {
      awaiter.resume();
    }
  }
};

// A coroutine that starts at once and frees itself; the Meeting outlives its work.
struct Side {
  struct promise_type {
    Side get_return_object() const { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const {}
    void unhandled_exception() const { std::terminate(); }
  };
};

template <class T>
Side run_side(Task<T> task, std::optional<Result<T>>& answer, std::exception_ptr& exception,
              Meeting& meeting) {
  {
    Task<T> owned = std::move(task);  // Ends before the meeting does.
    try {
      answer.emplace(co_await std::move(owned));
    } catch (...) {
      exception = std::current_exception();
    }
  }
  meeting.arrive();
}

}  // namespace detail

template <class A, class B>
Task<Both<A, B>> both(Task<A> first, Task<B> second) {
  struct Awaiter {
    Task<A>& first;
    Task<B>& second;
    std::optional<Result<A>> first_answer;
    std::optional<Result<B>> second_answer;
    detail::Meeting meeting;

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> awaiter) {
      meeting.awaiter = awaiter;
      meeting.home = Loop::current();
      detail::run_side(std::move(first), first_answer, meeting.exceptions[0], meeting);
      detail::run_side(std::move(second), second_answer, meeting.exceptions[1], meeting);
      return !meeting.is_last();
    }
    void await_resume() const noexcept {}
  };
  Awaiter awaiter{first, second, std::nullopt, std::nullopt, {}};
  co_await awaiter;
  for (const std::exception_ptr& exception : awaiter.meeting.exceptions) {
    if (exception) std::rethrow_exception(exception);
  }
  co_return Both<A, B>{std::move(*awaiter.first_answer), std::move(*awaiter.second_answer)};
}

}  // namespace millrace::runtime
