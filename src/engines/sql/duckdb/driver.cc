#include "engines/sql/driver.h"

#include <duckdb.h>

#include <array>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>

#include "engines/sql/duckdb/file_system.h"

namespace millrace::sql {
namespace {

constexpr std::string_view kVersion = "v1.4.4";

// A handle of the C interface and the function that frees it.
template <class Handle, auto kFree>
class Owned final {
 public:
  Owned() = default;
  explicit Owned(Handle handle) : handle_(handle) {}
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, Handle{})) {}
  Owned& operator=(Owned&&) = delete;
  ~Owned() { reset(); }
  void reset() {
    if (handle_ != nullptr) kFree(&handle_);
    handle_ = Handle{};
  }
  Handle get() const { return handle_; }
  Handle* out() { return &handle_; }

 private:
  Handle handle_{};
};

using Config = Owned<duckdb_config, duckdb_destroy_config>;
using Database = Owned<duckdb_database, duckdb_close>;
using Connection = Owned<duckdb_connection, duckdb_disconnect>;
using Statements = Owned<duckdb_extracted_statements, duckdb_destroy_extracted>;
using Prepared = Owned<duckdb_prepared_statement, duckdb_destroy_prepare>;
using Pending = Owned<duckdb_pending_result, duckdb_destroy_pending>;
using DataChunk = Owned<duckdb_data_chunk, duckdb_destroy_data_chunk>;
using LogicalType = Owned<duckdb_logical_type, duckdb_destroy_logical_type>;

struct OwnedResult {
  OwnedResult() = default;
  OwnedResult(const OwnedResult&) = delete;
  OwnedResult& operator=(const OwnedResult&) = delete;
  ~OwnedResult() { duckdb_destroy_result(&result); }
  duckdb_result result{};
};

// DuckDB's messages begin with the class of the error.
ErrorKind kind_of(std::string_view message) {
  constexpr std::array<std::pair<std::string_view, ErrorKind>, 9> kKinds{{
      {"INTERRUPT", ErrorKind::deadline},
      {"Out of Memory", ErrorKind::exhausted},
      {"IO Error", ErrorKind::invalid},  // A file that is not what it should be.
      {"Permission Error", ErrorKind::denied},
      {"Not implemented", ErrorKind::unsupported},
      {"Missing Extension", ErrorKind::unsupported},
      {"INTERNAL", ErrorKind::internal},
      {"FATAL", ErrorKind::internal},
      {"Unknown Error", ErrorKind::internal},
  }};
  for (const auto& [beginning, kind] : kKinds) {
    if (message.starts_with(beginning)) return kind;
  }
  return ErrorKind::invalid;
}

class DuckChunk final : public Chunk {
 public:
  // Types that Value has; all else is rendered.
  enum class Form : uint8_t { boolean, i8, i16, i32, i64, u8, u16, u32, f32, f64, text, other };

  static Form form_of(duckdb_logical_type logical) {
    const duckdb_type type = duckdb_get_type_id(logical);
    switch (type) {
      case DUCKDB_TYPE_BOOLEAN:
        return Form::boolean;
      case DUCKDB_TYPE_TINYINT:
        return Form::i8;
      case DUCKDB_TYPE_SMALLINT:
        return Form::i16;
      case DUCKDB_TYPE_INTEGER:
        return Form::i32;
      case DUCKDB_TYPE_BIGINT:
        return Form::i64;
      case DUCKDB_TYPE_UTINYINT:
        return Form::u8;
      case DUCKDB_TYPE_USMALLINT:
        return Form::u16;
      case DUCKDB_TYPE_UINTEGER:
        return Form::u32;
      case DUCKDB_TYPE_FLOAT:
        return Form::f32;
      case DUCKDB_TYPE_DOUBLE:
        return Form::f64;
      case DUCKDB_TYPE_VARCHAR:
        return Form::text;
      default:
        return Form::other;
    }
  }

  void set(duckdb_data_chunk chunk, const std::vector<Form>& forms) {
    data_.reset();
    *data_.out() = chunk;
    rows_ = duckdb_data_chunk_get_size(chunk);
    columns_.clear();
    rendered_.clear();
    for (size_t i = 0; i < forms.size(); ++i) {
      const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
      columns_.push_back({forms[i], vector,
                          static_cast<const char*>(duckdb_vector_get_data(vector)),
                          duckdb_vector_get_validity(vector)});
    }
  }
  void clear() { data_.reset(); }

  size_t rows() const override { return rows_; }

  Value at(size_t index, size_t row) const override {
    const Cells& column = columns_[index];
    if (column.validity != nullptr && !duckdb_validity_row_is_valid(column.validity, row))
      return {};
    switch (column.form) {
      case Form::boolean:
        return read<bool>(column, row);
      case Form::i8:
        return int64_t{read<int8_t>(column, row)};
      case Form::i16:
        return int64_t{read<int16_t>(column, row)};
      case Form::i32:
        return int64_t{read<int32_t>(column, row)};
      case Form::i64:
        return read<int64_t>(column, row);
      case Form::u8:
        return int64_t{read<uint8_t>(column, row)};
      case Form::u16:
        return int64_t{read<uint16_t>(column, row)};
      case Form::u32:
        return int64_t{read<uint32_t>(column, row)};
      case Form::f32:
        return double{read<float>(column, row)};
      case Form::f64:
        return read<double>(column, row);
      case Form::text:
        return text(column, row);
      case Form::other:
        break;
    }
    return std::string_view(rendered_.emplace_back(text_of(column.vector, row)));
  }

