#include "engines/sql/duckdb/file_system.h"

#include <duckdb.hpp>
#include <duckdb/common/virtual_file_system.hpp>
#include <duckdb/main/capi/capi_internal.hpp>

#include "engines/sql/glob.h"

namespace millrace::sql {
namespace {

constexpr std::string_view kScheme = "s3://";

struct Handle final : duckdb::FileHandle {
  Handle(duckdb::FileSystem& system, std::string path, duckdb::FileOpenFlags flags,
         std::shared_ptr<File> opened)
      : FileHandle(system, std::move(path), flags), file(std::move(opened)) {}
  void Close() override { file.reset(); }

  std::shared_ptr<File> file;
  uint64_t position = 0;
};

Handle& own(duckdb::FileHandle& handle) { return static_cast<Handle&>(handle); }

// DuckDB answers exceptions only; driver.cc puts the error itself in the place of this one.
[[noreturn]] void throw_error(Mount& mount, Error error) {
  const std::string message = error.message;
  mount.error.with([&error](std::optional<Error>& first) {
    if (!first) first = std::move(error);
  });
  throw duckdb::IOException(message);
}

// Reads what Files has. Writing and everything else that a file system may do is refused by
// DuckDB's own base class. It also stands where DuckDB has its file system of local files.
class FileSystem final : public duckdb::FileSystem {
 public:
  explicit FileSystem(std::shared_ptr<Mount> mount) : mount_(std::move(mount)) {}

  std::string GetName() const override { return "objects"; }
  bool CanHandleFile(const std::string& path) override { return path.starts_with(kScheme); }
  bool CanSeek() override { return true; }
  // Of what is not on a disk DuckDB asks for whole columns, where a read costs a switch of threads.
  bool OnDiskFile(duckdb::FileHandle& handle) override {
    return own(handle).file->reads_are_cheap();
  }
  bool IsPipe(const std::string&, duckdb::optional_ptr<duckdb::FileOpener>) override {
    return false;
  }
  std::string PathSeparator(const std::string&) override { return "/"; }
  bool DirectoryExists(const std::string&, duckdb::optional_ptr<duckdb::FileOpener>) override {
    return false;
  }

  duckdb::unique_ptr<duckdb::FileHandle> OpenFile(
      const std::string& path, duckdb::FileOpenFlags flags,
      duckdb::optional_ptr<duckdb::FileOpener>) override;
  bool FileExists(const std::string& path, duckdb::optional_ptr<duckdb::FileOpener>) override;
  duckdb::vector<duckdb::OpenFileInfo> Glob(const std::string& path,
                                            duckdb::FileOpener* opener) override;

  void Read(duckdb::FileHandle& handle, void* buffer, int64_t size, duckdb::idx_t offset) override;
  int64_t Read(duckdb::FileHandle& handle, void* buffer, int64_t size) override;
  void Seek(duckdb::FileHandle& handle, duckdb::idx_t position) override {
    own(handle).position = position;
  }
  duckdb::idx_t SeekPosition(duckdb::FileHandle& handle) override { return own(handle).position; }
  int64_t GetFileSize(duckdb::FileHandle& handle) override {
    return static_cast<int64_t>(own(handle).file->size());
  }
  duckdb::timestamp_t GetLastModifiedTime(duckdb::FileHandle& handle) override {
    return duckdb::timestamp_t(own(handle).file->modified().time_since_epoch().count());
  }
  std::string GetVersionTag(duckdb::FileHandle& handle) override {
    return own(handle).file->version();
  }
  duckdb::FileType GetFileType(duckdb::FileHandle&) override {
    return duckdb::FileType::FILE_TYPE_REGULAR;
  }

 private:
  Files& files(const std::string& path);

