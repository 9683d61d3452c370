// InputBuffer: bytes that came from the peer and are not used yet.
//
// What was consumed stays where it is until room() is called, so that views into it (the head of
// the request in hand) remain good meanwhile. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace millrace::http {

class InputBuffer final {
 public:
  static constexpr size_t kInitialBytes = 8 * 1024;

  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  void consume(size_t bytes) { begin_ += bytes; }

  // Makes room for at least `size` bytes after what is there. Moves what is there.
  void room(size_t size);
  char* free_data() { return data_.get() + end_; }
  size_t free_size() const { return capacity_ - end_; }
  void filled(size_t bytes) { end_ += bytes; }

  void append(std::string_view bytes);
  // Gives back memory that is out of the ordinary, where nothing is held.
  void trim();

 private:
  std::unique_ptr<char[]> data_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace millrace::http
