// Objects that are sealed: what lies on the disk, what opens it, and copies between guards.
#include <algorithm>
#include <fstream>
#include <iterator>

#include "engines/objects/objects_fixture.h"
#include "engines/objects/sealing.h"

namespace millrace::objects {
namespace {

Secret caller_key(char c) { return Secret(Bytes(Cipher::kKeyBytes, c)); }

Protect guarded_by(Guard guard, char key = 'c') {
  Protect out;
  out.guard = guard;
  if (guard == Guard::named) out.name = "key";
  if (guard == Guard::caller) out.caller_key = caller_key(key);
  return out;
}

Task<Entry> put_guarded(Objects* objects, ObjectId id, Bytes bytes, Protect protect) {
  Metadata metadata;
  metadata.attributes["content-type"] = "text/plain";
  CO_TRY(Writer writer,
         co_await objects->write(std::move(id), std::move(metadata), true, std::move(protect)));
  CO_TRY(co_await writer.write(bytes));
  Digests digests;
  co_return co_await writer.commit(std::move(digests), {}, {});
}

Task<Bytes> get_guarded(Objects* objects, ObjectId id, Secret key, uint64_t offset, size_t size) {
  CO_TRY(Reader reader, co_await objects->read(std::move(id)));
  CO_TRY(reader.unlock(key));
  co_return co_await reader.read_at(offset, size);
}

Task<Part> share(Objects* objects, ObjectId from, SharePartRequest request, Secret key) {
  CO_TRY(Reader reader, co_await objects->read(std::move(from)));
  CO_TRY(reader.unlock(key));
  Digests digests;
  digests.etag = "shared";
  co_return co_await objects->share_part(reader, std::move(request), std::move(digests));
}

class SealedObjectsTest : public ObjectsTest {
 protected:
  Result<Entry> put_as(const std::string& key, Bytes bytes, Protect protect) {
    return run(put_guarded(objects_.get(), {"b", key}, std::move(bytes), std::move(protect)));
  }
  Result<Bytes> get_as(const std::string& key, Secret secret, uint64_t offset = 0,
                       size_t size = 1 << 20) {
    return run(get_guarded(objects_.get(), {"b", key}, std::move(secret), offset, size));
  }
  Result<Entry> copy(const std::string& from, const std::string& to, Protect protect,
                     Secret from_key = {}) {
    CopyRequest request;
    request.from = {"b", from};
    request.to = {"b", to};
    request.protect = std::move(protect);
    request.from_caller_key = std::move(from_key);
    return run(objects_->copy(std::move(request), {}, {}));
  }
  // Whether any file of the data directory has `text` in it: rows, their log, blobs.
  bool on_disk(std::string_view text) {
    return std::ranges::any_of(std::filesystem::recursive_directory_iterator(folder_.path()),
                               [&](const auto& entry) {
                                 if (!entry.is_regular_file()) return false;
                                 std::ifstream file(entry.path(), std::ios::binary);
                                 const std::string all(std::istreambuf_iterator<char>(file), {});
                                 return all.find(text) != std::string::npos;
                               });
  }
  // Words, so that a grep could find them.
  static Bytes words(size_t size) {
    Bytes out;
    while (out.size() < size) out += "plain text of object " + std::to_string(out.size()) + "; ";
    out.resize(size);
    return out;
  }
};

constexpr Guard kGuards[] = {Guard::platform, Guard::named, Guard::caller};

TEST_F(SealedObjectsTest, NoPlainTextIsOnTheDiskAndEveryRangeIsRead) {
  for (const Guard guard : kGuards) {
    for (const size_t size : {size_t{1}, size_t{3000}, size_t{16 * 1024}, kLarge}) {
      const Bytes plain = words(size);
      const std::string key = std::to_string(static_cast<int>(guard)) + std::to_string(size);
      ASSERT_TRUE(put_as(key, plain, guarded_by(guard)));
      ASSERT_EQ(*get_as(key, caller_key('c')), plain);
      for (const uint64_t offset : {size / 3, size / 2, size - 1}) {
        ASSERT_EQ(*get_as(key, caller_key('c'), offset, 70'000), plain.substr(offset, 70'000));
      }
    }
  }
  EXPECT_FALSE(on_disk("plain text of object"));
  open();
  EXPECT_FALSE(on_disk("plain text of object"));
}

TEST_F(SealedObjectsTest, EtagsTellNothingOfWhatACustomersKeyGuards) {
  const Bytes plain = words(100);
  const std::string digest = to_hex(md5(plain));
  EXPECT_EQ(put_as("k", plain, guarded_by(Guard::platform))->etag, digest);
  for (const Guard guard : {Guard::named, Guard::caller}) {
    const auto first = put_as("k", plain, guarded_by(guard));
    const auto second = put_as("k", plain, guarded_by(guard));
    EXPECT_EQ(first->etag.size(), digest.size());
    EXPECT_NE(first->etag, digest);
    EXPECT_NE(first->etag, second->etag);
  }
}

TEST_F(SealedObjectsTest, TheSearchFindsWhatIsNotSealed) {
  ASSERT_TRUE(put_as("small", words(3000), guarded_by(Guard::none)));
  EXPECT_TRUE(on_disk("plain text of object"));
}

TEST_F(SealedObjectsTest, WithoutTheCallersKeyNothingIsRead) {
  ASSERT_TRUE(put_as("k", words(kLarge), guarded_by(Guard::caller)));
  EXPECT_EQ(get("k").error().kind, ErrorKind::denied);
  EXPECT_EQ(get_as("k", caller_key('x')).error().kind, ErrorKind::denied);
  EXPECT_TRUE(get_as("k", caller_key('c')));
}

TEST_F(SealedObjectsTest, DisabledKeyIsToldOnWritingAndReading) {
  ASSERT_TRUE(put_as("k", words(10), guarded_by(Guard::named)));
  toy_.disabled = true;
  EXPECT_EQ(put_as("k", words(10), guarded_by(Guard::named)).error().kind,
            ErrorKind::precondition_failed);
  EXPECT_EQ(get("k").error().kind, ErrorKind::precondition_failed);
  toy_.disabled = false;
  EXPECT_TRUE(get("k"));
}

TEST_F(SealedObjectsTest, CopiesShareBlobsWhereTheGuardsAllowIt) {
  const Bytes plain = words(kLarge);
  for (const Guard from : kGuards) {
    for (const Guard to : kGuards) {
      ASSERT_TRUE(put_as("from", plain, guarded_by(from, 'a')));
      const size_t before = files("blobs");
      ASSERT_TRUE(copy("from", "to", guarded_by(to, 'b'), caller_key('a')));
      const bool shared = from != Guard::caller && to != Guard::caller;
      EXPECT_EQ(files("blobs") - before, shared ? 0U : 1U);
      ASSERT_EQ(*get_as("to", caller_key('b')), plain);
      ASSERT_TRUE(run(objects_->remove({"b", "from"}, {}, {})));
      ASSERT_EQ(*get_as("to", caller_key('b')), plain);
      EXPECT_EQ(objects_->describe({"b", "to"})->metadata.attributes.at("content-type"),
                "text/plain");
      ASSERT_TRUE(run(objects_->remove({"b", "to"}, {}, {})));
    }
  }
}

TEST_F(SealedObjectsTest, CopyOfACallersObjectNeedsItsKey) {
  ASSERT_TRUE(put_as("from", words(100), guarded_by(Guard::caller, 'a')));
  EXPECT_EQ(copy("from", "to", {}, caller_key('x')).error().kind, ErrorKind::denied);
  EXPECT_EQ(get("to").error().kind, ErrorKind::not_found);
}

TEST_F(SealedObjectsTest, ObjectsOfTheFirstFormatAreReadAndSealedByCopying) {
  const Bytes plain = words(kLarge);
  keys_ = nullptr;
  open();
  ASSERT_TRUE(put("old", plain));
  keys_ = &toy_;
  open();
  ASSERT_EQ(*get("old"), plain);
  ASSERT_TRUE(copy("old", "old", {}));
  ASSERT_EQ(*get("old"), plain);
  EXPECT_TRUE(objects_->describe({"b", "old"})->protection.sealed());
  EXPECT_FALSE(on_disk("plain text of object"));
}

TEST_F(SealedObjectsTest, PartsAreComposedWithoutBeingSealedAgain) {
  for (const Guard guard : kGuards) {
    Upload wanted;
    wanted.bucket = "b";
    wanted.object_key = "k";
    const Upload upload = *run(objects_->begin_upload(wanted, guarded_by(guard)));
    const Bytes first = words(kLarge);
    const Bytes second = words(100);
    const auto write = [&](uint32_t number, const Bytes& bytes, char key) -> Result<void> {
      TRY(Writer writer,
          run(objects_->write_part({"b", "k"}, upload.id, number, true, caller_key(key))));
      TRY(run(writer.write(bytes)));
      TRY(run(writer.commit_part({})));
      return {};
    };
    ASSERT_TRUE(write(1, first, 'c'));
    ASSERT_TRUE(write(2, second, 'c'));
    if (guard == Guard::caller) {
      EXPECT_EQ(write(3, second, 'x').error().kind, ErrorKind::denied);
    }
    // A piece of another object, under another guard.
    ASSERT_TRUE(put_as("source", words(kLarge), guarded_by(Guard::named)));
    SharePartRequest request{{"b", "k"}, upload.id, 3, 1000, 100'000, caller_key('c')};
    ASSERT_TRUE(run(share(objects_.get(), {"b", "source"}, std::move(request), {})));
    const auto parts = objects_->parts({"b", "k"}, upload.id, 0, 10);
    std::vector<ChosenPart> chosen;
    for (const Part& part : parts->parts) {
      chosen.push_back({static_cast<uint32_t>(part.number), part.etag});
    }
    ASSERT_TRUE(complete(upload, std::move(chosen)));
    const Bytes whole = first + second + words(kLarge).substr(1000, 100'000);
    ASSERT_EQ(*get_as("k", caller_key('c'), 0, whole.size()), whole);
    ASSERT_EQ(*get_as("k", caller_key('c'), kLarge - 5, 200), whole.substr(kLarge - 5, 200));
  }
  EXPECT_FALSE(on_disk("plain text of object"));
}

TEST_F(SealedObjectsTest, BucketSaysHowWhatComesWithoutAWordIsProtected) {
  const Bytes plain = words(100);
  const auto guard_of = [this](const std::string& key) {
    return objects_->describe({"b", key})->protection.guard;
  };
  ASSERT_TRUE(put("usual", plain));
  EXPECT_EQ(guard_of("usual"), Guard::platform);
  UsualProtection named;
  named.guard = Guard::named;
  named.name = "key";
  named.wide = true;
  ASSERT_TRUE(run(objects_->set_protection("b", named)));
  open();
  ASSERT_TRUE(put("named", plain));
  EXPECT_EQ(guard_of("named"), Guard::named);
  EXPECT_TRUE(objects_->describe({"b", "named"})->protection.wide);
  ASSERT_TRUE(put_as("asked", plain, guarded_by(Guard::caller)));
  EXPECT_EQ(guard_of("asked"), Guard::caller);
  CopyRequest request;
  request.from = {"b", "usual"};
  request.to = {"b", "copy"};
  ASSERT_TRUE(run(objects_->copy(std::move(request), {}, {})));
  EXPECT_EQ(guard_of("copy"), Guard::named);
  EXPECT_EQ(*get("copy"), plain);
  const Upload upload = begin("parts");
  EXPECT_EQ(upload.protection.guard, Guard::named);
  toy_.disabled = true;
  EXPECT_EQ(put("named", plain).error().kind, ErrorKind::precondition_failed);
  EXPECT_EQ(run(objects_->set_protection("none", named)).error().kind, ErrorKind::not_found);
}

TEST_F(SealedObjectsTest, SmallPiecesAreReadInOrderAndBackwards) {
  const Bytes plain = words(3 * kPlainChunkBytes + 11);
  ASSERT_TRUE(put("k", plain));
  Result<Reader> reader = run(objects_->read({"b", "k"}));
  ASSERT_TRUE(reader);
  Bytes out(plain.size(), '\0');
  for (size_t at = 0; at < plain.size();) {
    const auto got = run(reader->read_at(at, out.data() + at, 10'007));
    ASSERT_TRUE(got);
    ASSERT_GT(*got, 0U);
    at += *got;
  }
  EXPECT_EQ(out, plain);
  for (size_t at = plain.size(); at > 9'001; at -= 9'001) {
    ASSERT_EQ(*run(reader->read_at(at - 9'001, size_t{9'001})), plain.substr(at - 9'001, 9'001));
  }
}

}  // namespace
}  // namespace millrace::objects
