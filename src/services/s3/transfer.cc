#include "services/s3/transfer.h"

#include <algorithm>

#include "engines/objects/ending.h"
#include "runtime/both.h"
#include "services/s3/checksums.h"
#include "services/s3/digest_headers.h"
#include "wire/auth/payload.h"

namespace millrace::s3 {
namespace {

// From here on a body's digests run beside it (payload.h), and its bytes go to a file.
constexpr size_t kEndedBesideBytes = 64 * 1024;
constexpr uint64_t kAtOnceBytes = store::kBlobChunkBytes;  // Read before the answer begins.

// An object's range as a body. Its first bytes are there before the answer begins.
class RangeBody final : public http::BodyReader {
 public:
  RangeBody(std::shared_ptr<objects::Reader> reader, ByteRange range)
      : reader_(std::move(reader)), range_(range), length_(range.length) {}

  Task<void> begin() {
    const auto size = static_cast<size_t>(std::min<uint64_t>(kAtOnceBytes, range_.length));
    memory_.reset(new char[size]);
    CO_TRY(const size_t got, co_await next(memory_.get(), size));
    first_ = {memory_.get(), got};
    co_return ok;
  }

  // The first bytes, and as much behind them as there is room for.
  Task<size_t> read(char* buffer, size_t size) override {
    const size_t piece = first_.copy(buffer, size);
    first_.remove_prefix(piece);
    if (!first_.empty() || range_.length == 0) co_return piece;
    memory_.reset();
    // Less than a chunk would be opened for its beginning, and kept aside for the next read.
    if (piece > 0 && size - piece < kAtOnceBytes) co_return piece;
    CO_TRY(const size_t more, co_await next(buffer + piece, size - piece));
    co_return piece + more;
  }
  std::optional<uint64_t> content_length() const override { return length_; }

 private:
  Task<size_t> next(char* buffer, size_t size) {
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(size, range_.length));
    CO_TRY(const size_t got, co_await reader_->read_at(range_.offset, buffer, wanted));
    range_.offset += got;
    range_.length -= got;
    co_return got;
  }

  std::shared_ptr<objects::Reader> reader_;
  ByteRange range_;  // What is left behind `first_`.
  uint64_t length_;
  std::unique_ptr<char[]> memory_;
  BytesView first_;  // Of `memory_`.
};

// The errors of the connection, in S3's words; the verifier's have codes already.
Error name_read_error(Error error) {
  if (!error.code.empty()) return error;
  if (error.kind == ErrorKind::invalid) return problem(Problem::incomplete_body);
  if (error.kind == ErrorKind::deadline) return problem(Problem::request_timeout);
  if (error.kind == ErrorKind::exhausted) return problem(Problem::entity_too_large);
  return error;
}

// AWS: how long an object is stands before it: chunks of HTTP alone do not tell. See
// tests/conformance/s3_wire_test.py.
Result<void> check_length_is_told(const http::HeaderViews& headers) {
  if (headers.find("x-amz-decoded-content-length")) return {};
  if (headers.find("transfer-encoding")) {
    return fail(problem(Problem::not_implemented, {{"Header", "Transfer-Encoding"}}));
  }
  if (!headers.find("content-length")) return fail(problem(Problem::missing_content_length));
  return {};
}

Error name_write_error(Error error) {
  return error.kind == ErrorKind::invalid ? problem(Problem::entity_too_large) : error;
}

}  // namespace

Task<objects::Digests> receive(wire::Call& call, objects::Writer& writer, std::string_view inside) {
  objects::Digests digests;
  if (call.body == nullptr) {
    Result<void> written = co_await writer.write(inside);
    if (!written) co_return fail(name_write_error(std::move(written).error()));
    digests.checksums.push_back(own_checksum(inside));
    co_return digests;
  }
  const std::optional<uint64_t> announced = call.payload->content_length();
  Result<BytesView> piece = co_await call.payload->next();
  while (piece && !piece->empty()) {
    Result<void> written;
    if (announced == writer.size_bytes() + piece->size() && *announced >= kEndedBesideBytes) {
      // The disk takes all of it while the digests of many uploads gather.
      written = co_await writer.write(*piece);
      if (written) written = co_await objects::end_bytes(writer);
      if (written) piece = co_await call.payload->next();
    } else if (piece->size() < auth::PayloadVerifier::kPieceBytes) {
      written = co_await writer.write(*piece);
      if (written) piece = co_await call.payload->next();
    } else {
      // The disk takes this piece while the peer sends the next one.
      Task<runtime::Both<void, BytesView>> sides =
          runtime::both(writer.write(*piece), call.payload->next());
      CO_TRY(auto ended, co_await std::move(sides));
      written = std::move(ended.first);
      piece = std::move(ended.second);
    }
    if (!written) co_return fail(name_write_error(std::move(written).error()));
  }
  if (!piece) {
    static_cast<void>(co_await objects::abandon(writer));
    co_return fail(name_read_error(std::move(piece).error()));
  }
  digests.etag = to_hex(call.payload->md5());
  digests.checksums = kept_checksums(call.payload->checksums());
  co_return digests;
}

Result<void> check_announced(const S3& s3, const wire::Call& call) {
  if (call.body == nullptr) return {};
  if (call.http != nullptr) {
    TRY(check_length_is_told(call.http->headers));
    TRY(check_checksum_headers(*call.http));
  }
  const uint64_t size_max = s3.objects.limits().part_bytes_max;
  const std::optional<uint64_t> announced = call.body->content_length();
  if (!announced || *announced <= size_max) return {};
  return fail(problem(Problem::entity_too_large, {{"ProposedSize", std::to_string(*announced)},
                                                  {"MaxSizeAllowed", std::to_string(size_max)}}));
}

// The engine verifies what it reads. Damage in the beginning is an error in the place of the
// answer; later it cuts the connection, so that the client cannot take what it got for the whole.
Task<void> send(wire::Call& call, std::shared_ptr<objects::Reader> reader, ByteRange range) {
  if (range.length <= kAtOnceBytes) {
    CO_TRY(Bytes bytes, co_await reader->read_at(range.offset, static_cast<size_t>(range.length)));
    call.response_body = std::move(bytes);
    co_return ok;
  }
  auto body = std::make_unique<RangeBody>(std::move(reader), range);
  CO_TRY(co_await body->begin());
  call.response_body = http::StreamBody{std::move(body)};
  co_return ok;
}

Task<objects::Digests> digest(const S3& s3, objects::Reader& reader, ByteRange range,
                              std::optional<auth::ChecksumKind> kind) {
  Digest md5(DigestKind::md5);
  std::optional<auth::Checksum> checksum;
  if (kind) checksum.emplace(*kind);
  while (range.length != 0) {
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(kPieceBytes, range.length));
    CO_TRY(const Bytes piece, co_await reader.read_at(range.offset, wanted));
    if (piece.size() != wanted) co_return fail(ErrorKind::internal, "the object is shorter");
    const auto work = [&]() -> Result<void> {
      md5.update(piece);
      if (checksum) checksum->update(piece);
      return {};
    };
    Task<void> run = s3.pool.run(work);
    CO_TRY(co_await std::move(run));
    range.offset += wanted;
    range.length -= wanted;
  }
  objects::Digests out;
  out.etag = to_hex(md5.finish());
  if (checksum) out.checksums.push_back({std::string(auth::name_of(*kind)), checksum->finish()});
  co_return out;
}

}  // namespace millrace::s3
