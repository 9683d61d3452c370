#include "app/credentials.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "store/test_folder.h"

namespace millrace::app {
namespace {

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() { config.data = folder.path(); }
  void write(std::string_view text, mode_t mode = 0600) {
    const auto path = folder.path() / "credentials";
    ASSERT_TRUE(runtime::write_file_durably(*disk, path, text).has_value());
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  }

  store::TestFolder folder;
  std::unique_ptr<runtime::Disk> disk = runtime::make_disk();
  std::unique_ptr<runtime::Random> random = runtime::make_seeded_random(3);
  Config config;
};

TEST_F(CredentialsTest, FirstStartMakesAKeyThatLaterStartsFind) {
  const auto first = load_accounts(*disk, *random, config);
  ASSERT_TRUE(first.has_value());
  ASSERT_EQ(first->size(), 1U);
  EXPECT_EQ(first->front().id, kDefaultAccount);
  EXPECT_EQ(first->front().access_key_id.size(), 20U);
  struct stat st{};
  ASSERT_EQ(::stat((folder.path() / "credentials").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600U);
  const auto second = load_accounts(*disk, *random, config);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->front().secret_access_key, first->front().secret_access_key);
}

TEST_F(CredentialsTest, ChosenKeyIsWrittenOnTheFirstStart) {
  config.accounts.push_back({std::string(kDefaultAccount), "test", "secret"});
  ASSERT_TRUE(load_accounts(*disk, *random, config).has_value());
  const auto stored = read_credentials(*disk, folder.path());
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->front().access_key_id, "test");
}

TEST_F(CredentialsTest, ReadsFurtherAccounts) {
  write(
      "[default]\naws_access_key_id = A\naws_secret_access_key = B\n\n# more\n"
      "[account-111111111111]\naws_access_key_id=C\naws_secret_access_key=D\n");
  const auto accounts = read_credentials(*disk, folder.path());
  ASSERT_TRUE(accounts.has_value());
  ASSERT_EQ(accounts->size(), 2U);
  EXPECT_EQ((*accounts)[1].id, "111111111111");
  EXPECT_EQ((*accounts)[1].secret_access_key, "D");
}

TEST_F(CredentialsTest, RefusesAFileThatOthersCanRead) {
  write("[default]\naws_access_key_id = A\naws_secret_access_key = B\n", 0644);
  EXPECT_EQ(read_credentials(*disk, folder.path()).error().kind, ErrorKind::denied);
  EXPECT_FALSE(load_accounts(*disk, *random, config).has_value());
}

TEST_F(CredentialsTest, NamesTheLineThatIsNotUnderstood) {
  write("[default]\nnonsense\n");
  const auto read = read_credentials(*disk, folder.path());
  ASSERT_FALSE(read.has_value());
  EXPECT_NE(read.error().message.find("line 2"), std::string::npos);
  write("[account-12]\n");
  EXPECT_FALSE(read_credentials(*disk, folder.path()).has_value());
}

}  // namespace
}  // namespace millrace::app
