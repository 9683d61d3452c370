#include "engines/ml/channel.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "engines/ml/channel_ahead.h"
#include "engines/ml/test_data.h"
#include "runtime/pool.h"

namespace millrace::ml {
namespace {

constexpr RowRules kRules{.feature_dim = 1000, .label = LabelRule::number};

std::string lines(size_t from, size_t to) {
  std::string out;
  for (size_t i = from; i < to; ++i) out += fmt::format("{} {}:1 {}:2\n", i, i % 500, 600 + i % 7);
  return out;
}

class ChannelTest : public testing::Test {
 protected:
  // Three files of 100, none and 57 examples.
  Channel open(std::string_view last = "") {
    folder_.write("train/a", test::recordio_of(lines(0, 100), 1000));
    folder_.write("train/b", "");
    folder_.write("train/c", test::gzip(test::recordio_of(lines(100, 157), 1000)) + Bytes(last));
    return Channel(*disk_, "train", folder_.path() / "train", {"a", "b", "c"}, kRules);
  }
  std::filesystem::path make_pipe(const std::string& name) const {
    const std::filesystem::path path = folder_.path() / name;
    EXPECT_EQ(mkfifo(path.c_str(), 0600), 0);
    return path;
  }

  test::Folder folder_;
  std::unique_ptr<runtime::Disk> disk_ = runtime::make_disk();
};

// The labels, batch by batch.
template <class Source>
std::vector<std::vector<float>> labels_of(Source& source, size_t rows) {
  std::vector<std::vector<float>> out;
  RowBatch batch;
  for (;;) {
    const Result<void> read = source.read(rows, batch);
    EXPECT_TRUE(read) << read.error().message;
    if (!read || batch.empty()) return out;
    out.emplace_back();
    for (size_t i = 0; i < batch.size(); ++i) out.back().push_back(batch.label(i));
  }
}

TEST_F(ChannelTest, ReadsItsFilesOneBehindTheOther) {
  Channel channel = open();
  const auto batches = labels_of(channel, 40);
  ASSERT_EQ(batches.size(), 4u);
  EXPECT_EQ(batches[2].size(), 40u);  // Over the end of a file.
  EXPECT_EQ(batches[3].back(), 156);
  channel.rewind();
  EXPECT_EQ(labels_of(channel, 40), batches);
}

TEST_F(ChannelTest, GivesTheSameBatchesAhead) {
  Channel channel = open();
  ChannelAhead ahead(open());
  for (const size_t rows : {1, 40, 1000}) {
    const auto batches = labels_of(channel, rows);
    EXPECT_EQ(labels_of(ahead, rows), batches);
    RowBatch batch;
    ASSERT_TRUE(ahead.read(rows, batch));  // Behind the end there is nothing, again and again.
    EXPECT_TRUE(batch.empty());
    channel.rewind();
    ahead.rewind();
  }
  RowBatch batch;
  for (int round = 0; round < 20; ++round) {  // Rewound while it reads.
    ASSERT_TRUE(ahead.read(3, batch));
    EXPECT_EQ(batch.label(0), 0);
    ahead.rewind();
  }
}

TEST_F(ChannelTest, GivesWhatCameBeforeAnErrorAhead) {
  ChannelAhead ahead(open("\x1f\x8b damaged"));
  RowBatch batch;
  for (int i = 0; i < 15; ++i) {
    ASSERT_TRUE(ahead.read(10, batch));
    EXPECT_EQ(batch.size(), 10u);
  }
  for (int i = 0; i < 2; ++i) {
    const Result<void> read = ahead.read(10, batch);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message.find("channel 'train', file 'c', record 58: the gzip data is"),
              0u)
        << read.error().message;
    EXPECT_TRUE(batch.empty());
  }
}

TEST_F(ChannelTest, ReadsAPipeAnEpoch) {
  for (const char* name : {"train_0", "train_1", "train_2"}) make_pipe(name);
  runtime::Pool pool("writer", 1);
  const Bytes records = test::recordio_of(lines(0, 30'000), 1000);
  const auto write = [&](const std::string& name, BytesView content) {
    std::ofstream(folder_.path() / name, std::ios::binary) << content;
  };
  ASSERT_TRUE(pool.submit([&] {
    write("train_0", records);
    write("train_1", test::gzip(records) + test::gzip(records));
    write("train_2", BytesView(records).substr(0, records.size() - 10));
  }));
  Channel channel = Channel::of_pipes(*disk_, "train", folder_.path(), kRules);
  channel.rewind();  // Before anything was read it changes nothing.
  EXPECT_EQ(labels_of(channel, 1000).size(), 30u);
  channel.rewind();
  EXPECT_EQ(labels_of(channel, 1000).size(), 60u);
  channel.rewind();
  RowBatch batch;
  const Result<void> read = channel.read(100'000, batch);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message.find("channel 'train', file 'train_2', record 30000: the data is "
                                      "truncated"),
            0u)
      << read.error().message;
}

}  // namespace
}  // namespace millrace::ml
