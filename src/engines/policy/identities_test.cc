#include "engines/policy/identities.h"

#include <gtest/gtest.h>

#include "runtime/log.h"
#include "runtime/loop.h"
#include "store/test_folder.h"

namespace millrace::policy {
namespace {

constexpr Time kStart{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}};
const std::string kAccount = "000000000000";

class IdentitiesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    open();
  }

  // Opens the rows anew, as after a crash: nothing but what was committed is there.
  void open() {
    identities_.reset();
    db_.reset();
    auto opened = store::Database::open({.path = folder_.path() / "rows", .clock = clock_.get()});
    ASSERT_TRUE(opened) << opened.error().message;
    db_ = std::move(*opened);
    identities_ = std::make_unique<Identities>(*db_, *clock_, *random_);
  }

  template <class Fill>
  void commit(Fill fill) {
    store::Txn txn = db_->begin();
    fill(txn);
    ASSERT_TRUE(runtime::run_task(loop_, txn.commit()));
  }

  User put_user(const std::string& name) {
    User user{.account = kAccount, .name = name, .id = identities_->make_id("AIDA"), .path = "/"};
    commit([&user](store::Txn& txn) { txn.put(kUsers, user); });
    return user;
  }

  AccessKey put_new_key(const std::string& user) {
    const AccessKey key = identities_->make_key(kAccount, user);
    commit([&key](store::Txn& txn) { put_key(txn, key); });
    return key;
  }

  void put_role(const std::string& name) {
    const Role role{
        .account = kAccount, .name = name, .id = identities_->make_id("AROA"), .path = "/jobs/"};
    commit([&role](store::Txn& txn) { txn.put(kRoles, role); });
  }

  Session start(SessionRequest request) {
    auto session = runtime::run_task_for(loop_, identities_->start_session(std::move(request)));
    EXPECT_TRUE(session) << session.error().message;
    return session ? *session : Session{};
  }

  std::optional<Identity> found(const std::string& id) {
    auto identity = identities_->find(id);
    EXPECT_TRUE(identity) << identity.error().message;
    return identity ? *identity : std::nullopt;
  }

  store::TestFolder folder_;
  runtime::Loop loop_;
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(kStart);
  std::unique_ptr<runtime::Random> random_ = runtime::make_seeded_random(7);
  std::unique_ptr<store::Database> db_;
  std::unique_ptr<Identities> identities_;
};

TEST_F(IdentitiesTest, AKeyStandsForItsUserAtOnceAndAfterARestart) {
  const User user = put_user("ann");
  const AccessKey key = put_new_key("ann");
  for (int opened = 0; opened < 2; ++opened) {
    const std::optional<Identity> identity = found(key.id);
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->secret, key.secret);
    EXPECT_EQ(identity->arn, "arn:aws:iam::000000000000:user/ann");
    EXPECT_EQ(identity->user_id, user.id);
    EXPECT_FALSE(identity->root);
    open();
  }
  EXPECT_FALSE(found("AKIANOBODYHASTHISKEY"));
}

TEST_F(IdentitiesTest, AnInactiveOrDeletedKeyIsNobodys) {
  put_user("ann");
  AccessKey key = put_new_key("ann");
  ASSERT_TRUE(found(key.id));
  key.active = false;
  commit([&key](store::Txn& txn) { put_key(txn, key); });
  identities_->forget(key.id);
  EXPECT_FALSE(found(key.id));

  const AccessKey second = put_new_key("ann");
  ASSERT_TRUE(found(second.id));
  commit([&second](store::Txn& txn) { erase_key(txn, second); });
  identities_->forget(second.id);
  EXPECT_FALSE(found(second.id));
  store::Txn txn = db_->begin();
  EXPECT_EQ(txn.scan(kKeyOwners, {})->size(), 1u);
}

