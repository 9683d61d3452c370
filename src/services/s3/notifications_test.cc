#include "services/s3/notifications.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "wire/protocols/document.h"

namespace millrace::s3 {
namespace {

class NotificationsTest : public ::testing::Test {
 protected:
  api::NotificationConfiguration parse(std::string_view json) {
    auto value =
        wire::parse_document(api::NotificationConfiguration::kShape, arena_.copy(json), arena_);
    EXPECT_TRUE(value);
    return {value->items, arena_};
  }
  // Of queues, each with its events and filter rules.
  std::string refusal(std::string_view queues) {
    const Result<void> checked =
        check_notifications(parse(fmt::format("{{\"QueueConfigurations\": [{}]}}", queues)));
    return checked ? "" : checked.error().message;
  }
  static std::string queue(std::string_view events, std::string_view prefix,
                           std::string_view suffix) {
    return fmt::format(
        R"({{"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q", "Events": [{}], "Filter": {{
            "Key": {{"FilterRules": [{{"Name": "prefix", "Value": "{}"}},
                                     {{"Name": "Suffix", "Value": "{}"}}]}}}}}})",
        events, prefix, suffix);
  }
  Arena arena_;
};

constexpr std::string_view kCreated = R"("s3:ObjectCreated:*")";
constexpr std::string_view kPut = R"("s3:ObjectCreated:Put")";
constexpr std::string_view kRemoved = R"("s3:ObjectRemoved:*")";

TEST_F(NotificationsTest, AStarNamesEveryEventOfItsKind) {
  EXPECT_TRUE(names_event("s3:ObjectCreated:*", "s3:ObjectCreated:Copy"));
  EXPECT_TRUE(names_event("s3:ObjectCreated:Put", "s3:ObjectCreated:Put"));
  EXPECT_FALSE(names_event("s3:ObjectCreated:Put", "s3:ObjectCreated:PutMore"));
  EXPECT_FALSE(names_event("s3:ObjectRemoved:*", "s3:ObjectCreated:Put"));
}

TEST_F(NotificationsTest, ATargetIsToldOfItsKeysOnly) {
  const auto configuration =
      parse(fmt::format("{{\"QueueConfigurations\": [{}]}}", queue(kCreated, "in/", ".csv")));
  const NotificationTarget target = targets_of(configuration).at(0);
  EXPECT_TRUE(is_told(target, "s3:ObjectCreated:Put", "in/a.csv"));
  EXPECT_FALSE(is_told(target, "s3:ObjectCreated:Put", "in/a.txt"));
  EXPECT_FALSE(is_told(target, "s3:ObjectCreated:Put", "out/a.csv"));
  EXPECT_FALSE(is_told(target, "s3:ObjectRemoved:Delete", "in/a.csv"));
}

TEST_F(NotificationsTest, NoTwoTargetsShareAnEventOfAKey) {
  const std::string overlap =
      "Configurations overlap. Configurations on the same bucket cannot share a common event type.";
  const std::string ambiguous =
      "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the "
      "prefixes are overlapping for the same event type.";
  EXPECT_EQ(refusal(queue(kCreated, "", "") + "," + queue(kPut, "", "")), overlap);
  EXPECT_EQ(refusal(queue(kCreated, "", "") + "," + queue(kRemoved, "", "")), "");
  EXPECT_EQ(refusal(queue(kPut, "a/", "") + "," + queue(kPut, "b/", "")), "");
  EXPECT_EQ(refusal(queue(kPut, "a/", "") + "," + queue(kPut, "a/b", "")), ambiguous);
  EXPECT_EQ(refusal(queue(kPut, "a/", ".csv") + "," + queue(kPut, "a/", ".txt")), "");
  EXPECT_EQ(refusal(queue(kPut, "", ".csv") + "," + queue(kPut, "a/", "x.csv")), ambiguous);
}

TEST_F(NotificationsTest, RefusesWhatAwsRefuses) {
  EXPECT_EQ(refusal(queue(R"("s3:ObjectEaten")", "", "")),
            "A specified event is not supported for notifications.");
  EXPECT_EQ(refusal(queue(R"("s3:ObjectAcl:Put")", "", "")), "");
  EXPECT_EQ(refusal(R"({"QueueArn": "nonsense", "Events": ["s3:ObjectCreated:*"]})"),
            "The ARN could not be parsed");
  EXPECT_EQ(refusal(queue(kPut, std::string(1025, 'a'), "")),
            "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation");
  EXPECT_EQ(refusal(R"({"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q",
                        "Events": ["s3:ObjectCreated:*"],
                        "Filter": {"Key": {"FilterRules": [{"Name": "infix", "Value": "x"}]}}})"),
            "filter rule name must be either prefix or suffix");
  EXPECT_EQ(refusal(R"({"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q",
                        "Events": ["s3:ObjectCreated:*"],
                        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "x"},
                                                           {"Name": "Prefix", "Value": "y"}]}}})"),
            "Cannot specify more than one prefix rule in a filter.");
}

TEST_F(NotificationsTest, TheMessageIsAws) {
  objects::Bucket bucket;
  bucket.name = "b";
  bucket.owner = "000000000000";
  bucket.region = "us-east-1";
  objects::Entry entry;
  entry.object_key = "a b/\u00fc+.csv";
  entry.size_bytes = 5;
  entry.etag = "e";
  entry.sequence = 0xABC;
  const objects::Cause cause{"PutObject", "000000000000", "r", "127.0.0.1"};
  const objects::Change change{objects::ChangeKind::written, bucket, entry, cause,
                               Time(seconds(1'800'000'000))};
  const std::string text = notification_message(change, "s3:ObjectCreated:Put", "id");
  for (const std::string_view part :
       {R"("eventVersion":"2.1")", R"("eventName":"ObjectCreated:Put")",
        R"("key":"a+b/%C3%BC%2B.csv")", R"("size":5)", R"("eTag":"e")",
        R"("sequencer":"0000000000000ABC")", R"("configurationId":"id")",
        R"("eventTime":"2027-01-15T08:00:00.000Z")", R"("sourceIPAddress":"127.0.0.1")",
        R"("arn":"arn:aws:s3:::b")"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  for (const auto& [event, version] :
       std::map<std::string_view, std::string_view>{{"s3:ObjectTagging:Put", "2.3"},
                                                    {"s3:ObjectRestore:Delete", "2.3"},
                                                    {"s3:ObjectRestore:Completed", "2.1"},
                                                    {"s3:LifecycleExpiration:Delete", "2.3"}}) {
    const std::string told = notification_message(change, event, "id");
    EXPECT_NE(told.find(fmt::format(R"("eventVersion":"{}")", version)), std::string::npos) << told;
  }
  const ReplicationFailure failure{"r", "to", "OBJECT_PUT", Time(seconds(1'800'000'000)),
                                   "DstBucketNotFound"};
  const std::string failed =
      notification_message(change, "s3:Replication:OperationFailedReplication", "id", &failure);
  for (const std::string_view part :
       {R"("eventVersion":"2.2")", R"("replicationRuleId":"r")", R"("s3Operation":"OBJECT_PUT")",
        R"("destinationBucket":"arn:aws:s3:::to")", R"("failureReason":"DstBucketNotFound")"}) {
    EXPECT_NE(failed.find(part), std::string::npos) << part << " in " << failed;
  }
  const std::string removed = notification_message(change, "s3:ObjectRemoved:Delete", "id");
  EXPECT_EQ(removed.find("\"size\""), std::string::npos);
  EXPECT_EQ(removed.find("versionId"), std::string::npos);
}

}  // namespace
}  // namespace millrace::s3
