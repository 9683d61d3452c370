#include "wire/model/value.h"

#include <gtest/gtest.h>

#include <string>

namespace millrace::wire {
namespace {

constexpr Shape kText{.name = "Text", .kind = Kind::string};
constexpr Member kMembers[] = {{.name = "A", .wire_name = "A", .shape = &kText},
                               {.name = "B", .wire_name = "B", .shape = &kText}};
constexpr Shape kPair{.name = "Pair", .kind = Kind::structure, .members = kMembers};

TEST(Value, StructuresStartEmpty) {
  Arena arena;
  const Value pair = make_structure(kPair, arena);
  ASSERT_EQ(pair.size, 2U);
  EXPECT_FALSE(pair.items[0].present());
  EXPECT_EQ(find_member(kPair, "B"), 1);
  EXPECT_EQ(find_member(kPair, "C"), -1);
}

TEST(Value, ListsAndMapsKeepWhatTheyHadWhenTheyGrow) {
  Arena arena;
  Value list = make_list();
  Value map = make_map();
  for (int i = 0; i < 1000; ++i) {
    append_item(list, arena) = Value::of_integer(i);
    append_entry(map, arena.copy(std::to_string(i)), arena) = Value::of_integer(i);
  }
  ASSERT_EQ(list.size, 1000U);
  ASSERT_EQ(map.size, 1000U);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(list.items[i].integer, i);
    const Value* const found = find_entry(map, std::to_string(i));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->integer, i);
  }
  EXPECT_EQ(find_entry(map, "x"), nullptr);
}

TEST(Value, ListsGrowOnAfterTheyWereShortened) {
  Arena arena;
  Value list = make_list();
  for (int i = 0; i < 5; ++i) append_item(list, arena) = Value::of_integer(i);
  list.size = 4;
  append_item(list, arena) = Value::of_integer(9);
  EXPECT_EQ(list.items[3].integer, 3);
  EXPECT_EQ(list.items[4].integer, 9);
}

}  // namespace
}  // namespace millrace::wire
