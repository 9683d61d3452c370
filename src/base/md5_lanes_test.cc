#include "base/md5_lanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/hash.h"

namespace millrace {
namespace {

Bytes noise(size_t size) {
  Bytes out(size, '\0');
  uint32_t state = 7;
  for (char& c : out) c = static_cast<char>((state = state * 1'664'525 + 1'013'904'223) >> 24);
  return out;
}

TEST(Md5Stream, IsMd5) {
  Md5Stream nothing;
  EXPECT_EQ(to_hex(nothing.finish().md5), "d41d8cd98f00b204e9800998ecf8427e");
  Md5Stream text;
  text.update("message digest");
  EXPECT_EQ(to_hex(text.finish().md5), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Md5Stream, IsTheSameInPieces) {
  const Bytes all = noise(1000);
  for (size_t size = 0; size <= 300; ++size) {
    const BytesView bytes = BytesView(all).substr(0, size);
    for (const size_t piece : {size_t{1}, size_t{13}, size_t{64}, size_t{100}, size_t{1000}}) {
      Md5Stream stream;
      for (size_t at = 0; at < size; at += piece) stream.update(bytes.substr(at, piece));
      ASSERT_EQ(to_hex(stream.finish().md5), to_hex(md5(bytes)))
          << size << " in pieces of " << piece;
    }
  }
}

TEST(Md5Stream, TakesTheSha256Too) {
  if (!Md5Stream::takes_sha256()) GTEST_SKIP() << "the processor cannot";
  Md5Stream text = Md5Stream::with_sha256();
  text.update("abc");
  const Md5Stream::Digests known = text.finish();
  EXPECT_EQ(to_hex(known.md5), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(to_hex(known.sha256),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const Bytes all = noise(1000);
  for (size_t size = 0; size <= 300; ++size) {
    const BytesView bytes = BytesView(all).substr(0, size);
    for (const size_t piece : {size_t{1}, size_t{13}, size_t{64}, size_t{100}, size_t{1000}}) {
      Md5Stream stream = Md5Stream::with_sha256();
      for (size_t at = 0; at < size; at += piece) stream.update(bytes.substr(at, piece));
      const Md5Stream::Digests digests = stream.finish();
      ASSERT_EQ(to_hex(digests.md5), to_hex(md5(bytes))) << size << " in pieces of " << piece;
      ASSERT_EQ(to_hex(digests.sha256), to_hex(sha256(bytes))) << size << " in pieces of " << piece;
    }
  }
}

// As many streams as there are lanes and more, of uneven lengths, in uneven pieces; of every
// `sha256_every`th the SHA-256, too.
class Lanes : public ::testing::TestWithParam<size_t> {};

TEST_P(Lanes, DigestEveryStreamAsItsOwn) {
  struct Source {
    Md5Stream stream;
    BytesView left;
    size_t piece = 0;
  };
  const size_t sha256_every = GetParam();
  if (sha256_every != 0 && !Md5Stream::takes_sha256()) GTEST_SKIP() << "the processor cannot";
  const Bytes all = noise(300'000);
  for (size_t count = 1; count <= 20; ++count) {
    std::vector<Source> sources(count);
    std::vector<Md5Stream::Digests> wanted(count);
    std::vector<Source*> waiting;
    for (size_t i = 0; i < count; ++i) {
      sources[i].left = BytesView(all).substr(i * 11, i * i * 700 + i % 3);
      sources[i].piece = 1 + i * 977;
      wanted[i].md5 = md5(sources[i].left);
      if (sha256_every != 0 && i % sha256_every == 0) {
        sources[i].stream = Md5Stream::with_sha256();
        wanted[i].sha256 = sha256(sources[i].left);
      }
      waiting.push_back(&sources[i]);
    }
    Md5Lanes lanes;
    const auto ended = [&](void* tag) {
      auto* const source = static_cast<Source*>(tag);
      if (!source->left.empty()) waiting.push_back(source);
    };
    while (!waiting.empty() || !lanes.empty()) {
      while (!waiting.empty() && !lanes.full()) {
        Source* const source = waiting.back();
        waiting.pop_back();
        const size_t n = std::min(source->piece, source->left.size());
        lanes.add(source->stream, source->left.substr(0, n), source);
        source->left.remove_prefix(n);
      }
      lanes.step(1024, ended);
    }
    for (size_t i = 0; i < count; ++i) {
      const Md5Stream::Digests digests = sources[i].stream.finish();
      EXPECT_EQ(to_hex(digests.md5), to_hex(wanted[i].md5)) << i << " of " << count;
      EXPECT_EQ(to_hex(digests.sha256), to_hex(wanted[i].sha256)) << i << " of " << count;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Md5, Lanes, ::testing::Values(0, 1, 2, 3, 5));

}  // namespace
}  // namespace millrace
