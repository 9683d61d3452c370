#include "engines/policy/permissions.h"

#include <gtest/gtest.h>

#include "engines/policy/aws_managed.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "store/test_folder.h"

namespace millrace::policy {
namespace {

const std::string kAccount = "000000000000";
constexpr std::string_view kReads =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}})";

class PermissionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    auto opened = store::Database::open({.path = folder_.path() / "rows", .clock = clock_.get()});
    ASSERT_TRUE(opened) << opened.error().message;
    db_ = std::move(*opened);
    identities_ = std::make_unique<Identities>(*db_, *clock_, *random_);
    permissions_ = std::make_unique<Permissions>(*db_, *identities_);
    store::Txn txn = db_->begin();
    txn.put(kUsers, User{.account = kAccount,
                         .name = "ann",
                         .id = "AIDA1",
                         .path = "/team/",
                         .created = {},
                         .tags = {{"team", "blue"}},
                         .permissions_boundary = {}});
    txn.put(kRoles, Role{.account = kAccount,
                         .name = "reader",
                         .id = "AROA1",
                         .path = "/",
                         .trust_policy = {},
                         .description = {}});
    commit(std::move(txn));
  }

  void commit(store::Txn txn) { ASSERT_TRUE(runtime::run_task(loop_, txn.commit())); }

  bool may_read(const Subject& subject) {
    const auto policies = permissions_->of(subject);
    EXPECT_TRUE(policies);
    return policies && evaluate(*policies, {.subject = subject,
                                            .action = "s3:GetObject",
                                            .resource = "arn:aws:s3:::b/k",
                                            .resource_account = kAccount,
                                            .context = {}})
                           .allowed;
  }
  void give(std::string_view kind, std::string_view holder, std::string_view document) {
    store::Txn txn = db_->begin();
    txn.put(kInlinePolicies, InlinePolicy{kAccount, std::string(kind), std::string(holder), "p",
                                          std::string(document)});
    commit(std::move(txn));
  }

  const Subject ann_{
      .account = kAccount, .arn = "arn:aws:iam::000000000000:user/team/ann", .user_id = "AIDA1"};
  const Subject reader_{.account = kAccount,
                        .arn = "arn:aws:sts::000000000000:assumed-role/reader/s",
                        .role_arn = "arn:aws:iam::000000000000:role/reader",
                        .user_id = "AROA1:s"};
  store::TestFolder folder_;
  runtime::Loop loop_;
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(Time{});
  std::unique_ptr<runtime::Random> random_ = runtime::make_seeded_random(1);
  std::unique_ptr<store::Database> db_;
  std::unique_ptr<Identities> identities_;
  std::unique_ptr<Permissions> permissions_;
};

TEST_F(PermissionsTest, InlinePoliciesCountFromTheirCommitOn) {
  EXPECT_FALSE(may_read(ann_));
  give(kUser, "ann", kReads);
  EXPECT_TRUE(may_read(ann_));
  EXPECT_FALSE(may_read(reader_));
  store::Txn txn = db_->begin();
  txn.erase(kInlinePolicies, {kAccount, std::string(kUser), "ann", "p"});
  commit(std::move(txn));
  EXPECT_FALSE(may_read(ann_));
}

TEST_F(PermissionsTest, ManagedPoliciesOfAwsAndOfTheAccountCount) {
  const Holder holder = holder_of(reader_);
  EXPECT_EQ(holder.kind, kRole);
  EXPECT_EQ(holder.name, "reader");
  const PolicyName aws = *parse_policy_arn("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess");
  store::Txn txn = db_->begin();
  attach(txn, holder, aws);
  commit(std::move(txn));
  EXPECT_TRUE(may_read(reader_));
  txn = db_->begin();
  detach(txn, holder, aws);
  const PolicyName own = *parse_policy_arn("arn:aws:iam::000000000000:policy/Own");
  txn.put(kManagedPolicies, ManagedPolicy{.account = kAccount,
                                          .name = "Own",
                                          .id = "ANPA1",
                                          .path = "/",
                                          .description = {},
                                          .default_version = 2});
  txn.put(kPolicyVersions, PolicyVersion{kAccount, "Own", 2, std::string(kReads)});
  attach(txn, holder, own);
  commit(std::move(txn));
  EXPECT_TRUE(may_read(reader_));
}

TEST_F(PermissionsTest, ABoundaryWhoseDocumentIsNotKnownAllowsNothing) {
  give(kUser, "ann", kReads);
  store::Txn txn = db_->begin();
  User ann = *txn.get(kUsers, {kAccount, "ann"});
  ann.permissions_boundary = "arn:aws:iam::aws:policy/AmazonECS_FullAccess";
  txn.put(kUsers, ann);
  commit(std::move(txn));
  EXPECT_FALSE(may_read(ann_));
}

TEST_F(PermissionsTest, ASessionIsLimitedByItsPolicies) {
  give(kRole, "reader", kReads);
  const auto limited = [&](std::vector<std::string> policies) {
    const auto session =
        runtime::run_task_for(loop_, identities_->start_session({.account = kAccount,
                                                                 .user = {},
                                                                 .role = "reader",
                                                                 .session_name = "s",
                                                                 .policies = std::move(policies)}));
    EXPECT_TRUE(session);
    Subject subject = reader_;
    subject.role_arn.clear();
    EXPECT_TRUE(permissions_->complete(subject, session->access_key_id));
    EXPECT_EQ(subject.role_arn, "arn:aws:iam::000000000000:role/reader");
    return may_read(subject);
  };
  EXPECT_TRUE(limited({}));
  EXPECT_TRUE(limited({std::string(kReads)}));
  EXPECT_FALSE(limited({R"({"Version":"2012-10-17","Statement":
                           {"Effect":"Allow","Action":"s3:Put*","Resource":"*"}})"}));
}

TEST_F(PermissionsTest, ADamagedPolicyIsAnErrorAndNoPermission) {
  give(kUser, "ann", "{");
  EXPECT_EQ(permissions_->of(ann_).error().kind, ErrorKind::internal);
}

TEST_F(PermissionsTest, TheSubjectIsDescribed) {
  Context context;
  ASSERT_TRUE(permissions_->describe(ann_, context));
  EXPECT_EQ(*context.single("aws:username"), "ann");
  EXPECT_EQ(*context.single("aws:PrincipalTag/team"), "blue");
  EXPECT_EQ(*context.single("aws:PrincipalType"), "User");
  Context of_role;
  ASSERT_TRUE(permissions_->describe(reader_, of_role));
  EXPECT_EQ(*of_role.single("aws:PrincipalArn"), "arn:aws:iam::000000000000:role/reader");
  EXPECT_EQ(of_role.find("aws:username"), nullptr);
  Context of_nobody;
  ASSERT_TRUE(permissions_->describe({}, of_nobody));
  EXPECT_EQ(*of_nobody.single("aws:PrincipalType"), "Anonymous");
  EXPECT_EQ(of_nobody.find("aws:PrincipalArn"), nullptr);
}

TEST(AwsManagedDocuments, CanAllBeRead) {
  size_t known = 0;
  for (const AwsManagedPolicy& policy : aws_managed_policies()) {
    const std::string_view text = aws_managed_document(policy.name);
    if (text.empty()) continue;
    ++known;
    EXPECT_TRUE(read_document(text)) << policy.name;
  }
  EXPECT_GT(known, 15U);
}

}  // namespace
}  // namespace millrace::policy
