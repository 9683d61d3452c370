#include "app/parquet_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engines/sql/sql.h"
#include "runtime/loop_thread.h"
#include "runtime/nursery.h"
#include "runtime/pool.h"

namespace millrace::app {
namespace {

// All pieces are made by one thread, whose memory and caches serve again; channels take turns.
constexpr unsigned kPoolThreads = 1;
// As long as the training that reads on when it has learned from what it has.
constexpr std::chrono::seconds kQueryTime{std::chrono::hours(24 * 365)};
constexpr std::string_view kScheme =
    "s3://file/";  // What engines/sql takes for the path of a file.

class LocalFile final : public sql::File {
 public:
  LocalFile(std::unique_ptr<runtime::File> file, uint64_t size)
      : file_(std::move(file)), size_(size) {}
  uint64_t size() const override { return size_; }
  Time modified() const override { return {}; }
  std::string version() const override { return "1"; }
  bool reads_are_cheap() const override { return true; }
  Result<void> read_at(uint64_t offset, char* bytes, size_t size) override {
    for (size_t done = 0; done < size;) {
      TRY(const size_t taken, file_->read_at(offset + done, bytes + done, size - done));
      if (taken == 0) return fail(ErrorKind::invalid, "the file became shorter as it was read");
      done += taken;
    }
    return {};
  }

 private:
  const std::unique_ptr<runtime::File> file_;
  const uint64_t size_;
};

// The one file that a statement may read.
class OneFile final : public sql::Files {
 public:
  OneFile(runtime::Disk& disk, runtime::Path path, std::string name)
      : disk_(disk), path_(std::move(path)), name_(std::move(name)) {}
  Result<std::shared_ptr<sql::File>> open(const std::string& name) override {
    if (name != name_) return fail(ErrorKind::not_found, "there is no file " + name);
    TRY(auto file, disk_.open(path_, runtime::OpenMode::read));
    TRY(const uint64_t size, file->size());
    return std::make_shared<LocalFile>(std::move(file), size);
  }
  Result<void> list(const std::string& prefix, const Name& name) override {
    if (name_.starts_with(prefix)) name(name_);
    return {};
  }

