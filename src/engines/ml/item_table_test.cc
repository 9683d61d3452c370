#include "engines/ml/item_table.h"

#include <gtest/gtest.h>

namespace millrace::ml {
namespace {

TEST(ItemTable, ReadsItemsAndUsers) {
  const auto items = ItemTable::parse(
      R"({"id": "a", "features": {"keys": [5, 3], "shape": [9], "values": [1, 2]}, "name": "A")"
      R"(, "category": "x", "price": 2.5, "margin": 0.25, "in_stock": false})"
      "\n\n"
      R"({"id": 7, "features": {"keys": [6], "values": [1]}, "category": "y"})",
      9);
  ASSERT_TRUE(items) << items.error().message;
  ASSERT_EQ(items->size(), 2u);
  EXPECT_EQ(items->item(0).name, "A");
  EXPECT_EQ(items->item(0).price, 2.5);
  EXPECT_EQ(items->item(0).margin, 0.25f);
  EXPECT_FALSE(items->item(0).in_stock);
  EXPECT_TRUE(items->item(1).in_stock);
  EXPECT_EQ(items->features(0).indices[0], 3u);  // In order.
  EXPECT_EQ(items->features(0).values[0], 2);
  EXPECT_EQ(items->find("7"), 1u);
  EXPECT_FALSE(items->find("b"));
  EXPECT_EQ(items->find_category("y"), items->item(1).category);
  EXPECT_FALSE(items->find_category("z"));
  const auto users = UserTable::parse(
      R"({"id": "u", "features": {"keys": [0], "values": [1]}, "seen": [7, "a"]})", 9, *items);
  ASSERT_TRUE(users) << users.error().message;
  EXPECT_EQ(users->find("u"), 0u);
  EXPECT_EQ(users->seen(0), (std::vector<uint32_t>{1, 0}));
}

TEST(ItemTable, RefusesBadLinesByNumberAndCause) {
  const auto error_of = [](std::string_view line) {
    const std::string text = R"({"id": "a", "features": {"keys": [1], "values": [1]}})"
                             "\n" +
                             std::string(line);
    const auto items = ItemTable::parse(text, 9);
    return items ? "none" : items.error().message;
  };
  for (const auto& [line, cause] : std::initializer_list<std::pair<const char*, const char*>>{
           {"[]", "not an object"},
           {"{", "not JSON"},
           {R"({"features": {"keys": [1], "values": [1]}})", "no 'id'"},
           {R"({"id": "", "features": {"keys": [1], "values": [1]}})", "'id' is empty"},
           {R"({"id": 1.5, "features": {"keys": [1], "values": [1]}})", "whole number"},
           {R"({"id": "b"})", "no 'features'"},
           {R"({"id": "a", "features": {"keys": [1], "values": [1]}})", "'a' is there twice"},
           {R"({"id": "b", "features": {"keys": [9], "values": [1]}})", "feature_dim"},
           {R"({"id": "b", "features": {"keys": [], "values": []}})", "has no feature"},
           {R"({"id": "b", "features": {"keys": [1], "values": [1e99]}})", "instance"},
           {R"({"id": "b", "features": {"keys": [1], "values": [1]}, "margin": "1"})", "number"},
           {R"({"id": "b", "features": {"keys": [1], "values": [1]}, "margin": 1e300})", "large"},
           {R"({"id": "b", "features": {"keys": [1], "values": [1]}, "in_stock": 1})", "true"},
           {R"({"id": "b", "features": {"keys": [1], "values": [1]}, "colour": 1})", "not known"},
       }) {
    const std::string message = error_of(line);
    EXPECT_TRUE(message.starts_with("line 2: ")) << message;
    if (std::string_view(cause) != "instance") {
      EXPECT_NE(message.find(cause), std::string::npos) << message;
    }
  }
  EXPECT_NE(ItemTable::parse("\n", 9).error().message.find("no line"), std::string::npos);
  const auto items =
      ItemTable::parse(R"({"id": "a", "features": {"keys": [1], "values": [1]}})", 9);
  ASSERT_TRUE(items);
  const auto users = UserTable::parse(
      R"({"id": "u", "features": {"keys": [0], "values": [1]}, "seen": ["b"]})", 9, *items);
  ASSERT_FALSE(users);
  EXPECT_NE(users.error().message.find("the item 'b', which is not known"), std::string::npos);
}

}  // namespace
}  // namespace millrace::ml
