#include "engines/objects/ending.h"

#include "engines/objects/objects_fixture.h"

namespace millrace::objects {
namespace {

using EndingTest = ObjectsTest;

Task<Writer> write_and_end(Objects* objects, ObjectId id, Bytes bytes) {
  CO_TRY(Writer writer, co_await objects->write(std::move(id), {}));
  CO_TRY(co_await writer.write(bytes));
  CO_TRY(co_await end_bytes(writer));
  CO_TRY(co_await end_bytes(writer));  // Again: without effect.
  co_return writer;
}

Task<Entry> commit(Writer* writer) {
  Digests digests;
  Conditions conditions;
  Cause cause;
  co_return co_await writer->commit(std::move(digests), std::move(conditions), std::move(cause));
}

TEST_F(EndingTest, WhatHasEndedIsOnDiskAndUnseenUntilTheCommit) {
  for (const size_t size : {size_t{0}, size_t{10}, kLarge}) {
    const std::string key = "k" + std::to_string(size);
    const Bytes bytes = random_bytes(size);
    auto writer = run(write_and_end(objects_.get(), {"b", key}, bytes));
    ASSERT_TRUE(writer) << writer.error().message;
    EXPECT_EQ(files("blobs"), size == kLarge ? 1U : 0U);
    EXPECT_EQ(files("staging"), 0U);
    EXPECT_EQ(get(key).error().kind, ErrorKind::not_found);
    EXPECT_EQ(run(writer->write("more")).error().kind, ErrorKind::invalid);
    ASSERT_TRUE(run(commit(&*writer)));
    EXPECT_EQ(get(key), bytes);
  }
}

TEST_F(EndingTest, WhatIsAbandonedLeavesNothing) {
  auto writer = run(write_and_end(objects_.get(), {"b", "k"}, random_bytes(kLarge)));
  ASSERT_TRUE(writer);
  EXPECT_EQ(files("blobs"), 1U);
  ASSERT_TRUE(run(abandon(*writer)));
  ASSERT_TRUE(run(abandon(*writer)));
  EXPECT_EQ(files("blobs"), 0U);
  EXPECT_EQ(get("k").error().kind, ErrorKind::not_found);
}

TEST_F(EndingTest, ACommitThatIsRefusedRemovesWhatHasEnded) {
  auto writer = run(write_and_end(objects_.get(), {"b", "k"}, random_bytes(kLarge)));
  ASSERT_TRUE(writer);
  ASSERT_TRUE(run(objects_->remove_bucket("b")));
  EXPECT_EQ(run(commit(&*writer)).error().kind, ErrorKind::not_found);
  EXPECT_EQ(files("blobs"), 0U);
}

// What neither a commit nor abandon() follows is an orphan.
TEST_F(EndingTest, WhatIsForgottenIsSwept) {
  ASSERT_TRUE(run(write_and_end(objects_.get(), {"b", "k"}, random_bytes(kLarge))));
  EXPECT_EQ(files("blobs"), 1U);
  clock_->advance(seconds(2));
  const auto is_referenced = [this](const store::BlobId& id) { return objects_->refers_to(id); };
  const auto swept = run(blobs_->sweep(seconds(1), is_referenced));
  ASSERT_TRUE(swept) << swept.error().message;
  EXPECT_EQ(*swept, 1U);
  EXPECT_EQ(files("blobs"), 0U);
}

}  // namespace
}  // namespace millrace::objects
