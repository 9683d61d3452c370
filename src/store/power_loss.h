// PowerLoss: what a disk forgets when it loses its power. Tests only.
//
// A FaultPlan tells it of every file that is made, synced, renamed or removed, by Blobs and by
// RocksDB alike. cut(), when everything is closed, takes back what was not synced: bytes behind the
// last sync of their file; names that were made, changed or removed since the last sync of their
// folder. That is what POSIX allows; file systems forget less. Thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "store/faults.h"

namespace millrace::store {

class PowerLoss final : public FileWatch {
 public:
  // `aside`, a folder on the same disk that nobody else uses, keeps what was removed.
  explicit PowerLoss(std::filesystem::path aside);

  enum class Forgets : uint8_t {
    everything,  // That was not synced.
    the_newest,  // A random number of the last changes of names, and of the last bytes of files.
  };
  void cut(Forgets forgets, std::mt19937& random);

  void made(std::string_view path) override;
  void changing(std::string_view from, std::string_view to) override;
  void removing(std::string_view path) override;
  uint64_t syncing(std::string_view path) override;
  void synced(std::string_view path, uint64_t size) override;
  void folder_synced(std::string_view path) override;

 private:
  enum class Kind : uint8_t { made, renamed, removed };
  struct Change {
    Kind kind = Kind::made;
    std::string path;
    std::string from;   // Of renamed.
    std::string saved;  // What was at `path` before; empty: nothing.
  };

  std::string save(const std::string& path);
  void move_size(const std::string& from, const std::string& to);
  std::string place_of(std::string_view path) const;
  void undo(const Change& change);

  const std::filesystem::path aside_;
  std::mutex mutex_;
  std::vector<Change> changes_;                // Of names; in their order.
  std::map<std::string, uint64_t> safe_size_;  // Of files that were made since the start.
  std::map<std::string, std::string> moved_;   // By the name as which they were opened.
  uint64_t saves_ = 0;
};

}  // namespace millrace::store
