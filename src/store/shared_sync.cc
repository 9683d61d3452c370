#include "store/shared_sync.h"

namespace millrace::store {

Result<void> SharedSync::sync(const runtime::Path& path) {
  std::unique_lock lock(mutex_);
  const auto place = folders_.try_emplace(path.native()).first;
  Folder& folder = place->second;
  ++folder.users;
  // The one that runs now began before this call; only the next one serves it.
  const uint64_t wanted = folder.begun + 1;
  Result<void> result;
  while (folder.done < wanted && result) {
    if (folder.syncing) {
      changed_.wait(lock);
      continue;
    }
    folder.syncing = true;
    const uint64_t mine = ++folder.begun;
    lock.unlock();
    result = disk_.sync_directory(path);
    lock.lock();
    folder.syncing = false;
    if (result) folder.done = mine;
    changed_.notify_all();
  }
  if (--folder.users == 0) folders_.erase(place);
  return result;
}

}  // namespace millrace::store
