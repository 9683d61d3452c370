// Bits that flip in the files of the rows: logs, tables, manifest. What is read is what was
// written, or an error, also an error of opening; never something else and never less.
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "base/hash.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "store/database.h"
#include "store/log_check.h"
#include "store/test_folder.h"

namespace millrace::store {
namespace {

namespace fs = std::filesystem;

constexpr int kRows = 90;
constexpr int kFlips = 160;

struct Row {
  uint64_t number = 0;
  Bytes bytes;
  using Key = std::tuple<uint64_t>;
  Key key() const { return {number}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.number);
    v(2, self.bytes);
  }
};
constexpr Table<Row> kTable{"test.rows"};

Bytes content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void set_content(const fs::path& path, BytesView bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

Bytes flipped(Bytes bytes, uint64_t bit) {
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
  return bytes;
}

Database::Options options(const fs::path& folder) {
  return {.path = folder, .write_buffer_bytes = 64 * 1024};
}

Row row_of(uint64_t number) {
  std::mt19937 random(static_cast<unsigned>(number));
  Row row{number, Bytes(number * 37 % 4000, '\0')};
  for (char& byte : row.bytes) byte = static_cast<char>(random());
  return row;
}

Task<void> write_rows(Database* db) {
  for (uint64_t number = 0; number < kRows; ++number) {
    Txn txn = db->begin();
    txn.put(kTable, row_of(number));
    CO_TRY(co_await txn.commit());
  }
  co_return ok;
}

// Whether damage was met; that what is read is right is expected here.
bool meets_damage(const fs::path& folder) {
  auto db = Database::open(options(folder));
  if (!db) return true;
  bool met = false;
  Txn txn = (*db)->begin();
  for (uint64_t number = 0; number < kRows; ++number) {
    const auto row = txn.find(kTable, {number});
    if (!row) {
      met = true;
      continue;
    }
    EXPECT_TRUE(row->has_value()) << number;
    if (*row) EXPECT_EQ((*row)->bytes, row_of(number).bytes) << number;
  }
  const auto rows = txn.scan(kTable, {});
  if (rows) EXPECT_EQ(rows->size(), kRows);
  return met || !rows;
}

class Damage : public ::testing::Test {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    auto db = Database::open(options(whole_));
    ASSERT_TRUE(db) << db.error().message;
    runtime::Loop loop;
    ASSERT_TRUE(runtime::run_task(loop, write_rows(db->get())));
  }
  void TearDown() override { runtime::set_log_level(runtime::LogLevel::info); }

  fs::path fresh_copy() {
    fs::remove_all(copy_);
    fs::copy(whole_, copy_);
    return copy_;
  }
  std::vector<fs::path> files(std::string_view extension) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(whole_)) {
      const std::string name = entry.path().filename();
      if (name.find(extension) != std::string::npos) found.push_back(name);
    }
    return found;
  }
  // How many of the flips were met.
  int flip_in(const std::vector<fs::path>& names, int flips) {
    int met = 0;
    for (int i = 0; i < flips; ++i) {
      const fs::path& name = names[random_() % names.size()];
      const fs::path path = fresh_copy() / name;
      const Bytes content = content_of(path);
      const uint64_t bit = random_() % (content.size() * 8);
      SCOPED_TRACE(name.string() + " bit " + std::to_string(bit));
      set_content(path, flipped(content, bit));
      met += meets_damage(copy_);
    }
    return met;
  }

  TestFolder folder_;
  fs::path whole_ = folder_.path() / "whole";
  fs::path copy_ = folder_.path() / "copy";
  std::mt19937 random_{1};
};

TEST_F(Damage, FlipsInLogsAreFound) {
  ASSERT_FALSE(files(".log").empty());
  EXPECT_EQ(flip_in(files(".log"), kFlips / 4), kFlips / 4);
}

TEST_F(Damage, FlipsInTheManifestAreFound) {
  EXPECT_EQ(flip_in(files("MANIFEST"), kFlips / 4), kFlips / 4);
}

TEST_F(Damage, FlipsInTablesAreFoundOrHarmNothing) {
  ASSERT_FALSE(files(".sst").empty());
  EXPECT_GT(flip_in(files(".sst"), kFlips / 2), kFlips / 4);
}

TEST_F(Damage, ADatabaseThatHasLostItsBeginningIsNotMadeAnew) {
  fs::remove(fresh_copy() / "CURRENT");
  EXPECT_FALSE(Database::open(options(copy_)));
  EXPECT_TRUE(meets_damage(copy_));
}

Bytes record(uint8_t type, BytesView payload) {
  const char type_byte = static_cast<char>(type);
  const uint32_t crc = crc32c(crc32c(0, {&type_byte, 1}), payload);
  const uint32_t masked = (crc >> 15 | crc << 17) + 0xa282ead8U;
  Bytes out;
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(masked >> 8 * i));
  out.push_back(static_cast<char>(payload.size()));
  out.push_back(static_cast<char>(payload.size() >> 8));
  out.push_back(type_byte);
  return out.append(payload);
}

TEST(LogCheck, EveryFlippedBitIsDamage) {
  const Bytes log = record(1, "first") + record(1, "") + record(2, Bytes(700, '\0')) +
                    record(4, "the end of it") + record(1, "last");
  EXPECT_EQ(check_log(log).end, LogEnd::whole);
  for (uint64_t bit = 0; bit < log.size() * 8; ++bit) {
    EXPECT_EQ(check_log(flipped(log, bit)).end, LogEnd::damaged) << bit;
  }
}

TEST(LogCheck, ACutEndIsTorn) {
  const Bytes first = record(1, "first");
  const Bytes log = first + record(1, Bytes(100, 'x'));
  for (size_t size = 0; size < log.size(); ++size) {
    const LogState state = check_log(BytesView(log).substr(0, size));
    EXPECT_EQ(state.end, size == 0 || size == first.size() ? LogEnd::whole : LogEnd::torn) << size;
    EXPECT_EQ(state.offset, size < first.size() ? 0 : first.size());
  }
}

TEST(LogCheck, SectorsThatWereNotWrittenAreATornEnd) {
  Bytes log = record(1, "first") + record(1, Bytes(5000, 'x'));
  log.replace(1024, 512, Bytes(512, '\0'));
  EXPECT_EQ(check_log(log).end, LogEnd::torn);
  EXPECT_EQ(check_log(record(1, "first") + Bytes(4096, '\0')).end, LogEnd::torn);
}

TEST(LogCheck, WhatIsFollowedByAnotherBlockIsDamaged) {
  Bytes log = record(1, Bytes(32'768 - 7, 'x')) + record(1, "in the second block");
  EXPECT_EQ(check_log(log).end, LogEnd::whole);
  log.replace(1024, 512, Bytes(512, '\0'));
  EXPECT_EQ(check_log(log).end, LogEnd::damaged);
  EXPECT_EQ(check_log(log).offset, 0U);
}

TEST(LogCheck, OtherBytesThanWereWrittenAreDamage) {
  Bytes log = record(1, Bytes(300, 'x'));
  log.replace(20, 40, Bytes(40, 'y'));
  EXPECT_EQ(check_log(log).end, LogEnd::damaged);
}

}  // namespace
}  // namespace millrace::store