  Numbers numbers(size_t index) const override {
    const Cells& column = columns_[index];
    const std::optional<Numbers::Type> type = type_of(column.form);
    if (!type) return {};
    return {column.data, column.validity, *type};
  }

  NumberLists number_lists(size_t index) const override {
    static_assert(sizeof(NumberLists::Place) == sizeof(duckdb_list_entry));
    const Cells& column = columns_[index];
    const LogicalType type(duckdb_vector_get_column_type(column.vector));
    if (duckdb_get_type_id(type.get()) != DUCKDB_TYPE_LIST) return {};
    const LogicalType item(duckdb_list_type_child_type(type.get()));
    const std::optional<Numbers::Type> number = type_of(form_of(item.get()));
    if (!number) return {};
    const duckdb_vector items = duckdb_list_vector_get_child(column.vector);
    return {reinterpret_cast<const NumberLists::Place*>(column.data),
            column.validity,
            {duckdb_vector_get_data(items), duckdb_vector_get_validity(items), *number}};
  }

  size_t size_bytes() const override {
    size_t size = rows_ * columns_.size() * sizeof(int64_t);
    for (const Cells& column : columns_) {
      if (column.form != Form::text) continue;
      for (size_t row = 0; row < rows_; ++row) {
        const bool null =
            column.validity != nullptr && !duckdb_validity_row_is_valid(column.validity, row);
        if (!null) size += text(column, row).size();
      }
    }
    return size;
  }

 private:
  struct Cells {
    Form form = Form::other;
    duckdb_vector vector = nullptr;
    const char* data = nullptr;
    uint64_t* validity = nullptr;  // Null: no cell is NULL.
  };

  static std::optional<Numbers::Type> type_of(Form form) {
    switch (form) {
      case Form::f64:
        return Numbers::Type::f64;
      case Form::f32:
        return Numbers::Type::f32;
      case Form::i64:
        return Numbers::Type::i64;
      case Form::i32:
        return Numbers::Type::i32;
      default:
        return {};
    }
  }

  template <class T>
  static T read(const Cells& column, size_t row) {
    T value;
    std::memcpy(&value, column.data + row * sizeof(T), sizeof(T));
    return value;
  }
  static std::string_view text(const Cells& column, size_t row) {
    auto* const cell = reinterpret_cast<duckdb_string_t*>(const_cast<char*>(column.data)) + row;
    return {duckdb_string_t_data(cell), duckdb_string_t_length(*cell)};
  }

  DataChunk data_;
  size_t rows_ = 0;
  std::vector<Cells> columns_;
  mutable std::deque<std::string> rendered_;
};

class DuckSession;

class DuckCursor final : public Cursor {
 public:
  explicit DuckCursor(DuckSession& session) : session_(session) {}
  ~DuckCursor() override;

  Result<void> begin(const std::string& statement);
  const std::vector<Column>& columns() const override { return columns_; }
  Result<const Chunk*> next() override;

 private:
  DuckSession& session_;
  Prepared prepared_;
  OwnedResult result_;
  std::vector<Column> columns_;
  std::vector<DuckChunk::Form> forms_;
  DuckChunk chunk_;
};

class DuckSession final : public Session {
 public:
  explicit DuckSession(size_t glob_files_max) : mount_(std::make_shared<Mount>(glob_files_max)) {}

  Result<void> open(const QueryLimits& limits);
  Result<std::unique_ptr<Cursor>> run(const std::string& statement, Files& files) override;
  void interrupt() override {
    mount_->interrupted = true;
    duckdb_interrupt(connection_.get());
  }
  void clear_interrupt() override { mount_->interrupted = false; }

  void end() { mount_->files = nullptr; }
  bool interrupted() const { return mount_->interrupted; }
  duckdb_connection connection() const { return connection_.get(); }
  // The error of the files where there is one, else DuckDB's.
  std::unexpected<Error> failure(const char* message);

 private:
  Result<void> set(const char* statement);

  std::shared_ptr<Mount> mount_;
  Database database_;
  Connection connection_;
};

std::unexpected<Error> DuckSession::failure(const char* message) {
  if (mount_->interrupted) return fail(ErrorKind::deadline, "the query was interrupted");
  std::optional<Error> error =
      mount_->error.with([](std::optional<Error>& first) { return first; });
  if (error) return fail(std::move(*error));
  const std::string text = message == nullptr ? "Unknown Error" : message;
  return fail(kind_of(text), text);
}

Result<void> DuckSession::set(const char* statement) {
  OwnedResult result;
  if (duckdb_query(connection_.get(), statement, &result.result) == DuckDBSuccess) return {};
  return fail(ErrorKind::internal,
              std::string(statement) + ": " + std::string(duckdb_result_error(&result.result)));
}

