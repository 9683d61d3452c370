#include "engines/keys/grants.h"

#include <gtest/gtest.h>

namespace millrace::keys {
namespace {

using Words = std::map<std::string, std::string>;

Grant grant() {
  Grant out;
  out.grantee = "ann";
  out.operations = {"CreateGrant", "Decrypt"};
  return out;
}

bool may(const Grant& grant, std::string_view operation, const Words& context) {
  return allows(grant, {.principal = "ann", .operation = operation, .context = &context});
}

TEST(GrantsTest, NameOnePrincipalAndSomeOperations) {
  EXPECT_TRUE(may(grant(), "Decrypt", {}));
  EXPECT_FALSE(may(grant(), "Encrypt", {}));
  EXPECT_FALSE(allows(grant(), {.principal = "bob", .operation = "Decrypt"}));
  EXPECT_TRUE(allows(grant(), {.principal = "bob", .role = "ann", .operation = "Decrypt"}));
  Grant nobody = grant();
  nobody.grantee.clear();
  EXPECT_FALSE(allows(nobody, {.principal = "bob", .operation = "Decrypt"}));
}

TEST(GrantsTest, ConstrainContexts) {
  Grant equals = grant();
  equals.context_equals = {{"a", "1"}};
  EXPECT_TRUE(may(equals, "Decrypt", {{"a", "1"}}));
  EXPECT_FALSE(may(equals, "Decrypt", {{"a", "1"}, {"b", "2"}}));
  EXPECT_FALSE(may(equals, "Decrypt", {}));
  Grant subset = grant();
  subset.context_subset = {{"a", "1"}};
  EXPECT_TRUE(may(subset, "Decrypt", {{"a", "1"}, {"b", "2"}}));
  EXPECT_FALSE(may(subset, "Decrypt", {{"a", "2"}}));
  EXPECT_FALSE(may(subset, "Decrypt", {}));
}

TEST(GrantsTest, AChildGivesNoMoreThanItsParent) {
  Grant parent = grant();
  Grant child;
  const auto may_make = [&] {
    return allows(parent, {.principal = "ann", .operation = "CreateGrant", .child = &child});
  };
  child.operations = {"Decrypt"};
  EXPECT_TRUE(may_make());
  child.operations = {"Decrypt", "Encrypt"};
  EXPECT_FALSE(may_make());
  child.operations = {"Decrypt"};
  parent.context_subset = {{"a", "1"}};
  EXPECT_FALSE(may_make());
  child.context_subset = {{"a", "1"}, {"b", "2"}};
  EXPECT_TRUE(may_make());
  child.context_subset.clear();
  child.context_equals = {{"a", "1"}};
  EXPECT_TRUE(may_make());
  parent.context_equals = {{"a", "2"}};
  EXPECT_FALSE(may_make());
}

}  // namespace
}  // namespace millrace::keys
