#include "engines/objects/hot_objects.h"

#include "engines/objects/objects_fixture.h"

namespace millrace::objects {
namespace {

constexpr size_t kBlobBytes = 40'000;  // Lies in a blob.

class HotObjectsTest : public ObjectsTest {
 protected:
  // What Objects writes to its rows, a second one sees as Objects' own does.
  void SetUp() override {
    ObjectsTest::SetUp();
    hot_.emplace(*db_, kBytesMax);
  }
  void TearDown() override { hot_.reset(); }

  static Bytes key_of(const std::string& key) { return store::key_prefix(std::string("b"), key); }
  static std::shared_ptr<const ObjectRows> rows_of(const std::string& key) {
    auto rows = std::make_shared<ObjectRows>();
    rows->object.entry.object_key = key;
    return rows;
  }
  bool knows(const std::string& key) {
    HotObjects::Ticket ticket;
    return hot_->find(key_of(key), ticket).rows != nullptr;
  }
  void keep(const std::string& key) {
    HotObjects::Ticket ticket;
    ASSERT_EQ(hot_->find(key_of(key), ticket).rows, nullptr);
    hot_->keep(key_of(key), ticket, rows_of(key));
  }
  void remove_blobs() {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder_.path() / "blobs")) {
      if (entry.is_regular_file()) std::filesystem::remove(entry.path());
    }
  }

  static constexpr size_t kBytesMax = 1024 * 1024;
  std::optional<HotObjects> hot_;
};

TEST_F(HotObjectsTest, ForgetsWhatACommitWrites) {
  keep("a");
  keep("b");
  EXPECT_TRUE(knows("a"));
  ASSERT_TRUE(put("a", "1"));
  EXPECT_FALSE(knows("a"));
  EXPECT_TRUE(knows("b"));
  ASSERT_TRUE(run(objects_->set_attribute({"b", "a"}, "x", "y")));
  keep("a");
  ASSERT_TRUE(run(objects_->set_tags({"b", "a"}, {{"x", "y"}}, {})));
  EXPECT_FALSE(knows("a"));
}

TEST_F(HotObjectsTest, WhatWasReadBeforeAChangeIsNotTakenInAfterIt) {
  HotObjects::Ticket ticket;
  EXPECT_EQ(hot_->find(key_of("a"), ticket).rows, nullptr);
  ASSERT_TRUE(ticket);
  ASSERT_TRUE(put("a", "1"));
  hot_->keep(key_of("a"), ticket, rows_of("a"));
  EXPECT_FALSE(knows("a"));
}

TEST_F(HotObjectsTest, BytesBelongToTheRowsTheyWereReadWith) {
  keep("a");
  HotObjects::Ticket ticket;
  const auto rows = hot_->find(key_of("a"), ticket).rows;
  hot_->keep_bytes(key_of("a"), rows_of("a"), "of others");
  EXPECT_EQ(hot_->find(key_of("a"), ticket).bytes, nullptr);
  hot_->keep_bytes(key_of("a"), rows, "of these");
  const HotObjects::Found found = hot_->find(key_of("a"), ticket);
  ASSERT_NE(found.bytes, nullptr);
  EXPECT_EQ(found.rows, rows);
  Bytes out(5, ' ');
  EXPECT_TRUE(found.bytes->copy(3, 5, out.data()));
  EXPECT_EQ(out, "these");
}

TEST_F(HotObjectsTest, IsBounded) {
  const Bytes bytes(10'000, 'x');
  for (int i = 0; i < 1'000; ++i) {
    const std::string key = std::to_string(i);
    keep(key);
    HotObjects::Ticket ticket;
    hot_->keep_bytes(key_of(key), hot_->find(key_of(key), ticket).rows, bytes);
    ASSERT_LE(hot_->bytes(), kBytesMax);
    ASSERT_TRUE(knows(key));
  }
  EXPECT_GT(hot_->bytes(), kBytesMax / 2);
  EXPECT_FALSE(knows("0"));
  const Bytes large(kBytesMax, 'x');
  keep("large");
  HotObjects::Ticket ticket;
  hot_->keep_bytes(key_of("large"), hot_->find(key_of("large"), ticket).rows, large);
  EXPECT_LE(hot_->bytes(), kBytesMax);
}

TEST_F(HotObjectsTest, DamagedMemoryIsNotHandedOut) {
  const KeptBytes kept("0123456789");
  Bytes out(4, ' ');
  ASSERT_TRUE(kept.copy(2, 4, out.data()));
  EXPECT_EQ(out, "2345");
  const_cast<char*>(kept.unverified().data())[9] ^= 1;
  EXPECT_FALSE(kept.copy(2, 4, out.data()));
}

TEST_F(HotObjectsTest, ReadsAnswerWhatWasWrittenLast) {
  for (int round = 0; round < 3; ++round) {
    const Bytes bytes = random_bytes(4'096);
    ASSERT_TRUE(put("a", bytes));
    for (int read = 0; read < 4; ++read) ASSERT_EQ(*get("a"), bytes);
  }
  ASSERT_TRUE(run(objects_->remove({"b", "a"}, {}, {})));
  EXPECT_EQ(get("a").error().kind, ErrorKind::not_found);
}

TEST_F(HotObjectsTest, ReadsOfEverySmallSizeAnswerSoMany) {
  for (size_t size = 0; size < 70; ++size) {
    const Bytes bytes = random_bytes(size);
    ASSERT_TRUE(put("a", bytes));
    for (int read = 0; read < 3; ++read) ASSERT_EQ(*get("a"), bytes);
  }
}

TEST_F(HotObjectsTest, ReadsOfAKeptObjectLookAtNoKey) {
  const Bytes bytes = random_bytes(4'096);
  ASSERT_TRUE(put("a", bytes));
  for (int read = 0; read < 3; ++read) ASSERT_EQ(*get("a"), bytes);
  Result<Reader> reader = run(objects_->read({"b", "a"}));
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader->unlock());
  Task<Bytes> some = reader->read_at(1'000, 5'000);
  EXPECT_EQ(*run(std::move(some)), bytes.substr(1'000));
}

TEST_F(HotObjectsTest, EveryReadOfABlobLooksAtItsFile) {
  const Bytes bytes = random_bytes(kBlobBytes);
  ASSERT_TRUE(put("a", bytes));
  for (int read = 0; read < 3; ++read) ASSERT_EQ(*get("a"), bytes);
  remove_blobs();
  EXPECT_FALSE(get("a"));
}

TEST_F(HotObjectsTest, WhatAnotherKeyGuardsIsOpenedEachTime) {
  Protect named;
  named.guard = Guard::named;
  named.name = "k";
  Task<Writer> begun = objects_->write({"b", "a"}, {}, true, named);
  Result<Writer> writer = run(std::move(begun));
  ASSERT_TRUE(writer) << writer.error().message;
  ASSERT_TRUE(run(writer->write("secret")));
  ASSERT_TRUE(run(writer->commit({}, {}, {})));
  for (int i = 0; i < 3; ++i) ASSERT_EQ(*get("a"), "secret");
  toy_.disabled = true;
  EXPECT_FALSE(get("a"));
}

}  // namespace
}  // namespace millrace::objects
