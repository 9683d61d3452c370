#include "store/power_loss.h"

#include <algorithm>
#include <utility>

#include "base/result.h"

namespace millrace::store {

namespace fs = std::filesystem;

PowerLoss::PowerLoss(fs::path aside) : aside_(std::move(aside)) { fs::create_directories(aside_); }

// A second name for what is about to lose its first.
std::string PowerLoss::save(const std::string& path) {
  std::error_code code;
  if (!fs::is_regular_file(path, code)) return {};
  const std::string saved = aside_ / std::to_string(++saves_);
  fs::create_hard_link(path, saved, code);
  ASSERT(!code);
  move_size(path, saved);
  return saved;
}

void PowerLoss::move_size(const std::string& from, const std::string& to) {
  auto node = safe_size_.extract(from);
  if (node.empty()) return;
  safe_size_.erase(to);
  node.key() = to;
  safe_size_.insert(std::move(node));
}

// Where the file is now that was opened as `path`: a sync is of the file, whatever its name.
std::string PowerLoss::place_of(std::string_view path) const {
  const auto found = moved_.find(std::string(path));
  return found == moved_.end() ? std::string(path) : found->second;
}

void PowerLoss::made(std::string_view path) {
  const std::scoped_lock lock(mutex_);
  moved_.erase(std::string(path));
  changes_.push_back({Kind::made, std::string(path), {}, {}});
  safe_size_[std::string(path)] = 0;
}

void PowerLoss::changing(std::string_view from, std::string_view to) {
  const std::scoped_lock lock(mutex_);
  Change change{Kind::renamed, std::string(to), std::string(from), save(std::string(to))};
  move_size(change.from, change.path);
  moved_[change.from] = change.path;
  changes_.push_back(std::move(change));
}

void PowerLoss::removing(std::string_view path) {
  const std::scoped_lock lock(mutex_);
  Change change{Kind::removed, std::string(path), {}, save(std::string(path))};
  if (!change.saved.empty()) changes_.push_back(std::move(change));
}

// What has been written by now is what the sync that begins will make safe.
uint64_t PowerLoss::syncing(std::string_view path) {
  const std::scoped_lock lock(mutex_);
  std::error_code code;
  const uint64_t size = fs::file_size(place_of(path), code);
  return code ? 0 : size;
}

void PowerLoss::synced(std::string_view path, uint64_t size) {
  const std::scoped_lock lock(mutex_);
  const auto found = safe_size_.find(place_of(path));
  if (found != safe_size_.end()) found->second = std::max(found->second, size);
}

void PowerLoss::folder_synced(std::string_view path) {
  const std::scoped_lock lock(mutex_);
  const fs::path folder = fs::path(path).lexically_normal();
  std::erase_if(changes_, [&folder](const Change& change) {
    return fs::path(change.path).parent_path().lexically_normal() == folder;
  });
}

void PowerLoss::undo(const Change& change) {
  std::error_code code;
  if (change.kind == Kind::made) {
    safe_size_.erase(change.path);
    fs::remove_all(change.path, code);  // A folder goes with what is in it.
    return;
  }
  if (change.kind == Kind::renamed) {
    fs::rename(change.path, change.from, code);
    move_size(change.path, change.from);
  }
  if (change.saved.empty()) return;
  fs::rename(change.saved, change.path, code);
  ASSERT(!code);
  move_size(change.saved, change.path);
}

void PowerLoss::cut(Forgets forgets, std::mt19937& random) {
  const std::scoped_lock lock(mutex_);
  const bool some = forgets == Forgets::the_newest;
  const size_t kept = some ? random() % (changes_.size() + 1) : 0;
  while (changes_.size() > kept) {
    undo(changes_.back());
    changes_.pop_back();
  }
  for (const auto& [path, safe] : safe_size_) {
    std::error_code code;
    const uint64_t size = fs::file_size(path, code);
    if (code || size <= safe) continue;
    const uint64_t left = some ? safe + random() % (size - safe + 1) : safe;
    fs::resize_file(path, left, code);
    ASSERT(!code);
  }
  changes_.clear();
  safe_size_.clear();
  moved_.clear();
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(aside_)) fs::remove(entry.path(), code);
}

}  // namespace millrace::store
