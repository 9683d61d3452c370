#include "engines/ml/byte_source.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <bit>
#include <cstring>
#include <optional>
#include <random>

#include "engines/ml/test_data.h"

namespace millrace::ml {
namespace {

// Hands out pieces of any size, as a pipe does.
class Pieces final : public ByteSource {
 public:
  Pieces(BytesView bytes, size_t most) : rest_(bytes), most_(most) {}
  Result<size_t> read(char* bytes, size_t size) override {
    const size_t taken = std::min({size, rest_.size(), most_});
    std::memcpy(bytes, rest_.data(), taken);
    rest_.remove_prefix(taken);
    return taken;
  }

 private:
  BytesView rest_;
  size_t most_;
};

// What comes out, or the error.
Bytes unpacked(BytesView packed, size_t piece = SIZE_MAX, size_t asked = 100'000,
               bool ahead = false) {
  auto pieces = std::make_unique<Pieces>(packed, piece);
  const auto source =
      ahead ? make_gunzip_ahead_source(std::move(pieces)) : make_gunzip_source(std::move(pieces));
  Bytes out;
  Bytes buffer(asked, '\0');
  for (;;) {
    const Result<size_t> taken = source->read(buffer.data(), buffer.size());
    if (!taken) {
      EXPECT_EQ(taken.error().kind, ErrorKind::invalid);
      return taken.error().message;
    }
    if (*taken == 0) return out;
    out.append(buffer, 0, *taken);
  }
}

// What zlib says of one member: its content, or nothing where it is damaged or cut off.
std::optional<Bytes> by_zlib(BytesView packed) {
  z_stream stream{};
  ASSERT(inflateInit2(&stream, 16 + MAX_WBITS) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  Bytes out(1 << 20, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int answer = inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  const bool whole = answer == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  return whole ? std::optional(out) : std::nullopt;
}

std::vector<Bytes> contents() {
  std::mt19937 generator(1);
  std::vector<Bytes> out = {"", "a", "abcabcabcabcabc", Bytes(300'000, 'x')};
  Bytes noise, skewed, text, periods;
  for (int i = 0; i < 400'000; ++i) {
    noise.push_back(static_cast<char>(generator()));
    // Rare bytes get codes of 15 bits.
    skewed.push_back(static_cast<char>(std::countl_zero(generator() | 1u) * 7));
    periods.push_back(static_cast<char>(i % (1 + i / 40'000)));
  }
  while (text.size() < 500'000) text += "word" + std::to_string(generator() % 3000) + " ";
  out.insert(out.end(), {noise, skewed, text, periods, text.substr(0, 40'000) + noise + text});
  return out;
}

TEST(Gunzip, UnpacksWhatZlibPacks) {
  for (const Bytes& content : contents()) {
    for (const int level : {0, 1, 6, 9}) {
      for (const int strategy : {Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED}) {
        ASSERT_EQ(unpacked(test::deflated(content, level, strategy)), content) << level << strategy;
      }
    }
    ASSERT_EQ(unpacked(test::deflated(content, 9, Z_DEFAULT_STRATEGY, 9)), content);
  }
}

TEST(Gunzip, UnpacksWhateverTheSizesOfPieces) {
  const Bytes content = contents().back().substr(0, 60'000);
  for (const int level : {0, 6}) {
    const Bytes packed = test::deflated(content, level, Z_DEFAULT_STRATEGY);
    for (const size_t piece : {1, 7, 8, 9, 1000}) {
      ASSERT_EQ(unpacked(packed, piece, 1 + piece * 3), content) << piece;
    }
  }
}

TEST(Gunzip, UnpacksAheadTheSame) {
  Bytes content;
  std::mt19937 generator(3);
  while (content.size() < 3 * kAheadAfterBytes) {
    content += "word" + std::to_string(generator() % 3000) + " ";
  }
  const Bytes packed = test::gzip(content);
  for (const size_t asked : {size_t{1000}, size_t{300'000}, content.size()}) {
    ASSERT_EQ(unpacked(packed, SIZE_MAX, asked, true), content) << asked;
  }
  EXPECT_EQ(unpacked(content, SIZE_MAX, 100'000, true), content);  // Not packed.
  EXPECT_EQ(unpacked(BytesView(packed).substr(0, packed.size() - 9), SIZE_MAX, 100'000, true),
            "the gzip data is cut off");
  Bytes some(kAheadAfterBytes, '\0');
  const auto dropped = make_gunzip_ahead_source(make_memory_source(packed));
  for (int n = 0; n < 2; ++n) ASSERT_TRUE(dropped->read(some.data(), some.size()));
}

TEST(Gunzip, ReadsSeveralMembersAndTheirHeaders) {
  const Bytes member = test::deflated("content", 6, Z_DEFAULT_STRATEGY);
  EXPECT_EQ(unpacked(member + member + member), "contentcontentcontent");
  Bytes named = member.substr(0, 3);
  named += "\x1c";  // Extra field, name and comment.
  named += member.substr(4, 6);
  named.append("\x03\x00xyz", 5).append("name\0", 5).append("comment\0", 8);
  named += member.substr(10);
  EXPECT_EQ(unpacked(named), "content");
}

TEST(Gunzip, RefusesEveryCutOffStream) {
  for (const int level : {0, 1, 9}) {
    const Bytes packed =
        test::deflated(contents().back().substr(0, 3000), level, Z_DEFAULT_STRATEGY);
    for (size_t size = 2; size < packed.size(); size += 1 + size / 100) {
      ASSERT_EQ(unpacked(packed.substr(0, size)), "the gzip data is cut off") << size;
    }
  }
}

TEST(Gunzip, SaysOfDamagedStreamsWhatZlibSays) {
  std::mt19937 generator(2);
  int refused = 0;
  for (const int level : {0, 1, 9}) {
    for (const int strategy : {Z_DEFAULT_STRATEGY, Z_FIXED}) {
      const Bytes whole = test::deflated(contents()[6].substr(0, 2000), level, strategy);
      for (int round = 0; round < 3000; ++round) {
        Bytes packed = whole;
        // In front of the check of the content, which would hide what is read.
        packed[10 + generator() % (packed.size() - 18)] ^= static_cast<char>(1 << generator() % 8);
        const std::optional<Bytes> expected = by_zlib(packed);
        const Bytes got = unpacked(packed);
        if (expected) {
          ASSERT_EQ(got, *expected);
        } else {
          ++refused;
          ASSERT_EQ(got.find("the gzip data is "), 0u) << got.substr(0, 50);
        }
      }
    }
  }
  EXPECT_GT(refused, 10'000);
}

TEST(Gunzip, ChecksTheContent) {
  Bytes packed = test::deflated("content", 6, Z_DEFAULT_STRATEGY);
  packed[packed.size() - 8] ^= 1;
  EXPECT_EQ(unpacked(packed), "the gzip data is damaged: incorrect data check");
  packed[packed.size() - 8] ^= 1;
  packed[packed.size() - 1] ^= 1;
  EXPECT_EQ(unpacked(packed), "the gzip data is damaged: incorrect data check");
  packed[packed.size() - 1] ^= 1;
  EXPECT_EQ(unpacked(packed + "rubbish, and more"), "the gzip data is damaged: invalid header");
}

}  // namespace
}  // namespace millrace::ml
