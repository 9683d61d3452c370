#include "engines/objects/objects.h"

#include "base/hash.h"
#include "engines/objects/objects_fixture.h"
#include "runtime/nursery.h"

namespace millrace::objects {
namespace {

TEST_F(ObjectsTest, SmallObjectsLieInRowsAndLargeOnesInBlobs) {
  const Bytes small = random_bytes(limits_.inline_bytes_max);
  const Bytes large = random_bytes(kLarge);
  auto entry = put("small", small);
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(entry->etag, to_hex(md5(small)));
  EXPECT_EQ(files("blobs"), 0U);
  entry = put("large", large);
  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_EQ(entry->etag, to_hex(md5(large)));
  EXPECT_EQ(entry->size_bytes, large.size());
  EXPECT_EQ(files("blobs"), 1U);
  ASSERT_TRUE(put("empty", ""));
  open();
  EXPECT_EQ(get("small"), small);
  EXPECT_EQ(get("large"), large);
  EXPECT_EQ(get("empty"), "");
}

TEST_F(ObjectsTest, ReplacingAndRemovingFreesTheBlob) {
  ASSERT_TRUE(put("k", random_bytes(kLarge)));
  const Bytes second = random_bytes(kLarge);
  ASSERT_TRUE(put("k", second));
  open();  // What a replacement leaves is gone soon after it, and surely when the engine ends.
  EXPECT_EQ(files("blobs"), 1U);
  EXPECT_EQ(get("k"), second);
  auto removed = run(objects_->remove({"b", "k"}, {}, {}));
  ASSERT_TRUE(removed);
  ASSERT_TRUE(removed->removed);
  EXPECT_EQ(removed->removed->etag, to_hex(md5(second)));
  EXPECT_EQ(files("blobs"), 0U);
  EXPECT_EQ(get("k").error().kind, ErrorKind::not_found);
  removed = run(objects_->remove({"b", "k"}, {}, {}));
  ASSERT_TRUE(removed);
  EXPECT_FALSE(removed->removed);
}

Task<void> write_only(Objects* objects, Bytes bytes) {
  CO_TRY(Writer writer, co_await objects->write({"b", "torn"}, {}));
  co_return co_await writer.write(bytes);
}

TEST_F(ObjectsTest, AWriterWithoutCommitLeavesNothing) {
  ASSERT_TRUE(run(write_only(objects_.get(), random_bytes(kLarge))));
  EXPECT_EQ(get("torn").error().kind, ErrorKind::not_found);
  EXPECT_EQ(files("blobs") + files("staging"), 0U);
}

TEST_F(ObjectsTest, AFullDiskLeavesTheOldObject) {
  const Bytes old = random_bytes(kLarge);
  ASSERT_TRUE(put("k", old));
  plan_.set([](store::FileOperation operation, std::string_view) {
    return operation == store::FileOperation::append ? store::Fault::no_space : store::Fault::none;
  });
  const auto refused = put("k", random_bytes(kLarge));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::exhausted);
  plan_.clear();
  EXPECT_EQ(get("k"), old);
  EXPECT_EQ(files("blobs"), 1U);
  EXPECT_EQ(files("staging"), 0U);
}

TEST_F(ObjectsTest, ConditionsDecideAtTheCommit) {
  EXPECT_EQ(put("k", "x", {.etag = "nothing"}).error().kind, ErrorKind::not_found);
  auto first = put("k", "1", {.absent = true});
  ASSERT_TRUE(first);
  const auto refused = put("k", random_bytes(kLarge), {.absent = true});
  EXPECT_EQ(refused.error().kind, ErrorKind::precondition_failed);
  EXPECT_EQ(files("blobs"), 0U);
  EXPECT_EQ(put("k", "2", {.etag = "other"}).error().kind, ErrorKind::precondition_failed);
  ASSERT_TRUE(put("k", "2", {.etag = first->etag}));
  EXPECT_EQ(run(objects_->remove({"b", "k"}, {.etag = first->etag}, {})).error().kind,
            ErrorKind::precondition_failed);
  EXPECT_TRUE(run(objects_->remove({"b", "k"}, {.etag = "*"}, {})));
}

Task<void> race(Objects* objects, int number, int* won) {
  Conditions conditions;
  conditions.absent = true;
  auto entry = co_await put_object(objects, {"b", "race"}, std::to_string(number), {}, conditions);
  if (entry) ++*won;
  co_return ok;
}

Task<void> race_all(Objects* objects, runtime::Loop* loop, int* won) {
  runtime::Nursery nursery(*loop);
  for (int i = 0; i < 16; ++i) nursery.spawn(race(objects, i, won));
  co_return co_await nursery.close();
}

TEST_F(ObjectsTest, OneOfManyCreatesTheObject) {
  int won = 0;
  ASSERT_TRUE(run(race_all(objects_.get(), &loop_, &won)));
  EXPECT_EQ(won, 1);
}

Task<Bytes> read_while(Objects* objects, ObjectsTest*, ObjectId id, Bytes replacement) {
  CO_TRY(Reader reader, co_await objects->read(id));
  CO_TRY(co_await put_object(objects, id, std::move(replacement), {}, {}));
  co_return co_await reader.read_at(0, static_cast<size_t>(reader.size()));
}

TEST_F(ObjectsTest, AReaderKeepsWhatItOpened) {
  const Bytes old = random_bytes(kLarge);
  ASSERT_TRUE(put("k", old));
  EXPECT_EQ(run(read_while(objects_.get(), this, {"b", "k"}, random_bytes(kLarge))), old);
  // The same for an object of several blobs, which are opened one after the other.
  const Upload upload = begin("parts");
  const Bytes one = random_bytes(kLarge);
  const Bytes two = random_bytes(kLarge);
  auto first = put_part(upload, 1, one);
  auto second = put_part(upload, 2, two);
  ASSERT_TRUE(complete(upload, {{1, first->etag}, {2, second->etag}}));
  EXPECT_EQ(run(read_while(objects_.get(), this, {"b", "parts"}, "short")), one + two);
  EXPECT_EQ(get("parts"), "short");
  // What was pinned is left to the sweep.
  clock_->advance(seconds(3600));
  const auto referenced = [this](const store::BlobId& id) { return objects_->refers_to(id); };
  const auto swept = run(blobs_->sweep(seconds(60), referenced));
  EXPECT_EQ(swept, 2U);
  EXPECT_EQ(files("blobs"), 1U);
}

TEST_F(ObjectsTest, CopiesShareBlobs) {
  const Bytes bytes = random_bytes(kLarge);
  Metadata metadata;
  metadata.user = {{"a", "1"}};
  metadata.tags = {{"t", "1"}};
  ASSERT_TRUE(run(put_object(objects_.get(), {"b", "from"}, bytes, metadata, {})));
  CopyRequest request{.from = {"b", "from"}, .from_etag = {}, .to = {"b", "to"}};
  auto copied = run(objects_->copy(request, {}, {}));
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(files("blobs"), 1U);
  auto described = objects_->describe({"b", "to"});
  ASSERT_TRUE(described);
  EXPECT_EQ(described->metadata.user, metadata.user);
  EXPECT_EQ(described->metadata.tags, metadata.tags);
  ASSERT_TRUE(run(objects_->remove({"b", "from"}, {}, {})));
  EXPECT_EQ(get("to"), bytes);
  // On itself, with other metadata.
  request = {.from = {"b", "to"}, .from_etag = copied->etag, .to = {"b", "to"}};
  request.metadata.emplace();
  request.metadata->user = {{"a", "2"}};
  ASSERT_TRUE(run(objects_->copy(request, {}, {})));
  EXPECT_EQ(get("to"), bytes);
  EXPECT_EQ(objects_->describe({"b", "to"})->metadata.user.at("a"), "2");
  ASSERT_TRUE(run(objects_->remove({"b", "to"}, {}, {})));
  EXPECT_EQ(files("blobs"), 0U);
  EXPECT_EQ(run(objects_->copy(request, {}, {})).error().kind, ErrorKind::not_found);
}

TEST_F(ObjectsTest, TagsChangeAlone) {
  auto entry = put("k", "x");
  ASSERT_TRUE(run(objects_->set_tags({"b", "k"}, {{"a", "b"}}, {})));
  auto object = objects_->describe({"b", "k"});
  EXPECT_EQ(object->metadata.tags.at("a"), "b");
  EXPECT_EQ(object->entry.modified, entry->modified);
  EXPECT_EQ(run(objects_->set_tags({"b", "none"}, {}, {})).error().kind, ErrorKind::not_found);
}

TEST_F(ObjectsTest, KeysHaveALimit) {
  EXPECT_EQ(put("", "x").error().kind, ErrorKind::invalid);
  EXPECT_EQ(put(std::string(1025, 'k'), "x").error().kind, ErrorKind::invalid);
  EXPECT_TRUE(put(std::string(1024, '\0'), "x"));
  EXPECT_EQ(get(std::string(1024, '\0')), "x");
  EXPECT_TRUE(put("../..//a", "y"));
  EXPECT_EQ(get("../..//a"), "y");
}

TEST_F(ObjectsTest, ManyAreRemovedInOneCommit) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(put("k" + std::to_string(i), random_bytes(20'000)));
  std::vector<RemoveRequest> requests;
  for (int i = 0; i < 30; ++i) requests.push_back({.key = "k" + std::to_string(i)});
  requests[3].conditions.size_bytes = 1;
  const auto removals = run(objects_->remove_all("b", requests, {}));
  ASSERT_TRUE(removals);
  ASSERT_EQ(removals->size(), 30U);
  EXPECT_EQ((*removals)[3].error().kind, ErrorKind::precondition_failed);
  EXPECT_TRUE((*removals)[4]->removed);
  EXPECT_FALSE((*removals)[29]->removed);
  EXPECT_EQ(list("", "")->entries.size(), 1U);
  ASSERT_TRUE(run(objects_->remove_all("b", {{.key = "k3"}}, {})));
  EXPECT_TRUE(list("", "")->entries.empty());
  EXPECT_EQ(files("blobs"), 0U);
}

// --- Buckets ---------------------------------------------------------------------------------

Bucket named(const std::string& name, const std::string& owner) {
  Bucket bucket;
  bucket.name = name;
  bucket.owner = owner;
  return bucket;
}

TEST_F(ObjectsTest, NamesOfBucketsAreUniqueOverOwners) {
  EXPECT_EQ(run(objects_->create_bucket(named("b", "000000000002"))).error().kind,
            ErrorKind::already_exists);
  ASSERT_TRUE(run(objects_->create_bucket(named("c", "000000000002"))));
  ASSERT_TRUE(run(objects_->create_bucket(named("a", "000000000001"))));
  auto owned = objects_->buckets_of("000000000001");
  ASSERT_TRUE(owned);
  ASSERT_EQ(owned->size(), 2U);
  EXPECT_EQ(owned->front().name, "a");
  EXPECT_EQ(objects_->bucket("zzz").error().kind, ErrorKind::not_found);
}

TEST_F(ObjectsTest, OnlyAnEmptyBucketIsRemovedAndItsUploadsWithIt) {
  ASSERT_TRUE(put("k", "x"));
  EXPECT_EQ(run(objects_->remove_bucket("b")).error().kind, ErrorKind::precondition_failed);
  ASSERT_TRUE(run(objects_->remove({"b", "k"}, {}, {})));
  const Upload upload = begin("k");
  ASSERT_TRUE(put_part(upload, 1, random_bytes(kLarge)));
  EXPECT_EQ(files("blobs"), 1U);
  ASSERT_TRUE(run(objects_->remove_bucket("b")));
  EXPECT_EQ(files("blobs"), 0U);
  EXPECT_EQ(put("k", "x").error().kind, ErrorKind::not_found);
  EXPECT_EQ(run(objects_->remove_bucket("b")).error().kind, ErrorKind::not_found);
}

Task<void> write_across(Objects* objects) {
  CO_TRY(Writer writer, co_await objects->write({"b", "k"}, {}));
  CO_TRY(co_await objects->remove_bucket("b"));
  CO_TRY(co_await objects->create_bucket(named("b", "000000000002")));
  auto entry = co_await writer.commit({}, {}, {});
  if (entry) co_return fail(ErrorKind::internal, "written into another bucket");
  co_return fail(std::move(entry).error());
}

TEST_F(ObjectsTest, AWriterDoesNotReachALaterBucketOfThatName) {
  EXPECT_EQ(run(write_across(objects_.get())).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(list("", "")->entries.empty());
}

// --- What follows from a change --------------------------------------------------------------

Result<void> announce_as_event(store::Txn& txn, const Change& change) {
  if (change.cause.operation == "forbidden") return fail(ErrorKind::denied, "it may not be");
  store::Event event;
  event.detail_type = change.kind == ChangeKind::written ? "written" : "removed";
  event.resource = change.entry.object_key;
  event.detail = change.cause.operation;
  txn.emit(std::move(event));
  return {};
}

TEST_F(ObjectsTest, ChangesAreAnnouncedInTheirCommit) {
  announce_ = &announce_as_event;
  open();
  const uint64_t before = db_->last_sequence();
  ASSERT_TRUE(put("k", "x"));
  EXPECT_FALSE(put("k", "x", {.absent = true}));
  ASSERT_TRUE(run(objects_->remove({"b", "k"}, {}, {})));
  ASSERT_TRUE(run(objects_->remove({"b", "k"}, {}, {})));
  EXPECT_EQ(db_->last_sequence(), before + 2);
}

TEST_F(ObjectsTest, TagsAreAnnouncedAndARefusalOfWhoAnnouncesUndoesTheChange) {
  announce_ = &announce_as_event;
  open();
  ASSERT_TRUE(put("k", "x"));
  const uint64_t before = db_->last_sequence();
  ASSERT_TRUE(run(objects_->set_tags({"b", "k"}, {{"a", "b"}}, {})));
  EXPECT_EQ(db_->last_sequence(), before + 1);
  Cause forbidden;
  forbidden.operation = "forbidden";
  EXPECT_EQ(run(objects_->remove({"b", "k"}, {}, forbidden)).error().kind, ErrorKind::denied);
  EXPECT_EQ(run(objects_->set_tags({"b", "k"}, {}, forbidden)).error().kind, ErrorKind::denied);
  EXPECT_EQ(objects_->describe({"b", "k"})->metadata.tags.at("a"), "b");
  EXPECT_EQ(db_->last_sequence(), before + 1);
}

}  // namespace
}  // namespace millrace::objects
