// Files of Parquet, as an engine that others wrote reads them.
#include "services/s3/inventory/parquet_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "services/s3/sql_test.h"

namespace millrace::s3 {
namespace {

class ParquetFileTest : public test::SqlTest {
 protected:
  ParquetFileTest() : SqlTest(MILLRACE_DUCKDB) {}

  static Task<std::string> run(sql::Sql* sql, std::string statement,
                               std::shared_ptr<sql::Files> files) {
    sql::Query query;
    query.statement = std::move(statement);
    CO_TRY(sql::Rows rows, co_await sql->query(std::move(query), std::move(files)));
    std::string out;
    for (;;) {
      CO_TRY(const sql::Chunk* const chunk, co_await rows.next());
      if (chunk == nullptr) co_return out;
      for (size_t row = 0; row < chunk->rows(); ++row) {
        out += std::string(std::get<std::string_view>(chunk->at(0, row))) + "\n";
      }
    }
  }

  // A statement that answers one column of text.
  std::string ask(const Bytes& file, std::string statement) {
    auto task = run(&sql_, std::move(statement), std::make_shared<test::BytesFiles>(file));
    const Result<std::string> rows = runtime::run_task_for(thread_.loop(), std::move(task), true);
    return rows ? *rows : rows.error().message;
  }
};

std::vector<ParquetColumn> columns() {
  return {{"key"},
          {"newest", ParquetType::boolean},
          {"size", ParquetType::int64, true},
          {"when", ParquetType::timestamp, true},
          {"class", ParquetType::text, true}};
}

TEST_F(ParquetFileTest, EveryTypeIsReadAsItWasWritten) {
  ParquetFile file("rows", columns());
  Bytes bytes;
  const Time when = Time(std::chrono::milliseconds(1549411238123));
  file.add_row({std::string("a"), true, int64_t{5}, when, std::string("STANDARD")});
  file.add_row({std::string("é\0b", 4), false, {}, {}, {}});
  bytes += file.take_rows();
  file.add_row({std::string(), true, int64_t{-1}, {}, std::string("x")});
  bytes += file.finish();
  EXPECT_EQ(ask(bytes,
                "SELECT concat_ws('|', hex(key), newest, coalesce(size::VARCHAR, '-'), "
                "coalesce(epoch_ms(\"when\")::VARCHAR, '-'), coalesce(class, '-')) "
                "FROM read_parquet('s3://b/f.parquet')"),
            "61|true|5|1549411238123|STANDARD\n"
            "C3A90062|false|-|-|-\n"
            "|true|-1|-|x\n");
}

TEST_F(ParquetFileTest, ManyRowsInManyGroups) {
  ParquetFile file("rows", columns());
  Bytes bytes;
  constexpr int kRows = 10'000;
  for (int i = 0; i < kRows; ++i) {
    const ParquetCell size = i % 3 == 0 ? ParquetCell() : ParquetCell(int64_t{i});
    file.add_row({fmt::format("key {}", i), i % 2 == 0, size, {}, {}});
    if (file.rows() == 999) bytes += file.take_rows();
  }
  bytes += file.finish();
  EXPECT_EQ(ask(bytes,
                "SELECT concat_ws('|', count(*), count(size), sum(size), "
                "count(*) FILTER (newest), max(key)) FROM read_parquet('s3://b/f.parquet')"),
            "10000|6666|33326667|5000|key 9999\n");
}

TEST_F(ParquetFileTest, NoRowsAreAFileToo) {
  ParquetFile file("rows", columns());
  EXPECT_EQ(ask(file.finish(), "SELECT count(*)::VARCHAR FROM read_parquet('s3://b/f.parquet')"),
            "0\n");
}

TEST_F(ParquetFileTest, SchemaNamesTypes) {
  EXPECT_EQ(ParquetFile("rows", columns()).schema(),
            "message rows { required binary key (UTF8); required boolean newest; optional int64 "
            "size; optional int64 when (TIMESTAMP_MILLIS); optional binary class (UTF8); }");
}

}  // namespace
}  // namespace millrace::s3
