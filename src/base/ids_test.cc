#include "base/ids.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

TEST(Arn, IsMadeAndParsed) {
  const Realm realm{"000000000000", "us-east-1"};
  const std::string text = make_arn("sagemaker", realm, "training-job/a:b");
  EXPECT_EQ(text, "arn:aws:sagemaker:us-east-1:000000000000:training-job/a:b");
  const Arn arn = parse_arn(text);
  ASSERT_TRUE(arn.valid());
  EXPECT_EQ(arn.partition, "aws");
  EXPECT_EQ(arn.service, "sagemaker");
  EXPECT_EQ(arn.region, "us-east-1");
  EXPECT_EQ(arn.account, "000000000000");
  EXPECT_EQ(arn.resource, "training-job/a:b");
}

TEST(Arn, OfAGlobalServiceHasNoRegion) {
  const std::string text = make_arn("iam", {"000000000000", "aws-global"}, "user/u");
  EXPECT_EQ(text, "arn:aws:iam::000000000000:user/u");
  EXPECT_EQ(parse_arn(text).region, "");
  EXPECT_EQ(parse_arn("arn:aws:s3:::bucket/key").resource, "bucket/key");
}

TEST(Arn, AnythingElseIsNone) {
  for (const std::string_view bad :
       {"", "arn", "arn:aws:s3::", "arn:aws:s3:::", "urn:aws:s3:::b", "arn:aws:s3:b"}) {
    EXPECT_FALSE(parse_arn(bad).valid()) << bad;
  }
}

TEST(Realm, OrdersByAccountThenRegion) {
  EXPECT_LT((Realm{"1", "z"}), (Realm{"2", "a"}));
  EXPECT_LT((Realm{"1", "a"}), (Realm{"1", "b"}));
  EXPECT_EQ((Realm{"1", "a"}), (Realm{"1", "a"}));
}

}  // namespace
}  // namespace millrace