Result<void> DuckSession::open(const QueryLimits& limits) {
  Config config;
  if (duckdb_create_config(config.out()) != DuckDBSuccess) {
    return fail(ErrorKind::exhausted, "no memory for a database");
  }
  const std::string memory = std::to_string(limits.memory_bytes) + "B";
  const std::string threads = std::to_string(limits.threads);
  const std::array<std::pair<const char*, const char*>, 5> options{{
      {"max_memory", memory.c_str()},
      {"threads", threads.c_str()},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      {"enable_external_file_cache", "false"},
  }};
  for (const auto& [name, value] : options) {
    if (duckdb_set_config(config.get(), name, value) != DuckDBSuccess) {
      return fail(ErrorKind::internal, std::string("DuckDB has no option ") + name);
    }
  }
  place_file_system(config.get(), mount_);
  char* why = nullptr;
  if (duckdb_open_ext(nullptr, database_.out(), config.get(), &why) != DuckDBSuccess) {
    const std::string message = why == nullptr ? "DuckDB did not open" : why;
    duckdb_free(why);
    return fail(ErrorKind::internal, message);
  }
  if (duckdb_connect(database_.get(), connection_.out()) != DuckDBSuccess) {
    return fail(ErrorKind::exhausted, "no connection to a database");
  }
  // In this order: the last two take away what the earlier ones need.
  for (const char* const statement :
       {"SET temp_directory = ''", "SET TimeZone = 'UTC'", "SET preserve_insertion_order = true",
        "SET allowed_directories = ['s3://']", "SET enable_external_access = false",
        "SET lock_configuration = true"}) {
    TRY(set(statement));
  }
  return {};
}

Result<std::unique_ptr<Cursor>> DuckSession::run(const std::string& statement, Files& files) {
  mount_->error.with([](std::optional<Error>& first) { first.reset(); });
  mount_->files = &files;
  auto cursor = std::make_unique<DuckCursor>(*this);
  TRY(cursor->begin(statement));
  return cursor;
}

DuckCursor::~DuckCursor() {
  // A result that was not read to its end is still being made.
  chunk_.clear();
  duckdb_destroy_result(&result_.result);
  session_.end();
}

Result<void> DuckCursor::begin(const std::string& statement) {
  if (session_.interrupted()) return session_.failure(nullptr);
  Statements statements;
  const idx_t count =
      duckdb_extract_statements(session_.connection(), statement.c_str(), statements.out());
  const char* const error = duckdb_extract_statements_error(statements.get());
  if (count == 0 && error != nullptr) return session_.failure(error);
  if (count != 1) return fail(ErrorKind::invalid, "there must be one statement");
  const duckdb_state state = duckdb_prepare_extracted_statement(
      session_.connection(), statements.get(), 0, prepared_.out());
  if (state != DuckDBSuccess) return session_.failure(duckdb_prepare_error(prepared_.get()));
  if (duckdb_prepared_statement_type(prepared_.get()) != DUCKDB_STATEMENT_TYPE_SELECT) {
    return fail(ErrorKind::invalid, "the statement must be a SELECT");
  }
  Pending pending;
  if (duckdb_pending_prepared_streaming(prepared_.get(), pending.out()) != DuckDBSuccess) {
    return session_.failure(duckdb_pending_error(pending.get()));
  }
  if (duckdb_execute_pending(pending.get(), &result_.result) != DuckDBSuccess) {
    return session_.failure(duckdb_result_error(&result_.result));
  }
  for (idx_t i = 0; i < duckdb_column_count(&result_.result); ++i) {
    const LogicalType type(duckdb_column_logical_type(&result_.result, i));
    columns_.push_back({duckdb_column_name(&result_.result, i), type_name_of(type.get())});
    forms_.push_back(DuckChunk::form_of(type.get()));
  }
  return {};
}

Result<const Chunk*> DuckCursor::next() {
  if (session_.interrupted()) return session_.failure(nullptr);
  for (;;) {
    std::string error;
    const duckdb_data_chunk chunk = fetch(result_.result, error);
    if (chunk == nullptr) {
      const bool whole = error.empty() && !session_.interrupted();
      if (!whole) return session_.failure(error.c_str());
      return nullptr;
    }
    chunk_.set(chunk, forms_);
    if (chunk_.rows() != 0) return &chunk_;
  }
}

class DuckDriver final : public Driver {
 public:
  Result<std::unique_ptr<Session>> open(const QueryLimits& query, const Limits& limits) override {
    auto session = std::make_unique<DuckSession>(limits.glob_files_max);
    TRY(session->open(query));
    return session;
  }
};

}  // namespace
}  // namespace millrace::sql

extern "C" __attribute__((visibility("default"))) millrace::sql::Driver* millrace_sql_driver(
    std::string* why) {
  const std::string_view version = duckdb_library_version();
  if (version == millrace::sql::kVersion) return new millrace::sql::DuckDriver;
  *why =
      "DuckDB is " + std::string(version) + ", built with " + std::string(millrace::sql::kVersion);
  return nullptr;
}
