#include "engines/ml/float_table.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

namespace millrace::ml {
namespace {

constexpr size_t kPage = 4096;
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
  // Huge pages begin at multiples of their size: what is mapped too much in front and behind goes.
  const size_t spare = bytes >= kHugePage ? kHugePage : 0;
  void* mapped =
      mmap(nullptr, bytes + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  char* begin = static_cast<char*>(mapped);
  if (spare > 0) {
    const size_t front = (kHugePage - reinterpret_cast<uintptr_t>(begin) % kHugePage) % kHugePage;
    if (front > 0) munmap(begin, front);
    begin += front;
    const size_t end = (bytes + kPage - 1) / kPage * kPage;
    if (const size_t behind = bytes + spare - front; behind > end) {
      munmap(begin + end, behind - end);
    }
    madvise(begin, bytes, MADV_HUGEPAGE);  // Advice only: without them it is slower, not wrong.
  }
  data_ = reinterpret_cast<float*>(begin);
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
