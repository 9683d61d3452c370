#include <gtest/gtest.h>

#include "wire/protocols/codec.h"
#include "wire/protocols/document.h"
#include "wire/protocols/sample_model.h"

namespace millrace::wire {
namespace {

using testing::make_sample;
using testing::Sample;

class Query : public ::testing::Test {
 protected:
  std::string read(std::string_view form) {
    const RequestParts request{"POST", "/", {}, {}, form};
    const auto value = decode_request(Protocol::query, sample_.service(), sample_.operation_table(),
                                      request, {}, arena_);
    if (!value) return "! " + value.error().code;
    return write_document(sample_.input(), *value);
  }

  Sample sample_ = make_sample(
      R"({"protocol": "query", "apiVersion": "2020-01-01", "xmlNamespace": "https://x.test/"})");
  Arena arena_;
};

TEST_F(Query, ReadsNestedNamesInAnyOrder) {
  EXPECT_EQ(read("Action=MakeJob&Version=2020-01-01&Tags.member.2.Key=b&JobName=ab&"
                 "Tags.member.1.Value=v+1&Tags.member.1.Key=a&Labels.entry.1.key=k&"
                 "Labels.entry.1.value=%C3%A9&Names.member.10=x&Names.member.9=y&Small=3"),
            R"({"JobName":"ab","Small":3,"Names":["y","x"],"Tags":[{"Key":"a","Value":"v 1"},)"
            R"({"Key":"b"}],"Labels":{"k":"é"}})");
}

TEST_F(Query, KnowsEmptyListsAndSimilarNames) {
  EXPECT_EQ(read("Names=&Tree.Label=t&Tree-Left=x&Tree"), R"({"Names":[],"Tree":{"Label":"t"}})");
}

TEST_F(Query, RefusesBadForms) {
  EXPECT_EQ(read("Text=%"), "! MalformedQueryString");
  EXPECT_EQ(read("Text=%4"), "! MalformedQueryString");
  EXPECT_EQ(read("Text=%zz"), "! MalformedQueryString");
  EXPECT_EQ(read("Text=%FF"), "! MalformedQueryString");
  EXPECT_EQ(read("Small=x"), "! MalformedInput");
  EXPECT_EQ(read("Small=99999999999"), "! MalformedInput");
  EXPECT_EQ(read("Names.member.x=a"), "! MalformedInput");
  EXPECT_EQ(read("Names.member.0=a"), "! MalformedInput");
  EXPECT_EQ(read("Names.member.-1=a"), "! MalformedInput");
  EXPECT_EQ(read("Labels.entry.1.value=a"), "! MalformedInput");
}

TEST_F(Query, AllocatesNothingForAnIndexThatIsOnlyNamed) {
  EXPECT_EQ(read("Names.member.4000000000=a"), "! MalformedInput");
  EXPECT_EQ(read("Names.member.99999999999999999999=a"), "! MalformedInput");
  EXPECT_EQ(read("Names.member.10000=ab"), R"({"Names":["ab"]})");
  EXPECT_LT(arena_.bytes_reserved(), size_t{1} << 16);
}

TEST_F(Query, LimitsDepthAndNumber) {
  std::string deep = "Tree";
  for (int i = 0; i < 100; ++i) deep += ".Left";
  EXPECT_EQ(read(deep + ".Label=x"), "! MalformedQueryString");
  std::string many;
  for (int i = 0; i < 30000; ++i) many += "a=b&";
  EXPECT_EQ(read(many), "! MalformedQueryString");
}

TEST_F(Query, WritesResultsAndErrors) {
  const auto value = parse_document(sample_.input(), R"({"JobName":"<a>","Names":["x"]})", arena_);
  const ResponseParts out = encode_response(Protocol::query, sample_.service(),
                                            sample_.operation_table(), *value, "id-1");
  EXPECT_EQ(out.body,
            "<MakeJobResponse xmlns=\"https://x.test/\"><MakeJobResult><JobName>&lt;a&gt;</JobName>"
            "<Names><member>x</member></Names></MakeJobResult><ResponseMetadata>"
            "<RequestId>id-1</RequestId></ResponseMetadata></MakeJobResponse>");
  const Error error{ErrorKind::not_found, "no", "Gone", 0, {{"Count", "3"}}};
  const ResponseParts bad =
      encode_error(Protocol::query, sample_.service(), &sample_.operation_table(), error, "id-2");
  EXPECT_EQ(bad.status, 410);
  EXPECT_EQ(bad.body,
            "<ErrorResponse xmlns=\"https://x.test/\"><Error><Type>Sender</Type>"
            "<Code>Service.Gone</Code><Message>no</Message><Count>3</Count></Error>"
            "<RequestId>id-2</RequestId></ErrorResponse>");
}

}  // namespace
}  // namespace millrace::wire
