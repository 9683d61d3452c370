#include "engines/policy/evaluate.h"

#include <gtest/gtest.h>

namespace millrace::policy {
namespace {

constexpr std::string_view kHere = "111111111111";
constexpr std::string_view kElsewhere = "222222222222";
constexpr std::string_view kUserArn = "arn:aws:iam::111111111111:user/team/ann";
constexpr std::string_view kRoleArn = "arn:aws:iam::111111111111:role/reader";
constexpr std::string_view kSessionArn = "arn:aws:sts::111111111111:assumed-role/reader/s";

DocumentPtr document(std::string_view statements) {
  const auto read =
      read_document(R"({"Version":"2012-10-17","Statement":[)" + std::string(statements) + "]}");
  EXPECT_TRUE(read) << read.error().message;
  return std::make_shared<const Document>(read ? *read : Document{});
}

DocumentPtr allow_all() { return document(R"({"Effect":"Allow","Action":"*","Resource":"*"})"); }
DocumentPtr nothing() { return document(R"({"Effect":"Allow","Action":"x:Y","Resource":"*"})"); }

// A policy of the resource that allows `principal`, which is JSON.
DocumentPtr for_principal(std::string_view principal, std::string_view effect = "Allow") {
  return document(R"({"Effect":")" + std::string(effect) + R"(","Principal":)" +
                  std::string(principal) + R"(,"Action":"s3:*","Resource":"*"})");
}

Subject user() {
  return {.account = std::string(kHere), .arn = std::string(kUserArn), .user_id = "AIDA1"};
}
Subject session() {
  return {.account = std::string(kHere),
          .arn = std::string(kSessionArn),
          .role_arn = std::string(kRoleArn),
          .user_id = "AROA1:s"};
}
Subject root() {
  return {.account = std::string(kHere),
          .arn = "arn:aws:iam::111111111111:root",
          .user_id = std::string(kHere),
          .root = true};
}

Request request(Subject subject, std::string_view owner = kHere) {
  return {.subject = std::move(subject),
          .action = "s3:GetObject",
          .resource = "arn:aws:s3:::b/k",
          .resource_account = std::string(owner)};
}

std::string why(const Policies& policies, const Request& asked) {
  const Decision decision = evaluate(policies, asked);
  if (decision.allowed) return "";
  return describe_denial(asked, decision);
}

const std::string kIntro =
    "User: arn:aws:iam::111111111111:user/team/ann is not authorized to perform: s3:GetObject on "
    "resource: \"arn:aws:s3:::b/k\" ";

TEST(EvaluateTest, WithoutAnAllowAllIsDenied) {
  EXPECT_EQ(why({}, request(user())),
            kIntro + "because no identity-based policy allows the s3:GetObject action");
  EXPECT_EQ(why({.identity = {nothing()}}, request(user())),
            kIntro + "because no identity-based policy allows the s3:GetObject action");
  EXPECT_EQ(why({.identity = {nothing(), allow_all()}}, request(user())), "");
}

TEST(EvaluateTest, AnExplicitDenyWins) {
  const DocumentPtr deny = document(R"({"Effect":"Deny","Action":"s3:Get*","Resource":"*"})");
  EXPECT_EQ(why({.identity = {allow_all(), deny}}, request(user())),
            kIntro + "with an explicit deny in an identity-based policy");
  EXPECT_EQ(
      why({.identity = {allow_all()}, .resource = for_principal("\"*\"", "Deny")}, request(user())),
      kIntro + "with an explicit deny in a resource-based policy");
  EXPECT_EQ(why({.identity = {allow_all()}, .boundary = deny}, request(user())),
            kIntro + "with an explicit deny in a permissions boundary");
  EXPECT_EQ(
      why({.identity = {allow_all()}, .session = {deny}, .has_session = true}, request(user())),
      kIntro + "with an explicit deny in a session policy");
}

TEST(EvaluateTest, ActionsAndResourcesMayBeNamedByWhatTheyAreNot) {
  const auto allowed = [](std::string_view statement) {
    return evaluate({.identity = {document(statement)}}, request(user())).allowed;
  };
  EXPECT_TRUE(allowed(R"({"Effect":"Allow","Action":["a:B","S3:GETobject"],
                          "Resource":"arn:aws:s3:::b/*"})"));
  EXPECT_FALSE(
      allowed(R"({"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b"})"));
  EXPECT_TRUE(allowed(R"({"Effect":"Allow","NotAction":"iam:*","Resource":"*"})"));
  EXPECT_FALSE(allowed(R"({"Effect":"Allow","NotAction":"s3:*","Resource":"*"})"));
  EXPECT_TRUE(allowed(R"({"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::c/*"})"));
  EXPECT_FALSE(allowed(R"({"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::b/*"})"));
  EXPECT_FALSE(allowed(R"({"Effect":"Allow","Action":"*","Resource":"*",
                           "Condition":{"Bool":{"aws:SecureTransport":true}}})"));
}

TEST(EvaluateTest, AllConditionsOfAStatementMustHold) {
  Request asked = request(user());
  asked.context.set("a", "1");
  asked.context.set("b", "2");
  const auto allowed = [&](std::string_view conditions) {
    return evaluate({.identity = {document(
                         R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":)" +
                         std::string(conditions) + "}")}},
                    asked)
        .allowed;
  };
  EXPECT_TRUE(allowed(R"({"StringEquals":{"a":"1","b":["3","2"]},"Null":{"c":true}})"));
  EXPECT_FALSE(allowed(R"({"StringEquals":{"a":"1","b":"3"}})"));
  EXPECT_FALSE(allowed(R"({"StringEquals":{"a":"1"},"NumericLessThan":{"b":2}})"));
}

TEST(EvaluateTest, WithinAnAccountTheResourcesPolicyIsEnough) {
  EXPECT_EQ(why({.resource = for_principal(R"({"AWS":")" + std::string(kUserArn) + "\"}")},
                request(user())),
            "");
  EXPECT_EQ(why({.resource = for_principal(R"({"AWS":"AIDA1"})")}, request(user())), "");
  EXPECT_EQ(why({.resource = for_principal("\"*\"")}, request(user())), "");
  EXPECT_EQ(why({.resource = for_principal(R"({"AWS":["x","*"]})")}, request(user())), "");
  EXPECT_NE(why({.resource = for_principal(R"({"AWS":"arn:aws:iam::111111111111:user/bob"})")},
                request(user())),
            "");
}

TEST(EvaluateTest, NamingTheAccountLeavesItToTheAccount) {
  for (const char* account : {"111111111111", "arn:aws:iam::111111111111:root"}) {
    const DocumentPtr policy = for_principal(R"({"AWS":")" + std::string(account) + "\"}");
    EXPECT_NE(why({.resource = policy}, request(user())), "");
    EXPECT_EQ(why({.identity = {allow_all()}, .resource = policy}, request(user())), "");
    const DocumentPtr deny = for_principal(R"({"AWS":")" + std::string(account) + "\"}", "Deny");
    EXPECT_NE(why({.identity = {allow_all()}, .resource = deny}, request(user())), "");
  }
}

TEST(EvaluateTest, AcrossAccountsBothSidesMustAllow) {
  const Request asked = request(user(), kElsewhere);
  const DocumentPtr policy = for_principal(R"({"AWS":"111111111111"})");
  EXPECT_FALSE(evaluate({.identity = {allow_all()}}, asked).allowed);
  EXPECT_EQ(evaluate({.identity = {allow_all()}}, asked).because, PolicyKind::resource);
  EXPECT_FALSE(evaluate({.resource = policy}, asked).allowed);
  EXPECT_FALSE(evaluate({.resource = for_principal("\"*\"")}, asked).allowed);
  EXPECT_TRUE(evaluate({.identity = {allow_all()}, .resource = policy}, asked).allowed);
  EXPECT_TRUE(evaluate({.identity = {allow_all()}, .list = ListGrant::account}, asked).allowed);
  EXPECT_FALSE(evaluate({.list = ListGrant::account}, asked).allowed);
}

TEST(EvaluateTest, RootMayAllInItsAccountButForADenyOfTheResource) {
  EXPECT_TRUE(evaluate({}, request(root())).allowed);
  EXPECT_FALSE(evaluate({.resource = for_principal("\"*\"", "Deny")}, request(root())).allowed);
  EXPECT_FALSE(evaluate({}, request(root(), kElsewhere)).allowed);
  EXPECT_TRUE(evaluate({.resource = for_principal(R"({"AWS":"111111111111"})")},
                       request(root(), kElsewhere))
                  .allowed);
}

TEST(EvaluateTest, AnAnonymousRequestNeedsEverybodysAllow) {
  EXPECT_FALSE(evaluate({}, request({})).allowed);
  EXPECT_TRUE(evaluate({.resource = for_principal("\"*\"")}, request({})).allowed);
  EXPECT_FALSE(
      evaluate({.resource = for_principal(R"({"AWS":"111111111111"})")}, request({})).allowed);
  EXPECT_FALSE(evaluate({.resource = for_principal(R"({"AWS":""})")}, request({})).allowed);
  EXPECT_TRUE(evaluate({.list = ListGrant::everybody}, request({})).allowed);
}

TEST(EvaluateTest, AListForEverybodyIsEnoughWithinAnAccountAndOneForTheAccountIsNot) {
  EXPECT_TRUE(evaluate({.list = ListGrant::everybody}, request(user())).allowed);
  EXPECT_FALSE(evaluate({.list = ListGrant::account}, request(user())).allowed);
}

TEST(EvaluateTest, ABoundaryLimitsWhatIdentityPoliciesAllow) {
  EXPECT_EQ(why({.identity = {allow_all()}, .boundary = nothing()}, request(user())),
            kIntro + "because no permissions boundary allows the s3:GetObject action");
  EXPECT_FALSE(evaluate({.boundary = allow_all()}, request(user())).allowed);
  EXPECT_TRUE(
      evaluate({.identity = {allow_all()}, .boundary = allow_all()}, request(user())).allowed);
  // AWS: what the resource's policy gives to the user itself, the boundary does not take away.
  const DocumentPtr named = for_principal(R"({"AWS":")" + std::string(kUserArn) + "\"}");
  EXPECT_TRUE(evaluate({.boundary = nothing(), .resource = named}, request(user())).allowed);
}

TEST(EvaluateTest, ASessionPolicyLimitsTheRole) {
  EXPECT_TRUE(evaluate({.identity = {allow_all()}}, request(session())).allowed);
  const Policies limited{.identity = {allow_all()}, .session = {nothing()}, .has_session = true};
  EXPECT_EQ(evaluate(limited, request(session())).because, PolicyKind::session);
  Policies by_role = limited;
  by_role.resource = for_principal(R"({"AWS":")" + std::string(kRoleArn) + "\"}");
  EXPECT_FALSE(evaluate(by_role, request(session())).allowed);
  Policies by_session = limited;
  by_session.resource = for_principal(R"({"AWS":")" + std::string(kSessionArn) + "\"}");
  EXPECT_TRUE(evaluate(by_session, request(session())).allowed);
}

TEST(EvaluateTest, ARoleIsNamedByItsArnOrItsId) {
  for (const std::string_view name : {kRoleArn, kSessionArn, std::string_view("AROA1")}) {
    const DocumentPtr policy = for_principal(R"({"AWS":")" + std::string(name) + "\"}");
    EXPECT_TRUE(evaluate({.resource = policy}, request(session())).allowed) << name;
    EXPECT_FALSE(evaluate({.resource = policy}, request(user())).allowed) << name;
  }
}

TEST(EvaluateTest, NotPrincipalIsEverybodyElse) {
  const auto policy = [](std::string_view effect) {
    return document(R"({"Effect":")" + std::string(effect) +
                    R"(","NotPrincipal":{"AWS":"arn:aws:iam::111111111111:user/team/ann"},
                       "Action":"*","Resource":"*"})");
  };
  EXPECT_TRUE(
      evaluate({.identity = {allow_all()}, .resource = policy("Deny")}, request(user())).allowed);
  EXPECT_FALSE(evaluate({.identity = {allow_all()}, .resource = policy("Deny")}, request(session()))
                   .allowed);
  EXPECT_FALSE(evaluate({.resource = policy("Deny")}, request({})).allowed);
}

TEST(EvaluateTest, ServicesAndCanonicalUsersAreNamedByTheirOwnTypes) {
  const DocumentPtr policy = for_principal(R"({"Service":"logs.amazonaws.com"})");
  EXPECT_TRUE(evaluate({.resource = policy}, request({.service = "logs.amazonaws.com"})).allowed);
  EXPECT_FALSE(evaluate({.resource = policy}, request({.service = "sns.amazonaws.com"})).allowed);
  EXPECT_FALSE(evaluate({.resource = policy}, request(user())).allowed);
  Subject canonical = root();
  canonical.canonical_user = "abc";
  EXPECT_TRUE(evaluate({.resource = for_principal(R"({"CanonicalUser":"abc"})")},
                       request(canonical, kElsewhere))
                  .allowed);
}

TEST(EvaluateTest, VariablesAreOfNewDocumentsOnly) {
  constexpr std::string_view kRest =
      R"("Statement":{"Effect":"Allow","Principal":"*","Action":"*",
         "Resource":"arn:aws:s3:::b/${aws:username}"}})";
  Request asked = request(user());
  asked.resource = "arn:aws:s3:::b/ann";
  asked.context.set("aws:username", "ann");
  const auto with = [&](std::string_view version) {
    const auto read = read_document(std::string(version) + std::string(kRest));
    EXPECT_TRUE(read);
    return evaluate({.resource = std::make_shared<const Document>(*read)}, asked).allowed;
  };
  EXPECT_TRUE(with(R"({"Version":"2012-10-17",)"));
  EXPECT_FALSE(with(R"({"Version":"2008-10-17",)"));
  EXPECT_FALSE(with("{"));
}

TEST(EvaluateTest, WhatCannotBeReadIsAnError) {
  const auto cause = [](std::string_view text) {
    const auto read = read_document(text);
    return read ? std::string() : read.error().message;
  };
  EXPECT_NE(cause(""), "");
  EXPECT_NE(cause("[]"), "");
  EXPECT_EQ(cause("{}"), "Missing required field Statement");
  EXPECT_EQ(cause(R"({"Statement":[]})"), "Could not parse the policy: Statement is empty!");
  EXPECT_EQ(cause(R"({"Version":"2020-01-01","Statement":{}})"),
            "The policy must contain a valid version string");
  EXPECT_EQ(cause(R"({"Statement":{"Action":"*"}})"), "Missing required field Effect");
  EXPECT_EQ(cause(R"({"Statement":{"Effect":"allow","Action":"*"}})"), "Invalid effect: allow");
  EXPECT_EQ(cause(R"({"Statement":{"Effect":"Allow"}})"), "Missing required field Action");
  EXPECT_EQ(cause(R"({"Statement":{"Effect":"Allow","Actions":"*"}})"), "Unknown field Actions");
  EXPECT_EQ(cause(R"({"Statement":{"Effect":"Allow","Action":"*","NotAction":"*"}})"),
            "Invalid policy syntax.");
  EXPECT_EQ(
      cause(R"({"Statement":{"Effect":"Allow","Action":"*","Condition":{"Like":{"a":"b"}}}})"),
      "Invalid Condition type : Like");
  EXPECT_NE(cause(std::string(kDocumentBytesMax + 1, ' ')), "");
  std::string deep = R"({"Statement":)";
  for (int i = 0; i < 100; ++i) deep += "[";
  EXPECT_NE(cause(deep), "");
}

TEST(EvaluateTest, EverybodyIsAStarOrAnExclusion) {
  EXPECT_TRUE(names_everybody(for_principal("\"*\"")->statements[0]));
  EXPECT_TRUE(names_everybody(for_principal(R"({"AWS":["1","*"]})")->statements[0]));
  EXPECT_FALSE(names_everybody(for_principal(R"({"AWS":"111111111111"})")->statements[0]));
  EXPECT_FALSE(names_everybody(allow_all()->statements[0]));
}

}  // namespace
}  // namespace millrace::policy
