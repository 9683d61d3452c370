// The one writer: takes the commits that wait, a group at a time.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "runtime/log.h"
#include "store/state.h"

namespace millrace::store {
namespace {

// Notes which prefixes the keys of a batch begin with.
class TouchedKeys final : public rocksdb::WriteBatch::Handler {
 public:
  explicit TouchedKeys(const std::function<void(BytesView)>& touch) : touch_(touch) {}
  rocksdb::Status PutCF(uint32_t, const rocksdb::Slice& key, const rocksdb::Slice&) override {
    touch_(key.ToStringView());
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(uint32_t, const rocksdb::Slice& key) override {
    touch_(key.ToStringView());
    return rocksdb::Status::OK();
  }

 private:
  const std::function<void(BytesView)>& touch_;
};

}  // namespace

bool Database::State::submit(PendingCommit* commit) {
  const bool start = queue.with([&](Queue& q) {
    if (q.waiting.size() >= kCommitQueueMax) {
      commit = nullptr;
      return false;
    }
    q.waiting.push_back(commit);
    return !std::exchange(q.writer_runs, true);
  });
  // The commit may have been answered by now, and its coroutine gone.
  if (start) ASSERT(writer.submit([this] { write_until_idle(); }));
  return commit != nullptr;
}

void Database::State::write_until_idle() {
  std::vector<PendingCommit*> commits;
  for (;;) {
    commits.clear();
    const bool idle = queue.with([&](Queue& q) {
      commits.swap(q.waiting);
      if (commits.empty()) q.writer_runs = false;
      return commits.empty();
    });
    if (idle) return;
    for (size_t first = 0; first < commits.size();) first = write_group(commits, first);
  }
}

// What the disk has; everything where that cannot be told.
uint64_t Database::State::free_bytes() const {
  std::error_code code;
  const auto space = std::filesystem::space(options.path, code);
  return code ? UINT64_MAX : space.available;
}

size_t Database::State::write_group(std::vector<PendingCommit*>& commits, size_t first) {
  rocksdb::WriteBatch batch;
  const uint64_t sequence_before = sequence;
  bool sync = false;
  const uint64_t free = free_bytes();
  size_t end = first;
  while (end < commits.size() && (end == first || batch.GetDataSize() < kGroupBytesMax)) {
    PendingCommit& commit = *commits[end++];
    admit(commit, free, batch);
    if (commit.answer) sync = sync || commit.sync;
  }
  if (batch.Count() > 0) {
    // Caches of rows forget what changes before it can be read anew.
    announce(batch);
    const Result<void> written = write(batch, sync);
    if (!written) {
      sequence = sequence_before;
      notify(false);
      // There is nothing of these commits to wait for: who reads from now on conflicts with none.
      published.store(number, std::memory_order_release);
      for (size_t i = first; i < end; ++i) {
        if (commits[i]->answer) commits[i]->answer = written;
      }
    } else {
      last_sequence.store(sequence, std::memory_order_release);
      // Caches forget what has changed before a transaction can begin that counts it as seen.
      notify(true);
      published.store(number, std::memory_order_release);
    }
  }
  resume(commits, first, end);
  return end;
}

void Database::State::admit(PendingCommit& commit, uint64_t free, rocksdb::WriteBatch& batch) {
  Txn::State& txn = *commit.txn;
  if (free < kReserveBytes && (free < kReserveErasingBytes || !txn.erases())) {
    commit.answer = fail(ErrorKind::exhausted, "commit: the disk is full");
    return;
  }
  if (!log.admits(txn.since, txn.reads)) {
    commit.answer =
        fail(ErrorKind::conflict, "what the transaction has read was changed meanwhile");
    return;
  }
  std::vector<BytesView> keys;
  keys.reserve(txn.writes.size());
  for (const auto& [key, value] : txn.writes) {
    keys.emplace_back(key);
    if (value) {
      ASSERT(batch.Put(key, *value).ok());
    } else {
      ASSERT(batch.Delete(key).ok());
    }
  }
  for (const Bytes& event : txn.events) {
    ASSERT(batch.Put(full_key(kOutboxTable, key_prefix(++sequence)), event).ok());
  }
  // Remembered before it is written, so that the group's later members are checked against it.
  // Should the write fail, that is a conflict too many, and no harm.
  log.add(++number, keys);
}

// Resume() waits for the compactions that run, and then for a flush of its own. Where one of them
// fails meanwhile, it gives up with that error, and the flush, which is due but has not begun,
// finds that nobody resumes any more: it is put aside, and every later Resume() waits for it
// without end. So compactions are ended before; while a write has failed and nobody resumes, none
// begins anew.
rocksdb::Status Database::State::resume_writing() {
  clock->hurry(true);
  rocksdb::Status status = db->PauseBackgroundWork();
  if (status.ok()) status = db->ContinueBackgroundWork();
  if (status.ok()) status = db->Resume();
  clock->hurry(false);
  if (status.ok()) runtime::log(runtime::LogLevel::info, "store.resumed");
  return status;
}

// Resume() replaces a log with a torn end only where the memtable holds something, and a log that
// is not replaced refuses every write. So the memtable is never empty when a batch is written: a
// row in memory only goes before a batch that may meet an empty one. That is the first batch, one
// after a failure, and any that comes when the memtable may be full, for RocksDB begins a new one
// before the write that follows. How much is left of it is asked once in some megabytes; what a
// batch takes of it is counted generously.
rocksdb::Status Database::State::ready_memtable(const rocksdb::WriteBatch& batch) {
  constexpr size_t kRowBytes = 256;  // What a row takes beside its bytes, and more.
  // A quarter of it may be left over at the ends of blocks.
  const size_t taken = (batch.GetDataSize() + batch.Count() * kRowBytes) / 3 * 4;
  rocksdb::Status status;
  if (memtable_room < taken) {
    rocksdb::WriteOptions memory_only;
    memory_only.disableWAL = true;
    status = db->Put(memory_only, full_key(kMetaTable, kPresenceKey), {});
    memtable_room = status.ok() ? room_of_memtable() : 0;
  }
  memtable_room -= std::min(memtable_room, taken);
  return status;
}

size_t Database::State::room_of_memtable() const {
  uint64_t used = 0;
  if (!db->GetIntProperty(rocksdb::DB::Properties::kCurSizeActiveMemTable, &used)) return 0;
  // It is full when it may take no further block.
  const uint64_t full = options.write_buffer_bytes - 4 * arena_block_bytes(options);
  return full - std::min(full, used);
}

Result<void> Database::State::write(rocksdb::WriteBatch& batch, bool sync) {
  rocksdb::Status status;
  if (failed) status = resume_writing();
  if (status.ok()) status = ready_memtable(batch);
  if (status.ok()) {
    rocksdb::WriteOptions write;
    write.sync = sync;
    status = db->Write(write, &batch);
  }
  failed = !status.ok();
  if (!failed) return {};
  memtable_room = 0;
  runtime::log(runtime::LogLevel::error, "store.write_failed", {{"error", status.ToString()}});
  if (files->take_disk_full() || status.IsNoSpace()) {
    return fail(ErrorKind::exhausted, "commit: no space left on the disk");
  }
  return storage_error(status, "commit");
}

void Database::State::announce(const rocksdb::WriteBatch& batch) {
  watches.with([&](Watches& all) {
    if (all.all.empty()) return;
    const std::function<void(BytesView)> touch = [&](BytesView key) {
      for (Watch& watch : all.all) {
        if (watch.touched && watch.rows == nullptr) continue;
        if (!key.starts_with(watch.prefix)) continue;
        watch.touched = true;
        if (watch.rows != nullptr) watch.keys.push_back(key.substr(watch.prefix.size()));
      }
    };
    TouchedKeys keys(touch);
    ASSERT(batch.Iterate(&keys).ok());
    for (const Watch& watch : all.all) {
      if (watch.touched && watch.rows != nullptr) watch.rows->changing(watch.keys);
    }
  });
}

void Database::State::notify(bool written) {
  watches.with([written](Watches& all) {
    for (Watch& watch : all.all) {
      if (!watch.touched) continue;
      watch.touched = false;
      if (watch.rows != nullptr) {
        watch.rows->changed(watch.keys);
        watch.keys.clear();
      } else if (written) {
        watch.changed();
      }
    }
  });
}

void Database::State::resume(const std::vector<PendingCommit*>& commits, size_t first, size_t end) {
  // Nothing of a commit may be touched once its coroutine can run.
  std::vector<std::pair<runtime::Loop*, std::vector<std::coroutine_handle<>>>> awake;
  for (size_t i = first; i < end; ++i) {
    runtime::Loop* const loop = commits[i]->loop;
    const auto same = [loop](const auto& group) { return group.first == loop; };
    auto group = std::ranges::find_if(awake, same);
    if (group == awake.end()) group = awake.insert(group, {loop, {}});
    group->second.push_back(commits[i]->handle);
  }
  for (auto& [loop, handles] : awake) {
    const auto go_on = [handles = std::move(handles)] {
      for (const std::coroutine_handle<> handle : handles) handle.resume();
    };
    if (loop != nullptr) {
      loop->post(go_on);
    } else {
      go_on();
    }
  }
}

}  // namespace millrace::store
