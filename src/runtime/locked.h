// Locked<T>: data and the lock that guards it, in one. The lock never survives a co_await, because
// the data is reached only inside with().
#pragma once

#include <mutex>
#include <utility>

namespace millrace::runtime {

template <class T>
class Locked final {
 public:
  template <class... Args>
  explicit Locked(Args&&... args) : value_(std::forward<Args>(args)...) {}

  template <class F>
  decltype(auto) with(F&& f) {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }
  template <class F>
  decltype(auto) with(F&& f) const {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_;
};

}  // namespace millrace::runtime
