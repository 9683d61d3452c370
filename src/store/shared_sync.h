// SharedSync: syncs of folders, shared by all who ask while one is under way.
//
// A call answers after a sync that began after the call did. Thread-safe; blocks, so call it on a
// Pool. Errors: those of Disk::sync_directory().
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "runtime/disk.h"

namespace millrace::store {

class SharedSync final {
 public:
  explicit SharedSync(runtime::Disk& disk) : disk_(disk) {}

  Result<void> sync(const runtime::Path& folder);

 private:
  struct Folder {
    unsigned users = 0;
    bool syncing = false;
    uint64_t begun = 0;  // Syncs that have begun.
    uint64_t done = 0;   // The newest of them that succeeded.
  };

  runtime::Disk& disk_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Folder> folders_;
};

}  // namespace millrace::store
