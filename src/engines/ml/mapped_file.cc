#include "engines/ml/mapped_file.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>

namespace millrace::ml {

Result<MappedFile> MappedFile::map(runtime::File& file) {
  TRY(const uint64_t size, file.size());
  if (file.descriptor() < 0 || size == 0) {
    return fail(ErrorKind::unsupported, "the file cannot be mapped");
  }
  void* const begin = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.descriptor(), 0);
  if (begin == MAP_FAILED) {
    return fail(ErrorKind::exhausted,
                fmt::format("a file of {} bytes cannot be mapped: {}", size, std::strerror(errno)));
  }
  return MappedFile(BytesView(static_cast<const char*>(begin), size));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace millrace::ml
