#include "wire/auth/payload.h"

#include <algorithm>

namespace millrace::auth {
namespace {

constexpr size_t kBesideBytesMin = 64 * 1024;  // From here on, digests would hold up the loop.
constexpr size_t kRoundBytesMin = 1024;  // Below, a digest costs less than waiting for others.

std::unexpected<AuthFailure> problem(AuthProblem what, std::string_view given = {}) {
  return std::unexpected(AuthFailure{what, std::string(given)});
}

// Some twenty times as quick as the others, so not worth a thread's waking: they go with the
// payload's own SHA-256.
bool is_quick(const Checksum& checksum) {
  return checksum.kind() != ChecksumKind::sha1 && checksum.kind() != ChecksumKind::sha256;
}

const std::string* find_trailer(const AwsChunkedReader* source, std::string_view name) {
  if (source == nullptr) return nullptr;
  for (const auto& [key, value] : source->trailers()) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::expected<void, AuthFailure> read_trailing(const RequestView& request, PayloadChecks& out) {
  for (const HeaderView& header : request.headers) {
    if (!http::equal_ignoring_case(header.name, "x-amz-trailer")) continue;
    for (const ChecksumKind kind : kChecksumKinds) {
      // Names are separated by commas; each is compared whole.
      std::string_view rest = header.value;
      while (!rest.empty()) {
        const size_t comma = std::min(rest.find(','), rest.size());
        std::string_view name = rest.substr(0, comma);
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        while (name.starts_with(' ')) name.remove_prefix(1);
        while (name.ends_with(' ')) name.remove_suffix(1);
        if (http::equal_ignoring_case(name, header_of(kind))) out.trailing.push_back(kind);
      }
    }
  }
  return {};
}

// Of an algorithm that AWS has, and that is not here. Ignoring it would let bytes in that it does
// not fit. (Of what AWS has not, operations that take checksums say so themselves.)
bool is_unknown_checksum(std::string_view name) {
  constexpr std::string_view kPrefix = "x-amz-checksum-";
  if (name.size() <= kPrefix.size() ||
      !http::equal_ignoring_case(name.substr(0, kPrefix.size()), kPrefix)) {
    return false;
  }
  return is_other_checksum(name.substr(kPrefix.size()));
}

}  // namespace

std::expected<PayloadChecks, AuthFailure> payload_checks(const RequestView& request,
                                                         const Verified& verified,
                                                         ChecksumsOf checksums) {
  PayloadChecks out;
  if (verified.payload == PayloadMode::literal && !verified.payload_verified) {
    out.sha256_hex = verified.payload_sha256;
  }
  if (const HeaderView* header = find_header(request.headers, "content-md5")) {
    Bytes raw;
    if (header->value.size() > 64 || !from_base64(header->value, raw) || raw.size() != 16) {
      return problem(AuthProblem::content_md5_malformed);
    }
    out.content_md5 = std::move(raw);
  }
  for (const ChecksumKind kind : kChecksumKinds) {
    const HeaderView* header = find_header(request.headers, header_of(kind));
    if (header == nullptr || checksums == ChecksumsOf::object) continue;
    auto value = parse_checksum(kind, header->value);
    if (!value) return problem(AuthProblem::checksum_malformed, header_of(kind));
    out.checksums.emplace_back(kind, std::move(*value));
  }
  for (const HeaderView& header : request.headers) {
    if (is_unknown_checksum(header.name)) {
      return problem(AuthProblem::checksum_unknown, header.name);
    }
  }
  if (is_streaming(verified.payload)) {
    if (auto read = read_trailing(request, out); !read) return std::unexpected(read.error());
  }
  return out;
}

void compute_for_object(PayloadChecks& checks) {
  checks.md5_computed = true;
  // AWS: what comes without a checksum gets one; see put_object.test.
  if (checks.checksums.empty() && checks.trailing.empty()) {
    checks.computed.push_back(ChecksumKind::crc64nvme);
  }
}

PayloadVerifier::PayloadVerifier(http::BodyReader& source, PayloadChecks checks,
                                 const AwsChunkedReader* trailers, Md5Team* team)
    : source_(source), checks_(std::move(checks)), trailers_(trailers), team_(team) {
  if (!checks_.sha256_hex.empty()) sha256_.emplace(DigestKind::sha256);
  if (checks_.content_md5 || checks_.md5_computed) md5_.emplace();
  for (const auto& [kind, value] : checks_.checksums) add(kind);
  for (const ChecksumKind kind : checks_.trailing) add(kind);
  for (const ChecksumKind kind : checks_.computed) add(kind);
}

void PayloadVerifier::add(ChecksumKind kind) {
  const bool known =
      std::ranges::any_of(running_, [kind](const Checksum& c) { return c.kind() == kind; });
  if (!known) running_.emplace_back(kind);
}

Task<size_t> PayloadVerifier::read(char* buffer, size_t size) {
  if (failed_) co_return fail(*failed_);
  if (ended_) co_return size_t{0};
  auto got = co_await source_.read(buffer, size);
  if (!got) {
    failed_ = got.error();
    co_return fail(*failed_);
  }
  const BytesView bytes(buffer, *got);
  if (bytes.empty()) {
    CO_TRY(co_await end());
  } else {
    digest_here(bytes, false);
  }
  co_return bytes.size();
}

Task<BytesView> PayloadVerifier::next() {
  if (failed_) co_return fail(*failed_);
  if (ended_) co_return BytesView();
  if (pieces_ == 0) {
    const uint64_t announced = content_length().value_or(kPieceBytes);
    buffer_bytes_ = static_cast<size_t>(std::clamp<uint64_t>(announced, 1, kPieceBytes));
  }
  // What stood in this buffer has been used by the caller, but perhaps not by the digests.
  CO_TRY(co_await settle(kPieces - 1));
  std::unique_ptr<char[]>& buffer = buffers_[pieces_ % kPieces];
  if (!buffer && !source_ended_) buffer.reset(new char[buffer_bytes_]);
  CO_TRY(const size_t filled, co_await fill(buffer.get(), buffer_bytes_));
  const BytesView piece(buffer.get(), filled);
  if (piece.empty()) {
    CO_TRY(co_await settle(0));
    md5_member_.reset();  // The others need not wait for it.
    CO_TRY(co_await end());
    co_return BytesView();
  }
  ++pieces_;
  if (team_ != nullptr && (beside_ || filled >= kBesideBytesMin)) {
    digest_beside(piece);
  } else {
    Md5Stream* const left = digest_here(piece, team_ != nullptr && filled >= kRoundBytesMin);
    if (left != nullptr) CO_TRY(co_await team_->rounds().digest(*left, piece));
  }
  co_return piece;
}

Task<size_t> PayloadVerifier::fill(char* buffer, size_t size) {
  size_t filled = 0;
  while (filled < size && !source_ended_) {
    Result<size_t> got = co_await source_.read(buffer + filled, size - filled);
    if (!got) {
      failed_ = got.error();
      co_return fail(*failed_);
    }
    filled += *got;
    source_ended_ = *got == 0;
  }
  co_return filled;
}

Md5Stream* PayloadVerifier::digest_here(BytesView bytes, bool but_md5) {
  if (!begun_) unite_digests();
  begun_ = true;
  if (sha256_) sha256_->update(bytes);
  for (Checksum& checksum : running_) checksum.update(bytes);
  if (!md5_) return nullptr;
  if (but_md5) return &*md5_;
  md5_->update(bytes);
  return nullptr;
}

void PayloadVerifier::digest_quickly(BytesView bytes) {
  for (Checksum& checksum : running_) {
    if (is_quick(checksum)) checksum.update(bytes);
  }
}

bool PayloadVerifier::unite_digests() {
  if (!sha256_ || !md5_ || !Md5Stream::takes_sha256()) return false;
  md5_ = Md5Stream::with_sha256();
  sha256_.reset();
  return true;
}

void PayloadVerifier::open_lanes() {
  beside_ = true;
  // Both together cost less than apart, but a body that is alone has them sooner side by side.
  const bool united = !begun_ && team_->has_members() && unite_digests();
  begun_ = true;
  std::function<void(BytesView)> first;
  if (united) first = [this](BytesView piece) { digest_quickly(piece); };
  if (md5_) md5_member_.emplace(*team_, *md5_, std::move(first));
  const auto slow = static_cast<size_t>(
      std::ranges::count_if(running_, [](const Checksum& c) { return !is_quick(c); }));
  rest_lane_ = !united && (sha256_ || running_.size() > slow);
  const size_t count = (rest_lane_ ? 1U : 0U) + slow;
  for (size_t i = 0; i < count; ++i) {
    lanes_.push_back(std::make_unique<runtime::Lane>(team_->pool()));
  }
}

void PayloadVerifier::digest_beside(BytesView bytes) {
  if (!beside_) open_lanes();
  if (md5_) md5_member_->give(bytes);
  auto lane = lanes_.rbegin();
  for (Checksum& checksum : running_) {
    if (!is_quick(checksum)) (*lane++)->give([&checksum, bytes] { checksum.update(bytes); });
  }
  if (!rest_lane_) return;
  (*lane)->give([this, bytes] {
    if (sha256_) sha256_->update(bytes);
    digest_quickly(bytes);
  });
}

Task<void> PayloadVerifier::settle(size_t unfinished) {
  if (md5_member_) CO_TRY(co_await md5_member_->settled(unfinished));
  for (const auto& lane : lanes_) CO_TRY(co_await lane->settled(unfinished));
  co_return ok;
}

Task<void> PayloadVerifier::end() {
  if (auto finished = finish(); !finished) {
    failed_ = to_error(finished.error(), ErrorFamily::s3);
    co_return fail(*failed_);
  }
  ended_ = true;
  co_return ok;
}

std::expected<void, AuthFailure> PayloadVerifier::finish() {
  Md5Stream::Digests digests;
  if (md5_) digests = md5_->finish();
  if (sha256_) digests.sha256 = sha256_->finish();
  if (!checks_.sha256_hex.empty()) {
    const std::string actual = to_hex(digests.sha256);
    if (!http::equal_ignoring_case(actual, checks_.sha256_hex)) {
      AuthFailure failure{AuthProblem::content_sha256_mismatch};
      failure.details = {{"ClientComputedContentSHA256", checks_.sha256_hex},
                         {"S3ComputedContentSHA256", actual}};
      return std::unexpected(std::move(failure));
    }
  }
  if (md5_) {
    md5_result_ = std::move(digests.md5);
    if (checks_.content_md5 && *checks_.content_md5 != md5_result_) {
      AuthFailure failure{AuthProblem::content_md5_mismatch};
      failure.details = {{"ExpectedDigest", to_base64(*checks_.content_md5)},
                         {"CalculatedDigest", to_base64(md5_result_)}};
      return std::unexpected(std::move(failure));
    }
  }
  for (Checksum& checksum : running_) {
    results_.emplace_back(checksum.kind(), checksum.finish());
    if (auto good = check(checksum.kind(), results_.back().second); !good) return good;
  }
  return {};
}

std::expected<void, AuthFailure> PayloadVerifier::check(ChecksumKind kind,
                                                        const Bytes& actual) const {
  for (const auto& [expected_kind, expected] : checks_.checksums) {
    if (expected_kind == kind && expected != actual) {
      return problem(AuthProblem::checksum_mismatch, name_of(kind));
    }
  }
  if (std::ranges::find(checks_.trailing, kind) == checks_.trailing.end()) return {};
  const std::string* trailer = find_trailer(trailers_, header_of(kind));
  if (trailer == nullptr) return problem(AuthProblem::trailer_malformed);
  const auto expected = parse_checksum(kind, *trailer);
  if (!expected) return problem(AuthProblem::checksum_malformed, header_of(kind));
  if (*expected != actual) return problem(AuthProblem::checksum_mismatch, name_of(kind));
  return {};
}

}  // namespace millrace::auth
