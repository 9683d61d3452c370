#include "wire/auth/aws_chunked.h"

#include <gtest/gtest.h>

#include "runtime/loop.h"
#include "wire/auth/checksum.h"
#include "wire/auth/key_fixture.h"
#include "wire/auth/payload.h"

namespace millrace::auth {
namespace {

constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const CredentialScope kScope{"20130524", "us-east-1", "s3"};

struct Outcome {
  Bytes bytes;
  std::optional<Error> error;
};

Task<Bytes> drain(http::BodyReader* reader, size_t piece, Bytes* partial) {
  Bytes buffer(piece, '\0');
  while (true) {
    CO_TRY(const size_t got, co_await reader->read(buffer.data(), buffer.size()));
    if (got == 0) co_return std::move(*partial);
    partial->append(buffer, 0, got);
  }
}

Outcome read_whole(http::BodyReader& reader, size_t piece) {
  runtime::Loop loop;
  Bytes partial;
  auto result = runtime::run_task_for<Bytes>(loop, drain(&reader, piece, &partial));
  if (result) return {std::move(*result), std::nullopt};
  return {std::move(partial), std::move(result).error()};
}

ChunkSignatures signatures(std::string seed) {
  return {derive_signing_key(kSecret, kScope), "20130524T000000Z", kScope, std::move(seed)};
}

ChunkedStream signed_stream(uint64_t length, std::string seed = std::string(64, '0')) {
  ChunkedStream out;
  out.mode = PayloadMode::streaming_signed;
  out.decoded_length = length;
  out.signatures = signatures(std::move(seed));
  return out;
}

ChunkedStream unsigned_stream(uint64_t length, std::vector<std::string> trailers = {}) {
  ChunkedStream out;
  out.decoded_length = length;
  out.trailer_names = std::move(trailers);
  return out;
}

Outcome decode(const Bytes& wire, ChunkedStream stream, size_t source_piece = 1 << 16,
               size_t piece = 1 << 16) {
  const auto source = http::make_pieces_body(wire, source_piece);
  AwsChunkedReader reader(*source, std::move(stream));
  return read_whole(reader, piece);
}

void expect_code(const Outcome& outcome, std::string_view code) {
  ASSERT_TRUE(outcome.error) << "expected " << code;
  EXPECT_EQ(outcome.error->code, code) << outcome.error->message;
}

// The example of the S3 API Reference: 65 KiB of 'a' in chunks of 64 KiB and 1 KiB.
struct Example {
  std::vector<HeaderView> headers = {{"Host", "s3.amazonaws.com"},
                                     {"x-amz-date", "20130524T000000Z"},
                                     {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                                     {"Content-Encoding", "aws-chunked"},
                                     {"x-amz-decoded-content-length", "66560"}};
  std::vector<std::string> chunk_signatures;
  Bytes body() const {
    const Bytes a(65536, 'a');
    Bytes out = "10000;chunk-signature=" + chunk_signatures[0] + "\r\n" + a + "\r\n";
    out += "400;chunk-signature=" + chunk_signatures[1] + "\r\n" + a.substr(0, 1024) + "\r\n";
    return out + "0;chunk-signature=" + chunk_signatures[2] + "\r\n";
  }
};

std::expected<Verified, AuthFailure> verify_example(const Example& example) {
  KeyFixture keys({{.id = "AKIAIOSFODNN7EXAMPLE", .secret = std::string(kSecret)}});
  SigningKeys signing_keys;
  return verify({"PUT", "/examplebucket/chunkObject.txt", "", example.headers},
                s3_rules("us-east-1"), "", {keys, signing_keys},
                *parse_iso8601_basic("20130524T000000Z"));
}

Example signed_example() {
  Example out;
  out.headers.push_back({"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"});
  out.headers.push_back({"Content-Length", "66824"});
  out.headers.push_back(
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
       "SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
       "x-amz-decoded-content-length;x-amz-storage-class,"
       "Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"});
  out.chunk_signatures = {"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
                          "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
                          "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"};
  return out;
}

Example trailer_example() {
  Example out;
  out.headers.push_back({"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"});
  out.headers.push_back({"x-amz-trailer", "x-amz-checksum-crc32c"});
  out.headers.push_back(
      {"Authorization",
       "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
       "SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;"
       "x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer,"
       "Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"});
  out.chunk_signatures = {"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
                          "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
                          "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"};
  return out;
}

constexpr std::string_view kTrailerSignature =
    "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";

TEST(AwsChunked, ThePublishedSignedExample) {
  const Example example = signed_example();
  const auto verified = verify_example(example);
  ASSERT_TRUE(verified) << to_string(verified.error().problem);
  ASSERT_EQ(verified->payload, PayloadMode::streaming_signed);
  const Bytes wire = example.body() + "\r\n";
  EXPECT_EQ(wire.size(), 66824U);
  for (const size_t piece : {1U, 7U, 4096U, 1U << 20}) {
    auto stream = chunked_stream({"PUT", "/", "", example.headers}, *verified);
    ASSERT_TRUE(stream);
    const Outcome outcome = decode(wire, std::move(*stream), piece, 1000);
    ASSERT_FALSE(outcome.error) << outcome.error->message;
    EXPECT_EQ(outcome.bytes, Bytes(66560, 'a'));
  }
  const Bytes a(65536, 'a');
  const BytesView second = BytesView(a).substr(0, 1024);
  const auto seeded = signatures(verified->signature);
  EXPECT_EQ(encode_aws_chunked({a, second}, seeded, false, {}), wire);
}

TEST(AwsChunked, ThePublishedTrailerExample) {
  const Example example = trailer_example();
  const auto verified = verify_example(example);
  ASSERT_TRUE(verified) << to_string(verified.error().problem);
  const std::string checksum = to_base64(checksum_of(ChecksumKind::crc32c, Bytes(66560, 'a')));
  EXPECT_EQ(checksum, "sOO8/Q==");
  const Bytes wire = example.body() + "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:" +
                     std::string(kTrailerSignature) + "\r\n\r\n";
  auto stream = chunked_stream({"PUT", "/", "", example.headers}, *verified);
  const auto source = http::make_bytes_body(wire);
  AwsChunkedReader reader(*source, std::move(*stream));
  auto checks = payload_checks({"PUT", "/", "", example.headers}, *verified);
  ASSERT_TRUE(checks);
  PayloadVerifier verifier(reader, std::move(*checks), &reader);
  const Outcome outcome = read_whole(verifier, 10000);
  ASSERT_FALSE(outcome.error) << outcome.error->message;
  EXPECT_EQ(outcome.bytes.size(), 66560U);
  ASSERT_EQ(verifier.checksums().size(), 1U);
  EXPECT_EQ(to_base64(verifier.checksums()[0].second), checksum);
  const Bytes a(65536, 'a');
  const BytesView second = BytesView(a).substr(0, 1024);
  EXPECT_EQ(encode_aws_chunked({a, second}, signatures(verified->signature), true,
                               {{"x-amz-checksum-crc32c", checksum}}),
            wire);
}

TEST(AwsChunked, EveryChangedByteOfASignedStreamIsRefused) {
  const Bytes body(40, 'x');
  ChunkedStream stream = signed_stream(body.size());
  stream.mode = PayloadMode::streaming_signed_trailer;
  stream.trailer_names = {"x-amz-checksum-crc32"};
  stream.chunk_bytes_min = 1;
  const Trailers trailers = {{"x-amz-checksum-crc32", "AAAAAA=="}};
  const Bytes wire = encode_aws_chunked({BytesView(body).substr(0, 30), BytesView(body).substr(30)},
                                        stream.signatures, true, trailers);
  ASSERT_FALSE(decode(wire, stream).error);
  for (size_t i = 0; i < wire.size(); ++i) {
    Bytes changed = wire;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_TRUE(decode(changed, stream).error) << "byte " << i;
  }
  for (size_t length = 0; length < wire.size(); ++length) {
    EXPECT_TRUE(decode(wire.substr(0, length), stream).error) << "cut at " << length;
  }
  expect_code(decode(wire + "x", stream), "InvalidRequest");
}

TEST(AwsChunked, AChunkThatFollowsAForgedOneIsNeverHandedOut) {
  ChunkedStream stream = signed_stream(8);
  stream.chunk_bytes_min = 1;
  Bytes wire = encode_aws_chunked({"aaaa", "bbbb"}, stream.signatures, false, {});
  wire[wire.find("aaaa")] = 'A';
  const Outcome outcome = decode(wire, stream, 3, 3);
  expect_code(outcome, "SignatureDoesNotMatch");
  EXPECT_EQ(outcome.bytes.find('b'), Bytes::npos);
}

TEST(AwsChunked, TheUnsignedFormCarriesTrailers) {
  const Bytes wire = "5\r\nhello\r\n0\r\nX-Amz-Checksum-Crc32: NhCmhg==\r\n\r\n";
  for (const size_t piece : {1U, 2U, 1000U}) {
    const auto source = http::make_pieces_body(wire, piece);
    AwsChunkedReader reader(*source, unsigned_stream(5, {"x-amz-checksum-crc32"}));
    PayloadChecks checks;
    checks.trailing = {ChecksumKind::crc32};
    PayloadVerifier verifier(reader, checks, &reader);
    const Outcome outcome = read_whole(verifier, 2);
    ASSERT_FALSE(outcome.error) << outcome.error->message;
    EXPECT_EQ(outcome.bytes, "hello");
    EXPECT_EQ(reader.trailers(), (Trailers{{"x-amz-checksum-crc32", "NhCmhg=="}}));
  }
}

TEST(AwsChunked, AnEmptyBodyIsFine) {
  EXPECT_FALSE(decode("0\r\n\r\n", unsigned_stream(0)).error);
  const ChunkedStream stream = signed_stream(0);
  EXPECT_FALSE(decode(encode_aws_chunked({}, stream.signatures, false, {}), stream).error);
}

TEST(AwsChunked, MalformedStreamsAreRefused) {
  const auto declared = unsigned_stream(5, {"x-amz-checksum-crc32"});
  const Bytes start = "5\r\nhello\r\n0\r\n";
  expect_code(decode("", unsigned_stream(5)), "IncompleteBody");
  expect_code(decode("5\r\nhel", unsigned_stream(5)), "IncompleteBody");
  expect_code(decode("x\r\nhello", unsigned_stream(5)), "InvalidRequest");
  expect_code(decode("\r\nhello", unsigned_stream(5)), "InvalidRequest");
  expect_code(decode("-5\r\nhello", unsigned_stream(5)), "InvalidRequest");
  expect_code(decode("5;chunk-signature=a\r\nhello", unsigned_stream(5)), "InvalidRequest");
  expect_code(decode("5\r\nhelloXX", unsigned_stream(5)), "InvalidRequest");
  expect_code(decode("ffffffffffffffffff\r\n", unsigned_stream(5)), "InvalidRequest");
  expect_code(decode("ffffffffffffffff\r\n", unsigned_stream(5)), "IncompleteBody");
  expect_code(decode(Bytes(1000, '0'), unsigned_stream(5)), "InvalidRequest");
  expect_code(decode("6\r\nhello!\r\n0\r\n\r\n", unsigned_stream(5)), "IncompleteBody");
  expect_code(decode("4\r\nhell\r\n0\r\n\r\n", unsigned_stream(5)), "IncompleteBody");
  expect_code(decode("1\r\nh\r\n4\r\nello\r\n0\r\n\r\n", unsigned_stream(5)),
              "InvalidChunkSizeError");
  expect_code(decode("5\r\nhello\r\n0\r\n\r\n", signed_stream(5)), "InvalidRequest");
  expect_code(decode(start + "\r\n", declared), "MalformedTrailerError");
  expect_code(decode(start + "nonsense\r\n\r\n", declared), "MalformedTrailerError");
  expect_code(decode(start + "x-other:1\r\n\r\n", declared), "MalformedTrailerError");
  const Bytes twice = "x-amz-checksum-crc32:a\r\nx-amz-checksum-crc32:a\r\n\r\n";
  expect_code(decode(start + twice, declared), "MalformedTrailerError");
  expect_code(decode(start + "x-amz-checksum-crc32:" + Bytes(9000, 'a'), declared),
              "MalformedTrailerError");
}

TEST(AwsChunked, AnErrorStays) {
  const auto source = http::make_bytes_body("x\r\n");
  AwsChunkedReader reader(*source, unsigned_stream(5));
  expect_code(read_whole(reader, 10), "InvalidRequest");
  expect_code(read_whole(reader, 10), "InvalidRequest");
}

TEST(AwsChunked, TheHeadersMustTellTheLength) {
  Verified verified;
  verified.payload = PayloadMode::streaming_unsigned_trailer;
  const auto with = [&verified](std::string_view length) {
    const std::vector<HeaderView> headers = {{"X-Amz-Decoded-Content-Length", length},
                                             {"x-amz-trailer", "A, b"}};
    return chunked_stream({"PUT", "/", "", headers}, verified);
  };
  EXPECT_EQ(with("12")->decoded_length, 12U);
  EXPECT_EQ(with("12")->trailer_names, (std::vector<std::string>{"a", "b"}));
  for (const std::string_view bad : {"", "-1", "1x", " 1", "99999999999999999999"}) {
    EXPECT_EQ(with(bad).error().problem, AuthProblem::decoded_length_missing) << bad;
  }
  EXPECT_EQ(with("5368709121").error().problem, AuthProblem::body_too_large);
  EXPECT_EQ(chunked_stream({"PUT", "/", "", {}}, verified).error().problem,
            AuthProblem::decoded_length_missing);
}

}  // namespace
}  // namespace millrace::auth
