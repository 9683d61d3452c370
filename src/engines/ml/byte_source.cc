#include "engines/ml/byte_source.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "base/hash.h"
#include "engines/ml/inflate.h"
#include "engines/ml/protobuf_wire.h"

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

class PipeSource final : public ByteSource {
 public:
  explicit PipeSource(std::unique_ptr<runtime::File> pipe) : pipe_(std::move(pipe)) {}
  Result<size_t> read(char* bytes, size_t size) override {
    // A pipe has no offsets, so that File's own reads are not for it.
    for (;;) {
      const ssize_t got = ::read(pipe_->descriptor(), bytes, size);
      if (got >= 0) return static_cast<size_t>(got);
      if (errno != EINTR) {
        return fail(ErrorKind::internal, std::string("read: ") + std::strerror(errno));
      }
    }
  }

 private:
  std::unique_ptr<runtime::File> pipe_;
};

// What `source` holds, which stands behind bytes that were read already.
class RestSource final : public ByteSource {
 public:
  RestSource(Bytes front, std::unique_ptr<ByteSource> source)
      : front_(std::move(front)), source_(std::move(source)) {}
  Result<size_t> read(char* bytes, size_t size) override {
    if (taken_ == front_.size()) return source_->read(bytes, size);
    const size_t piece = std::min(size, front_.size() - taken_);
    std::memcpy(bytes, front_.data() + taken_, piece);
    taken_ += piece;
    return piece;
  }

 private:
  const Bytes front_;
  size_t taken_ = 0;
  std::unique_ptr<ByteSource> source_;
};

// The members of a gzip file (RFC 1952), one behind the other.
class Members final : public ByteSource {
 public:
  explicit Members(std::unique_ptr<ByteSource> source) : input_(std::move(source)) {}

  Result<size_t> read(char* bytes, size_t size) override {
    while (rest_.empty() && size > 0) {
      if (error_) return fail(*error_);
      if (!inside_) {
        TRY(const bool ended, input_.at_end());
        if (ended) return size_t{0};
        TRY(take_head());
      }
      TRY(rest_, inflater_.next());
      check_ = crc32(check_, rest_);
      size_ += static_cast<uint32_t>(rest_.size());
      if (!inflater_.ended()) continue;
      // Nobody gets to see what is damaged; what is cut off is whole up to there.
      if (Result<void> tail = take_tail(); !tail) {
        if (!input_.cut_off()) return fail(std::move(tail).error());
        error_ = std::move(tail).error();
      }
    }
    const size_t taken = std::min(size, rest_.size());
    std::memcpy(bytes, rest_.data(), taken);
    rest_.remove_prefix(taken);
    return taken;
  }

 private:
  enum Flag : uint8_t { kHeadCheck = 2, kExtra = 4, kName = 8, kComment = 16, kReserved = 0xe0 };

  static std::unexpected<Error> damaged(std::string_view what) {
    return fail(ErrorKind::invalid, "the gzip data is damaged: " + std::string(what));
  }

  Result<uint8_t> byte() {
    uint8_t value = 0;
    TRY(input_.copy(&value, 1));
    return value;
  }
  Result<uint32_t> word() {
    uint8_t bytes[4];
    TRY(input_.copy(bytes, sizeof bytes));
    return load_u32(reinterpret_cast<const char*>(bytes));
  }

  Result<void> take_head() {
    std::array<uint8_t, 10> head{};
    TRY(input_.copy(head.data(), head.size()));
    if (head[0] != 0x1f || head[1] != 0x8b) return damaged("not a gzip stream");
    if (head[2] != 8) return damaged("unknown compression method");
    const uint8_t flags = head[3];
    if ((flags & kReserved) != 0) return damaged("unknown header flags set");
    if ((flags & kExtra) != 0) {
      TRY(const uint8_t low, byte());
      TRY(const uint8_t high, byte());
      for (unsigned left = low | high << 8; left > 0; --left) TRY(byte());
    }
    for (const Flag text : {kName, kComment}) {
      if ((flags & text) == 0) continue;
      for (bool more = true; more;) {
        TRY(const uint8_t character, byte());
        more = character != 0;
      }
    }
    if ((flags & kHeadCheck) != 0) {
      TRY(byte());
      TRY(byte());
    }
    inflater_.reset();
    check_ = size_ = 0;
    inside_ = true;
    return ok;
  }

  Result<void> take_tail() {
    input_.align();
    TRY(const uint32_t check, word());
    TRY(const uint32_t size, word());
    if (check != check_) return damaged("incorrect data check");
    if (size != size_) return damaged("incorrect length check");
    inside_ = false;
    return ok;
  }

  BitReader input_;
  Inflater inflater_{input_};
  bool inside_ = false;  // Within a member.
  BytesView rest_;       // Of what was unpacked last.
  std::optional<Error> error_;
  uint32_t check_ = 0;
  uint32_t size_ = 0;  // Modulo 2^32, as the format has it.
};

class GunzipSource final : public ByteSource {
 public:
  explicit GunzipSource(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}
  Result<size_t> read(char* bytes, size_t size) override {
    if (!sniffed_) TRY(sniff());
    return source_->read(bytes, size);
  }

 private:
  Result<void> sniff() {
    Bytes front(2, '\0');
    size_t size = 0;
    while (size < front.size()) {
      TRY(const size_t taken, source_->read(front.data() + size, front.size() - size));
      if (taken == 0) break;
      size += taken;
    }
    front.resize(size);
    const bool packed = front == "\x1f\x8b";
    source_ = std::make_unique<RestSource>(std::move(front), std::move(source_));
    if (packed) source_ = std::make_unique<Members>(std::move(source_));
    sniffed_ = true;
    return ok;
  }

  std::unique_ptr<ByteSource> source_;
  bool sniffed_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> make_memory_source(BytesView bytes) {
  return std::make_unique<MemorySource>(bytes);
}

std::unique_ptr<ByteSource> make_file_source(std::unique_ptr<runtime::File> file) {
  return std::make_unique<FileSource>(std::move(file));
}

std::unique_ptr<ByteSource> make_pipe_source(std::unique_ptr<runtime::File> pipe) {
  return std::make_unique<PipeSource>(std::move(pipe));
}

std::unique_ptr<ByteSource> make_gunzip_source(std::unique_ptr<ByteSource> source) {
  return std::make_unique<GunzipSource>(std::move(source));
}

}  // namespace millrace::ml
