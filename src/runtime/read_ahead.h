// ReadAhead<T>: pieces that are made on a thread of its own before they are asked for, in order,
// at most `depth` of them, so that making the next ones overlaps with using this one. What is taken
// does not depend on who was faster.
//
// One thread starts and takes. The pieces are reused: each is made in what an earlier one left.
// Limits: `depth` pieces and the one that is taken. Exceptions of `make` are thrown by take().
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "runtime/pool.h"

namespace millrace::runtime {

template <class T>
class ReadAhead final {
 public:
  // Makes the next piece; false at the end.
  using Make = std::function<Result<bool>(T& piece)>;

  ReadAhead(std::string thread_name, size_t depth)
      : pieces_(depth), pool_(std::move(thread_name), 1) {
    ASSERT(depth > 0);
  }
  ~ReadAhead() { stop(); }
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // Begins to make pieces; what was made before is dropped. Waits for the piece that is being made.
  void start(Make make) {
    stop();
    {
      const std::lock_guard lock(mutex_);
      make_ = std::move(make);
      first_ = count_ = 0;
      end_.reset();
      exception_ = nullptr;
      stopping_ = false;
      running_ = true;
    }
    const bool queued = pool_.submit([this] { run(); });
    ASSERT(queued);
  }

  // Makes no further piece. Waits for the one that is being made.
  void stop() {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !running_; });
  }

  // Swaps the next piece for `piece`; false at the end, and the error that `make` ended with: both
  // also when asked again. Behind a start() only.
  Result<bool> take(T& piece) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return count_ > 0 || !running_; });
    if (count_ > 0) {
      std::swap(piece, pieces_[first_]);
      first_ = (first_ + 1) % pieces_.size();
      --count_;
      changed_.notify_all();
      return true;
    }
    if (exception_) std::rethrow_exception(exception_);
    ASSERT(end_.has_value());
    return *end_;
  }

 private:
  // The place of the next piece; none where it has to stop.
  T* room() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopping_ || count_ < pieces_.size(); });
    return stopping_ ? nullptr : &pieces_[(first_ + count_) % pieces_.size()];
  }

  void run() {
    std::optional<Result<bool>> end;
    std::exception_ptr exception;
    try {
      while (T* const piece = room()) {
        Result<bool> made = make_(*piece);
        if (!made || !*made) {
          end = std::move(made);
          break;
        }
        const std::lock_guard lock(mutex_);
        ++count_;
        changed_.notify_all();
      }
    } catch (...) {
      exception = std::current_exception();
    }
    // Notified under the lock: whoever waits may destroy this as soon as it is free.
    const std::lock_guard lock(mutex_);
    end_ = std::move(end);
    exception_ = exception;
    running_ = false;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Make make_;
  std::vector<T> pieces_;  // A ring: `count_` from `first_` on are made and not yet taken.
  size_t first_ = 0;
  size_t count_ = 0;
  bool running_ = false;
  bool stopping_ = false;
  std::optional<Result<bool>> end_;
  std::exception_ptr exception_;
  Pool pool_;  // Its thread ends before the rest does.
};

}  // namespace millrace::runtime
