#include "engines/objects/versions.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/hash.h"
#include "engines/objects/objects_fixture.h"
#include "runtime/nursery.h"

namespace millrace::objects {
namespace {

class VersionsTest : public ObjectsTest {
 protected:
  void set(Versioning versioning) { ASSERT_TRUE(run(objects_->set_versioning("b", versioning))); }
  Removal remove(const std::string& key, const std::string& version = "") {
    auto removal = run(objects_->remove({"b", key, version}, {}, {}));
    EXPECT_TRUE(removal) << removal.error().message;
    return removal ? *removal : Removal{};
  }
  Result<Bytes> get_version(const std::string& key, const std::string& version) {
    return run(get_object(objects_.get(), {"b", key, version}));
  }
  VersionListing versions() { return *objects_->versions({.bucket = "b"}); }
};

TEST_F(VersionsTest, NamesHideTheirSequence) {
  std::set<std::string> names;
  for (uint64_t sequence :
       {uint64_t{0}, uint64_t{1}, uint64_t{1'800'000'000'000'000}, ~uint64_t{0}}) {
    for (int i = 0; i < 50; ++i) {
      const std::string name = make_version_id(sequence, *random_);
      EXPECT_EQ(name.size(), 32U);
      EXPECT_EQ(sequence_of(name), sequence);
      EXPECT_EQ(name.find_first_of("+/=-"), std::string::npos);
      names.insert(name);
    }
  }
  EXPECT_EQ(names.size(), 200U);
  for (const std::string text :
       {"", "nul", "null", "x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-"}) {
    EXPECT_FALSE(sequence_of(text)) << text;
  }
  EXPECT_TRUE(is_version_id("null"));
}

TEST_F(VersionsTest, EarlierVersionsStayReadable) {
  const Bytes before = random_bytes(kLarge);
  ASSERT_TRUE(put("k", before));
  set(Versioning::enabled);
  const Bytes second = random_bytes(kLarge);
  const auto two = put("k", second);
  const auto three = put("k", "3");
  EXPECT_NE(two->version, three->version);
  EXPECT_EQ(get("k"), "3");
  EXPECT_EQ(get_version("k", "null"), before);
  EXPECT_EQ(get_version("k", two->version), second);
  EXPECT_EQ(get_version("k", three->version), "3");
  EXPECT_EQ(files("blobs"), 2U);
  EXPECT_EQ(list("", "")->entries.size(), 1U);
  // A name that was never given, with the sequence of one that was.
  const std::string guessed = make_version_id(two->sequence, *random_);
  EXPECT_EQ(get_version("k", guessed).error().kind, ErrorKind::not_found);
  EXPECT_EQ(get_version("other", two->version).error().kind, ErrorKind::not_found);
  // The newest goes, and the one before it is the newest.
  EXPECT_TRUE(remove("k", three->version).removed);
  EXPECT_EQ(get("k"), second);
  EXPECT_FALSE(remove("k", three->version).removed);
  EXPECT_TRUE(remove("k", "null").removed);
  EXPECT_EQ(get("k"), second);
  EXPECT_EQ(files("blobs"), 1U);
  EXPECT_TRUE(remove("k", two->version).removed);
  EXPECT_EQ(get("k").error().kind, ErrorKind::not_found);
  EXPECT_EQ(files("blobs"), 0U);
  EXPECT_TRUE(run(objects_->remove_bucket("b")));
}

TEST_F(VersionsTest, ADeleteMarkerHidesAndItsRemovalRestores) {
  set(Versioning::enabled);
  const auto one = put("k", "1");
  const Removal removal = remove("k");
  ASSERT_TRUE(removal.marker);
  EXPECT_FALSE(removal.removed);
  const std::string marker = removal.marker->version;
  EXPECT_EQ(get("k").error().kind, ErrorKind::not_found);
  EXPECT_EQ(get_version("k", marker).error().kind, ErrorKind::not_found);
  EXPECT_TRUE((*objects_->marker({"b", "k"})).has_value());
  EXPECT_TRUE((*objects_->marker({"b", "k", marker})).has_value());
  EXPECT_FALSE((*objects_->marker({"b", "k", one->version})).has_value());
  EXPECT_TRUE(list("", "")->entries.empty());
  EXPECT_EQ(run(objects_->remove_bucket("b")).error().kind, ErrorKind::precondition_failed);
  EXPECT_EQ(put("k", "x", {.etag = one->etag}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(run(objects_->set_tags({"b", "k", marker}, {}, {})).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(remove("k", marker).removed->marker);
  EXPECT_EQ(get("k"), "1");
  // Also of a key that never was.
  EXPECT_TRUE(remove("never").marker);
}

TEST_F(VersionsTest, MetadataAndCopiesAreOfAVersion) {
  set(Versioning::enabled);
  const auto one = put("k", "1");
  const auto two = put("k", "2");
  ASSERT_TRUE(run(objects_->set_tags({"b", "k", one->version}, {{"a", "1"}}, {})));
  EXPECT_EQ(objects_->describe({"b", "k", one->version})->metadata.tags.size(), 1U);
  EXPECT_TRUE(objects_->describe({"b", "k"})->metadata.tags.empty());
  const CopyRequest request{.from = {"b", "k", one->version}, .from_etag = {}, .to = {"b", "k"}};
  const auto copied = run(objects_->copy(request, {}, {}));
  ASSERT_TRUE(copied);
  EXPECT_EQ(get("k"), "1");
  EXPECT_EQ(versions().versions.size(), 3U);
}

TEST_F(VersionsTest, TheNewestOfManyListsInPagesAndGroups) {
  set(Versioning::enabled);
  for (int round = 0; round < 3; ++round) {
    for (const std::string key : {"a", "b/1", "b/2", "c"}) ASSERT_TRUE(put(key, "x"));
  }
  remove("c");
  const auto all = objects_->versions({.bucket = "b", .prefix = "", .delimiter = "/"});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->versions.size(), 7U);
  EXPECT_EQ(all->groups, std::vector<std::string>{"b/"});
  const auto skipped =
      objects_->versions({.bucket = "b", .prefix = "", .delimiter = "/", .after_key = "b/"});
  EXPECT_EQ(skipped->versions.size(), 4U);
  EXPECT_TRUE(skipped->versions.front().entry.marker);
  EXPECT_TRUE(skipped->versions.front().newest);
  EXPECT_FALSE(skipped->versions[1].newest);
  EXPECT_EQ(
      objects_->versions({.bucket = "b", .after_key = "a", .after_version = "x"}).error().kind,
      ErrorKind::invalid);
  EXPECT_EQ(objects_->versions({.bucket = "none"}).error().kind, ErrorKind::not_found);
}

// Puts and marks, a few times.
Task<void> change_often(Objects* objects, int number, int* failed) {
  for (int i = 0; i < 4; ++i) {
    Conditions conditions;
    const auto put =
        co_await put_object(objects, {"b", "k"}, std::to_string(number), {}, conditions);
    if (!put) ++*failed;
    const auto marked = co_await objects->remove({"b", "k"}, {}, {});
    if (!marked || !marked->marker) ++*failed;
  }
  co_return ok;
}

Task<void> change_at_once(Objects* objects, runtime::Loop* loop, int* failed) {
  runtime::Nursery nursery(*loop);
  for (int i = 0; i < 8; ++i) nursery.spawn(change_often(objects, i, failed));
  co_return co_await nursery.close();
}

TEST_F(VersionsTest, ChangesAtOnceLoseNoVersion) {
  set(Versioning::enabled);
  int failed = 0;
  ASSERT_TRUE(run(change_at_once(objects_.get(), &loop_, &failed)));
  EXPECT_EQ(failed, 0);
  const VersionListing listing = versions();
  ASSERT_EQ(listing.versions.size(), 64U);
  size_t markers = 0;
  for (size_t i = 0; i < listing.versions.size(); ++i) {
    const ListedVersion& version = listing.versions[i];
    EXPECT_EQ(version.newest, i == 0);
    if (version.entry.marker) ++markers;
    if (i > 0) EXPECT_LT(version.entry.sequence, listing.versions[i - 1].entry.sequence);
  }
  EXPECT_EQ(markers, 32U);
  EXPECT_TRUE(listing.versions.front().entry.marker);
}

// --- Against a model -------------------------------------------------------------------------

struct ModelVersion {
  std::string name;
  Bytes bytes;
  bool marker = false;
};

// What a bucket with versions is, by definition: the versions of each key, the newest first.
struct Model {
  Versioning versioning = Versioning::off;
  std::map<std::string, std::vector<ModelVersion>> keys;

  void add(const std::string& key, ModelVersion version) {
    auto& all = keys[key];
    if (versioning != Versioning::enabled) {
      std::erase_if(all, [](const ModelVersion& v) { return v.name == "null"; });
    }
    all.insert(all.begin(), std::move(version));
  }
  void remove(const std::string& key, const std::string& name) {
    std::erase_if(keys[key], [&name](const ModelVersion& v) { return v.name == name; });
  }
};

class ModelTest : public VersionsTest {
 protected:
  void step() {
    const std::string key(1, static_cast<char>('a' + random_->next() % 4));
    switch (random_->next() % 12) {
      case 0:
        model_.versioning = random_->next() % 2 == 0 ? Versioning::enabled : Versioning::suspended;
        set(model_.versioning);
        break;
      case 1:
      case 2:
      case 3:
        remove_key(key);
        break;
      case 4:
      case 5:
      case 6:
        remove_version(key);
        break;
      case 7:
        open();
        break;
      default:
        put_key(key);
    }
    if (random_->next() % 2 == 0) clock_->advance(seconds(1));
  }

  void put_key(const std::string& key) {
    const Bytes bytes = random_bytes(random_->next() % 3 == 0 ? 20'000 : 10);
    const auto entry = put(key, bytes);
    ASSERT_TRUE(entry) << entry.error().message;
    EXPECT_EQ(entry->version.empty(), model_.versioning != Versioning::enabled);
    model_.add(key, {version_name(*entry), bytes});
  }

  void remove_key(const std::string& key) {
    const Removal removal = remove(key);
    if (model_.versioning == Versioning::off) {
      model_.keys.erase(key);
      EXPECT_FALSE(removal.marker);
      return;
    }
    ASSERT_TRUE(removal.marker);
    model_.add(key, {version_name(*removal.marker), "", true});
  }

  void remove_version(const std::string& key) {
    const auto& all = model_.keys[key];
    const std::string name = all.empty() ? "null" : all[random_->next() % all.size()].name;
    const bool there =
        std::ranges::any_of(all, [&name](const ModelVersion& v) { return v.name == name; });
    EXPECT_EQ(remove(key, name).removed.has_value(), there);
    model_.remove(key, name);
  }

  // Pages of every size give the model's versions, in its order.
  void compare_listing(size_t page) {
    ListVersionsRequest request{.bucket = "b", .limit = page};
    std::vector<ListedVersion> listed;
    for (;;) {
      const auto listing = objects_->versions(request);
      ASSERT_TRUE(listing) << listing.error().message;
      for (const ListedVersion& version : listing->versions) listed.push_back(version);
      if (!listing->truncated) break;
      request.after_key = listing->last_key;
      request.after_version = listing->last_version;
    }
    size_t at = 0;
    for (const auto& [key, all] : model_.keys) {
      for (size_t i = 0; i < all.size(); ++i, ++at) {
        ASSERT_LT(at, listed.size());
        EXPECT_EQ(listed[at].entry.object_key, key);
        EXPECT_EQ(version_name(listed[at].entry), all[i].name);
        EXPECT_EQ(listed[at].entry.marker, all[i].marker);
        EXPECT_EQ(listed[at].newest, i == 0);
      }
    }
    EXPECT_EQ(at, listed.size());
  }

  void compare() {
    compare_listing(1 + random_->next() % 4);
    compare_listing(1'000);
    size_t blobs = 0;
    std::vector<std::string> current;
    for (const auto& [key, all] : model_.keys) {
      const bool shown = !all.empty() && !all.front().marker;
      if (shown) current.push_back(key);
      EXPECT_EQ(shown ? get(key) : Result<Bytes>(""), shown ? all.front().bytes : "");
      if (!shown) EXPECT_EQ(get(key).error().kind, ErrorKind::not_found);
      for (const ModelVersion& version : all) {
        if (version.bytes.size() > limits_.inline_bytes_max) ++blobs;
        const auto bytes = get_version(key, version.name);
        EXPECT_EQ(bytes.has_value(), !version.marker);
        if (bytes) EXPECT_EQ(*bytes, version.bytes);
      }
    }
    EXPECT_EQ(files("blobs"), blobs);
    std::vector<std::string> listed;
    for (const Entry& entry : list("", "")->entries) listed.push_back(entry.object_key);
    EXPECT_EQ(listed, current);
  }

  Model model_;
};

TEST_F(ModelTest, AnySequenceOfChangesLeavesWhatTheModelHas) {
  for (int i = 0; i < 250; ++i) {
    step();
    if (i % 16 == 0) compare();
    if (HasFailure()) {
      ADD_FAILURE() << "after step " << i;
      return;
    }
  }
  compare();
  // Emptied, the bucket can go.
  for (const auto& [key, all] : model_.keys) {
    for (const ModelVersion& version : all) remove(key, version.name);
  }
  EXPECT_TRUE(run(objects_->remove_bucket("b")));
  EXPECT_EQ(files("blobs"), 0U);
}

}  // namespace
}  // namespace millrace::objects
