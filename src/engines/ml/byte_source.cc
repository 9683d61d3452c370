#include "engines/ml/byte_source.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace millrace::ml {
namespace {

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(BytesView bytes) : rest_(bytes) {}
  Result<size_t> read(char* bytes, size_t size) override {
    const size_t taken = std::min(size, rest_.size());
    std::memcpy(bytes, rest_.data(), taken);
    rest_.remove_prefix(taken);
    return taken;
  }

 private:
  BytesView rest_;
};

class FileSource final : public ByteSource {
 public:
  explicit FileSource(std::unique_ptr<runtime::File> file) : file_(std::move(file)) {}
  Result<size_t> read(char* bytes, size_t size) override {
    TRY(const size_t taken, file_->read_at(offset_, bytes, size));
    offset_ += taken;
    return taken;
  }

 private:
  std::unique_ptr<runtime::File> file_;
  uint64_t offset_ = 0;
};

class GunzipSource final : public ByteSource {
 public:
  explicit GunzipSource(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}
  ~GunzipSource() override {
    if (mode_ == Mode::packed) inflateEnd(&stream_);
  }
  GunzipSource(const GunzipSource&) = delete;
  GunzipSource& operator=(const GunzipSource&) = delete;

  Result<size_t> read(char* bytes, size_t size) override {
    if (size == 0) return size_t{0};
    if (mode_ == Mode::unknown) TRY(sniff());
    if (mode_ == Mode::plain) return read_plain(bytes, size);
    return read_packed(bytes, size);
  }

 private:
  enum class Mode : uint8_t { unknown, plain, packed };
  static constexpr size_t kBufferBytes = 256 << 10;

  Result<void> refill() {
    if (buffer_.empty()) buffer_.resize(kBufferBytes);
    TRY(const size_t taken, source_->read(buffer_.data(), buffer_.size()));
    begin_ = 0;
    end_ = taken;
    return ok;
  }

  Result<void> sniff() {
    buffer_.resize(kBufferBytes);
    while (end_ < 2) {
      TRY(const size_t taken, source_->read(buffer_.data() + end_, buffer_.size() - end_));
      if (taken == 0) break;
      end_ += taken;
    }
    if (end_ < 2 || buffer_[0] != '\x1f' || buffer_[1] != '\x8b') {
      mode_ = Mode::plain;
      return ok;
    }
    constexpr int kGzipWithLargestWindow = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, kGzipWithLargestWindow) != Z_OK) {
      return fail(ErrorKind::exhausted, "no memory to unpack gzip");
    }
    mode_ = Mode::packed;
    inside_ = true;
    return ok;
  }

  Result<size_t> read_plain(char* bytes, size_t size) {
    if (begin_ == end_) return source_->read(bytes, size);
    const size_t taken = std::min(size, end_ - begin_);
    std::memcpy(bytes, buffer_.data() + begin_, taken);
    begin_ += taken;
    return taken;
  }

  Result<size_t> read_packed(char* bytes, size_t size) {
    const size_t wanted = std::min<size_t>(size, 1u << 30);
    stream_.next_out = reinterpret_cast<Bytef*>(bytes);
    stream_.avail_out = static_cast<uInt>(wanted);
    while (stream_.avail_out == wanted) {
      if (begin_ == end_) TRY(refill());
      if (end_ == 0) {
        if (inside_) return fail(ErrorKind::invalid, "the gzip data is cut off");
        return size_t{0};
      }
      if (!inside_) {  // A further member begins.
        if (inflateReset(&stream_) != Z_OK) return fail(ErrorKind::internal, "inflateReset");
        inside_ = true;
      }
      stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data() + begin_);
      stream_.avail_in = static_cast<uInt>(end_ - begin_);
      const int answer = inflate(&stream_, Z_NO_FLUSH);
      begin_ = end_ - stream_.avail_in;
      if (answer == Z_STREAM_END) {
        inside_ = false;
      } else if (answer != Z_OK && answer != Z_BUF_ERROR) {
        return fail(ErrorKind::invalid,
                    std::string("the gzip data is damaged: ") +
                        (stream_.msg != nullptr ? stream_.msg : "not a gzip stream"));
      }
    }
    return wanted - stream_.avail_out;
  }

  std::unique_ptr<ByteSource> source_;
  Mode mode_ = Mode::unknown;
  bool inside_ = false;  // Within a member.
  std::vector<char> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  z_stream stream_{};
};

}  // namespace

std::unique_ptr<ByteSource> make_memory_source(BytesView bytes) {
  return std::make_unique<MemorySource>(bytes);
}

std::unique_ptr<ByteSource> make_file_source(std::unique_ptr<runtime::File> file) {
  return std::make_unique<FileSource>(std::move(file));
}

std::unique_ptr<ByteSource> make_gunzip_source(std::unique_ptr<ByteSource> source) {
  return std::make_unique<GunzipSource>(std::move(source));
}

}  // namespace millrace::ml
