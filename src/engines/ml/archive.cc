#include "engines/ml/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>

#include "base/hash.h"
#include "engines/ml/channel.h"
#include "engines/ml/protobuf_wire.h"

namespace millrace::ml {
namespace {

constexpr size_t kBlockBytes = 256 << 10;

struct FreeReader {
  void operator()(struct archive* a) const { archive_read_free(a); }
};
struct FreeWriter {
  void operator()(struct archive* a) const { archive_write_free(a); }
};
struct FreeEntry {
  void operator()(struct archive_entry* e) const { archive_entry_free(e); }
};
using Reader = std::unique_ptr<struct archive, FreeReader>;
using Writer = std::unique_ptr<struct archive, FreeWriter>;
using Entry = std::unique_ptr<struct archive_entry, FreeEntry>;

// A file as libarchive reads and writes it; the first error of the disk is kept.
struct Stream {
  explicit Stream(runtime::File& file) : file(file), block(kBlockBytes) {}

  runtime::File& file;
  std::vector<char> block;
  uint64_t offset = 0;
  Result<void> state;
};

la_ssize_t read_block(struct archive*, void* data, const void** buffer) {
  auto& stream = *static_cast<Stream*>(data);
  Result<size_t> taken =
      stream.file.read_at(stream.offset, stream.block.data(), stream.block.size());
  if (!taken) {
    stream.state = fail(std::move(taken).error());
    return ARCHIVE_FATAL;
  }
  stream.offset += *taken;
  *buffer = stream.block.data();
  return static_cast<la_ssize_t>(*taken);
}

la_int64_t seek_block(struct archive*, void* data, la_int64_t offset, int whence) {
  auto& stream = *static_cast<Stream*>(data);
  Result<uint64_t> size = stream.file.size();
  if (!size) {
    stream.state = fail(std::move(size).error());
    return ARCHIVE_FATAL;
  }
  const la_int64_t base = whence == SEEK_SET   ? 0
                          : whence == SEEK_CUR ? static_cast<la_int64_t>(stream.offset)
                                               : static_cast<la_int64_t>(*size);
  const la_int64_t target = base + offset;
  if (target < 0) return ARCHIVE_FATAL;
  stream.offset = static_cast<uint64_t>(target);
  return target;
}

la_ssize_t write_block(struct archive*, void* data, const void* buffer, size_t size) {
  auto& stream = *static_cast<Stream*>(data);
  Result<void> written =
      stream.file.write_at(stream.offset, BytesView(static_cast<const char*>(buffer), size));
  if (!written) {
    stream.state = std::move(written);
    return ARCHIVE_FATAL;
  }
  stream.offset += size;
  return static_cast<la_ssize_t>(size);
}

std::unexpected<Error> broken(struct archive* a, const Stream& stream) {
  if (!stream.state) return fail(stream.state.error());
  const char* text = archive_error_string(a);
  return fail(ErrorKind::invalid,
              fmt::format("the archive is damaged: {}", text != nullptr ? text : "unreadable"));
}

// A path of an archive as its parts; an error where it could leave the folder.
Result<std::vector<std::string>> safe_parts(std::string_view path, const ArchiveLimits& limits) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::invalid, fmt::format("the archive's entry '{}' {}", path, why));
  };
  if (path.size() > limits.path_bytes_max) return refuse("has too long a name");
  if (path.starts_with('/')) return refuse("has an absolute path");
  if (path.find('\0') != std::string_view::npos) return refuse("has a NUL in its path");
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      return fail(ErrorKind::invalid, "the archive has an entry that climbs out of its folder");
    }
    parts.emplace_back(part);
  }
  return parts;
}

std::string joined(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, "/"));
}

class Extraction {
 public:
  Extraction(runtime::Disk& disk, runtime::Path folder, const ArchiveLimits& limits,
             struct archive* a, const Stream& stream, uint64_t packed_bytes)
      : disk_(disk),
        folder_(std::move(folder)),
        limits_(limits),
        archive_(a),
        stream_(stream),
        packed_bytes_(packed_bytes) {}

  Result<void> run() {
    struct archive_entry* entry = nullptr;
    for (;;) {
      const int answer = archive_read_next_header(archive_, &entry);
      if (answer == ARCHIVE_EOF) break;
      if (answer != ARCHIVE_OK) return broken(archive_, stream_);
      if (++entries_ > limits_.entries_max) {
        return fail(ErrorKind::exhausted,
                    fmt::format("the archive has more than {} entries", limits_.entries_max));
      }
      TRY(take(entry));
    }
    if (entries_ == 0) return fail(ErrorKind::invalid, "the archive is empty, or no tar file");
    return make_links();
  }

