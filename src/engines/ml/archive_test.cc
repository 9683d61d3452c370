#include "engines/ml/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include "engines/ml/test_data.h"

namespace millrace::ml {
namespace {

struct TestEntry {
  std::string name;
  std::string content;
  mode_t type = AE_IFREG;
  std::string target = {};
  bool hard = false;
};

// A tar.gz of exactly these entries, however wicked.
Bytes tar_gz(const std::vector<TestEntry>& entries) {
  Bytes out(16 << 20, '\0');
  size_t used = 0;
  struct archive* a = archive_write_new();
  archive_write_set_format_pax_restricted(a);
  archive_write_add_filter_gzip(a);
  archive_write_open_memory(a, out.data(), out.size(), &used);
  for (const TestEntry& each : entries) {
    struct archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, each.name.c_str());
    archive_entry_set_filetype(entry, each.type);
    archive_entry_set_perm(entry, 0755);
    if (each.hard) {
      archive_entry_set_hardlink(entry, each.target.c_str());
    } else if (each.type == AE_IFLNK) {
      archive_entry_set_symlink(entry, each.target.c_str());
    }
    archive_entry_set_size(entry, each.type == AE_IFREG && !each.hard
                                      ? static_cast<la_int64_t>(each.content.size())
                                      : 0);
    archive_write_header(a, entry);
    archive_write_data(a, each.content.data(), each.content.size());
    archive_entry_free(entry);
  }
  archive_write_close(a);
  archive_write_free(a);
  out.resize(used);
  return out;
}

class Archive : public testing::Test {
 protected:
  Archive() { std::filesystem::create_directories(folder.path() / "outer/out"); }

  Result<void> extract(BytesView bytes, const ArchiveLimits& limits = {}) {
    const auto file = folder.write("a.tar.gz", bytes);
    return extract_tar_gz(*disk, file, folder.path() / "outer/out", limits);
  }
  // Everything below `outer`, to see that nothing was written beside `out`.
  std::set<std::string> found() const {
    std::set<std::string> names;
    const auto root = folder.path() / "outer";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      if (entry.path() != root / "out") {
        names.insert(std::filesystem::relative(entry.path(), root).string());
      }
    }
    return names;
  }

  test::Folder folder;
  std::unique_ptr<runtime::Disk> disk = runtime::make_disk();
};

TEST_F(Archive, UnpacksFilesFoldersAndLinksThatStay) {
  const auto result = extract(tar_gz({{"./", "", AE_IFDIR},
                                      {"./model_algo-1", "weights"},
                                      {"code/", "", AE_IFDIR},
                                      {"code/run.py", "print()"},
                                      {"deep/er/file", "x"},
                                      {"link", "", AE_IFLNK, "code/run.py"},
                                      {"same", "", AE_IFREG, "model_algo-1", true}}));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(folder.read("outer/out/model_algo-1"), "weights");
  EXPECT_EQ(folder.read("outer/out/deep/er/file"), "x");
  EXPECT_EQ(folder.read("outer/out/link"), "print()");
  EXPECT_EQ(folder.read("outer/out/same"), "weights");
}

TEST_F(Archive, RefusesWhatClimbsOut) {
  for (const TestEntry& wicked : std::vector<TestEntry>{{"../evil", "x"},
                                                        {"a/../../evil", "x"},
                                                        {"/tmp/evil", "x"},
                                                        {"link", "", AE_IFLNK, "../evil"},
                                                        {"link", "", AE_IFLNK, "/etc/passwd"},
                                                        {"link", "", AE_IFLNK, "a/../../b"},
                                                        {"hard", "", AE_IFREG, "../a.tar.gz", true},
                                                        {"hard", "", AE_IFREG, "/etc/passwd", true},
                                                        {"hard", "", AE_IFREG, "not-there", true},
                                                        {"device", "", AE_IFCHR},
                                                        {"pipe", "", AE_IFIFO}}) {
    const auto result = extract(tar_gz({wicked}));
    ASSERT_FALSE(result) << wicked.name << " -> " << wicked.target;
    EXPECT_EQ(result.error().kind, ErrorKind::invalid) << result.error().message;
    EXPECT_TRUE(found().empty()) << wicked.name;
  }
}

TEST_F(Archive, NeverWritesThroughALink) {
  const auto result = extract(tar_gz({{"dir", "", AE_IFLNK, "out2"}, {"dir/file", "x"}}));
  ASSERT_FALSE(result);
  EXPECT_EQ(found().count("out2"), 0u);
  EXPECT_FALSE(extract(tar_gz({{"f", "", AE_IFLNK, "g"}, {"f", "x"}})));
}