 private:
  runtime::Disk& disk_;
  const runtime::Path path_;
  const std::string name_;
};

bool is_number(std::string_view type) {
  constexpr std::array<std::string_view, 13> kTypes = {
      "BOOLEAN",   "TINYINT",  "SMALLINT", "INTEGER",  "BIGINT", "HUGEINT", "UTINYINT",
      "USMALLINT", "UINTEGER", "UBIGINT",  "UHUGEINT", "FLOAT",  "DOUBLE"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end() ||
         (type.starts_with("DECIMAL(") && type.ends_with(')'));
}

ml::TableColumn::Kind kind_of(std::string_view type) {
  if (is_number(type)) return ml::TableColumn::Kind::number;
  constexpr std::string_view kList = "[]";
  if (type.ends_with(kList) && is_number(type.substr(0, type.size() - kList.size()))) {
    return ml::TableColumn::Kind::numbers;
  }
  return ml::TableColumn::Kind::other;
}

// Within quotes of that kind.
std::string in_quotes(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

// What a type of numbers is read as: itself where sql::Numbers has it, or one that holds its
// values.
std::string_view read_as(std::string_view type) {
  constexpr std::array<std::string_view, 4> kItself = {"DOUBLE", "FLOAT", "BIGINT", "INTEGER"};
  constexpr std::array<std::string_view, 5> kSmall = {"BOOLEAN", "TINYINT", "SMALLINT", "UTINYINT",
                                                      "USMALLINT"};
  const auto* const found = std::find(kItself.begin(), kItself.end(), type);
  if (found != kItself.end()) return *found;
  if (std::find(kSmall.begin(), kSmall.end(), type) != kSmall.end()) return "INTEGER";
  return type == "UINTEGER" ? "BIGINT" : "DOUBLE";
}

std::string select_all(const std::vector<ml::TableColumn>& columns, const std::string& file) {
  std::string list;
  for (const ml::TableColumn& column : columns) {
    if (!list.empty()) list += ", ";
    const std::string name = in_quotes(column.name, '"');
    const std::string_view item = std::string_view(column.type).substr(0, column.type.find('['));
    switch (column.kind) {
      case ml::TableColumn::Kind::number:
        list += fmt::format("CAST({} AS {})", name, read_as(column.type));
        break;
      case ml::TableColumn::Kind::numbers:
        list += fmt::format("CAST({} AS {}[])", name, read_as(item));
        break;
      case ml::TableColumn::Kind::other:
        list += "NULL";
        break;
    }
  }
  return fmt::format("SELECT {} FROM read_parquet({})", list, in_quotes(file, '\''));
}

ml::Numbers shown(const sql::Numbers& cells) {
  using enum ml::Numbers::Type;
  constexpr std::array kTypes = {f64, f32, i64, i32};
  static_assert(static_cast<size_t>(sql::Numbers::Type::i32) == kTypes.size() - 1);
  return {cells.values, cells.valid, kTypes[static_cast<size_t>(cells.type)]};
}

class Piece final : public ml::TablePiece {
 public:
  void set(const sql::Chunk* chunk) { chunk_ = chunk; }
  size_t rows() const override { return chunk_->rows(); }
  ml::Numbers numbers(size_t column) const override { return shown(chunk_->numbers(column)); }
  ml::NumberLists lists(size_t column) const override {
    const sql::NumberLists cells = chunk_->number_lists(column);
    static_assert(sizeof(ml::NumberLists::Place) == sizeof(sql::NumberLists::Place));
    return {reinterpret_cast<const ml::NumberLists::Place*>(cells.places), cells.valid,
            shown(cells.items)};
  }

 private:
  const sql::Chunk* chunk_ = nullptr;
};

Task<const sql::Chunk*> next_of(sql::Rows* rows) { co_return co_await rows->next(); }

Task<sql::Rows> begin(sql::Sql* sql, sql::Query query, std::shared_ptr<sql::Files> files) {
  co_return co_await sql->query(std::move(query), std::move(files));
}

}  // namespace

struct ParquetTables::Engine {
  Engine(runtime::Clock& clock, std::vector<runtime::Path> libraries)
      : sql({pool, clock, nursery, std::move(libraries)}) {}
  ~Engine() { ASSERT(runtime::run_task(thread.loop(), nursery.close(), true).has_value()); }

  runtime::LoopThread thread{"parquet"};
  runtime::Pool pool{"parquet", kPoolThreads};
  runtime::Nursery nursery{thread.loop()};
  sql::Sql sql;
};

namespace {

// What reads one file, whatever the engine that runs it.
class ParquetFile final : public ml::TableFile {
 public:
  ParquetFile(runtime::Loop& loop, sql::Sql& sql, std::shared_ptr<sql::Files> files,
              std::string name)
      : loop_(loop), sql_(sql), files_(std::move(files)), name_(std::move(name)) {}

  Result<void> describe() {
    TRY(const sql::Rows rows,
        ask(fmt::format("SELECT * FROM read_parquet({}) LIMIT 0", in_quotes(name_, '\''))));
    for (const sql::Column& column : rows.columns()) {
      columns_.push_back({column.name, column.type, kind_of(column.type)});
    }
    return {};
  }

  const std::vector<ml::TableColumn>& columns() const override { return columns_; }

  Result<const ml::TablePiece*> next() override {
    if (!rows_) {
      TRY(sql::Rows rows, ask(select_all(columns_, name_)));
      rows_.emplace(std::move(rows));
    }
    const Result<const sql::Chunk*> chunk = runtime::run_task_for(loop_, next_of(&*rows_), true);
    if (!chunk) return fail(told(chunk.error()));
    if (*chunk == nullptr) return nullptr;
    piece_.set(*chunk);
    return &piece_;
  }

 private:
  Result<sql::Rows> ask(std::string statement) {
    sql::Query query{.statement = std::move(statement),
                     .limits = {.memory_bytes = kParquetMemoryBytes,
                                .threads = 1,  // Rows come in the order of the file.
                                .time = kQueryTime}};
    Result<sql::Rows> rows =
        runtime::run_task_for(loop_, begin(&sql_, std::move(query), files_), true);
    if (!rows) return fail(told(std::move(rows).error()));
    return rows;
  }

  // The file is named by whoever reads it; here it has a path that nobody else knows.
  static Error told(Error error) {
    for (size_t at = 0; (at = error.message.find(kScheme, at)) != std::string::npos;) {
      error.message.erase(at, kScheme.size());
    }
    return error;
  }

  runtime::Loop& loop_;
  sql::Sql& sql_;
  const std::shared_ptr<sql::Files> files_;
  const std::string name_;
  std::vector<ml::TableColumn> columns_;
  std::optional<sql::Rows> rows_;
  Piece piece_;
};

}  // namespace

ParquetTables::ParquetTables(runtime::Disk& disk, runtime::Clock& clock,
                             std::vector<runtime::Path> libraries)
    : disk_(disk), clock_(clock), libraries_(std::move(libraries)) {}

ParquetTables::~ParquetTables() = default;

Result<std::unique_ptr<ml::TableFile>> ParquetTables::open(const runtime::Path& path) {
  Engine* const engine = engine_.with([this](std::unique_ptr<Engine>& made) {
    if (!made) made = std::make_unique<Engine>(clock_, libraries_);
    return made.get();
  });
  const std::string name = std::string(kScheme) + "data.parquet";
  auto file = std::make_unique<ParquetFile>(engine->thread.loop(), engine->sql,
                                            std::make_shared<OneFile>(disk_, path, name), name);
  TRY(file->describe());
  return std::unique_ptr<ml::TableFile>(std::move(file));
}

}  // namespace millrace::app
