#include "services/s3/select/object_file.h"

#include <algorithm>
#include <span>

namespace millrace::s3::select {

ObjectFile::ObjectFile(std::shared_ptr<objects::Reader> reader, std::vector<ByteRange> pieces,
                       std::optional<char> swapped)
    : reader_(std::move(reader)), pieces_(std::move(pieces)), swapped_(swapped) {
  for (const ByteRange& piece : pieces_) size_ += piece.length;
}

Time ObjectFile::modified() const { return reader_->object().entry.modified; }
std::string ObjectFile::version() const { return reader_->object().entry.etag; }

Task<void> ObjectFile::read_range(ByteRange range, char* bytes) {
  while (range.length != 0) {
    CO_TRY(const size_t got,
           co_await reader_->read_at(range.offset, bytes, static_cast<size_t>(range.length)));
    if (got == 0) co_return fail(ErrorKind::internal, "the object is shorter than its row says");
    bytes += got;
    range.offset += got;
    range.length -= got;
  }
  co_return ok;
}

Result<void> ObjectFile::read_at(uint64_t offset, char* bytes, size_t size) {
  const std::lock_guard lock(mutex_);
  char* to = bytes;
  size_t left = size;
  for (const ByteRange& piece : pieces_) {
    if (left == 0) break;
    if (offset >= piece.length) {
      offset -= piece.length;
      continue;
    }
    const auto length = static_cast<size_t>(std::min<uint64_t>(left, piece.length - offset));
    TRY(runtime::run_task(loop_, read_range({piece.offset + offset, length}, to)));
    to += length;
    left -= length;
    offset = 0;
  }
  bytes_read_ += size;
  if (!swapped_) return {};
  for (char& byte : std::span(bytes, size)) {
    if (byte == '\n') {
      byte = *swapped_;
    } else if (byte == *swapped_) {
      byte = '\n';
    }
  }
  return {};
}

Result<std::shared_ptr<sql::File>> ObjectFiles::open(const std::string& path) {
  if (path != kObjectPath) return fail(ErrorKind::not_found, "there is no " + path);
  return file_;
}

Result<void> ObjectFiles::list(const std::string& prefix, const Name& name) {
  if (std::string_view(kObjectPath).starts_with(prefix)) name(kObjectPath);
  return {};
}

}  // namespace millrace::s3::select
