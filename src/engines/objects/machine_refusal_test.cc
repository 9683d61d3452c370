// The machine itself refuses: a read-only mount over the data directory, and a process that may
// open no more files. refusal_test.cc has the same causes at every operation, injected.
#include <sys/mount.h>
#include <sys/resource.h>

#include <cerrno>
#include <cstring>

#include "engines/objects/objects_fixture.h"
#include "runtime/log.h"

namespace millrace::objects {
namespace {

class MachineRefusal : public ObjectsTest {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    ObjectsTest::SetUp();
    ASSERT_TRUE(put("small", small_));
    ASSERT_TRUE(put("large", large_));
  }
  void TearDown() override {
    unmount();
    runtime::set_log_level(runtime::LogLevel::info);
  }

  // Puts the folder over itself, read-only. Files that are open stay as they are. False where this
  // process may not.
  bool mount_read_only() {
    const char* const folder = folder_.path().c_str();
    if (::mount(folder, folder, nullptr, MS_BIND, nullptr) != 0) return false;
    mounted_ = true;
    const auto flags = MS_REMOUNT | MS_BIND | MS_RDONLY;
    if (::mount(nullptr, folder, nullptr, flags, nullptr) == 0) return true;
    unmount();
    return false;
  }
  void unmount() {
    if (mounted_) EXPECT_EQ(::umount2(folder_.path().c_str(), MNT_DETACH), 0);
    mounted_ = false;
  }
  void expect_everything() {
    EXPECT_EQ(get("small"), small_);
    EXPECT_EQ(get("large"), large_);
  }

  const Bytes small_ = random_bytes(500);
  const Bytes large_ = random_bytes(kLarge);
  bool mounted_ = false;
};

TEST_F(MachineRefusal, OfAReadOnlyMountIsNamedAndEndsWithIt) {
  if (!mount_read_only()) GTEST_SKIP() << "this process may not mount: " << std::strerror(errno);
  for (int attempt = 0; attempt < 3; ++attempt) {
    const Result<Entry> refused = put("large", random_bytes(kLarge));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::internal);
    EXPECT_NE(refused.error().message.find("Read-only file system"), std::string::npos);
    expect_everything();
  }
  // The rows' log is open; what it takes is kept.
  const bool taken = put("more", small_).has_value();
  unmount();
  ASSERT_TRUE(put("large again", large_));
  open();
  expect_everything();
  EXPECT_EQ(get("large again"), large_);
  EXPECT_EQ(get("more").has_value(), taken);
}

TEST_F(MachineRefusal, ToOpenAReadOnlyDirectoryLeavesItAsItIs) {
  objects_.reset();
  blobs_.reset();
  db_.reset();
  if (!mount_read_only()) GTEST_SKIP() << "this process may not mount: " << std::strerror(errno);
  store::Database::Options options;
  options.path = folder_.path() / "rows";
  const auto refused = store::Database::open(options);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("Read-only file system"), std::string::npos)
      << refused.error().message;
  unmount();
  open();
  expect_everything();
}

TEST_F(MachineRefusal, OfMoreFilesIsNamedAndEndsWithIt) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // Descriptors are the lowest free ones, so none below the next is.
  const auto probe = disk_->open(folder_.path() / "rows" / "CURRENT", runtime::OpenMode::read);
  ASSERT_TRUE(probe);
  const rlimit none{static_cast<rlim_t>((*probe)->descriptor()) + 1, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Result<Entry> refused = put("large", random_bytes(kLarge));
  const Result<Entry> into_a_row = put("more", small_);
  const Result<Bytes> from_a_row = get("small");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::exhausted);
  EXPECT_NE(refused.error().message.find("Too many open files"), std::string::npos);
  EXPECT_TRUE(into_a_row) << into_a_row.error().message;
  EXPECT_EQ(from_a_row, small_);
  expect_everything();
  ASSERT_TRUE(put("large again", large_));
  open();
  expect_everything();
  EXPECT_EQ(get("more"), small_);
}

}  // namespace
}  // namespace millrace::objects