 private:
  Result<void> take(struct archive_entry* entry) {
    const char* path = archive_entry_pathname(entry);
    if (path == nullptr) return fail(ErrorKind::invalid, "an entry of the archive has no name");
    TRY(const std::vector<std::string> parts, safe_parts(path, limits_));
    const std::string name = joined(parts);
    if (archive_entry_hardlink(entry) != nullptr) return copy(archive_entry_hardlink(entry), parts);
    switch (archive_entry_filetype(entry)) {
      case AE_IFDIR:
        return parts.empty() ? Result<void>() : make_folders(parts);
      case AE_IFREG:
        return write(parts, (archive_entry_perm(entry) & 0100) != 0);
      case AE_IFLNK:
        return remember_link(parts, archive_entry_symlink(entry));
      default:
        return fail(
            ErrorKind::invalid,
            fmt::format("the archive's entry '{}' is neither a file, a folder nor a link", name));
    }
  }

  Result<void> make_folders(std::vector<std::string> parts) {
    const std::string name = joined(parts);
    while (!parts.empty()) {
      if (files_.contains(joined(parts)) || links_.contains(joined(parts))) return twice(name);
      parts.pop_back();
    }
    return disk_.make_directories(folder_ / name);
  }

  Result<std::unique_ptr<runtime::File>> create(const std::vector<std::string>& parts) {
    if (parts.empty()) return fail(ErrorKind::invalid, "an entry of the archive has no name");
    const std::string name = joined(parts);
    if (files_.contains(name) || links_.contains(name)) return twice(name);
    TRY(make_folders({parts.begin(), parts.end() - 1}));
    TRY(auto file, disk_.open(folder_ / name, runtime::OpenMode::create_new));
    files_.insert(name);
    return file;
  }

  Result<void> write(const std::vector<std::string>& parts, bool executable) {
    TRY(const auto file, create(parts));
    for (;;) {
      const void* block = nullptr;
      size_t size = 0;
      la_int64_t offset = 0;
      const int answer = archive_read_data_block(archive_, &block, &size, &offset);
      if (answer == ARCHIVE_EOF) break;
      if (answer != ARCHIVE_OK) return broken(archive_, stream_);
      TRY(count(size));
      if (offset < 0 || static_cast<uint64_t>(offset) > limits_.total_bytes_max) {
        return fail(ErrorKind::exhausted, "a file of the archive is too large");
      }
      TRY(file->write_at(static_cast<uint64_t>(offset),
                         BytesView(static_cast<const char*>(block), size)));
    }
    if (executable) {
      std::error_code ignored;  // A file that cannot run is still a file.
      std::filesystem::permissions(folder_ / joined(parts), std::filesystem::perms::owner_exec,
                                   std::filesystem::perm_options::add, ignored);
    }
    return ok;
  }

  Result<void> copy(std::string_view target, const std::vector<std::string>& parts) {
    TRY(const std::vector<std::string> from, safe_parts(target, limits_));
    if (!files_.contains(joined(from))) {
      return fail(ErrorKind::invalid, fmt::format("the archive links '{}' to '{}', which it does "
                                                  "not hold",
                                                  joined(parts), target));
    }
    TRY(const auto source, disk_.open(folder_ / joined(from), runtime::OpenMode::read));
    TRY(const auto file, create(parts));
    std::vector<char> block(kBlockBytes);
    uint64_t offset = 0;
    for (;;) {
      TRY(const size_t taken, source->read_at(offset, block.data(), block.size()));
      if (taken == 0) return ok;
      TRY(count(taken));
      TRY(file->write_at(offset, BytesView(block.data(), taken)));
      offset += taken;
    }
  }

  Result<void> remember_link(const std::vector<std::string>& parts, const char* target) {
    if (target == nullptr || parts.empty()) {
      return fail(ErrorKind::invalid, "a link of the archive is malformed");
    }
    TRY(safe_parts(target, limits_));
    const std::string name = joined(parts);
    if (files_.contains(name) || links_.contains(name)) return twice(name);
    TRY(make_folders({parts.begin(), parts.end() - 1}));
    links_.emplace(name, target);
    return ok;
  }

  // Last, so that no entry can be written through a link.
  Result<void> make_links() {
    for (const auto& [name, target] : links_) {
      std::error_code error;
      std::filesystem::create_symlink(target, folder_ / name, error);
      if (error) {
        return fail(ErrorKind::invalid, fmt::format("the archive's link '{}' cannot be made: {}",
                                                    name, error.message()));
      }
    }
    return ok;
  }

  Result<void> count(size_t size) {
    bytes_ += size;
    if (bytes_ > limits_.total_bytes_max) {
      return fail(ErrorKind::exhausted, fmt::format("the archive unpacks to more than {} bytes",
                                                    limits_.total_bytes_max));
    }
    if (bytes_ > limits_.ratio_from_bytes && bytes_ / limits_.ratio_max > packed_bytes_) {
      return fail(
          ErrorKind::exhausted,
          fmt::format("the archive unpacks to more than {} times its size", limits_.ratio_max));
    }
    return ok;
  }

