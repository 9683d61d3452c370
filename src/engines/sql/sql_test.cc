#include "engines/sql/sql.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "engines/sql/glob.h"
#include "runtime/loop_thread.h"

namespace millrace::sql {
namespace {

// Files in memory, which count what is read.
class MemoryFiles final : public Files {
 public:
  Result<std::shared_ptr<File>> open(const std::string& path) override {
    const auto found = contents.find(path);
    if (found == contents.end()) return fail(ErrorKind::not_found, "there is no " + path);
    return std::make_shared<MemoryFile>(*this, found->second);
  }
  Result<void> list(const std::string& prefix, const Name& name) override {
    for (auto it = contents.lower_bound(prefix); it != contents.end(); ++it) {
      if (!it->first.starts_with(prefix) || !name(it->first)) break;
    }
    return {};
  }

  std::map<std::string, std::string> contents;
  std::atomic<uint64_t> bytes_read = 0;
  std::atomic<uint64_t> reads = 0;
  std::optional<Error> broken;  // What every read answers.
  std::function<void()> on_read;

 private:
  class MemoryFile final : public File {
   public:
    MemoryFile(MemoryFiles& owner, std::string bytes) : owner_(owner), bytes_(std::move(bytes)) {}
    uint64_t size() const override { return bytes_.size(); }
    Time modified() const override { return Time(seconds(1'800'000'000)); }
    std::string version() const override { return "1"; }
    Result<void> read_at(uint64_t offset, char* bytes, size_t size) override {
      if (owner_.on_read) owner_.on_read();
      if (owner_.broken) return fail(*owner_.broken);
      EXPECT_LE(offset + size, bytes_.size());
      bytes_.copy(bytes, size, offset);
      owner_.bytes_read += size;
      ++owner_.reads;
      return {};
    }

   private:
    MemoryFiles& owner_;
    const std::string bytes_;
  };
};

class SqlTest : public ::testing::Test {
 protected:
  void SetUp() override {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
    GTEST_SKIP() << "the thread sanitizer reports falsely inside DuckDB's library";
#endif
#endif
  }
  ~SqlTest() override { EXPECT_TRUE(runtime::run_task(thread_.loop(), nursery_.close(), true)); }

  // The rows as text: cells with '|', rows with '\n'.
  Result<std::string> ask(Query query) {
    return runtime::run_task_for(thread_.loop(), ask_all(&sql_, std::move(query), files_), true);
  }
  Result<std::string> ask(std::string statement) {
    Query query;
    query.statement = std::move(statement);
    return ask(std::move(query));
  }

  static std::string show(const Value& value) {
    if (const auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
    if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
    if (const auto* real = std::get_if<double>(&value)) return std::to_string(*real);
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    return "NULL";
  }

  static Task<std::string> ask_all(Sql* sql, Query query, std::shared_ptr<Files> files) {
    CO_TRY(Rows rows, co_await sql->query(std::move(query), std::move(files)));
    std::string out;
    for (;;) {
      CO_TRY(const Chunk* const chunk, co_await rows.next());
      if (chunk == nullptr) co_return out;
      for (size_t row = 0; row < chunk->rows(); ++row) {
        for (size_t i = 0; i < rows.columns().size(); ++i) {
          if (i != 0) out += '|';
          out += show(chunk->at(i, row));
        }
        out += '\n';
      }
    }
  }

  runtime::LoopThread thread_{"sql-test"};
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(Time(seconds(1'800'000'000)));
  runtime::Nursery nursery_{thread_.loop()};
  std::shared_ptr<MemoryFiles> files_ = std::make_shared<MemoryFiles>();
  runtime::Pool pool_{"sql-test", 2};
  Sql sql_{{pool_, *clock_, nursery_, {MILLRACE_DUCKDB}}};
};

TEST_F(SqlTest, AnswersEveryType) {
  const auto rows =
      ask("SELECT 1::TINYINT, 2::SMALLINT, 3::INTEGER, 4::BIGINT, 5::UTINYINT, 6::USMALLINT,"
          " 7::UINTEGER, 8::UBIGINT, 9::HUGEINT, 1.5::FLOAT, 2.5::DOUBLE, 3.14::DECIMAL(9,2), true,"
          " 'text', NULL, DATE '2024-02-29', TIMESTAMP '2024-02-29 12:00:00', [1, 2], {'a': 1}");
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(*rows,
            "1|2|3|4|5|6|7|8|9|1.500000|2.500000|3.14|true|text|NULL|2024-02-29|"
            "2024-02-29 12:00:00|[1, 2]|{'a': 1}\n");
}

std::string show(const Numbers& numbers, size_t at) {
  if (numbers.valid != nullptr && (numbers.valid[at / 64] >> (at % 64) & 1) == 0) return "NULL";
  switch (numbers.type) {
    case Numbers::Type::f64:
      return std::to_string(static_cast<const double*>(numbers.values)[at]).substr(0, 3);
    case Numbers::Type::f32:
      return std::to_string(static_cast<const float*>(numbers.values)[at]).substr(0, 3) + "f";
    case Numbers::Type::i64:
      return std::to_string(static_cast<const int64_t*>(numbers.values)[at]) + "l";
    case Numbers::Type::i32:
      return std::to_string(static_cast<const int32_t*>(numbers.values)[at]);
  }
  return "?";
}

Task<std::string> show_numbers(Sql* sql, std::shared_ptr<Files> files) {
  Query query;
  query.statement =
      "SELECT CASE WHEN i = 3 THEN NULL ELSE i / 2.0::DOUBLE END, CASE WHEN i = 2 THEN NULL ELSE "
      "[i::FLOAT, NULL, 0.5] END, i::BIGINT, [i::INTEGER], i::SMALLINT, [i::VARCHAR] "
      "FROM range(4) t(i)";
  CO_TRY(Rows rows, co_await sql->query(std::move(query), std::move(files)));
  CO_TRY(const Chunk* const chunk, co_await rows.next());
  EXPECT_EQ(chunk->numbers(1).values, nullptr);
  EXPECT_EQ(chunk->numbers(4).values, nullptr);
  EXPECT_EQ(chunk->number_lists(0).places, nullptr);
  EXPECT_EQ(chunk->number_lists(5).places, nullptr);
  std::string out;
  for (size_t row = 0; row < chunk->rows(); ++row) {
    out += show(chunk->numbers(0), row) + " " + show(chunk->numbers(2), row) + ":";
    for (const size_t column : {size_t{1}, size_t{3}}) {
      const NumberLists lists = chunk->number_lists(column);
      const bool there = lists.valid == nullptr || (lists.valid[0] >> row & 1) != 0;
      if (!there) out += " NULL";
      for (size_t n = 0; there && n < lists.places[row].length; ++n) {
        out += " " + show(lists.items, lists.places[row].offset + n);
      }
    }
    out += "\n";
  }
  co_return out;
}

TEST_F(SqlTest, ShowsColumnsOfNumbersWhereTheyLie) {
  const auto shown = runtime::run_task_for(thread_.loop(), show_numbers(&sql_, files_), true);
  ASSERT_TRUE(shown) << shown.error().message;
  EXPECT_EQ(*shown,
            "0.0 0l: 0.0f NULL 0.5f 0\n0.5 1l: 1.0f NULL 0.5f 1\n1.0 2l: NULL 2\n"
            "NULL 3l: 3.0f NULL 0.5f 3\n");
}

TEST_F(SqlTest, ReadsCsvAndJsonByPattern) {
  files_->contents["s3://b/year=2023/a.csv"] = "id,name\n1,ann\n2,bob\n";
  files_->contents["s3://b/year=2024/b.csv"] = "id,name\n3,cyd\n";
  files_->contents["s3://b/year=2024/c.json"] = "{\"id\": 9}\n";
  auto rows = ask("SELECT id, name, year FROM 's3://b/*/*.csv' WHERE year > 2023");
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(*rows, "3|cyd|2024\n");
  rows = ask("SELECT id FROM 's3://b/**/c.json'");
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(*rows, "9\n");
}

TEST_F(SqlTest, ReadsOfParquetWhatItNeeds) {
  const char* const given = std::getenv("MILLRACE_SHARED");
  const std::filesystem::path root = given != nullptr ? given : MILLRACE_SOURCE_DIR "/../shared";
  const std::filesystem::path data = root / "data/online-retail/online_retail.parquet";
  if (!std::filesystem::exists(data)) {
    GTEST_SKIP() << "Online Retail is not there; set MILLRACE_SHARED";
  }
  std::ifstream in(data, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  files_->contents["s3://b/half=1/a.parquet"] = bytes;
  files_->contents["s3://b/half=2/a.parquet"] = bytes;
  const auto column = ask(
      "SELECT sum(total_compressed_size)::BIGINT FROM parquet_metadata('s3://b/half=1/a.parquet')"
      " WHERE path_in_schema = 'Quantity'");
  ASSERT_TRUE(column) << column.error().message;
  const uint64_t needed = std::stoull(*column);
  files_->bytes_read = 0;
  const auto rows = ask("SELECT sum(Quantity)::BIGINT FROM 's3://b/*/*.parquet' WHERE half = 2");
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(*rows, "5176450\n");
  // One column of one file, and the footers of both.
  EXPECT_GE(files_->bytes_read, needed);
  EXPECT_LE(files_->bytes_read, needed + 64 * 1024);
  EXPECT_LT(files_->bytes_read, bytes.size() / 4);
  EXPECT_LE(files_->reads, 20U);
}

TEST_F(SqlTest, StreamsMoreThanOneChunk) {
  const auto rows = ask("SELECT range FROM range(10000)");
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(std::ranges::count(*rows, '\n'), 10'000);
  EXPECT_TRUE(rows->ends_with("9998\n9999\n"));
}

TEST_F(SqlTest, ReachesNothingButItsFiles) {
  for (const char* const statement :
       {"SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('file:///etc/passwd')", "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_text('s3://../../etc/passwd')", "SELECT getenv('HOME')",
        "SELECT * FROM read_parquet('http://127.0.0.1/x.parquet')",
        "SELECT * FROM read_text('s3:///etc/passwd')"}) {
    const auto rows = ask(statement);
    EXPECT_TRUE(!rows || rows->empty() || *rows == "\n") << statement << ": " << *rows;
  }
}

TEST_F(SqlTest, TakesOneSelectOnly) {
  for (const char* const statement :
       {"SET threads = 8", "CREATE TABLE t (a INTEGER)", "INSTALL httpfs", "LOAD httpfs",
        "ATTACH 's3://b/x.db'", "COPY (SELECT 1) TO 's3://b/out.csv'", "SELECT 1; SELECT 2",
        "PRAGMA enable_profiling", "CALL pragma_version()", "", ";",
        "EXPORT DATABASE 's3://b/x'"}) {
    const auto rows = ask(statement);
    ASSERT_FALSE(rows) << statement;
    EXPECT_NE(rows.error().kind, ErrorKind::internal) << statement << ": " << rows.error().message;
  }
}

TEST_F(SqlTest, NamesWhatWentWrong) {
  EXPECT_EQ(ask("SELECT FROM WHERE").error().kind, ErrorKind::invalid);
  EXPECT_EQ(ask("SELECT * FROM 's3://b/none.csv'").error().kind, ErrorKind::not_found);
  files_->contents["s3://b/bad.parquet"] = "PAR1 this is none PAR1";
  EXPECT_EQ(ask("SELECT * FROM 's3://b/bad.parquet'").error().kind, ErrorKind::invalid);
  files_->broken = Error{ErrorKind::internal, "damaged"};
  const auto rows = ask("SELECT * FROM read_csv('s3://b/bad.parquet')");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorKind::internal);
  EXPECT_EQ(rows.error().message, "damaged");
}

TEST_F(SqlTest, HasLimits) {
  Query query;
  query.statement = "SELECT range FROM range(100000)";
  query.limits.rows = 5000;
  EXPECT_EQ(ask(query).error().kind, ErrorKind::exhausted);
  query.limits.rows = UINT64_MAX;
  query.limits.result_bytes = 100'000;
  EXPECT_EQ(ask(query).error().kind, ErrorKind::exhausted);
  Query large;
  large.limits.memory_bytes = 16 << 20;
  large.statement = "SELECT count(*) FROM (SELECT DISTINCT range FROM range(20000000))";
  const auto rows = ask(large);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorKind::exhausted) << rows.error().message;
}

TEST_F(SqlTest, EndsWhenItsTimeIsUp) {
  files_->contents["s3://b/a.csv"] = "a\n1\n";
  files_->on_read = [this] { clock_->advance(std::chrono::hours(1)); };
  Query query;
  query.statement =
      "SELECT count(*) FROM read_csv('s3://b/a.csv'), range(1000000000) t(a), range(1000000) u(b)"
      " WHERE (t.a * u.b) % 7 = 3";
  const auto rows = ask(query);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorKind::deadline) << rows.error().message;
}

TEST_F(SqlTest, EndsWhenItIsStopped) {
  files_->contents["s3://b/a.csv"] = "a\n1\n";
  std::stop_source stop;
  files_->on_read = [&stop] { stop.request_stop(); };
  Query query;
  query.statement = "SELECT count(*) FROM read_csv('s3://b/a.csv'), range(1000000000), range(9999)";
  query.stop = stop.get_token();
  query.shared = true;
  EXPECT_EQ(ask(query).error().kind, ErrorKind::deadline);
  // The database it leaves is good for the next one.
  files_->on_read = nullptr;
  query.stop = {};
  query.statement = "SELECT 1";
  EXPECT_EQ(ask(query).value_or("none"), "1\n");
}

TEST_F(SqlTest, SharesDatabasesOneAfterTheOther) {
  Query query;
  query.shared = true;
  for (int i = 0; i < 5; ++i) {
    query.statement = "SELECT " + std::to_string(i);
    EXPECT_EQ(ask(query).value_or("none"), std::to_string(i) + "\n");
  }
}

TEST_F(SqlTest, SaysThatItIsNotInstalled) {
  Sql bare({pool_, *clock_, nursery_, {"/nowhere/lib.so"}});
  Query query;
  query.statement = "SELECT 1";
  const auto rows = runtime::run_task_for(thread_.loop(), ask_all(&bare, query, files_), true);
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind, ErrorKind::unsupported);
}

}  // namespace
}  // namespace millrace::sql
