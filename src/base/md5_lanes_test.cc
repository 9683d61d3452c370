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
  EXPECT_EQ(to_hex(nothing.finish()), "d41d8cd98f00b204e9800998ecf8427e");
  Md5Stream text;
  text.update("message digest");
  EXPECT_EQ(to_hex(text.finish()), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Md5Stream, IsTheSameInPieces) {
  const Bytes all = noise(1000);
  for (size_t size = 0; size <= 300; ++size) {
    const BytesView bytes = BytesView(all).substr(0, size);
    for (const size_t piece : {size_t{1}, size_t{13}, size_t{64}, size_t{100}, size_t{1000}}) {
      Md5Stream stream;
      for (size_t at = 0; at < size; at += piece) stream.update(bytes.substr(at, piece));
      ASSERT_EQ(to_hex(stream.finish()), to_hex(md5(bytes))) << size << " in pieces of " << piece;
    }
  }
}

// As many streams as there are lanes and more, of uneven lengths, in uneven pieces.
TEST(Md5Lanes, DigestEveryStreamAsItsOwn) {
  struct Source {
    Md5Stream stream;
    BytesView left;
    size_t piece = 0;
  };
  const Bytes all = noise(300'000);
  for (size_t count = 1; count <= 20; ++count) {
    std::vector<Source> sources(count);
    std::vector<Bytes> wanted;
    std::vector<Source*> waiting;
    for (size_t i = 0; i < count; ++i) {
      sources[i].left = BytesView(all).substr(i * 11, i * i * 700 + i % 3);
      sources[i].piece = 1 + i * 977;
      wanted.push_back(md5(sources[i].left));
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
      EXPECT_EQ(to_hex(sources[i].stream.finish()), to_hex(wanted[i])) << i << " of " << count;
    }
  }
}

}  // namespace
}  // namespace millrace