  static std::unexpected<Error> twice(std::string_view name) {
    return fail(ErrorKind::invalid, fmt::format("the archive has the entry '{}' twice", name));
  }

  runtime::Disk& disk_;
  runtime::Path folder_;
  ArchiveLimits limits_;
  struct archive* archive_;
  const Stream& stream_;
  uint64_t packed_bytes_;
  uint64_t entries_ = 0;
  uint64_t bytes_ = 0;
  std::set<std::string> files_;
  std::map<std::string, std::string> links_;
};

Result<void> write_entry(struct archive* a, Stream& out, runtime::Disk& disk,
                         const runtime::Path& folder, const std::string& name) {
  TRY(const auto file, disk.open(folder / name, runtime::OpenMode::read));
  TRY(const uint64_t size, file->size());
  const Entry entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  archive_entry_set_mtime(entry.get(), 0, 0);
  if (archive_write_header(a, entry.get()) != ARCHIVE_OK) return broken(a, out);
  std::vector<char> block(kBlockBytes);
  for (uint64_t offset = 0; offset < size;) {
    const size_t wanted = std::min<uint64_t>(block.size(), size - offset);
    TRY(const size_t taken, file->read_at(offset, block.data(), wanted));
    if (taken == 0) {
      return fail(ErrorKind::conflict,
                  fmt::format("the file '{}' shrank while it was packed", name));
    }
    if (archive_write_data(a, block.data(), taken) != static_cast<la_ssize_t>(taken)) {
      return broken(a, out);
    }
    offset += taken;
  }
  return ok;
}

}  // namespace

Result<void> extract_tar_gz(runtime::Disk& disk, const runtime::Path& archive,
                            const runtime::Path& folder, const ArchiveLimits& limits) {
  TRY(const auto file, disk.open(archive, runtime::OpenMode::read));
  TRY(const uint64_t packed, file->size());
  Stream stream(*file);
  const Reader reader(archive_read_new());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open2(reader.get(), &stream, nullptr, read_block, nullptr, nullptr) !=
      ARCHIVE_OK) {
    return broken(reader.get(), stream);
  }
  return Extraction(disk, folder, limits, reader.get(), stream, packed).run();
}

Result<void> create_tar_gz(runtime::Disk& disk, const runtime::Path& folder,
                           const runtime::Path& archive) {
  TRY(const std::vector<std::string> names, list_files(disk, folder));
  TRY(const auto file, disk.open(archive, runtime::OpenMode::create_new));
  Stream out(*file);
  const Writer writer(archive_write_new());
  archive_write_set_format_pax_restricted(writer.get());
  archive_write_add_filter_gzip(writer.get());
  archive_write_set_options(writer.get(), "gzip:!timestamp,gzip:compression-level=6");
  archive_write_set_bytes_in_last_block(writer.get(), 1);
  if (archive_write_open(writer.get(), &out, nullptr, write_block, nullptr) != ARCHIVE_OK) {
    return broken(writer.get(), out);
  }
  for (const std::string& name : names) TRY(write_entry(writer.get(), out, disk, folder, name));
  if (archive_write_close(writer.get()) != ARCHIVE_OK) return broken(writer.get(), out);
  return file->sync();
}

Result<std::map<std::string, Bytes>> read_zip(runtime::File& file, uint64_t members_max,
                                              uint64_t total_bytes_max) {
  Stream stream(file);
  const Reader reader(archive_read_new());
  archive_read_support_format_zip(reader.get());
  archive_read_set_read_callback(reader.get(), read_block);
  archive_read_set_seek_callback(reader.get(), seek_block);
  archive_read_set_callback_data(reader.get(), &stream);
  if (archive_read_open1(reader.get()) != ARCHIVE_OK) return broken(reader.get(), stream);
  std::map<std::string, Bytes> members;
  uint64_t total = 0;
  for (;;) {
    struct archive_entry* entry = nullptr;
    const int answer = archive_read_next_header(reader.get(), &entry);
    if (answer == ARCHIVE_EOF) return members;
    if (answer != ARCHIVE_OK) return broken(reader.get(), stream);
    if (members.size() >= members_max) {
      return fail(ErrorKind::exhausted,
                  fmt::format("the archive has more than {} members", members_max));
    }
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr || archive_entry_filetype(entry) != AE_IFREG) continue;
    Bytes& content = members[name];
    content.clear();
    for (;;) {
      const void* block = nullptr;
      size_t size = 0;
      la_int64_t offset = 0;
      const int read = archive_read_data_block(reader.get(), &block, &size, &offset);
      if (read == ARCHIVE_EOF) break;
      if (read != ARCHIVE_OK) return broken(reader.get(), stream);
      total += size;
      if (total > total_bytes_max) {
        return fail(ErrorKind::exhausted,
                    fmt::format("the archive unpacks to more than {} bytes", total_bytes_max));
      }
      content.append(static_cast<const char*>(block), size);
    }
  }
}

}  // namespace millrace::ml
