#include "engines/policy/holdings.h"

#include <gtest/gtest.h>

#include "engines/policy/aws_managed.h"
#include "engines/policy/identities.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "store/test_folder.h"

namespace millrace::policy {
namespace {

const std::string kAccount = "000000000000";

class HoldingsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    auto opened = store::Database::open({.path = folder_.path() / "rows", .clock = clock_.get()});
    ASSERT_TRUE(opened) << opened.error().message;
    db_ = std::move(*opened);
  }

  void commit(store::Txn txn) { ASSERT_TRUE(runtime::run_task(loop_, txn.commit())); }

  store::TestFolder folder_;
  runtime::Loop loop_;
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(Time{});
  std::unique_ptr<store::Database> db_;
};

TEST(PolicyArnTest, NamesOwnerPathAndName) {
  const auto own = parse_policy_arn("arn:aws:iam::000000000000:policy/team/a/Read");
  ASSERT_TRUE(own);
  EXPECT_EQ(own->owner, kAccount);
  EXPECT_EQ(own->path, "/team/a/");
  EXPECT_EQ(own->name, "Read");
  EXPECT_EQ(own->arn(), "arn:aws:iam::000000000000:policy/team/a/Read");
  EXPECT_EQ(parse_policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess")->path, "/");
  for (const char* text :
       {"", "arn:aws:iam::000000000000:role/r", "arn:aws:iam::000000000000:policy/",
        "arn:aws:iam::00:policy/P", "arn:aws:iam:us-east-1:000000000000:policy/P",
        "arn:aws:s3:::policy/P", "policy/P", "arn:aws:iam::000000000000:policy/a/"}) {
    EXPECT_FALSE(parse_policy_arn(text)) << text;
  }
}

TEST(AwsManagedTest, KnowsPathAndName) {
  EXPECT_TRUE(is_aws_managed("/", "AmazonSageMakerFullAccess"));
  EXPECT_TRUE(is_aws_managed("/service-role/", "AWSLambdaBasicExecutionRole"));
  EXPECT_FALSE(is_aws_managed("/", "AWSLambdaBasicExecutionRole"));
  EXPECT_FALSE(is_aws_managed("/", "Nothing"));
  EXPECT_FALSE(is_aws_managed("/", "ZZZ"));
}

TEST_F(HoldingsTest, ANameIsTakenWhateverItsCase) {
  store::Txn txn = db_->begin();
  EXPECT_TRUE(*claim_name(txn, kAccount, kRole, "Trainer"));
  EXPECT_TRUE(*claim_name(txn, kAccount, kUser, "trainer"));
  EXPECT_FALSE(*claim_name(txn, kAccount, kRole, "trainer"));
  commit(std::move(txn));
  EXPECT_EQ(*count_names(*db_, kAccount, kRole, 10), 1u);

  store::Txn again = db_->begin();
  EXPECT_FALSE(*claim_name(again, kAccount, kRole, "TRAINER"));
  release_name(again, kAccount, kRole, "Trainer");
  EXPECT_TRUE(*claim_name(again, kAccount, kRole, "TRAINER"));
  EXPECT_TRUE(*claim_name(again, kAccount, kRole, "other"));
  commit(std::move(again));
  EXPECT_EQ(*count_names(*db_, kAccount, kRole, 10), 2u);
  EXPECT_EQ(*count_names(*db_, kAccount, kRole, 1), 1u);
}

TEST_F(HoldingsTest, UsesFollowAttachments) {
  const Holder role{kAccount, std::string(kRole), "trainer"};
  const PolicyName read = *parse_policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess");
  store::Txn txn = db_->begin();
  attach(txn, role, read);
  attach(txn, {kAccount, std::string(kUser), "ann"}, read);
  use_as_boundary(txn, role, read);
  commit(std::move(txn));

  store::Txn second = db_->begin();
  EXPECT_EQ(count_uses(second, kAccount, read)->attachments, 2);
  EXPECT_EQ(count_uses(second, kAccount, read)->boundaries, 1);
  EXPECT_EQ(*count_attachments(second, role), 1u);
  EXPECT_TRUE(*is_attached(second, role, read));
  detach(second, role, read);
  end_boundary(second, role, read);
  commit(std::move(second));

  store::Txn third = db_->begin();
  EXPECT_EQ(count_uses(third, kAccount, read)->attachments, 1);
  EXPECT_EQ(count_uses(third, kAccount, read)->boundaries, 0);
  EXPECT_FALSE(*is_attached(third, role, read));
}

TEST_F(HoldingsTest, APolicyOfAnotherAccountOrPathDoesNotExist) {
  store::Txn txn = db_->begin();
  txn.put(kManagedPolicies, ManagedPolicy{.account = kAccount, .name = "Read", .path = "/a/"});
  EXPECT_TRUE(*policy_exists(txn, kAccount, {kAccount, "/a/", "Read"}));
  EXPECT_FALSE(*policy_exists(txn, kAccount, {kAccount, "/", "Read"}));
  EXPECT_FALSE(*policy_exists(txn, "111111111111", {kAccount, "/a/", "Read"}));
}

TEST_F(HoldingsTest, ARenamedUserKeepsWhatItHas) {
  const std::string boundary = "arn:aws:iam::aws:policy/PowerUserAccess";
  const User user{.account = kAccount,
                  .name = "ann",
                  .id = "AIDA1",
                  .path = "/",
                  .permissions_boundary = boundary};
  const Holder before{kAccount, std::string(kUser), "ann"};
  const Holder after{kAccount, std::string(kUser), "anna"};
  const PolicyName read = *parse_policy_arn("arn:aws:iam::aws:policy/ReadOnlyAccess");
  store::Txn txn = db_->begin();
  txn.put(kUsers, user);
  EXPECT_TRUE(*claim_name(txn, kAccount, kUser, "ann"));
  put_key(txn, AccessKey{.id = "AKIA1", .account = kAccount, .user = "ann"});
  attach(txn, before, read);
  use_as_boundary(txn, before, *parse_policy_arn(boundary));
  txn.put(kInlinePolicies, InlinePolicy{kAccount, before.kind, "ann", "own", "{ }"});
  commit(std::move(txn));

  store::Txn rename = db_->begin();
  ASSERT_TRUE(*claim_name(rename, kAccount, kUser, "anna"));
  ASSERT_TRUE(rename_user(rename, user, "anna"));
  commit(std::move(rename));

  store::Txn check = db_->begin();
  EXPECT_FALSE(*check.find(kUsers, {kAccount, "ann"}));
  EXPECT_EQ(check.get(kUsers, {kAccount, "anna"})->id, "AIDA1");
  EXPECT_EQ(check.get(kAccessKeys, {"AKIA1"})->user, "anna");
  EXPECT_EQ(check.scan(kKeyOwners, {})->front().user, "anna");
  EXPECT_TRUE(*is_attached(check, after, read));
  EXPECT_FALSE(*is_attached(check, before, read));
  EXPECT_EQ(*inline_bytes(check, after, ""), 2u);
  EXPECT_EQ(*inline_bytes(check, after, "own"), 0u);
  EXPECT_FALSE(*has_inline_policies(check, before));
  EXPECT_EQ(count_uses(check, kAccount, *parse_policy_arn(boundary))->boundaries, 1);
  EXPECT_TRUE(*claim_name(check, kAccount, kUser, "ann"));
}

}  // namespace
}  // namespace millrace::policy
