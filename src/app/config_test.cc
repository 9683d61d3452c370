#include "app/config.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace millrace::app {
namespace {

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override { clear(); }
  void TearDown() override { clear(); }
  static void clear() {
    unsetenv("MILLRACE_ACCESS_KEY_ID");
    unsetenv("MILLRACE_SECRET_ACCESS_KEY");
    unsetenv("MILLRACE_ACCOUNTS");
    unsetenv("MILLRACE_DATA");
  }
  Config config;
};

TEST_F(ConfigTest, NothingIsDeclaredByDefault) {
  ASSERT_TRUE(read_accounts(config).has_value());
  EXPECT_TRUE(config.accounts.empty());
}

TEST_F(ConfigTest, KeyAndSecretGoTogether) {
  setenv("MILLRACE_ACCESS_KEY_ID", "test", 1);
  EXPECT_FALSE(read_accounts(config).has_value());
  setenv("MILLRACE_SECRET_ACCESS_KEY", "secret", 1);
  ASSERT_TRUE(read_accounts(config).has_value());
  EXPECT_EQ(config.accounts.front().id, kDefaultAccount);
}

TEST_F(ConfigTest, FurtherAccounts) {
  setenv("MILLRACE_ACCOUNTS", "111111111111:K1:S1,222222222222:K2:a:b", 1);
  ASSERT_TRUE(read_accounts(config).has_value());
  ASSERT_EQ(config.accounts.size(), 2U);
  EXPECT_EQ(config.accounts[0].access_key_id, "K1");
  EXPECT_EQ(config.accounts[1].secret_access_key, "a:b");
}

TEST_F(ConfigTest, MalformedAccountsAreRefusedByName) {
  for (const char* text :
       {"1:K:S", "11111111111x:K:S", "111111111111", "111111111111::S", "111111111111:K:", ","}) {
    setenv("MILLRACE_ACCOUNTS", text, 1);
    Config fresh;
    const Result<void> read = read_accounts(fresh);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_NE(read.error().message.find("MILLRACE_ACCOUNTS"), std::string::npos);
  }
}

TEST_F(ConfigTest, DataDirectoryCanBeChosen) {
  setenv("MILLRACE_DATA", "/somewhere", 1);
  EXPECT_EQ(default_data_directory(), "/somewhere");
}

}  // namespace
}  // namespace millrace::app