  std::shared_ptr<Mount> mount_;
};

Files& FileSystem::files(const std::string& path) {
  Files* const files = mount_->files;
  if (!CanHandleFile(path) || files == nullptr) {
    throw_error(*mount_, {ErrorKind::denied, "only paths that begin with s3:// can be read"});
  }
  return *files;
}

duckdb::unique_ptr<duckdb::FileHandle> FileSystem::OpenFile(
    const std::string& path, duckdb::FileOpenFlags flags,
    duckdb::optional_ptr<duckdb::FileOpener>) {
  Files& source = files(path);
  if (flags.OpenForWriting()) {
    throw_error(*mount_, {ErrorKind::unsupported, "SQL cannot write " + path});
  }
  Result<std::shared_ptr<File>> file = source.open(path);
  if (!file) {
    const bool may_miss = flags.ReturnNullIfNotExists();
    if (may_miss && file.error().kind == ErrorKind::not_found) return nullptr;
    throw_error(*mount_, std::move(file).error());
  }
  return duckdb::make_uniq<Handle>(*this, path, flags, std::move(*file));
}

bool FileSystem::FileExists(const std::string& path, duckdb::optional_ptr<duckdb::FileOpener>) {
  if (!CanHandleFile(path)) return false;
  const Result<std::shared_ptr<File>> file = files(path).open(path);
  if (!file && file.error().kind != ErrorKind::not_found) throw_error(*mount_, file.error());
  return file.has_value();
}

duckdb::vector<duckdb::OpenFileInfo> FileSystem::Glob(const std::string& path,
                                                      duckdb::FileOpener*) {
  duckdb::vector<duckdb::OpenFileInfo> found;
  if (!CanHandleFile(path)) return found;
  if (!has_glob(path)) {
    found.emplace_back(path);  // Opening it tells whether it is there.
    return found;
  }
  const std::string prefix(fixed_prefix(path));
  if (prefix.size() <= kScheme.size()) {
    throw_error(*mount_, {ErrorKind::invalid, "a pattern of paths must name its bucket"});
  }
  bool too_many = false;
  const Files::Name take = [&](std::string_view name) {
    if (mount_->interrupted) throw duckdb::InterruptException();
    if (!glob_matches(path, name)) return true;
    too_many = found.size() >= mount_->glob_files_max;
    if (!too_many) found.emplace_back(std::string(name));
    return !too_many;
  };
  Result<void> listed = files(path).list(prefix, take);
  if (!listed) throw_error(*mount_, std::move(listed).error());
  if (too_many) throw_error(*mount_, {ErrorKind::exhausted, "too many files match " + path});
  return found;
}

void FileSystem::Read(duckdb::FileHandle& handle, void* buffer, int64_t size,
                      duckdb::idx_t offset) {
  if (mount_->interrupted) throw duckdb::InterruptException();
  File& file = *own(handle).file;
  const auto wanted = static_cast<uint64_t>(size);
  if (offset > file.size() || wanted > file.size() - offset) {
    throw duckdb::IOException("%s ends before what it should hold", handle.GetPath());
  }
  if (size == 0) return;
  Result<void> read = file.read_at(offset, static_cast<char*>(buffer), wanted);
  if (!read) throw_error(*mount_, std::move(read).error());
}

int64_t FileSystem::Read(duckdb::FileHandle& handle, void* buffer, int64_t size) {
  Handle& from = own(handle);
  const uint64_t left = from.file->size() - std::min(from.file->size(), from.position);
  const auto wanted = static_cast<int64_t>(std::min<uint64_t>(left, static_cast<uint64_t>(size)));
  Read(handle, buffer, wanted, from.position);
  from.position += static_cast<uint64_t>(wanted);
  return wanted;
}

}  // namespace

void place_file_system(duckdb_config config, std::shared_ptr<Mount> mount) {
  auto only = duckdb::make_uniq<duckdb::VirtualFileSystem>(duckdb::make_uniq<FileSystem>(mount));
  only->RegisterSubSystem(duckdb::make_uniq<FileSystem>(std::move(mount)));
  reinterpret_cast<duckdb::DBConfig*>(config)->file_system = std::move(only);
}

duckdb_data_chunk fetch(duckdb_result& result, std::string& error) {
  duckdb::QueryResult& rows = *static_cast<duckdb::DuckDBResultData*>(result.internal_data)->result;
  try {
    duckdb::unique_ptr<duckdb::DataChunk> chunk = rows.Fetch();
    if (chunk) return reinterpret_cast<duckdb_data_chunk>(chunk.release());
    if (rows.HasError()) error = rows.GetError();
  } catch (const std::exception& exception) {
    error = rows.HasError() ? rows.GetError() : exception.what();
  }
  return nullptr;
}

std::string text_of(duckdb_vector vector, size_t row) {
  return reinterpret_cast<duckdb::Vector*>(vector)->GetValue(row).ToString();
}

std::string type_name_of(duckdb_logical_type type) {
  return reinterpret_cast<duckdb::LogicalType*>(type)->ToString();
}

}  // namespace millrace::sql
