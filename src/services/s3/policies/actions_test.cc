#include "services/s3/policies/actions.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "services/s3/policies/bucket_policy.h"
#include "services/s3/policies/lists.h"
#include "services/s3/policies/policy_words.h"

namespace millrace::s3 {
namespace {

// Who adds an operation says what it needs; what is not in the table only the owner's root may.
TEST(Actions, EveryOperationThatIsServedStandsInTheTable) {
  for (const wire::Operation& operation : tables::kService.operations) {
    if (operation.name == "DeleteObjects") continue;  // Asks for each of its keys.
    EXPECT_NE(permission_of(operation.name), nullptr) << operation.name;
  }
  EXPECT_EQ(permission_of("Nothing"), nullptr);
}

TEST(Actions, OfVersionsAreTheirOwn) {
  EXPECT_EQ(permission_of("GetObject")->action, "s3:GetObject");
  EXPECT_EQ(permission_of("GetObject")->versioned, "s3:GetObjectVersion");
  EXPECT_EQ(permission_of("DeleteBucketCors")->action, "s3:PutBucketCORS");
  EXPECT_EQ(permission_of("HeadBucket")->action, "s3:ListBucket");
}

std::string cause(std::string_view statement) {
  const auto checked = check_bucket_policy(
      R"({"Version":"2012-10-17","Statement":)" + std::string(statement) + "}", "bucket");
  return checked ? "" : checked.error().message;
}

TEST(BucketPolicies, AreOfTheirBucketOnly) {
  const auto with = [](std::string_view action, std::string_view resource) {
    return cause(R"({"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":")" +
                 std::string(action) + R"(","Resource":")" + std::string(resource) + "\"}");
  };
  EXPECT_EQ(with("s3:GetObject", "arn:aws:s3:::bucket/*"), "");
  EXPECT_EQ(with("s3:*", "arn:aws:s3:::bucket"), "");
  EXPECT_EQ(with("s3:ListBucket", "arn:aws:s3:::buck*"), "");
  EXPECT_EQ(with("s3:GetObject", "arn:aws:s3:::bucke/*"), "Policy has invalid resource");
  EXPECT_EQ(with("s3:GetObject", "*"), "Policy has invalid resource");
  EXPECT_EQ(with("s3:GetObject", "arn:aws:s3:::bucket"),
            "Action does not apply to any resource(s) in statement");
  EXPECT_EQ(with("s3:ListBucket", "arn:aws:s3:::bucket/x"),
            "Action does not apply to any resource(s) in statement");
  EXPECT_EQ(with("iam:GetUser", "arn:aws:s3:::bucket"), "Policy has invalid action");
}

TEST(BucketPolicies, KnowTheActionsOfTheTable) {
  const auto known = [](std::string_view name) {
    return std::ranges::find(policy_actions(), name, &PolicyAction::name) != policy_actions().end();
  };
  for (const Permission& permission : permissions()) {
    for (const std::string_view name : {permission.action, permission.versioned, permission.also}) {
      EXPECT_TRUE(name.empty() || known(name)) << name;
    }
  }
}

TEST(BucketPolicies, NameActionsAndKeysThatAre) {
  const auto with = [](std::string_view action, std::string_view key) {
    return cause(R"({"Effect":"Deny","Principal":"*","Action":[)" + std::string(action) +
                 R"(],"Resource":["arn:aws:s3:::bucket","arn:aws:s3:::bucket/*"],"Condition":
                 {"StringEquals":{")" +
                 std::string(key) + R"(":"x"}}})");
  };
  constexpr std::string_view kMixed =
      "Conditions do not apply to combination of actions and resources in statement";
  EXPECT_EQ(with(R"("s3:GetObjekt")", "aws:username"), "Policy has invalid action");
  EXPECT_EQ(with(R"("s3:Got*")", "aws:username"), "Policy has invalid action");
  EXPECT_EQ(with(R"("S3:getobject","s3:Get*","s3:???Object")", "aws:username"), "");
  EXPECT_EQ(with(R"("s3:ListBucket")", "s3:prefix"), "");
  EXPECT_EQ(with(R"("s3:*")", "S3:Prefix"), "");
  EXPECT_EQ(with(R"("s3:ListBucket","s3:GetObject")", "s3:prefix"), kMixed);
  EXPECT_EQ(with(R"("s3:ListBucket")", "s3:ExistingObjectTag/team"), kMixed);
  EXPECT_EQ(with(R"("s3:GetObject")", "s3:ExistingObjectTag/team"), "");
  EXPECT_EQ(with(R"("s3:GetObject")", "aws:PrincipalTag/team"), "");
  for (const char* unknown : {"s3:nothing", "aws:nothing", "s3:ExistingObjectTag/", "prefix",
                              "iam:PassedToService", ""}) {
    EXPECT_EQ(with(R"("s3:GetObject")", unknown), "Policy has an invalid condition key") << unknown;
  }
}

TEST(BucketPolicies, HaveLimits) {
  const std::string large = "{" + std::string(kPolicyBytesMax, ' ') + "}";
  EXPECT_EQ(check_bucket_policy(large, "bucket").error().code, "MalformedPolicy");
  EXPECT_EQ(check_bucket_policy("", "bucket").error().code, "MalformedPolicy");
  EXPECT_EQ(check_bucket_policy("{\"Statement\":", "bucket").error().code, "MalformedPolicy");
}

bool public_with(std::string_view principal, std::string_view condition) {
  const auto document = policy::read_document(
      R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject",
          "Resource":"arn:aws:s3:::bucket/*","Principal":)" +
      std::string(principal) + R"(,"Condition":)" + std::string(condition) + "}}");
  EXPECT_TRUE(document);
  return document && is_public(*document);
}

TEST(BucketPolicies, ArePublicUnlessSomethingNarrowsEverybody) {
  EXPECT_TRUE(public_with("\"*\"", "{}"));
  EXPECT_FALSE(public_with(R"({"AWS":"111111111111"})", "{}"));
  EXPECT_FALSE(public_with("\"*\"", R"({"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}})"));
  EXPECT_TRUE(public_with("\"*\"", R"({"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}})"));
  EXPECT_FALSE(public_with("\"*\"", R"({"StringEquals":{"aws:PrincipalOrgID":"o-1"}})"));
  EXPECT_TRUE(public_with("\"*\"", R"({"StringLike":{"aws:PrincipalOrgID":"o-*"}})"));
  EXPECT_TRUE(public_with("\"*\"", R"({"StringNotEquals":{"aws:SourceVpc":"vpc-1"}})"));
  EXPECT_TRUE(public_with("\"*\"", R"({"StringEqualsIfExists":{"aws:SourceVpc":"vpc-1"}})"));
  EXPECT_TRUE(public_with("\"*\"", R"({"StringEquals":{"aws:UserAgent":"curl"}})"));
}

TEST(Lists, SurviveTheirText) {
  const auto list = canned_list("public-read-write", owner_id("1"), true);
  ASSERT_TRUE(list);
  EXPECT_EQ(parse_list_text(list_text(*list)), *list);
  EXPECT_TRUE(is_public(*list));
  EXPECT_FALSE(is_public(private_list("x")));
  EXPECT_EQ(parse_list_text("READ"), std::nullopt);
  EXPECT_EQ(parse_list_text("READ\nx y\n"), std::nullopt);
}

TEST(Lists, OfHeadersNameGranteesOneByOne) {
  AccessList list;
  const std::string id = owner_id("1");
  ASSERT_TRUE(add_header_grants(list, "id=\"" + id + "\", uri=" + std::string(kAllUsers), "READ"));
  ASSERT_EQ(list.grants.size(), 2U);
  EXPECT_EQ(list.grants[0].grantee, id);
  EXPECT_EQ(list.grants[1].grantee, kAllUsers);
  EXPECT_TRUE(add_header_grants(list, " ", "READ"));
  for (const char* bad :
       {"x", "id", "id=1", "uri=\"http://other\"", "name=\"x\"", "emailAddress=\"a@b\""}) {
    EXPECT_FALSE(add_header_grants(list, bad, "READ")) << bad;
  }
  std::string many;
  for (size_t i = 0; i <= kGrantsMax; ++i) many += "id=" + id + ",";
  EXPECT_EQ(add_header_grants(list, many, "READ").error().code, "MalformedACLError");
}

}  // namespace
}  // namespace millrace::s3