TEST_F(Archive, RefusesDamage) {
  const Bytes good = tar_gz({{"model_algo-1", std::string(100'000, 'w') + "end"}});
  EXPECT_FALSE(extract(""));
  EXPECT_FALSE(extract("this is no archive at all, not even a short one"));
  for (const size_t size : {good.size() / 4, good.size() / 2, good.size() - 20}) {
    std::filesystem::remove_all(folder.path() / "outer/out");
    std::filesystem::create_directories(folder.path() / "outer/out");
    EXPECT_FALSE(extract(BytesView(good).substr(0, size))) << size;
  }
}

TEST_F(Archive, RefusesBombs) {
  const Bytes bomb = tar_gz({{"zeros", std::string(8 << 20, '\0')}});
  const auto large = extract(bomb, {.total_bytes_max = 1 << 20});
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind, ErrorKind::exhausted);
  std::filesystem::remove(folder.path() / "outer/out/zeros");
  const auto dense = extract(bomb, {.ratio_max = 100, .ratio_from_bytes = 1 << 20});
  ASSERT_FALSE(dense);
  EXPECT_EQ(dense.error().kind, ErrorKind::exhausted);
  std::filesystem::remove(folder.path() / "outer/out/zeros");
  EXPECT_TRUE(extract(bomb));
  std::vector<TestEntry> many;
  for (int i = 0; i < 11; ++i) many.push_back({"n" + std::to_string(i), ""});
  EXPECT_FALSE(extract(tar_gz(many), {.entries_max = 10}));
}

TEST_F(Archive, RefusesTheSameFileTwice) {
  EXPECT_FALSE(extract(tar_gz({{"a", "1"}, {"./a", "2"}})));
}

TEST_F(Archive, PacksTheSameBytesWhateverTheClock) {
  folder.write("in/b", "second");
  folder.write("in/a", "first");
  folder.write("in/sub/c", std::string(300'000, 'c'));
  ASSERT_TRUE(create_tar_gz(*disk, folder.path() / "in", folder.path() / "1.tar.gz"));
  folder.write("in/b", "second");  // A later modification time.
  ::chmod((folder.path() / "in/a").c_str(), 0600);
  ASSERT_TRUE(create_tar_gz(*disk, folder.path() / "in", folder.path() / "2.tar.gz"));
  EXPECT_EQ(folder.read("1.tar.gz"), folder.read("2.tar.gz"));
  // The gzip header holds no time and no name.
  EXPECT_EQ(to_hex(folder.read("1.tar.gz").substr(0, 8)), "1f8b080000000000");
  ASSERT_TRUE(extract(folder.read("1.tar.gz")));
  EXPECT_EQ(found(), (std::set<std::string>{"out/a", "out/b", "out/sub", "out/sub/c"}));
  EXPECT_EQ(folder.read("outer/out/sub/c"), folder.read("in/sub/c"));
}

TEST_F(Archive, ZipWritesWhatItReads) {
  const auto zip = make_zip({{"one", "1"}, {"two", std::string(100'000, '2')}, {"empty", ""}});
  ASSERT_TRUE(zip);
  const auto path = folder.write("x.zip", *zip);
  const auto file = disk->open(path, runtime::OpenMode::read);
  const auto members = read_zip(**file, 10, 1 << 20);
  ASSERT_TRUE(members) << members.error().message;
  EXPECT_EQ(members->size(), 3u);
  EXPECT_EQ(members->at("two"), std::string(100'000, '2'));
  EXPECT_FALSE(read_zip(**file, 2, 1 << 20));
  EXPECT_FALSE(read_zip(**file, 10, 50'000));
}

TEST_F(Archive, ZipRefusesDamage) {
  const auto zip = make_zip({{"params", std::string(1000, 'p')}});
  for (const size_t size : {size_t{0}, size_t{3}, size_t{20}, size_t{500}, zip->size() - 1}) {
    const auto path = folder.write("x.zip", BytesView(*zip).substr(0, size));
    const auto file = disk->open(path, runtime::OpenMode::read);
    const auto members = read_zip(**file, 10, 1 << 20);
    EXPECT_TRUE(!members || members->count("params") == 0 ||
                members->at("params") == std::string(1000, 'p'))
        << size;
  }
  Bytes flipped = *zip;
  flipped[200] ^= 1;
  const auto path = folder.write("x.zip", flipped);
  const auto file = disk->open(path, runtime::OpenMode::read);
  EXPECT_FALSE(read_zip(**file, 10, 1 << 20));  // The checksum.
}

}  // namespace
}  // namespace millrace::ml
