// For fuzzers: a recursive shape with every kind, as constant tables.
#pragma once

#include <array>

#include "wire/model/model.h"

namespace millrace::wire::fuzzing {

extern const Shape kTree;

inline constexpr Shape kText{.name = "Text", .kind = Kind::string};
inline constexpr Shape kWhole{.name = "Whole", .kind = Kind::integer, .is_32_bit = true};
inline constexpr Shape kReal{.name = "Real", .kind = Kind::real};
inline constexpr Shape kFlag{.name = "Flag", .kind = Kind::boolean};
inline constexpr Shape kRaw{.name = "Raw", .kind = Kind::blob};
inline constexpr Shape kWhen{.name = "When", .kind = Kind::timestamp};
inline constexpr Shape kFree{.name = "Free", .kind = Kind::document};
inline constexpr std::array<Member, 1> kItem = {
    {{.name = "member", .wire_name = "member", .shape = &kTree}}};
inline constexpr std::array<Member, 2> kEntry = {
    {{.name = "key", .wire_name = "key", .shape = &kText},
     {.name = "value", .wire_name = "value", .shape = &kTree}}};
inline constexpr Shape kList{.name = "List", .kind = Kind::list, .members = kItem};
inline constexpr Shape kMap{.name = "Map", .kind = Kind::map, .members = kEntry};
inline constexpr std::array<Member, 10> kMembers = {{
    {.name = "T", .wire_name = "T", .shape = &kText},
    {.name = "W", .wire_name = "W", .shape = &kWhole},
    {.name = "R", .wire_name = "R", .shape = &kReal},
    {.name = "F", .wire_name = "F", .shape = &kFlag},
    {.name = "B", .wire_name = "B", .shape = &kRaw},
    {.name = "D", .wire_name = "D", .shape = &kWhen},
    {.name = "J", .wire_name = "J", .shape = &kFree},
    {.name = "L", .wire_name = "L", .shape = &kList},
    {.name = "M", .wire_name = "M", .shape = &kMap},
    {.name = "S", .wire_name = "S", .shape = &kTree},
}};
inline constexpr Shape kTree{.name = "Tree", .kind = Kind::structure, .members = kMembers};

}  // namespace millrace::wire::fuzzing
