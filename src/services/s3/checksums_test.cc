#include "services/s3/checksums.h"

#include <gtest/gtest.h>

#include "runtime/random.h"

namespace millrace::s3 {
namespace {

TEST(Checksums, OfPartsCombineToThatOfTheWhole) {
  const auto random = runtime::make_seeded_random(3);
  for (const ChecksumKind kind :
       {ChecksumKind::crc32, ChecksumKind::crc32c, ChecksumKind::crc64nvme}) {
    for (const size_t second : {size_t{0}, size_t{1}, size_t{7}, size_t{4096}, size_t{100'003}}) {
      Bytes bytes(1000 + second, '\0');
      random->fill(bytes.data(), bytes.size());
      const BytesView view(bytes);
      const Bytes a = auth::checksum_of(kind, view.substr(0, 1000));
      const Bytes b = auth::checksum_of(kind, view.substr(1000));
      EXPECT_EQ(combine_crc(kind, a, b, second), auth::checksum_of(kind, view))
          << auth::name_of(kind) << " " << second;
    }
  }
}

TEST(Checksums, AreWrittenAsAwsDoes) {
  EXPECT_EQ(checksum_text({"CRC32", std::string("\x36\x10\xa6\x86", 4), false}, 3), "NhCmhg==");
  EXPECT_EQ(checksum_text({"CRC32", std::string("\x36\x10\xa6\x86", 4), true}, 3), "NhCmhg==-3");
  EXPECT_TRUE(parse_algorithm("crc64nvme"));
  EXPECT_EQ(parse_algorithm("MD5").error().code, "InvalidRequest");
}

}  // namespace
}  // namespace millrace::s3
