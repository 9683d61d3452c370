#include "services/sagemaker/storage.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "runtime/repeat.h"

namespace millrace::sagemaker {
namespace {

using runtime::File;
using runtime::Path;

constexpr size_t kPieceBytes = 1024 * 1024;
constexpr size_t kNameBytesMax = 255;  // Of a file.
constexpr std::string_view kScheme = "s3://";

// The path below the channel's folder: the key behind the prefix where that names a folder, else
// behind the prefix's last folder.
std::string_view path_below(std::string_view key, std::string_view prefix) {
  std::string_view rest = key.substr(prefix.size());
  if (rest.starts_with('/') && !prefix.empty()) return rest.substr(1);
  return key.substr(prefix.rfind('/') + 1);
}

Task<std::unique_ptr<File>> open_file(Storage storage, Path path, runtime::OpenMode mode) {
  const auto work = [&]() -> Result<std::unique_ptr<File>> {
    if (mode == runtime::OpenMode::create_new) {
      TRY(storage.disk.make_directories(path.parent_path()));
    }
    return storage.disk.open(path, mode);
  };
  Task<std::unique_ptr<File>> run = storage.pool.run(work);
  co_return co_await std::move(run);
}

Task<uint64_t> try_copy_to_file(Storage storage, objects::ObjectId from, Path to) {
  CO_TRY(objects::Reader reader, co_await storage.objects.read(std::move(from)));
  CO_TRY(storage.roles.may_read(storage.who, reader.object()));
  const auto clear = [&] { return storage.disk.remove_tree(to); };
  CO_TRY(co_await storage.pool.run(clear));  // What an earlier try left.
  CO_TRY(const std::unique_ptr<File> file,
         co_await open_file(storage, std::move(to), runtime::OpenMode::create_new));
  for (uint64_t offset = 0; offset < reader.size();) {
    CO_TRY(const Bytes bytes, co_await reader.read_at(offset, kPieceBytes));
    const auto work = [&]() -> Result<void> { return file->write_at(offset, bytes); };
    Task<void> run = storage.pool.run(work);
    CO_TRY(co_await std::move(run));
    offset += bytes.size();
  }
  co_return reader.size();
}

Task<uint64_t> copy_to_file(Storage storage, objects::ObjectId from, Path to) {
  const auto step = [&] { return try_copy_to_file(storage, from, to); };
  co_return co_await runtime::repeat<uint64_t>(storage.clock, step);
}

Task<void> try_upload(Storage storage, Path from, S3Uri to, std::string kms_key) {
  CO_TRY(const std::unique_ptr<File> file,
         co_await open_file(storage, std::move(from), runtime::OpenMode::read));
  objects::ObjectId id{std::move(to.bucket), std::move(to.key)};
  CO_TRY(objects::Protect protect,
         co_await storage.roles.may_write(storage.who, id, std::move(kms_key)));
  CO_TRY(objects::Writer writer,
         co_await storage.objects.write(std::move(id), {}, true, std::move(protect)));
  Bytes buffer(kPieceBytes, '\0');
  for (uint64_t offset = 0;;) {
    const auto work = [&]() -> Result<size_t> {
      return file->read_at(offset, buffer.data(), buffer.size());
    };
    Task<size_t> run = storage.pool.run(work);
    CO_TRY(const size_t got, co_await std::move(run));
    if (got == 0) break;
    CO_TRY(co_await writer.write(BytesView(buffer).substr(0, got)));
    offset += got;
  }
  objects::Digests digests;
  objects::Cause cause;
  cause.operation = "PutObject";
  cause.requester = storage.who.account;
  CO_TRY(co_await writer.commit(std::move(digests), {}, std::move(cause)));
  co_return ok;
}

}  // namespace

std::optional<S3Uri> parse_s3_uri(std::string_view uri) {
  if (!uri.starts_with(kScheme)) return std::nullopt;
  uri.remove_prefix(kScheme.size());
  const size_t slash = std::min(uri.find('/'), uri.size());
  S3Uri out{std::string(uri.substr(0, slash)),
            std::string(uri.substr(std::min(slash + 1, uri.size())))};
  if (out.bucket.empty()) return std::nullopt;
  return out;
}

Result<void> check_path(std::string_view path) {
  for (std::string_view rest = path;;) {
    const std::string_view name = rest.substr(0, rest.find('/'));
    if (name.empty() || name == "." || name == ".." || name.size() > kNameBytesMax ||
        name.find('\0') != std::string_view::npos) {
      return fail(ErrorKind::invalid, fmt::format("the key {} is no path of a file", path));
    }
    if (name.size() == rest.size()) return {};
    rest.remove_prefix(name.size() + 1);
  }
}

// AWS: a bucket of another account is read as far as its policy admits; here, not at all.
Result<void> check_owner(const Storage& storage, const std::string& bucket) {
  TRY(const objects::Bucket found, storage.objects.bucket(bucket));
  if (found.owner == storage.who.account) return {};
  return fail(ErrorKind::denied, fmt::format("bucket {} belongs to another account", bucket));
}

Task<bool> has_objects(Storage storage, S3Uri prefix) {
  CO_TRY(check_owner(storage, prefix.bucket));
  objects::ListRequest request;
  request.bucket = prefix.bucket;
  request.prefix = prefix.key;
  request.limit = 1;
  CO_TRY(const objects::Listing listing, storage.objects.list(request));
  co_return !listing.entries.empty();
}

Task<uint64_t> download(Storage storage, S3Uri prefix, Path folder) {
  CO_TRY(check_owner(storage, prefix.bucket));
  objects::ListRequest request;
  request.bucket = prefix.bucket;
  request.prefix = prefix.key;
  CO_TRY(storage.roles.may_list(storage.who, prefix.bucket));
  uint64_t total = 0;
  bool any = false;
  for (bool more = true; more;) {
    CO_TRY(const objects::Listing listing, storage.objects.list(request));
    for (const objects::Entry& entry : listing.entries) {
      any = true;
      if (entry.object_key.ends_with('/')) continue;  // Stands for a folder.
      const std::string_view path = path_below(entry.object_key, prefix.key);
      CO_TRY(check_path(path));
      objects::ObjectId from{prefix.bucket, entry.object_key};
      CO_TRY(const uint64_t size, co_await copy_to_file(storage, std::move(from), folder / path));
      total += size;
    }
    request.after = listing.last;
    more = listing.truncated;
  }
  if (!any) {
    co_return fail(ErrorKind::not_found,
                   fmt::format("there is nothing at s3://{}/{}", prefix.bucket, prefix.key));
  }
  co_return total;
}

Task<std::vector<StoredObject>> list_objects(Storage storage, S3Uri prefix) {
  CO_TRY(check_owner(storage, prefix.bucket));
  CO_TRY(storage.roles.may_list(storage.who, prefix.bucket));
  objects::ListRequest request;
  request.bucket = prefix.bucket;
  request.prefix = prefix.key;
  std::vector<StoredObject> out;
  bool any = false;
  for (bool more = true; more;) {
    CO_TRY(const objects::Listing listing, storage.objects.list(request));
    for (const objects::Entry& entry : listing.entries) {
      any = true;
      if (entry.object_key.ends_with('/')) continue;  // Stands for a folder.
      if (out.size() == kListedMax) {
        co_return fail(ErrorKind::precondition_failed,
                       fmt::format("there are more than {} objects", kListedMax));
      }
      out.push_back({.path = std::string(path_below(entry.object_key, prefix.key)),
                     .bucket = prefix.bucket,
                     .key = entry.object_key,
                     .etag = entry.etag,
                     .size_bytes = entry.size_bytes});
    }
    request.after = listing.last;
    more = listing.truncated;
  }
  if (!any) {
    co_return fail(ErrorKind::not_found,
                   fmt::format("there is nothing at s3://{}/{}", prefix.bucket, prefix.key));
  }
  co_return out;
}

Task<void> download_object(Storage storage, S3Uri from, Path to) {
  CO_TRY(check_owner(storage, from.bucket));
  objects::ObjectId id{std::move(from.bucket), std::move(from.key)};
  CO_TRY(co_await copy_to_file(storage, std::move(id), std::move(to)));
  co_return ok;
}

Task<void> upload(Storage storage, Path from, S3Uri to, std::string kms_key) {
  CO_TRY(check_owner(storage, to.bucket));
  const auto step = [&] { return try_upload(storage, from, to, kms_key); };
  co_return co_await runtime::repeat<void>(storage.clock, step);
}

}  // namespace millrace::sagemaker
