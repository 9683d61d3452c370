// Bits that flip on the disk, bytes that vanish, files that change places: every read that touches
// the damage answers an error, and no read answers other bytes than were written.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "runtime/log.h"
#include "runtime/loop.h"
#include "store/blob_format.h"
#include "store/blobs.h"
#include "store/test_folder.h"

namespace millrace::store {
namespace {

using Path = std::filesystem::path;

Bytes content_of(const Path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void set_content(const Path& path, BytesView bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void flip(const Path& path, uint64_t bit) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  const auto at = static_cast<std::streamoff>(bit / 8);
  file.seekg(at);
  const int byte = file.get() ^ 1 << bit % 8;
  file.seekp(at);
  file.put(static_cast<char>(byte));
}

Task<Bytes> read_piece(Blobs* blobs, BlobId id, uint64_t offset, size_t size) {
  CO_TRY(BlobReader reader, co_await blobs->open(std::move(id)));
  co_return co_await reader.read_at(offset, size);
}

class BlobDamage : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    const Blobs::Options options{*disk_, pool_, *clock_, *random_, folder_.path()};
    auto started = Blobs::start(options);
    ASSERT_TRUE(started) << started.error().message;
    blobs_ = std::move(*started);
  }
  void TearDown() override { runtime::set_log_level(runtime::LogLevel::info); }

  Bytes random_bytes(size_t size) {
    Bytes bytes(size, '\0');
    random_->fill(bytes.data(), bytes.size());
    return bytes;
  }
  uint64_t below(uint64_t bound) {
    uint64_t number = 0;
    random_->fill(reinterpret_cast<char*>(&number), sizeof(number));
    return number % bound;
  }
  BlobId put(BytesView bytes) {
    auto id = runtime::run_task_for(loop_, blobs_->put(bytes));
    EXPECT_TRUE(id) << id.error().message;
    return *id;
  }
  Result<Bytes> read(const BlobId& id) {
    return runtime::run_task_for(loop_, blobs_->read(id, 1 << 26));
  }
  Result<Bytes> read(const BlobId& id, uint64_t offset, size_t size) {
    return runtime::run_task_for(loop_, read_piece(blobs_.get(), id, offset, size));
  }
  Path place(const BlobId& id) {
    const std::string& text = id.text();
    return folder_.path() / "blobs" / text.substr(0, 2) / text.substr(2, 2) / text;
  }
  void expect_damaged(const Result<Bytes>& answer, const BlobId& id) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::internal);
    EXPECT_NE(answer.error().message.find(id.text()), std::string::npos) << answer.error().message;
  }

  TestFolder folder_;
  std::unique_ptr<runtime::Disk> disk_ = runtime::make_disk();
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(Time(seconds(1'800'000'000)));
  std::unique_ptr<runtime::Random> random_ = runtime::make_seeded_random(5);
  runtime::Loop loop_;
  runtime::Pool pool_{"test-blobs", 2};
  std::unique_ptr<Blobs> blobs_;
};

TEST(BlobLayout, IsToldByTheSizeOfTheFile) {
  for (const uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{65'535}, uint64_t{65'536},
                              uint64_t{65'537}, uint64_t{131'072}, uint64_t{5} << 30}) {
    const uint64_t chunks = (size + kBlobChunkBytes - 1) / kBlobChunkBytes;
    const auto found = BlobLayout::of_file(size + chunks * kSumBytes + kFooterBytes);
    ASSERT_TRUE(found) << size;
    EXPECT_EQ(found->size, size);
    EXPECT_EQ(found->chunks, chunks);
  }
  for (const uint64_t impossible :
       {uint64_t{0}, uint64_t{39}, uint64_t{41}, uint64_t{44}, uint64_t{40 + 65'536 + 4 + 1}}) {
    EXPECT_FALSE(BlobLayout::of_file(impossible)) << impossible;
  }
}

TEST_F(BlobDamage, EveryFlippedBitOfASmallBlobIsFound) {
  const Bytes bytes = random_bytes(37);
  const BlobId id = put(bytes);
  const uint64_t bits = std::filesystem::file_size(place(id)) * 8;
  for (uint64_t bit = 0; bit < bits; ++bit) {
    flip(place(id), bit);
    expect_damaged(read(id), id);
    flip(place(id), bit);
  }
  EXPECT_EQ(read(id), bytes);
  EXPECT_EQ(blobs_->damages(), bits);
}

TEST_F(BlobDamage, AFlippedBitIsFoundByWhoeverReadsItsChunk) {
  const Bytes bytes = random_bytes(5 * kBlobChunkBytes + 777);
  const BlobId id = put(bytes);
  const uint64_t file_bytes = std::filesystem::file_size(place(id));
  for (int round = 0; round < 300; ++round) {
    const uint64_t bit = below(file_bytes * 8);
    flip(place(id), bit);
    expect_damaged(read(id), id);
    const uint64_t offset = below(bytes.size());
    const size_t size = 1 + below(2 * kBlobChunkBytes);
    const Result<Bytes> piece = read(id, offset, size);
    const uint64_t chunk = bit / 8 / kBlobChunkBytes;
    const uint64_t last = std::min<uint64_t>(offset + size, bytes.size()) - 1;
    if (bit / 8 < bytes.size() && chunk >= offset / kBlobChunkBytes &&
        chunk <= last / kBlobChunkBytes) {
      expect_damaged(piece, id);
    } else if (piece) {
      EXPECT_EQ(*piece, bytes.substr(offset, size));
    }
    flip(place(id), bit);
  }
  EXPECT_EQ(read(id), bytes);
}

TEST_F(BlobDamage, LostAndAddedBytesAreFound) {
  const Bytes bytes = random_bytes(2 * kBlobChunkBytes);
  const BlobId id = put(bytes);
  const Bytes file = content_of(place(id));
  for (const size_t left : {size_t{0}, size_t{1}, size_t{39}, kBlobChunkBytes, bytes.size(),
                            file.size() - kFooterBytes, file.size() - 1}) {
    set_content(place(id), BytesView(file).substr(0, left));
    expect_damaged(read(id), id);
  }
  set_content(place(id), file + "x");
  expect_damaged(read(id), id);
  set_content(place(id), file);
  EXPECT_EQ(read(id), bytes);
}

TEST_F(BlobDamage, AnotherBlobInItsPlaceIsFound) {
  const BlobId first = put(random_bytes(1000));
  const BlobId second = put(random_bytes(1000));
  set_content(place(first), content_of(place(second)));
  expect_damaged(read(first), first);
}

TEST_F(BlobDamage, BlobsOfTheFirstFormatAreReadAsTheyAre) {
  // Its time has 12 digits, of which the first is 0.
  const BlobId old = *BlobId::parse(
      "abcd01a309e7cb80"
      "0123456789abcdef");
  EXPECT_EQ(format_of(old), kPlainFormat);
  std::filesystem::create_directories(place(old).parent_path());
  const Bytes bytes = random_bytes(100'000);
  set_content(place(old), bytes);
  EXPECT_EQ(read(old), bytes);
  EXPECT_EQ(read(old, 99'000, 5'000), bytes.substr(99'000));
  const BlobId later = *BlobId::parse(
      "abcd21a309e7cb80"
      "0123456789abcdef");
  set_content(place(later), bytes);
  expect_damaged(read(later), later);
}

}  // namespace
}  // namespace millrace::store
