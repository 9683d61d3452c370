#include "engines/keys/keyring.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "engines/keys/limits.h"
#include "runtime/loop_thread.h"
#include "runtime/machine_time.h"
#include "runtime/nursery.h"
#include "store/test_folder.h"

namespace millrace::keys {
namespace {

const Realm kRealm{"000000000000", "us-east-1"};
const Time kStart{std::chrono::hours(24 * 365 * 50)};
constexpr std::chrono::days kDay{1};

class KeyringTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Database::open({.path = folder_.path() / "rows"});
    ASSERT_TRUE(opened) << opened.error().message;
    db_ = std::move(*opened);
    auto root = load();
    ASSERT_TRUE(root) << root.error().message;
    keyring_.emplace(*db_, *clock_, *random_, std::move(*root));
  }
  Result<RootKey> load() { return load_root_key(*disk_, *random_, *db_, folder_.path()); }
  runtime::Path root_file() const { return folder_.path() / "root-key"; }

  MasterKey stored_key() {
    MasterKey key = keyring_->make_key(kRealm);
    put(key);
    return key;
  }
  void put(const MasterKey& key) {
    store::Txn txn = db_->begin();
    ASSERT_TRUE(Keyring::put(txn, key));
    runtime::Loop loop;
    ASSERT_TRUE(runtime::run_task(loop, txn.commit()));
  }
  std::optional<MasterKey> find(const MasterKey& key) {
    store::Txn txn = db_->begin();
    auto found = txn.find(kMasterKeys, key.key());
    EXPECT_TRUE(found.has_value());
    return *found;
  }
  Result<Secret> open(const MasterKey& key, BytesView blob, const Context& context = {}) {
    const auto parsed = parse_ciphertext(blob);
    EXPECT_TRUE(parsed.has_value());
    return keyring_->open(key, *parsed, context);
  }

  store::TestFolder folder_;
  std::unique_ptr<runtime::Disk> disk_ = runtime::make_disk();
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(kStart);
  std::unique_ptr<runtime::Random> random_ = runtime::make_seeded_random(5);
  std::unique_ptr<store::Database> db_;
  std::optional<Keyring> keyring_;
};

TEST_F(KeyringTest, WhatIsSealedOpensUnderTheSameKeyAndContextOnly) {
  const MasterKey key = keyring_->make_key(kRealm);
  const auto blob = keyring_->seal(key, "plain", {{"a", "b"}, {"c", ""}});
  ASSERT_TRUE(blob);
  EXPECT_EQ(blob->find("plain"), Bytes::npos);
  EXPECT_EQ(parse_ciphertext(*blob)->key_id, key.id);
  EXPECT_EQ(open(key, *blob, {{"c", ""}, {"a", "b"}})->view(), "plain");
  EXPECT_EQ(open(key, *blob).error().kind, ErrorKind::invalid);
  EXPECT_FALSE(open(key, *blob, {{"a", "b"}}));
  EXPECT_FALSE(open(key, *blob, {{"a", "bc"}, {"", ""}}));
  MasterKey elsewhere = key;
  elsewhere.realm.region = "eu-west-1";
  EXPECT_FALSE(open(elsewhere, *blob, {{"a", "b"}, {"c", ""}}));
  MasterKey other = keyring_->make_key(kRealm);
  other.id = key.id;
  EXPECT_FALSE(open(other, *blob, {{"a", "b"}, {"c", ""}}));
}

TEST_F(KeyringTest, EveryFlippedBitIsFound) {
  const MasterKey key = keyring_->make_key(kRealm);
  const Bytes blob = *keyring_->seal(key, "0123456789abcdef", {});
  for (size_t bit = 0; bit < blob.size() * 8; ++bit) {
    Bytes torn = blob;
    torn[bit / 8] = static_cast<char>(torn[bit / 8] ^ 1 << bit % 8);
    const auto parsed = parse_ciphertext(torn);
    if (!parsed || parsed->key_id != key.id) continue;
    ASSERT_FALSE(keyring_->open(key, *parsed, {})) << bit;
  }
  for (size_t size = 0; size < blob.size(); ++size) {
    const auto parsed = parse_ciphertext(BytesView(blob).substr(0, size));
    if (parsed) ASSERT_FALSE(keyring_->open(key, *parsed, {})) << size;
  }
}

TEST_F(KeyringTest, SealingTwiceDiffersAndLengthIsLimited) {
  const MasterKey key = keyring_->make_key(kRealm);
  EXPECT_NE(*keyring_->seal(key, "same", {}), *keyring_->seal(key, "same", {}));
  EXPECT_TRUE(keyring_->seal(key, Bytes(kPlaintextBytesMax, 'x'), {}));
  EXPECT_EQ(keyring_->seal(key, Bytes(kPlaintextBytesMax + 1, 'x'), {}).error().kind,
            ErrorKind::invalid);
}

TEST_F(KeyringTest, OldMaterialsOpenAfterRotation) {
  MasterKey key = keyring_->make_key(kRealm);
  const Bytes before = *keyring_->seal(key, "old", {});
  ASSERT_TRUE(keyring_->rotate(key, RotationCause::demand));
  const Bytes after = *keyring_->seal(key, "new", {});
  EXPECT_EQ(parse_ciphertext(before)->material, 1U);
  EXPECT_EQ(parse_ciphertext(after)->material, 2U);
  EXPECT_EQ(open(key, before)->view(), "old");
  EXPECT_EQ(open(key, after)->view(), "new");
}

