// Bodies in pieces that are digested beside what is done with them.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "runtime/both.h"
#include "runtime/loop.h"
#include "runtime/nursery.h"
#include "wire/auth/payload.h"

namespace millrace::auth {
namespace {

constexpr size_t kPiece = PayloadVerifier::kPieceBytes;

Bytes noise(size_t size) {
  Bytes out(size, '\0');
  uint32_t state = 1;
  for (char& c : out) c = static_cast<char>((state = state * 1'664'525 + 1'013'904'223) >> 24);
  return out;
}

PayloadChecks all_of(BytesView body) {
  PayloadChecks checks;
  checks.sha256_hex = to_hex(sha256(body));
  checks.content_md5 = md5(body);
  for (const ChecksumKind kind : kChecksumKinds) {
    checks.checksums.emplace_back(kind, checksum_of(kind, body));
  }
  return checks;
}

Task<void> keep(Bytes* out, BytesView piece) {
  out->append(piece);
  co_return ok;
}

// Every piece is used while the next one is read, as long as it may be.
Task<Bytes> collect(PayloadVerifier* verifier) {
  Bytes out;
  CO_TRY(BytesView piece, co_await verifier->next());
  while (!piece.empty()) {
    EXPECT_LE(piece.size(), kPiece);
    auto sides = runtime::both(verifier->next(), keep(&out, piece));
    CO_TRY(auto ended, co_await std::move(sides));
    CO_TRY(piece, std::move(ended.first));
  }
  co_return out;
}

class PayloadPieces : public ::testing::TestWithParam<bool> {
 protected:
  Result<Bytes> read(const PayloadChecks& checks, const Bytes& body, size_t step = 100'000) {
    const auto source = http::make_pieces_body(body, step);
    PayloadVerifier verifier(*source, checks, nullptr, GetParam() ? &team_ : nullptr);
    auto result = runtime::run_task_for<Bytes>(loop_, collect(&verifier));
    const auto again = runtime::run_task_for<BytesView>(loop_, verifier.next());
    EXPECT_EQ(again.has_value(), result.has_value());
    return result;
  }

  runtime::Loop loop_;
  runtime::Pool pool_{"digests", 3};
  Md5Team team_{pool_, 2};
};

TEST_P(PayloadPieces, AreWhatWasSent) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{4096}, size_t{64 * 1024}, kPiece - 1,
                            kPiece, kPiece + 1, 2 * kPiece, 9 * kPiece + 77}) {
    const Bytes body = noise(size);
    const auto result = read(all_of(body), body);
    ASSERT_TRUE(result) << size << ": " << result.error().message;
    EXPECT_EQ(*result, body) << size;
  }
}

TEST_P(PayloadPieces, EndWithAnErrorWhereADigestDiffers) {
  for (const size_t size : {size_t{1}, size_t{70'000}, 6 * kPiece}) {
    const Bytes body = noise(size);
    Bytes other = body;
    other[size / 2] ^= 1;
    const auto sha = read(all_of(body), other);
    ASSERT_FALSE(sha);
    EXPECT_EQ(sha.error().code, "XAmzContentSHA256Mismatch");
    PayloadChecks checks = all_of(body);
    checks.sha256_hex.clear();
    const auto digest = read(checks, other);
    ASSERT_FALSE(digest);
    EXPECT_EQ(digest.error().code, "BadDigest");
  }
}

// Beside another body, one thread may take the MD5 and the SHA-256 of a body together.
TEST_P(PayloadPieces, EndWithAnErrorAlsoInCompany) {
  const Bytes body = noise(2 * kPiece + 4321);
  const auto source = http::make_bytes_body(body);
  PayloadVerifier company(*source, all_of(body), nullptr, GetParam() ? &team_ : nullptr);
  ASSERT_TRUE(runtime::run_task_for<BytesView>(loop_, company.next()));
  const auto right = read(all_of(body), body);
  ASSERT_TRUE(right) << right.error().message;
  EXPECT_EQ(*right, body);
  for (const size_t at : {size_t{0}, kPiece, body.size() - 1}) {
    Bytes other = body;
    other[at] ^= 1;
    const auto sha = read(all_of(body), other);
    ASSERT_FALSE(sha);
    EXPECT_EQ(sha.error().code, "XAmzContentSHA256Mismatch");
    PayloadChecks md5_only;
    md5_only.sha256_hex = to_hex(sha256(other));
    md5_only.content_md5 = md5(body);
    const auto digest = read(md5_only, other);
    ASSERT_FALSE(digest);
    EXPECT_EQ(digest.error().code, "BadDigest");
    PayloadChecks crc_only;
    crc_only.sha256_hex = to_hex(sha256(other));
    crc_only.md5_computed = true;
    crc_only.checksums.emplace_back(ChecksumKind::crc64nvme,
                                    checksum_of(ChecksumKind::crc64nvme, body));
    const auto checksum = read(crc_only, other);
    ASSERT_FALSE(checksum);
    EXPECT_EQ(checksum.error().code, "BadDigest");
  }
}

Task<void> upload(Md5Team* team, size_t size, int* right) {
  const Bytes body = noise(size);
  const auto source = http::make_pieces_body(body, 50'000);
  PayloadVerifier verifier(*source, all_of(body), nullptr, team);
  CO_TRY(const Bytes got, co_await collect(&verifier));
  *right += got == body && verifier.md5() == md5(body) ? 1 : 0;
  co_return ok;
}

Task<void> upload_side_by_side(Md5Team* team, int count, int* right) {
  runtime::Nursery nursery(*runtime::Loop::current());
  for (int i = 0; i < count; ++i) {
    nursery.spawn(upload(team, 70'000 + static_cast<size_t>(i) * 150'001, right));
  }
  co_return co_await nursery.close();
}

TEST_P(PayloadPieces, OfManyBodiesAtOnce) {
  int right = 0;
  Task<void> all = upload_side_by_side(GetParam() ? &team_ : nullptr, 20, &right);
  ASSERT_TRUE(runtime::run_task(loop_, std::move(all)));
  EXPECT_EQ(right, 20);
}

Task<void> upload_small(Md5Team* team, size_t size, bool damaged, int* right) {
  const Bytes body = noise(size);
  Bytes sent = body;
  if (damaged) sent[size / 3] ^= 1;
  const auto source = http::make_bytes_body(sent);
  PayloadChecks checks;
  checks.sha256_hex = to_hex(sha256(body));
  checks.md5_computed = true;
  PayloadVerifier verifier(*source, std::move(checks), nullptr, team);
  const Result<Bytes> got = co_await collect(&verifier);
  if (got) EXPECT_EQ(to_hex(verifier.md5()), to_hex(md5(body)));
  *right += got.has_value() != damaged && (damaged || *got == body) ? 1 : 0;
  co_return ok;
}

Task<void> upload_small_side_by_side(Md5Team* team, int count, int* right) {
  runtime::Nursery nursery(*runtime::Loop::current());
  for (int i = 0; i < count; ++i) {
    nursery.spawn(upload_small(team, 500 + static_cast<size_t>(i) * 701, i % 5 == 3, right));
  }
  co_return co_await nursery.close();
}

// Several share a round, of which each is right or wrong by itself.
TEST_P(PayloadPieces, OfManySmallBodiesAtOnce) {
  int right = 0;
  Task<void> all = upload_small_side_by_side(GetParam() ? &team_ : nullptr, 40, &right);
  ASSERT_TRUE(runtime::run_task(loop_, std::move(all)));
  EXPECT_EQ(right, 40);
}

// A body that has begun and stands still does not hold up another one's digests.
TEST_P(PayloadPieces, DoNotWaitForABodyThatStandsStill) {
  const Bytes body = noise(2 * kPiece);
  Md5Team* const team = GetParam() ? &team_ : nullptr;
  std::vector<std::unique_ptr<http::BodyReader>> sources;
  std::vector<std::unique_ptr<PayloadVerifier>> still;
  for (int i = 0; i < 10; ++i) {
    sources.push_back(http::make_bytes_body(body));
    still.push_back(
        std::make_unique<PayloadVerifier>(*sources.back(), all_of(body), nullptr, team));
    ASSERT_TRUE(runtime::run_task_for<BytesView>(loop_, still.back()->next()));
  }
  for (const size_t size : {size_t{100'000}, kPiece, 3 * kPiece, 9 * kPiece}) {
    const Bytes other = noise(size);
    EXPECT_TRUE(read(all_of(other), other)) << size;
  }
}

// Sends so many bytes, then fails.
class BrokenBody final : public http::BodyReader {
 public:
  explicit BrokenBody(size_t bytes) : left_(bytes) {}
  Task<size_t> read(char* buffer, size_t size) override {
    if (left_ == 0) co_return fail(ErrorKind::invalid, "the body ends too early");
    const size_t n = std::min(left_, size);
    std::fill_n(buffer, n, 'x');
    left_ -= n;
    co_return n;
  }
  std::optional<uint64_t> content_length() const override { return uint64_t{1} << 30; }

 private:
  size_t left_;
};

TEST_P(PayloadPieces, FailWithTheirSource) {
  BrokenBody source(5 * kPiece + 9);
  PayloadVerifier verifier(source, all_of("x"), nullptr, GetParam() ? &team_ : nullptr);
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto result = runtime::run_task_for<Bytes>(loop_, collect(&verifier));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message, "the body ends too early");
  }
}

TEST_P(PayloadPieces, MayBeGivenUpAtAnyOfThem) {
  for (int read = 1; read < 6; ++read) {
    BrokenBody source(8 * kPiece);
    PayloadVerifier verifier(source, all_of("x"), nullptr, GetParam() ? &team_ : nullptr);
    for (int i = 0; i < read; ++i) {
      ASSERT_TRUE(runtime::run_task_for<BytesView>(loop_, verifier.next()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Verifier, PayloadPieces, ::testing::Bool(), [](const auto& info) {
  return info.param ? "DigestsBeside" : "DigestsWhereItReads";
});

}  // namespace
}  // namespace millrace::auth
