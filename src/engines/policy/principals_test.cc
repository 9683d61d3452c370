#include "engines/policy/principals.h"

#include <gtest/gtest.h>

#include "engines/policy/identities.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "store/test_folder.h"

namespace millrace::policy {
namespace {

constexpr Time kStart{std::chrono::sys_days{std::chrono::year{2026} / 11 / 22}};

class Principals : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    auto opened = store::Database::open({.path = folder_.path() / "rows", .clock = clock_.get()});
    ASSERT_TRUE(opened) << opened.error().message;
    db_ = std::move(*opened);
    store::Txn txn = db_->begin();
    for (const char* account : {"000000000000", "111111111111"}) {
      put_key(txn, AccessKey{.id = std::string("AKIA") + account,
                             .account = account,
                             .user = {},
                             .secret = "secret"});
    }
    put_key(
        txn,
        AccessKey{.id = "AKIAANN", .account = "222222222222", .user = "ann", .secret = "secret"});
    txn.put(kUsers, User{.account = "000000000000", .name = "ann", .path = "/"});
    txn.put(kUsers, User{.account = "000000000000", .name = "bob", .path = "/a/b/"});
    txn.put(kRoles, Role{.account = "111111111111", .name = "reader", .path = "/"});
    ASSERT_TRUE(runtime::run_task(loop_, txn.commit()));
  }

  bool knows(std::string_view name) {
    store::Txn txn = db_->begin();
    const Result<bool> known = is_known_principal(txn, name);
    EXPECT_TRUE(known) << known.error().message;
    return known && *known;
  }

  store::TestFolder folder_;
  runtime::Loop loop_;
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(kStart);
  std::unique_ptr<store::Database> db_;
};

TEST_F(Principals, AccountsHaveARoot) {
  store::Txn txn = db_->begin();
  EXPECT_EQ(*accounts(txn), (std::vector<std::string>{"000000000000", "111111111111"}));
  EXPECT_TRUE(knows("111111111111"));
  EXPECT_TRUE(knows("arn:aws:iam::111111111111:root"));
  EXPECT_FALSE(knows("222222222222"));
  EXPECT_FALSE(knows("arn:aws:iam::222222222222:root"));
  EXPECT_FALSE(knows("11111111111"));
}

TEST_F(Principals, UsersAndRolesAreFoundByNameAndPath) {
  EXPECT_TRUE(knows("arn:aws:iam::000000000000:user/ann"));
  EXPECT_TRUE(knows("arn:aws:iam::000000000000:user/a/b/bob"));
  EXPECT_TRUE(knows("arn:aws:iam::111111111111:role/reader"));
  EXPECT_TRUE(knows("arn:aws:sts::111111111111:assumed-role/reader/anything"));
  EXPECT_TRUE(knows("arn:aws:sts::111111111111:federated-user/me"));
  EXPECT_TRUE(knows("AIDAABCDEFGHIJKLMNOPQ"));
  for (const char* nobody :
       {"arn:aws:iam::000000000000:user/bob", "arn:aws:iam::000000000000:user/a/b/ann",
        "arn:aws:iam::111111111111:user/ann", "arn:aws:iam::000000000000:role/reader",
        "arn:aws:sts::111111111111:assumed-role/reader", "arn:aws:iam::000000000000:user/*",
        "arn:aws:sts::111111111111:assumed-role/writer/me", "arn:aws:iam::000000000000:group/ann",
        "arn:aws:iam:us-east-1:000000000000:user/ann", "arn:aws-cn:iam::000000000000:user/ann",
        "arn:aws:iam::000000000000", "arn:aws:iam::000000000000:user/", "arn", "", "ann", "*",
        "AIDAX", "arn:aws:s3:::bucket"}) {
    EXPECT_FALSE(knows(nobody)) << nobody;
  }
}

}  // namespace
}  // namespace millrace::policy
