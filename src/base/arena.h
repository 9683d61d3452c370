// Arena: memory that is freed all at once. What is made in it lives as long as it does.
// Not thread-safe. Only trivially destructible things may live here.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>
#include <vector>

namespace millrace {

class Arena final {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void* allocate(size_t size, size_t alignment = alignof(std::max_align_t)) {
    const size_t start = (used_ + alignment - 1) & ~(alignment - 1);
    if (start + size > block_size_) return allocate_slow(size);
    used_ = start + size;
    return block_ + start;
  }

  template <class T>
  T* make_array(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    T* const items = static_cast<T*>(allocate(sizeof(T) * count, alignof(T)));
    for (size_t i = 0; i < count; ++i) new (items + i) T();
    return items;
  }

  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* const bytes = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(bytes, text.data(), text.size());
    return {bytes, text.size()};
  }

  size_t bytes_reserved() const { return reserved_; }

 private:
  static constexpr size_t kFirstBlock = 4096;
  static constexpr size_t kBlockMax = 1 << 20;

  void* allocate_slow(size_t size) {
    size_t next = block_size_ == 0 ? kFirstBlock : block_size_ * 2;
    if (next > kBlockMax) next = kBlockMax;
    if (next < size) next = size;
    blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(next));
    reserved_ += next;
    block_ = blocks_.back().get();
    block_size_ = next;
    used_ = size;
    return block_;
  }

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* block_ = nullptr;
  size_t block_size_ = 0;
  size_t used_ = 0;
  size_t reserved_ = 0;
};

}  // namespace millrace
