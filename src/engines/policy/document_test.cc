#include "engines/policy/document.h"

#include <gtest/gtest.h>

#include <string>

namespace millrace::policy {
namespace {

std::string cause(std::string_view text, DocumentKind kind = DocumentKind::identity) {
  const Result<void> checked = check_document(text, kind);
  if (checked) return "";
  EXPECT_EQ(checked.error().kind, ErrorKind::invalid);
  return checked.error().message;
}

// A document of one statement.
std::string with(std::string_view statement) {
  return R"({"Version":"2012-10-17","Statement":[)" + std::string(statement) + "]}";
}

std::string identity(std::string_view statement) { return cause(with(statement)); }
std::string trust(std::string_view statement) {
  return cause(with(statement), DocumentKind::trust);
}

constexpr std::string_view kSyntax = "Syntax errors in policy.";

TEST(DocumentTest, TakesWhatTheGrammarHas) {
  EXPECT_EQ(cause(R"({"Version":"2012-10-17","Id":"x","Statement":
                     {"Effect":"Allow","Action":"*","Resource":"*"}})"),
            "");
  EXPECT_EQ(identity(R"({"Sid":"One","Effect":"Deny","NotAction":["s3:Get*","sqs:*"],
                         "NotResource":["arn:aws:s3:::b/*","arn:aws:iam::123456789012:role/r"],
                         "Condition":{"ForAllValues:StringLikeIfExists":{"aws:TagKeys":["a"]},
                                      "Bool":{"aws:SecureTransport":true}}})"),
            "");
  EXPECT_EQ(trust(R"({"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Principal":
                      {"Service":["sagemaker.amazonaws.com"],"AWS":"arn:aws:iam::123456789012:root",
                       "Federated":"cognito-identity.amazonaws.com"}})"),
            "");
  EXPECT_EQ(trust(R"({"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"})"), "");
  EXPECT_EQ(cause(R"({"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
                      "Principal":{"AWS":"123456789012"}}]})",
                  DocumentKind::trust),
            "");
}

TEST(DocumentTest, RefusesWhatIsNoJson) {
  for (const char* text :
       {"", "{", "[]", "null", "\"text\"", "{}{}", "{'a':1}", "{\"a\":\"\xff\"}"}) {
    EXPECT_EQ(cause(text), kSyntax) << text;
    EXPECT_EQ(cause(text, DocumentKind::trust), "This policy contains invalid Json") << text;
  }
  EXPECT_EQ(cause(std::string(100'000, '[')), kSyntax);
}

TEST(DocumentTest, RefusesAnotherVersion) {
  const std::string rest = R"("Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})";
  const std::string wanted = "Policy document must be version 2012-10-17 or greater.";
  EXPECT_EQ(cause("{" + rest), wanted);
  EXPECT_EQ(cause(R"({"Version":"2008-10-17",)" + rest), wanted);
  EXPECT_EQ(cause(R"({"Version":20121017,)" + rest), kSyntax);
}

TEST(DocumentTest, RefusesStatementsThatAreNone) {
  EXPECT_EQ(cause(R"({"Version":"2012-10-17"})"), kSyntax);
  EXPECT_EQ(cause(R"({"Version":"2012-10-17","Statement":[]})"), kSyntax);
  EXPECT_EQ(cause(R"({"Version":"2012-10-17","Statement":[],"Extra":1})"), kSyntax);
  EXPECT_EQ(identity("1"), kSyntax);
  EXPECT_EQ(identity(R"({"Action":"*","Resource":"*"})"), kSyntax);
  EXPECT_EQ(identity(R"({"Effect":"allow","Action":"*","Resource":"*"})"), kSyntax);
  EXPECT_EQ(identity(R"({"Effect":"Allow","Actions":"*","Resource":"*"})"), kSyntax);
  EXPECT_EQ(identity(R"({"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"})"), kSyntax);
  EXPECT_EQ(identity(R"({"Effect":"Allow","Action":[1],"Resource":"*"})"), kSyntax);
  EXPECT_EQ(identity(R"({"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Like":{}}})"),
            kSyntax);
  EXPECT_EQ(identity(R"({"Effect":"Allow","Action":"*","Resource":"*",
                         "Condition":{"StringEquals":{"a":{}}}})"),
            kSyntax);
}

TEST(DocumentTest, NamesTheActionOrResourceThatIsMissingOrMalformed) {
  EXPECT_EQ(identity(R"({"Effect":"Allow","Resource":"*"})"),
            "Policy statement must contain actions.");
  EXPECT_EQ(identity(R"({"Effect":"Allow","Action":"s3:*"})"),
            "Policy statement must contain resources.");
  EXPECT_EQ(identity(R"({"Effect":"Allow","Action":"s3:*","Resource":[]})"),
            "Policy statement must contain resources.");
  EXPECT_EQ(identity(R"({"Effect":"Allow","Action":"GetObject","Resource":"*"})"),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  EXPECT_EQ(identity(R"({"Effect":"Allow","Action":"a b:Get","Resource":"*"})"),
            "Vendor a b is not valid");
  EXPECT_EQ(identity(R"({"Effect":"Allow","Action":"s3:*","Resource":"bucket"})"),
            "Resource bucket must be in ARN format or \"*\".");
  EXPECT_EQ(identity(R"({"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":"*"})"),
            "Policy document should not specify a principal.");
}

TEST(DocumentTest, StatementIdsAreUniqueAndPlain) {
  const std::string one = R"({"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"})";
  EXPECT_EQ(identity(one + "," + one), "Statement IDs (SID) in a single policy must be unique.");
  EXPECT_TRUE(identity(R"({"Sid":"a b","Effect":"Allow","Action":"*","Resource":"*"})")
                  .starts_with("Statement IDs (SID) must be alpha-numeric."));
}

TEST(DocumentTest, ATrustPolicySaysWhoMayAssume) {
  EXPECT_EQ(trust(R"({"Effect":"Allow","Action":"sts:AssumeRole"})"),
            "Missing required field Principal");
  EXPECT_EQ(trust(R"({"Effect":"Allow","Principal":"*"})"), "Missing required field Action");
  EXPECT_EQ(trust(R"({"Action":"sts:AssumeRole","Principal":"*"})"),
            "Missing required field Effect");
  EXPECT_EQ(trust(R"({"Effect":"Allow","Action":"s3:*","Principal":"*"})"),
            "AssumeRole policy may only specify STS AssumeRole actions.");
  EXPECT_EQ(trust(R"({"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*","Resource":"*"})"),
            "Has prohibited field Resource");
  EXPECT_EQ(
      trust(R"({"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda"}})"),
      "Invalid principal in policy: \"SERVICE\":\"lambda\"");
  EXPECT_EQ(trust(R"({"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"me"}})"),
            "Invalid principal in policy: \"AWS\":\"me\"");
  EXPECT_EQ(trust(R"({"Effect":"Allow","Action":"sts:AssumeRole","Principal":{}})"), kSyntax);
}

TEST(DocumentTest, WhiteSpaceDoesNotCount) {
  EXPECT_EQ(document_bytes(" {\n\t\"a\" : 1\r}"), 7u);
  EXPECT_EQ(document_bytes(""), 0u);
}

}  // namespace
}  // namespace millrace::policy
