#include "base/hash.h"
#include "engines/objects/completions.h"
#include "engines/objects/objects_fixture.h"

namespace millrace::objects {
namespace {

using UploadsTest = ObjectsTest;

TEST_F(UploadsTest, PartsAreComposedInOrderWhateverTheOrderOfTheirArrival) {
  const Upload upload = begin("k");
  const Bytes one = random_bytes(kLarge);
  const Bytes two = random_bytes(100'000);
  const Bytes three = random_bytes(10);
  ASSERT_TRUE(put_part(upload, 7, three));
  ASSERT_TRUE(put_part(upload, 2, random_bytes(kLarge)));
  ASSERT_TRUE(put_part(upload, 2, two));  // In the place of the first.
  ASSERT_TRUE(put_part(upload, 1, one));
  ASSERT_TRUE(put_part(upload, 3, random_bytes(kLarge)));  // Not chosen.
  EXPECT_EQ(get("k").error().kind, ErrorKind::not_found);
  auto page = objects_->parts({"b", "k"}, upload.id, 1, 2);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->parts.size(), 2U);
  EXPECT_EQ(page->parts[0].number, 2U);
  EXPECT_EQ(page->parts[0].etag, to_hex(md5(two)));
  EXPECT_TRUE(page->truncated);
  open();
  auto entry =
      complete(upload, {{1, to_hex(md5(one))}, {2, to_hex(md5(two))}, {7, to_hex(md5(three))}});
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(entry->parts, 3U);
  EXPECT_EQ(entry->etag, "composed");
  EXPECT_EQ(get("k"), one + two + three);
  EXPECT_EQ(files("blobs"), 2U);
  EXPECT_EQ(objects_->upload({"b", "k"}, upload.id).error().kind, ErrorKind::not_found);
  EXPECT_EQ(objects_->describe({"b", "k"})->parts[2].number, 7U);
  ASSERT_TRUE(run(objects_->remove({"b", "k"}, {}, {})));
  EXPECT_EQ(files("blobs"), 0U);
}

TEST_F(UploadsTest, APartThatChangedIsAConflictAndNothingHappens) {
  const Upload upload = begin("k");
  auto part = put_part(upload, 1, random_bytes(kLarge));
  EXPECT_EQ(complete(upload, {{1, "other"}}).error().kind, ErrorKind::conflict);
  EXPECT_EQ(complete(upload, {{2, part->etag}}).error().kind, ErrorKind::conflict);
  EXPECT_TRUE(complete(upload, {{1, part->etag}}));
}

TEST_F(UploadsTest, WhoCompletesAgainGetsTheSameForADay) {
  const Upload upload = begin("k");
  const auto part = put_part(upload, 1, "x");
  const auto first = complete(upload, {{1, part->etag}});
  ASSERT_TRUE(first);
  ASSERT_TRUE(put("k", "another"));
  open();
  const auto second = complete(upload, {{1, part->etag}});
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->sequence, first->sequence);
  EXPECT_EQ(get("k"), "another");
  // Of other parts it is not the same.
  CompleteRequest other{.id = {"b", "k"}, .upload = upload.id};
  other.digests.etag = "other";
  EXPECT_EQ(run(objects_->complete_upload(other, {})).error().kind, ErrorKind::not_found);
  clock_->advance(std::chrono::hours(24));
  EXPECT_EQ(complete(upload, {{1, part->etag}}).error().kind, ErrorKind::not_found);
  // The next ones take its rows along.
  const Upload next = begin("n");
  ASSERT_TRUE(complete(next, {{1, put_part(next, 1, "y")->etag}}));
  store::Txn txn = db_->begin();
  EXPECT_EQ(txn.scan(kCompletions, {})->size(), 1U);
  EXPECT_EQ(txn.scan(kCompletionTimes, {})->size(), 1U);
}

TEST_F(UploadsTest, ACompletionIsOfItsBucketOnly) {
  const Upload upload = begin("k");
  const auto part = put_part(upload, 1, "x");
  ASSERT_TRUE(complete(upload, {{1, part->etag}}));
  ASSERT_TRUE(run(objects_->remove({"b", "k"}, {}, {})));
  ASSERT_TRUE(run(objects_->remove_bucket("b")));
  Bucket bucket;
  bucket.name = "b";
  ASSERT_TRUE(run(objects_->create_bucket(bucket)));
  EXPECT_EQ(complete(upload, {{1, part->etag}}).error().kind, ErrorKind::not_found);
}

TEST_F(UploadsTest, AbortingFreesEverything) {
  const Upload upload = begin("k");
  ASSERT_TRUE(put_part(upload, 1, random_bytes(kLarge)));
  ASSERT_TRUE(put_part(upload, 2, random_bytes(kLarge)));
  EXPECT_EQ(files("blobs"), 2U);
  ASSERT_TRUE(run(objects_->abort_upload({"b", "k"}, upload.id)));
  EXPECT_EQ(files("blobs"), 0U);
  EXPECT_EQ(put_part(upload, 1, "x").error().kind, ErrorKind::not_found);
  EXPECT_EQ(run(objects_->abort_upload({"b", "k"}, upload.id)).error().kind, ErrorKind::not_found);
}

TEST_F(UploadsTest, NumbersHaveLimits) {
  const Upload upload = begin("k");
  EXPECT_EQ(put_part(upload, 0, "x").error().kind, ErrorKind::invalid);
  EXPECT_EQ(put_part(upload, 10'001, "x").error().kind, ErrorKind::invalid);
  EXPECT_TRUE(put_part(upload, 10'000, "x"));
  Upload other = upload;
  other.object_key = "another";
  EXPECT_EQ(put_part(other, 1, "x").error().kind, ErrorKind::not_found);
}

Task<Part> share(Objects* objects, Upload upload, ObjectId from, uint64_t offset, uint64_t length) {
  CO_TRY(Reader reader, co_await objects->read(from));
  SharePartRequest request;
  request.to = {"b", upload.object_key};
  request.upload = upload.id;
  request.number = 1;
  request.offset = offset;
  request.length = length;
  Digests digests;
  digests.etag = "shared";
  co_return co_await objects->share_part(reader, std::move(request), std::move(digests));
}

TEST_F(UploadsTest, APartSharesARangeOfAnObject) {
  const Upload source = begin("source");
  const Bytes one = random_bytes(kLarge);
  const Bytes two = random_bytes(500);
  auto first = put_part(source, 1, one);
  auto second = put_part(source, 2, two);
  ASSERT_TRUE(complete(source, {{1, first->etag}, {2, second->etag}}));
  const Upload upload = begin("k");
  auto part = run(share(objects_.get(), upload, {"b", "source"}, kLarge - 1000, 1200));
  ASSERT_TRUE(part) << part.error().message;
  EXPECT_EQ(part->size_bytes, 1200U);
  EXPECT_EQ(run(share(objects_.get(), upload, {"b", "source"}, 1, kLarge + 500)).error().kind,
            ErrorKind::invalid);
  ASSERT_TRUE(run(objects_->remove({"b", "source"}, {}, {})));
  ASSERT_TRUE(complete(upload, {{1, "shared"}}));
  EXPECT_EQ(get("k"), (one + two).substr(kLarge - 1000, 1200));
  EXPECT_EQ(files("blobs"), 1U);
  ASSERT_TRUE(run(objects_->remove({"b", "k"}, {}, {})));
  EXPECT_EQ(files("blobs"), 0U);
}

}  // namespace
}  // namespace millrace::objects
