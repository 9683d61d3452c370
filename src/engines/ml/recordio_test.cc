#include "engines/ml/recordio.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engines/ml/protobuf_wire.h"
#include "engines/ml/test_data.h"

namespace millrace::ml {
namespace {

constexpr uint32_t kMagic = 0xced7230a;

Bytes frame(uint32_t part, BytesView bytes) {
  Bytes out;
  append_u32(out, kMagic);
  append_u32(out, part << 29 | static_cast<uint32_t>(bytes.size()));
  out += bytes;
  out.append((4 - bytes.size() % 4) % 4, '\0');
  return out;
}

struct Answer {
  std::vector<Bytes> records;
  std::string error;
  uint64_t number = 0;
};

// Hands out a byte at a time, as a slow pipe does.
class Trickle final : public ByteSource {
 public:
  explicit Trickle(BytesView bytes) : rest_(bytes) {}
  Result<size_t> read(char* bytes, size_t) override {
    if (rest_.empty()) return size_t{0};
    *bytes = rest_.front();
    rest_.remove_prefix(1);
    return size_t{1};
  }

 private:
  BytesView rest_;
};

Answer read_from(std::unique_ptr<ByteSource> source) {
  Answer answer;
  RecordioReader reader(make_gunzip_source(std::move(source)));
  for (;;) {
    auto record = reader.next();
    answer.number = reader.number();
    if (!record) {
      EXPECT_EQ(record.error().kind, ErrorKind::invalid);
      answer.error = record.error().message;
      return answer;
    }
    if (!*record) return answer;
    answer.records.emplace_back(**record);
  }
}

Answer read_all(BytesView bytes) { return read_from(make_memory_source(bytes)); }

TEST(Recordio, WritesWhatItReads) {
  Bytes bytes;
  const std::vector<Bytes> records = {"", "a", "ab", "abc", "abcd", Bytes(700'000, 'x'), "end"};
  for (const Bytes& record : records) append_recordio(bytes, record);
  EXPECT_EQ(bytes.size() % 4, 0u);
  EXPECT_EQ(read_all(bytes).records, records);
  EXPECT_EQ(read_all(bytes).number, records.size());
}

TEST(Recordio, HasTheDocumentedBytes) {
  Bytes bytes;
  append_recordio(bytes, "abc");
  EXPECT_EQ(to_hex(bytes), "0a23d7ce0300000061626300");
}

TEST(Recordio, JoinsAByteAtATime) {
  Bytes bytes;
  append_recordio(bytes, "hello");
  append_recordio(bytes, "world");
  EXPECT_EQ(read_from(std::make_unique<Trickle>(bytes)).records,
            (std::vector<Bytes>{"hello", "world"}));
}

TEST(Recordio, JoinsSplitRecordsWithTheMagicNumberBetween) {
  const Bytes bytes = frame(1, "abcd") + frame(2, "efgh") + frame(3, "ij") + frame(0, "k");
  const Bytes magic = "\x0a\x23\xd7\xce";
  EXPECT_EQ(read_all(bytes).records,
            (std::vector<Bytes>{"abcd" + magic + "efgh" + magic + "ij", "k"}));
}

TEST(Recordio, UnpacksGzip) {
  Bytes bytes;
  append_recordio(bytes, Bytes(500'000, 'z'));
  append_recordio(bytes, "last");
  EXPECT_EQ(read_all(test::gzip(bytes)).records.size(), 2u);
  // Two gzip members are one stream.
  EXPECT_EQ(read_all(test::gzip(bytes) + test::gzip(bytes)).records.size(), 4u);
}

TEST(Recordio, RefusesCutOffData) {
  Bytes bytes;
  append_recordio(bytes, "first");
  append_recordio(bytes, "second record");
  for (size_t size = 1; size < bytes.size(); ++size) {
    const Answer answer = read_all(BytesView(bytes).substr(0, size));
    // The first record is whole from byte 13 on, the second one from 3 before the end.
    if ((size >= 13 && size <= 16) || size >= bytes.size() - 3) continue;
    EXPECT_NE(answer.error.find("truncated"), std::string::npos) << size << " " << answer.error;
    EXPECT_EQ(answer.number, size < 16 ? 1u : 2u);
  }
}

TEST(Recordio, RefusesCutOffGzip) {
  Bytes bytes;
  append_recordio(bytes, "some record");
  const Bytes packed = test::gzip(bytes);
  for (size_t size = 2; size < packed.size(); ++size) {
    const Answer answer = read_all(BytesView(packed).substr(0, size));
    EXPECT_NE(answer.error, "") << size;
  }
  Bytes damaged = packed;
  damaged[packed.size() / 2] ^= 0x55;
  EXPECT_NE(read_all(damaged).error.find("gzip"), std::string::npos);
}

TEST(Recordio, RefusesAWrongMagicNumber) {
  Bytes bytes;
  append_recordio(bytes, "good");
  const Answer answer = read_all(bytes + "PAR1PAR1");
  EXPECT_EQ(answer.records.size(), 1u);
  EXPECT_EQ(answer.number, 2u);
  EXPECT_NE(answer.error.find("magic number is 0x31524150, not 0xced7230a"), std::string::npos)
      << answer.error;
}

TEST(Recordio, RefusesAnAbsurdLengthWithoutItsMemory) {
  Bytes bytes;
  append_u32(bytes, kMagic);
  append_u32(bytes, (1u << 29) - 1);
  bytes += "short";
  EXPECT_NE(read_all(bytes).error.find("truncated"), std::string::npos);
}

TEST(Recordio, RefusesPartsOutOfOrder) {
  EXPECT_NE(read_all(frame(3, "x")).error, "");
  EXPECT_NE(read_all(frame(2, "x")).error, "");
  EXPECT_NE(read_all(frame(1, "x")).error, "");
  EXPECT_NE(read_all(frame(1, "x") + frame(0, "y")).error, "");
  EXPECT_NE(read_all(frame(1, "x") + frame(1, "y")).error, "");
  EXPECT_NE(read_all(frame(7, "x")).error, "");
}

}  // namespace
}  // namespace millrace::ml
