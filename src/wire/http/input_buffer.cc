#include "wire/http/input_buffer.h"

#include <algorithm>
#include <cstring>

namespace millrace::http {

void InputBuffer::room(size_t size) {
  const size_t held = end_ - begin_;
  if (capacity_ - held >= size) {
    if (capacity_ - end_ < size || held == 0) {
      if (held > 0) std::memmove(data_.get(), data_.get() + begin_, held);
      begin_ = 0;
      end_ = held;
    }
    return;
  }
  const size_t capacity = std::max({capacity_ * 2, held + size, kInitialBytes});
  std::unique_ptr<char[]> grown(new char[capacity]);
  if (held > 0) std::memcpy(grown.get(), data_.get() + begin_, held);
  data_ = std::move(grown);
  capacity_ = capacity;
  begin_ = 0;
  end_ = held;
}

void InputBuffer::append(std::string_view bytes) {
  if (bytes.empty()) return;
  room(bytes.size());
  std::memcpy(free_data(), bytes.data(), bytes.size());
  filled(bytes.size());
}

void InputBuffer::trim() {
  if (!empty() || capacity_ <= 2 * kInitialBytes) return;
  data_.reset();
  capacity_ = begin_ = end_ = 0;
}

}  // namespace millrace::http
