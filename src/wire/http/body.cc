#include "wire/http/body.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace millrace::http {
namespace {

class BytesBody final : public BodyReader {
 public:
  BytesBody(Bytes bytes, size_t piece_bytes, bool announced)
      : bytes_(std::move(bytes)), piece_bytes_(piece_bytes), announced_(announced) {}

  Task<size_t> read(char* buffer, size_t size) override {
    const size_t n = std::min({size, piece_bytes_, bytes_.size() - offset_});
    std::memcpy(buffer, bytes_.data() + offset_, n);
    offset_ += n;
    co_return n;
  }

  std::optional<uint64_t> content_length() const override {
    return announced_ ? std::optional<uint64_t>(bytes_.size()) : std::nullopt;
  }

 private:
  Bytes bytes_;
  size_t piece_bytes_;
  bool announced_;
  size_t offset_ = 0;
};

}  // namespace

std::unique_ptr<BodyReader> make_bytes_body(Bytes bytes) {
  return std::make_unique<BytesBody>(std::move(bytes), SIZE_MAX, true);
}

std::unique_ptr<BodyReader> make_pieces_body(Bytes bytes, size_t piece_bytes) {
  ASSERT(piece_bytes > 0);
  return std::make_unique<BytesBody>(std::move(bytes), piece_bytes, false);
}

Task<Bytes> read_all(BodyReader& body, size_t size_max) {
  constexpr size_t kStepBytes = 64 * 1024;
  const std::optional<uint64_t> announced = body.content_length();
  if (announced && *announced > size_max) {
    co_return fail(ErrorKind::exhausted, "the body is longer than is accepted here");
  }
  Bytes out;
  size_t filled = 0;
  while (true) {
    // One byte more than is announced, so that the end is seen without growing again.
    const size_t room = announced && filled <= *announced ? *announced - filled + 1 : kStepBytes;
    out.resize(filled + std::min(room, kStepBytes));
    CO_TRY(const size_t n, co_await body.read(out.data() + filled, out.size() - filled));
    filled += n;
    if (n == 0) break;
    if (filled > size_max) {
      co_return fail(ErrorKind::exhausted, "the body is longer than is accepted here");
    }
  }
  out.resize(filled);
  co_return out;
}

}  // namespace millrace::http