TEST_F(IdentitiesTest, AKeyOfADeletedUserIsNobodys) {
  const User user = put_user("ann");
  const AccessKey key = put_new_key("ann");
  const Session session =
      start({.account = kAccount, .user = "ann", .role = {}, .session_name = {}});
  ASSERT_TRUE(found(key.id));
  ASSERT_TRUE(found(session.access_key_id));
  commit([&user](store::Txn& txn) { txn.erase(kUsers, user.key()); });
  identities_->forget_all();
  EXPECT_FALSE(found(key.id));
  EXPECT_FALSE(found(session.access_key_id));

  // Who comes later under the same name is somebody else.
  put_user("ann");
  EXPECT_FALSE(found(session.access_key_id));
}

TEST_F(IdentitiesTest, ASessionIsThatOfItsRole) {
  put_role("trainer");
  const Session session =
      start({.account = kAccount, .user = {}, .role = "trainer", .session_name = "night"});
  open();
  const std::optional<Identity> identity = found(session.access_key_id);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->arn, "arn:aws:sts::000000000000:assumed-role/trainer/night");
  EXPECT_EQ(identity->role_arn, "arn:aws:iam::000000000000:role/jobs/trainer");
  EXPECT_EQ(identity->token, session.token);
  EXPECT_EQ(identity->expires, kStart + seconds(3600));
  put_role("trainer");  // The id is another one now.
  identities_->forget_all();
  EXPECT_FALSE(found(session.access_key_id));
}

TEST_F(IdentitiesTest, NobodyStartsASessionOfAnUnknownRoleOrUser) {
  SessionRequest request{.account = kAccount, .user = {}, .role = "none", .session_name = "s"};
  auto of_role = runtime::run_task_for(loop_, identities_->start_session(request));
  ASSERT_FALSE(of_role);
  EXPECT_EQ(of_role.error().kind, ErrorKind::not_found);
  request = {.account = kAccount, .user = "none", .role = {}, .session_name = {}};
  auto of_user = runtime::run_task_for(loop_, identities_->start_session(request));
  ASSERT_FALSE(of_user);
  EXPECT_EQ(of_user.error().kind, ErrorKind::not_found);
}

TEST_F(IdentitiesTest, ExpiredSessionsAreToldSoForADayAndThenSwept) {
  const SessionRequest root{.account = kAccount, .user = {}, .role = {}, .session_name = {}};
  const Session first = start(root);
  clock_->advance(seconds(3601));
  ASSERT_TRUE(found(first.access_key_id));
  EXPECT_LT(*found(first.access_key_id)->expires, clock_->now());

  open();  // The end of a session is a row, not a timer in memory.
  clock_->advance(Identities::kExpiredKept);
  const Session second = start(root);
  store::Txn txn = db_->begin();
  EXPECT_FALSE(*txn.find(kSessions, {first.access_key_id}));
  EXPECT_TRUE(*txn.find(kSessions, {second.access_key_id}));
  EXPECT_EQ(txn.scan(kSessionExpiries, {})->size(), 1u);
}

TEST_F(IdentitiesTest, OneSweepIsBounded) {
  const SessionRequest root{.account = kAccount, .user = {}, .role = {}, .session_name = {}};
  for (size_t i = 0; i < Identities::kSweptMax + 3; ++i) start(root);
  clock_->advance(Identities::kExpiredKept + seconds(7200));
  start(root);
  store::Txn txn = db_->begin();
  EXPECT_EQ(txn.scan(kSessions, {})->size(), 4u);
}

TEST_F(IdentitiesTest, TheRootKeyIsDeclaredOnceAndReplaced) {
  for (const char* secret : {"one", "one", "two"}) {
    ASSERT_TRUE(runtime::run_task(loop_, identities_->declare_root(kAccount, "AKIAROOT", secret)));
    const std::optional<Identity> identity = found("AKIAROOT");
    ASSERT_TRUE(identity);
    EXPECT_EQ(identity->secret, secret);
    EXPECT_TRUE(identity->root);
    EXPECT_EQ(identity->arn, "arn:aws:iam::000000000000:root");
  }
  store::Txn txn = db_->begin();
  EXPECT_EQ(txn.scan(kKeyOwners, {})->size(), 1u);
}

}  // namespace
}  // namespace millrace::policy
