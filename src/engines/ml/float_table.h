// A large array of floats in anonymous memory of its own: zero at first, aligned to 64 bytes, in
// huge pages where the kernel has them (random access to a table of gigabytes would else wait for
// the translation of addresses more than for memory). Untouched pages cost nothing.
//
// A value; not thread-safe by itself, but threads may use disjoint parts. Throws std::bad_alloc.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

namespace millrace::ml {

class FloatTable {
 public:
  FloatTable() = default;
  explicit FloatTable(size_t size);
  FloatTable(const FloatTable& other);
  FloatTable(FloatTable&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  FloatTable& operator=(FloatTable other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~FloatTable();

  float* data() { return data_; }
  const float* data() const { return data_; }
  size_t size() const { return size_; }
  float& operator[](size_t at) { return data_[at]; }
  float operator[](size_t at) const { return data_[at]; }
  std::span<const float> values() const { return {data_, size_}; }

  bool operator==(const FloatTable& other) const;

 private:
  float* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace millrace::ml
