// Statements of SQL over one file in memory, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "engines/sql/sql.h"
#include "runtime/loop_thread.h"

namespace millrace::s3::test {

class BytesFile final : public sql::File {
 public:
  explicit BytesFile(Bytes bytes) : bytes_(std::move(bytes)) {}
  uint64_t size() const override { return bytes_.size(); }
  Time modified() const override { return Time(); }
  std::string version() const override { return "1"; }
  Result<void> read_at(uint64_t offset, char* bytes, size_t size) override {
    bytes_.copy(bytes, size, offset);
    return {};
  }

 private:
  const Bytes bytes_;
};

// Whatever its path, the file is these bytes.
class BytesFiles final : public sql::Files {
 public:
  explicit BytesFiles(Bytes bytes) : file_(std::make_shared<BytesFile>(std::move(bytes))) {}
  Result<std::shared_ptr<sql::File>> open(const std::string& path) override { return file_; }
  Result<void> list(const std::string& prefix, const Name& name) override {
    name("s3://b/f.parquet");
    return {};
  }

 private:
  std::shared_ptr<BytesFile> file_;
};

class SqlTest : public ::testing::Test {
 protected:
  // `duckdb`: the path of its library.
  explicit SqlTest(const char* duckdb) : sql_{{pool_, *clock_, nursery_, {duckdb}}} {}
  void SetUp() override {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
    GTEST_SKIP() << "the thread sanitizer reports falsely inside DuckDB's library";
#endif
#endif
  }
  ~SqlTest() override { EXPECT_TRUE(runtime::run_task(thread_.loop(), nursery_.close(), true)); }

  runtime::LoopThread thread_{"sql-test"};
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(Time());
  runtime::Nursery nursery_{thread_.loop()};
  runtime::Pool pool_{"sql-test", 2};
  sql::Sql sql_;
};

}  // namespace millrace::s3::test
