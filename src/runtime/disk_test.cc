#include "runtime/disk.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/random.h"

namespace millrace::runtime {
namespace {

class DiskTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = std::filesystem::temp_directory_path() / ("millrace-" + make_system_random()->hex(8));
    ASSERT_TRUE(disk_->make_directories(root_ / "a" / "b"));
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::unique_ptr<Disk> disk_ = make_disk();
  Path root_;
};

TEST_F(DiskTest, ReadsWhatWasWritten) {
  auto file = disk_->open(root_ / "f", OpenMode::create_new);
  ASSERT_TRUE(file);
  EXPECT_GE((*file)->descriptor(), 0);
  EXPECT_TRUE((*file)->write_at(0, "hello"));
  EXPECT_TRUE((*file)->write_at(7, "!"));
  EXPECT_TRUE((*file)->sync());
  EXPECT_EQ(*(*file)->size(), 8U);
  char buffer[16];
  EXPECT_EQ(*(*file)->read_at(0, buffer, sizeof buffer), 8U);
  EXPECT_EQ(std::string(buffer, 8), std::string("hello\0\0!", 8));
  EXPECT_EQ(*(*file)->read_at(8, buffer, sizeof buffer), 0U);
  EXPECT_TRUE((*file)->truncate(2));
  EXPECT_EQ(*(*file)->read_at(1, buffer, sizeof buffer), 1U);
}

TEST_F(DiskTest, NamesTheKindOfEachError) {
  EXPECT_EQ(disk_->open(root_ / "none", OpenMode::read).error().kind, ErrorKind::not_found);
  ASSERT_TRUE(disk_->open(root_ / "f", OpenMode::create_new));
  const auto again = disk_->open(root_ / "f", OpenMode::create_new);
  EXPECT_EQ(again.error().kind, ErrorKind::already_exists);
  EXPECT_NE(again.error().message.find((root_ / "f").string()), std::string::npos);
  EXPECT_EQ(disk_->remove(root_ / "none").error().kind, ErrorKind::not_found);
  EXPECT_EQ(disk_->rename(root_ / "none", root_ / "x").error().kind, ErrorKind::not_found);
  EXPECT_EQ(disk_->list(root_ / "none").error().kind, ErrorKind::not_found);
  EXPECT_EQ(disk_->sync_directory(root_ / "none").error().kind, ErrorKind::not_found);
  const auto full = disk_->open("/dev/full", OpenMode::read_write);
  ASSERT_TRUE(full);
  EXPECT_EQ((*full)->write_at(0, "x").error().kind, ErrorKind::exhausted);
}

TEST_F(DiskTest, ListsAndRemoves) {
  ASSERT_TRUE(write_file_durably(*disk_, root_ / "f", "12345"));
  auto entries = disk_->list(root_);
  ASSERT_TRUE(entries);
  std::ranges::sort(*entries, {}, &DirectoryEntry::name);
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_TRUE((*entries)[0].is_directory);
  EXPECT_EQ((*entries)[1].name, "f");
  EXPECT_EQ((*entries)[1].size_bytes, 5U);
  EXPECT_TRUE(disk_->remove_tree(root_ / "a"));
  EXPECT_TRUE(disk_->remove_tree(root_ / "a"));
  EXPECT_TRUE(disk_->remove(root_ / "f"));
  EXPECT_TRUE(disk_->list(root_)->empty());
  EXPECT_GT(*disk_->free_bytes(root_), 0U);
}

TEST_F(DiskTest, SmallFilesAreReplacedWhole) {
  const Path path = root_ / "f";
  ASSERT_TRUE(write_file_durably(*disk_, path, "old"));
  // What a crash in the middle leaves behind is no obstacle.
  ASSERT_TRUE(disk_->open(root_ / "f.new", OpenMode::create_new));
  ASSERT_TRUE(write_file_durably(*disk_, path, "new content"));
  EXPECT_EQ(*read_file(*disk_, path, 100), "new content");
  EXPECT_EQ(read_file(*disk_, path, 10).error().kind, ErrorKind::exhausted);
  EXPECT_EQ(disk_->open(root_ / "f.new", OpenMode::read).error().kind, ErrorKind::not_found);
  EXPECT_FALSE(write_file_durably(*disk_, root_ / "none" / "f", "x"));
}

}  // namespace
}  // namespace millrace::runtime
