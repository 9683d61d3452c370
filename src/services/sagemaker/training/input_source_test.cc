#include "services/sagemaker/training/input_source.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace millrace::sagemaker {
namespace {

std::string cause(std::string_view text) {
  const auto manifest = parse_manifest(text);
  return manifest ? "none" : manifest.error().message;
}

TEST(ManifestTest, NamesAreBehindThePrefix) {
  const auto manifest = parse_manifest(
      R"([{"prefix": "s3://shop/data/"}, "matrix_0.pbr", "more/matrix_1.pbr", "/slash"])");
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->prefix.bucket, "shop");
  EXPECT_EQ(manifest->prefix.key, "data/");
  EXPECT_EQ(manifest->names,
            (std::vector<std::string>{"matrix_0.pbr", "more/matrix_1.pbr", "/slash"}));
}

TEST(ManifestTest, SaysWhatIsWrong) {
  EXPECT_TRUE(cause("").starts_with("the manifest is not JSON"));
  EXPECT_TRUE(cause("[").starts_with("the manifest is not JSON"));
  EXPECT_TRUE(cause("[[[[[[]]]]]]").starts_with("the manifest is not JSON"));
  EXPECT_EQ(cause("{}"), "the manifest is not a list that begins with a prefix");
  EXPECT_EQ(cause("[]"), "the manifest is not a list that begins with a prefix");
  EXPECT_EQ(cause(R"(["a"])"), "the manifest does not begin with {\"prefix\": \"s3://...\"}");
  EXPECT_EQ(cause(R"([{"prefix": 1}, "a"])"),
            "the manifest does not begin with {\"prefix\": \"s3://...\"}");
  EXPECT_EQ(cause(R"([{"prefix": "file:///a"}, "a"])"),
            "the manifest has the prefix file:///a, which is no S3 URI");
  EXPECT_EQ(cause(R"([{"prefix": "s3://shop/"}])"), "the manifest names no object");
  EXPECT_EQ(cause(R"([{"prefix": "s3://shop/"}, {"prefix": "s3://other/"}])"),
            "the manifest has no text as element 1");
}

TEST(ManifestTest, ANameIsAPathBelowTheFolder) {
  for (const char* name : {"", "..", "a/../b", "a//b", "./a", "a/", "//a", "a\\u0000b"}) {
    const std::string text = fmt::format(R"([{{"prefix": "s3://shop/"}}, "a", "{}"])", name);
    EXPECT_TRUE(cause(text).starts_with("the manifest has an element 2: ")) << name;
  }
}

TEST(ManifestTest, IsLimited) {
  std::string text = R"([{"prefix": "s3://shop/"})";
  for (size_t i = 0; i < kListedMax; ++i) text += ",\"a\"";
  EXPECT_EQ(cause(text + "]"), "none");
  EXPECT_EQ(cause(text + ",\"a\"]"), "the manifest names more than 100000 objects");
}

}  // namespace
}  // namespace millrace::sagemaker
