#include "services/s3/multipart/composition.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "services/s3/checksums.h"
#include "services/s3/multipart/upload_rows.h"

namespace millrace::s3 {
namespace {

class CompositionTest : public ::testing::Test {
 protected:
  CompleteMultipartUploadRequest request() {
    return CompleteMultipartUploadRequest(
        wire::make_structure(CompleteMultipartUploadRequest::kShape, arena_).items, arena_);
  }

  // An upload of parts of that size, and the request that chooses them all.
  CompleteMultipartUploadRequest upload_of(size_t count, uint64_t size_bytes) {
    CompleteMultipartUploadRequest in = request();
    const auto given = in.make_multipart_upload().make_parts();
    for (size_t i = 1; i <= count; ++i) {
      objects::Part part;
      part.number = i;
      part.size_bytes = size_bytes;
      part.etag = to_hex(md5(std::to_string(i)));
      if (kind_) {
        part.checksums = {
            {std::string(auth::name_of(*kind_)), auth::checksum_of(*kind_, std::to_string(i))}};
      }
      const api::CompletedPart chosen = given.append();
      chosen.set_part_number(static_cast<int64_t>(i));
      chosen.set_etag(part.etag);
      parts_.push_back(std::move(part));
    }
    return in;
  }
  std::string code(const CompleteMultipartUploadRequest& in) {
    const auto chosen = choose_parts(upload_, parts_, in);
    return chosen ? "" : chosen.error().code;
  }

  Arena arena_;
  objects::Upload upload_;
  std::vector<objects::Part> parts_;
  std::optional<ChecksumKind> kind_;
};

TEST_F(CompositionTest, TenThousandPartsAndNotOneMore) {
  const CompleteMultipartUploadRequest in = upload_of(10'000, kPartBytesMin);
  const auto chosen = choose_parts(upload_, parts_, in);
  ASSERT_TRUE(chosen) << chosen.error().message;
  EXPECT_EQ(chosen->size(), 10'000U);
  const std::string etag = compose_digests(upload_, *chosen).etag;
  EXPECT_TRUE(etag.ends_with("-10000")) << etag;
  EXPECT_EQ(etag_of(in.multipart_upload()), etag);
  in.multipart_upload().parts().append().set_part_number(10'001);
  EXPECT_EQ(code(in), "MalformedXML");
}

TEST_F(CompositionTest, OnlyTheLastPartMayBeSmall) {
  const CompleteMultipartUploadRequest in = upload_of(3, kPartBytesMin);
  parts_[2].size_bytes = 0;
  EXPECT_EQ(code(in), "");
  parts_[1].size_bytes = kPartBytesMin - 1;
  const auto refused = choose_parts(upload_, parts_, in);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "EntityTooSmall");
  const Details expected{{"ProposedSize", std::to_string(kPartBytesMin - 1)},
                         {"MinSizeAllowed", std::to_string(kPartBytesMin)},
                         {"PartNumber", "2"},
                         {"ETag", parts_[1].etag}};
  EXPECT_EQ(refused.error().details, expected);
}

TEST_F(CompositionTest, TheKindOfChecksumIsAsTheUploadWasBegun) {
  kind_ = ChecksumKind::crc32c;
  upload_.checksum_kind = "CRC32C";
  const CompleteMultipartUploadRequest in = upload_of(2, kPartBytesMin);
  EXPECT_EQ(code(in), "");
  in.set_checksum_type("FULL_OBJECT");
  EXPECT_EQ(code(in), "");
  in.set_checksum_type("COMPOSITE");
  EXPECT_EQ(code(in), "InvalidRequest");
  // With composite ones, every part is named with its own.
  upload_.checksum_composite = true;
  EXPECT_EQ(code(in), "InvalidRequest");
  for (size_t i = 0; i < 2; ++i) {
    in.multipart_upload().parts()[i].set_checksum_crc32_c(
        to_base64(parts_[i].checksums.front().value));
  }
  EXPECT_EQ(code(in), "");
  in.multipart_upload().parts()[1].set_checksum_crc32_c("AAAAAA==");
  EXPECT_EQ(code(in), "InvalidPart");
}

TEST_F(CompositionTest, WhatIsNoEtagMakesNone) {
  const CompleteMultipartUploadRequest in = upload_of(1, 1);
  in.multipart_upload().parts()[0].set_etag("zz");
  EXPECT_EQ(etag_of(in.multipart_upload()), "");
  EXPECT_EQ(code(in), "InvalidPart");
}

// An upload that was begun for no checksum gets S3's own, unless a part lacks it.
TEST_F(CompositionTest, TheChecksumNobodyAskedForIsOfAllBytes) {
  kind_ = kOwnChecksum;
  static_cast<void>(upload_of(3, 1));
  const objects::Digests digests = compose_digests(upload_, parts_);
  ASSERT_EQ(digests.checksums.size(), 1U);
  EXPECT_EQ(digests.checksums.front(), own_checksum("123"));
  EXPECT_FALSE(digests.checksums.front().composite);
  parts_[1].checksums.clear();
  EXPECT_TRUE(compose_digests(upload_, parts_).checksums.empty());
  parts_[1].checksums = {{"CRC32", auth::checksum_of(ChecksumKind::crc32, "2")}};
  EXPECT_TRUE(compose_digests(upload_, parts_).checksums.empty());
}

}  // namespace
}  // namespace millrace::s3
