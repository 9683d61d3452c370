#include "engines/ml/byte_source.h"

#include <isa-l/igzip_lib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "runtime/read_ahead.h"

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
  explicit Members(std::unique_ptr<ByteSource> source)
      : source_(std::move(source)), input_(kInputBytes), state_(std::make_unique<inflate_state>()) {
    isal_inflate_init(state_.get());
    state_->crc_flag = ISAL_GZIP;
  }

  Result<size_t> read(char* bytes, size_t size) override {
    const auto room = static_cast<uint32_t>(std::min<size_t>(size, kOutputBytesMax));
    for (;;) {
      if (state_->avail_in == 0 && !ended_) TRY(fill());
      if (state_->block_state == ISAL_BLOCK_FINISH) {
        if (state_->avail_in == 0) return size_t{0};
        isal_inflate_reset(state_.get());
        state_->crc_flag = ISAL_GZIP;
      }
      const uint32_t before = state_->avail_in;
      state_->next_out = reinterpret_cast<uint8_t*>(bytes);
      state_->avail_out = room;
      if (const int code = isal_inflate(state_.get()); code < 0) return damaged(code);
      const size_t taken = room - state_->avail_out;
      if (taken > 0) return taken;
      const bool moved = state_->avail_in < before || state_->block_state == ISAL_BLOCK_FINISH;
      if (!moved && ended_) return fail(ErrorKind::invalid, "the gzip data is cut off");
    }
  }

 private:
  static constexpr size_t kInputBytes = 128 << 10;
  static constexpr size_t kOutputBytesMax = 1 << 30;

  Result<void> fill() {
    TRY(const size_t taken, source_->read(input_.data(), input_.size()));
    ended_ = taken == 0;
    state_->next_in = reinterpret_cast<uint8_t*>(input_.data());
    state_->avail_in = static_cast<uint32_t>(taken);
    return ok;
  }

  static std::unexpected<Error> damaged(int code) {
    std::string_view what = "invalid block";
    if (code == ISAL_INVALID_SYMBOL) what = "invalid code";
    if (code == ISAL_INVALID_LOOKBACK) what = "invalid distance too far back";
    if (code == ISAL_INVALID_WRAPPER) what = "invalid header";
    if (code == ISAL_UNSUPPORTED_METHOD) what = "unknown compression method";
    if (code == ISAL_INCORRECT_CHECKSUM) what = "incorrect data check";
    return fail(ErrorKind::invalid, "the gzip data is damaged: " + std::string(what));
  }

  std::unique_ptr<ByteSource> source_;
  std::vector<char> input_;
  std::unique_ptr<inflate_state> state_;
  bool ended_ = false;
};

// What a source holds, read on a thread of its own once it has given kAheadAfterBytes.
class AheadSource final : public ByteSource {
 public:
  explicit AheadSource(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}

  Result<size_t> read(char* bytes, size_t size) override {
    if (!ahead_ && given_ < kAheadAfterBytes) {
      TRY(const size_t taken, source_->read(bytes, size));
      given_ += taken;
      return taken;
    }
    if (!ahead_) begin();
    if (taken_ == piece_.size()) {
      taken_ = 0;
      TRY(const bool more, ahead_->take(piece_));
      if (!more) {
        piece_.clear();
        return size_t{0};
      }
    }
    const size_t taken = std::min(size, piece_.size() - taken_);
    std::memcpy(bytes, piece_.data() + taken_, taken);
    taken_ += taken;
    return taken;
  }

 private:
  static constexpr size_t kPieceBytes = 256 << 10;
  static constexpr size_t kPieces = 3;

  void begin() {
    ahead_.emplace("unpack", kPieces);
    ahead_->start([this](std::vector<char>& piece) -> Result<bool> {
      piece.resize(kPieceBytes);
      TRY(const size_t taken, source_->read(piece.data(), piece.size()));
      piece.resize(taken);
      return taken > 0;
    });
  }

  const std::unique_ptr<ByteSource> source_;
  size_t given_ = 0;
  std::vector<char> piece_;
  size_t taken_ = 0;                                            // Of the piece.
  std::optional<runtime::ReadAhead<std::vector<char>>> ahead_;  // Ends before the source does.
};

class GunzipSource final : public ByteSource {
 public:
  GunzipSource(std::unique_ptr<ByteSource> source, bool ahead)
      : source_(std::move(source)), ahead_(ahead) {}
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
    if (packed && ahead_) source_ = std::make_unique<AheadSource>(std::move(source_));
    sniffed_ = true;
    return ok;
  }

  std::unique_ptr<ByteSource> source_;
  const bool ahead_;
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
  return std::make_unique<GunzipSource>(std::move(source), false);
}

std::unique_ptr<ByteSource> make_gunzip_ahead_source(std::unique_ptr<ByteSource> source) {
  return std::make_unique<GunzipSource>(std::move(source), true);
}

}  // namespace millrace::ml
