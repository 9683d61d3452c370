#include "engines/ml/float_table.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

namespace millrace::ml {
namespace {

constexpr size_t kHugePage = 2u << 20;

size_t bytes_of(size_t size) {
  if (size > (std::numeric_limits<size_t>::max() - kHugePage) / sizeof(float)) {
    throw std::bad_alloc();
  }
  return size * sizeof(float);
}

}  // namespace

FloatTable::FloatTable(size_t size) : size_(size) {
  if (size == 0) return;
  const size_t bytes = bytes_of(size);
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  // Advice only: without huge pages it is slower, not wrong.
  if (bytes >= kHugePage) madvise(memory, bytes, MADV_HUGEPAGE);
  data_ = static_cast<float*>(memory);
}

FloatTable::FloatTable(const FloatTable& other) : FloatTable(other.size_) {
  if (size_ > 0) std::memcpy(data_, other.data_, size_ * sizeof(float));
}

FloatTable::~FloatTable() {
  if (data_ != nullptr) munmap(data_, size_ * sizeof(float));
}

bool FloatTable::operator==(const FloatTable& other) const {
  return std::equal(data_, data_ + size_, other.data_, other.data_ + other.size_);
}

}  // namespace millrace::ml
