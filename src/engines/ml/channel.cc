#include "engines/ml/channel.h"

#include <fmt/format.h>

#include <algorithm>

#include "engines/ml/limits.h"
#include "engines/ml/parquet_examples.h"

namespace millrace::ml {
namespace {

Result<void> collect(runtime::Disk& disk, const runtime::Path& folder, const std::string& below,
                     size_t depth, std::vector<std::string>& files) {
  if (depth > kChannelDepthMax) {
    return fail(ErrorKind::exhausted,
                fmt::format("{}: folders nest deeper than {}", folder.string(), kChannelDepthMax));
  }
  TRY(const std::vector<runtime::DirectoryEntry> entries, disk.list(folder));
  for (const runtime::DirectoryEntry& entry : entries) {
    if (entry.name.starts_with('.')) continue;
    const std::string path = below.empty() ? entry.name : below + "/" + entry.name;
    if (entry.is_directory) {
      TRY(collect(disk, folder / entry.name, path, depth + 1, files));
      continue;
    }
    if (files.size() >= kChannelFilesMax) {
      return fail(ErrorKind::exhausted, fmt::format("{}: there are more than {} files",
                                                    folder.string(), kChannelFilesMax));
    }
    files.push_back(path);
  }
  return ok;
}

}  // namespace

Result<std::vector<std::string>> list_files(runtime::Disk& disk, const runtime::Path& folder) {
  std::vector<std::string> files;
  TRY(collect(disk, folder, "", 0, files));
  std::sort(files.begin(), files.end());
  return files;
}

std::string ExamplePlaces::operator()(uint64_t at) const {
  const auto end = std::upper_bound(ends_.begin(), ends_.end(), at);
  const auto file = static_cast<size_t>(end - ends_.begin());
  ASSERT(file < files_.size());
  const uint64_t begin = file == 0 ? 0 : ends_[file - 1];
  return fmt::format("channel '{}', file '{}', example {}", channel_, files_[file], at - begin + 1);
}

Channel::Channel(runtime::Disk& disk, std::string name, runtime::Path folder,
                 std::vector<std::string> files, RowRules rules, ExampleFormat format)
    : disk_(disk),
      name_(std::move(name)),
      folder_(std::move(folder)),
      files_(std::move(files)),
      rules_(rules),
      format_(format) {}

Channel Channel::of_pipes(runtime::Disk& disk, std::string name, runtime::Path data, RowRules rules,
                          ExampleFormat format) {
  std::string first = name + "_0";
  Channel channel(disk, std::move(name), std::move(data), {std::move(first)}, rules, format);
  channel.epoch_ = 0;
  return channel;
}

Channel Channel::of_stored(runtime::Disk& disk, StoredFiles& stored, std::string name,
                           std::vector<std::string> files, RowRules rules, ExampleFormat format) {
  ASSERT(format.kind != ExampleFormat::Kind::parquet);
  Channel channel(disk, std::move(name), {}, std::move(files), rules, format);
  channel.stored_ = &stored;
  return channel;
}

void Channel::rewind() {
  reader_.reset();
  if (epoch_ && next_file_ > 0) files_ = {fmt::format("{}_{}", name_, ++*epoch_)};
  next_file_ = 0;
  read_ = 0;
  ends_.clear();
}

Result<bool> Channel::open_next() {
  if (next_file_ == files_.size()) return false;
  const std::string& name = files_[next_file_];
  if (format_.kind == ExampleFormat::Kind::parquet) {
    ASSERT(format_.tables != nullptr);
    reader_ = make_parquet_examples(*format_.tables, folder_ / name, rules_);
    ++next_file_;
    return true;
  }
  TRY(auto source, open_source(name));
  reader_ = make_examples(format_, std::move(source), rules_);
  ++next_file_;
  return true;
}

Result<std::unique_ptr<ByteSource>> Channel::open_source(const std::string& file) {
  if (stored_ != nullptr) return stored_->open(name_, file);
  TRY(auto opened, disk_.open(folder_ / file, runtime::OpenMode::read));
  return epoch_ ? make_pipe_source(std::move(opened)) : make_file_source(std::move(opened));
}

Error Channel::located(Error error) const {
  error.message = fmt::format("channel '{}', file '{}', {}: {}", name_, files_[next_file_ - 1],
                              reader_->place(), error.message);
  return error;
}

Result<void> Channel::read(size_t rows, RowBatch& batch) {
  batch.clear();
  while (batch.size() < rows) {
    if (!reader_) {
      TRY(const bool opened, open_next());
      if (!opened) break;
    }
    Result<bool> more = reader_->read(rows, batch);
    if (!more) return fail(located(std::move(more).error()));
    if (*more) continue;
    reader_.reset();
    ends_.push_back(read_ + batch.size());
  }
  read_ += batch.size();
  return ok;
}

}  // namespace millrace::ml