TEST_F(KeyringTest, MaterialsOfOneKeyDoNotOpenAsAnothers) {
  MasterKey key = keyring_->make_key(kRealm);
  const MasterKey other = keyring_->make_key(kRealm);
  key.materials = other.materials;
  EXPECT_EQ(keyring_->seal(key, "x", {}).error().kind, ErrorKind::internal);
}

TEST_F(KeyringTest, RootKeyIsAFileOfItsOwnerAndIsFoundAgain) {
  struct stat st{};
  ASSERT_EQ(::stat(root_file().c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600U);
  const auto again = load();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->fingerprint(), keyring_->root().fingerprint());
}

TEST_F(KeyringTest, AnotherRootKeyOrNoneIsRefused) {
  const runtime::Path aside = root_file().string() + ".aside";
  std::filesystem::rename(root_file(), aside);
  EXPECT_EQ(load().error().kind, ErrorKind::not_found);
  EXPECT_FALSE(std::filesystem::exists(root_file()));
  const Bytes another = "millrace root key 1\n" + Bytes(64, 'a') + "\n";
  ASSERT_TRUE(runtime::write_file_durably(*disk_, root_file(), another));
  EXPECT_EQ(load().error().kind, ErrorKind::invalid);
  for (const Bytes& text : {Bytes(), Bytes("millrace root key 1\n"), another + "x",
                            "millrace root key 2\n" + Bytes(64, 'a') + "\n"}) {
    ASSERT_TRUE(runtime::write_file_durably(*disk_, root_file(), text));
    EXPECT_EQ(load().error().kind, ErrorKind::invalid);
  }
  std::filesystem::rename(aside, root_file());
  ASSERT_EQ(::chmod(root_file().c_str(), 0640), 0);
  EXPECT_EQ(load().error().kind, ErrorKind::denied);
}

TEST_F(KeyringTest, PlatformKeyIsMadeOnce) {
  runtime::Loop loop;
  const auto first =
      runtime::run_task_for(loop, keyring_->platform_key(kRealm, "alias/aws/s3", "d", "{}"));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->maker, Maker::platform);
  const auto second =
      runtime::run_task_for(loop, keyring_->platform_key(kRealm, "alias/aws/s3", "d", "{}"));
  EXPECT_EQ(second->id, first->id);
}

// The timers on a loop of their own, as the platform runs them.
class KeyTimersTest : public KeyringTest {
 protected:
  void SetUp() override {
    KeyringTest::SetUp();
    timers_.emplace(*db_, *clock_);
    keyring_->subscribe(*timers_);
    timers_->start(nursery_);
  }
  void TearDown() override {
    ASSERT_TRUE(runtime::run_task(thread_.loop(), nursery_.close(), true));
  }
  // Moves the clock until the stored key is as `wanted` says.
  template <class Wanted>
  void await(const MasterKey& key, Wanted wanted) {
    const auto deadline = runtime::monotonic_now() + seconds(20);
    while (!wanted(find(key))) {
      ASSERT_LT(runtime::monotonic_now(), deadline);
      std::this_thread::yield();
    }
  }

  runtime::LoopThread thread_{"timers"};
  runtime::Nursery nursery_{thread_.loop()};
  std::optional<store::Timers> timers_;
};

TEST_F(KeyTimersTest, KeyAndItsAliasesGoWhenTheirTimeHasCome) {
  MasterKey key = stored_key();
  const MasterKey other = stored_key();
  {
    store::Txn txn = db_->begin();
    put_alias(txn, {kRealm, "alias/gone", key.id, {}, {}});
    put_alias(txn, {kRealm, "alias/stays", other.id, {}, {}});
    runtime::Loop loop;
    ASSERT_TRUE(runtime::run_task(loop, txn.commit()));
  }
  key.state = KeyState::pending_deletion;
  key.deletion = kStart + 7 * kDay;
  put(key);
  clock_->advance(6 * kDay);
  EXPECT_TRUE(find(key));
  clock_->advance(kDay + seconds(1));
  await(key, [](const auto& row) { return !row; });
  store::Txn txn = db_->begin();
  EXPECT_FALSE(*txn.find(kAliases, {kRealm, "alias/gone"}));
  EXPECT_TRUE(*txn.find(kAliases, {kRealm, "alias/stays"}));
  EXPECT_TRUE(find(other));
}

TEST_F(KeyTimersTest, KeyRotatesOnTheClock) {
  MasterKey key = stored_key();
  key.rotation_period = 90 * kDay;
  key.next_rotation = kStart + 90 * kDay;
  put(key);
  clock_->advance(91 * kDay);
  await(key, [](const auto& row) { return row && row->materials.size() == 2; });
  const MasterKey rotated = *find(key);
  EXPECT_EQ(rotated.materials.back().cause, RotationCause::schedule);
  EXPECT_EQ(*rotated.next_rotation, kStart + 181 * kDay);
}

}  // namespace
}  // namespace millrace::keys
