#include "app/private_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "store/test_folder.h"

namespace millrace::app {
namespace {

unsigned mode_of(const runtime::Path& path) {
  struct stat found{};
  EXPECT_EQ(::lstat(path.c_str(), &found), 0);
  return found.st_mode & 07777;
}

TEST(PrivateFolder, IsMadeForItsOwnerAndAcceptedAgain) {
  const store::TestFolder scratch;
  const runtime::Path folder = scratch.path() / "run";
  ASSERT_TRUE(make_private_folder(folder));
  EXPECT_EQ(mode_of(folder), 0700U);
  EXPECT_TRUE(make_private_folder(folder));
}

TEST(PrivateFolder, IsClosedWhereItWasOpen) {
  const store::TestFolder scratch;
  const runtime::Path folder = scratch.path() / "run";
  ASSERT_EQ(::mkdir(folder.c_str(), 0777), 0);
  ASSERT_EQ(::chmod(folder.c_str(), 0777), 0);
  ASSERT_TRUE(make_private_folder(folder));
  EXPECT_EQ(mode_of(folder), 0700U);
}

TEST(PrivateFolder, ALinkOrAFileInItsPlaceIsRefused) {
  const store::TestFolder scratch;
  const runtime::Path elsewhere = scratch.path() / "elsewhere";
  ASSERT_EQ(::mkdir(elsewhere.c_str(), 0755), 0);
  std::filesystem::create_directory_symlink(elsewhere, scratch.path() / "link");
  EXPECT_EQ(make_private_folder(scratch.path() / "link").error().kind, ErrorKind::denied);
  EXPECT_EQ(mode_of(elsewhere), 0755U);
  const int file = ::open((scratch.path() / "file").c_str(), O_CREAT | O_WRONLY, 0600);
  ::close(file);
  EXPECT_EQ(make_private_folder(scratch.path() / "file").error().kind, ErrorKind::denied);
}

// Only root can make one of another user.
TEST(PrivateFolder, ThatOfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const store::TestFolder scratch;
  const runtime::Path folder = scratch.path() / "run";
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  ASSERT_EQ(::chown(folder.c_str(), 65534, 65534), 0);
  EXPECT_EQ(make_private_folder(folder).error().kind, ErrorKind::denied);
}

}  // namespace
}  // namespace millrace::app
