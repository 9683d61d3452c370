#include "store/blobs.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/blobs_state.h"
#include "store/limits.h"

namespace millrace::store {
namespace {

using runtime::File;
using runtime::OpenMode;
using runtime::Path;

constexpr size_t kIdDigits = 32;
constexpr size_t kFolderDigits = 4;
constexpr size_t kTimeDigits = 11;
constexpr uint64_t kTimeMask = (uint64_t{1} << 4 * kTimeDigits) - 1;
constexpr size_t kBufferBytes =
    256 * 1024;  // Written at once; a smaller blob is one file operation.
constexpr uint64_t kWritebackBytes =
    512 * 1024;  // So often the disk is set to work, or all of it comes with the last sync.
constexpr unsigned kBlobsInFolder = 1024;  // Then the next ones go to another folder.
constexpr unsigned kRemovalsMax = 64;      // That nobody waits for.

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::optional<BlobId> BlobId::parse(std::string_view text) {
  if (text.size() != kIdDigits || !is_lower_hex(text)) return std::nullopt;
  BlobId id;
  id.text_ = text;
  return id;
}

Time BlobId::sealed() const {
  int64_t millis = 0;
  for (const char c : std::string_view(text_).substr(kFormatDigit + kFormatDigits, kTimeDigits)) {
    millis = millis * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return Time(milliseconds(millis));
}

Result<void> Blobs::State::prepare() {
  // What is staged belongs to nobody: its writers ended with the process.
  TRY(disk.remove_tree(staging));
  TRY(disk.make_directories(staging));
  TRY(disk.make_directories(blobs));
  return disk.sync_directory(blobs.parent_path());
}

Result<Path> Blobs::State::path(const BlobId& id) const {
  const std::string& text = id.text();
  // An id may come from a row, and a row from anywhere.
  if (!BlobId::parse(text)) return fail(ErrorKind::invalid, "the id of a blob is malformed");
  return blobs / text.substr(0, 2) / text.substr(2, 2) / text;
}

Result<void> Blobs::State::make_folder(const std::string& digits) {
  const Path outer = blobs / digits.substr(0, 2);
  TRY(disk.make_directories(outer / digits.substr(2, 2)));
  TRY(disk.sync_directory(outer));
  return disk.sync_directory(blobs);
}

Result<BlobId> Blobs::State::next_id() {
  const auto millis = std::chrono::floor<milliseconds>(clock.now()).time_since_epoch().count();
  const std::string rest = fmt::format("{:x}{:011x}{}", kSummedFormat,
                                       static_cast<uint64_t>(millis) & kTimeMask, random.hex(8));
  return folder.with([&](BlobFolder& current) -> Result<BlobId> {
    if (current.digits.empty() || current.blobs >= kBlobsInFolder) {
      const std::string digits = random.hex(kFolderDigits / 2);
      TRY(make_folder(digits));
      current = {digits, 0};
    }
    ++current.blobs;
    const std::optional<BlobId> id = BlobId::parse(current.digits + rest);
    ASSERT(id.has_value());
    return *id;
  });
}

Result<void> Blobs::State::publish(File& file, const Path& staged, const BlobId& id) {
  TRY(const Path place, path(id));
  TRY(disk.rename(staged, place));
  // In this order: the disk takes the new name with the file's own change, so that there is little
  // left for the folder's sync to wait for. Until both are done, nobody names it.
  Result<void> synced = file.sync();
  if (synced) synced = names.sync(place.parent_path());
  if (!synced) {
    // Not sealed. Should the removal fail too, it is an orphan for sweep().
    static_cast<void>(disk.remove(place));
    return fail(std::move(synced).error());
  }
  return {};
}

// --- Writing ---------------------------------------------------------------------------------

struct BlobWriter::State {
  explicit State(Blobs::State& b) : blobs(b) {}
  ~State() { discard(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Blocking, on the pool.
  Result<void> append_behind_buffer(BytesView bytes);
  Result<void> append(BytesView bytes);
  Result<void> write(BytesView bytes);  // To the file, as it is.
  Result<BlobId> seal();
  void discard();

  Result<void> remember(Result<void> result) {
    if (!result && !error) error = result.error();
    return result;
  }

  Blobs::State& blobs;
  std::unique_ptr<File> file;  // Made by the first append().
  Path staged;
  uint64_t written = 0;
  ChunkSums sums;
  uint64_t begun = 0;  // Up to here the disk has begun to take what is written.
  Bytes buffer;
  std::optional<Error> error;
  bool sealed = false;
};

Result<void> BlobWriter::State::append_behind_buffer(BytesView bytes) {
  if (!buffer.empty()) TRY(remember(of_disk(append(buffer))));
  buffer.clear();
  return remember(of_disk(append(bytes)));
}

Result<void> BlobWriter::State::append(BytesView bytes) {
  sums.add(bytes);
  return write(bytes);
}

Result<void> BlobWriter::State::write(BytesView bytes) {
  if (file == nullptr) {
    staged = blobs.staging / blobs.random.hex(16);
    TRY(file, blobs.disk.open(staged, OpenMode::create_new));
  }
  const Result<uint64_t> free = blobs.disk.free_bytes(blobs.staging);
  if (free && *free < kBlobReserveBytes + bytes.size()) {
    return fail(ErrorKind::exhausted, "blob: the disk is full");
  }
  TRY(file->write_at(written, bytes));
  written += bytes.size();
  if (written - begun >= kWritebackBytes) {
    file->begin_writeback(begun, written - begun);
    begun = written;
  }
  return {};
}

Result<BlobId> BlobWriter::State::seal() {
  Result<BlobId> id = blobs.next_id();
  if (!id) return id;
  // The last bytes and what vouches for all of them go in one write.
  sums.add(buffer);
  Bytes last = std::exchange(buffer, {});
  last += sums.finish(*id);
  if (Result<void> done = write(last); !done) {
    id = fail(std::move(done).error());
  } else if (done = blobs.publish(*file, staged, *id); !done) {
    id = fail(std::move(done).error());
  }
  if (id) {
    sealed = true;
    file.reset();
  } else {
    error = id.error();
  }
  return id;
}

void BlobWriter::State::discard() {
  if (file == nullptr || sealed) return;
  file.reset();
  // What cannot be removed now is removed by the next start().
  static_cast<void>(blobs.disk.remove(staged));
}

BlobWriter::BlobWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlobWriter::BlobWriter(BlobWriter&&) noexcept = default;
BlobWriter& BlobWriter::operator=(BlobWriter&&) noexcept = default;
BlobWriter::~BlobWriter() = default;

uint64_t BlobWriter::size_bytes() const { return state_->written + state_->buffer.size(); }

Task<void> BlobWriter::write(BytesView bytes) {
  State* const state = state_.get();
  ASSERT(!state->sealed);
  if (state->error) co_return fail(*state->error);
  if (state->buffer.size() + bytes.size() < kBufferBytes) {
    state->buffer.append(bytes);
    co_return ok;
  }
  const auto work = [state, bytes] { return state->append_behind_buffer(bytes); };
  Task<void> run = state->blobs.pool.run(work);
  co_return co_await std::move(run);
}

Task<void> BlobWriter::write_made(std::function<BytesView()> make) {
  State* const state = state_.get();
  ASSERT(!state->sealed);
  if (state->error) co_return fail(*state->error);
  const auto work = [state, &make]() -> Result<void> {
    const BytesView bytes = make();
    if (state->buffer.size() + bytes.size() >= kBufferBytes) {
      return state->append_behind_buffer(bytes);
    }
    state->buffer.append(bytes);
    return {};
  };
  Task<void> run = state->blobs.pool.run(work);
  co_return co_await std::move(run);
}

Task<BlobId> BlobWriter::seal() {
  State* const state = state_.get();
  ASSERT(!state->sealed);
  if (state->error) co_return fail(*state->error);
  const auto work = [state]() -> Result<BlobId> { return of_disk(state->seal()); };
  Task<BlobId> run = state->blobs.pool.run(work);
  co_return co_await std::move(run);
}

// --- Blobs -----------------------------------------------------------------------------------

Result<std::unique_ptr<Blobs>> Blobs::start(Options options) {
  auto state = std::make_unique<State>(std::move(options));
  TRY(state->prepare());
  return std::unique_ptr<Blobs>(new Blobs(std::move(state)));
}

Blobs::Blobs(std::unique_ptr<State> state) : state_(std::move(state)) {}
Blobs::~Blobs() {
  std::unique_lock lock(state_->removal);
  state_->removed.wait(lock, [this] { return state_->removals == 0; });
}

uint64_t Blobs::damages() const { return state_->damages.load(std::memory_order_relaxed); }

Task<BlobWriter> Blobs::create() {
  co_return BlobWriter(std::make_unique<BlobWriter::State>(*state_));
}

Task<BlobId> Blobs::put(BytesView bytes) {
  State* const state = state_.get();
  const auto work = [state, bytes]() -> Result<BlobId> {
    BlobWriter::State writer(*state);
    if (bytes.size() < kBufferBytes) {
      writer.buffer = bytes;
    } else {
      TRY(of_disk(writer.append(bytes)));
    }
    return of_disk(writer.seal());
  };
  Task<BlobId> run = state->pool.run(work);
  co_return co_await std::move(run);
}

Result<void> Blobs::State::remove(const BlobId& id) {
  TRY(const Path place, path(id));
  Result<void> gone = of_disk(disk.remove(place));
  if (!gone && gone.error().kind == ErrorKind::not_found) return {};
  return gone;
}

bool Blobs::State::begin_removal(const BlobId& id) {
  {
    const std::lock_guard lock(removal);
    if (removals >= kRemovalsMax) return false;
    ++removals;
  }
  const auto work = [this, id] {
    static_cast<void>(remove(id));
    end_removal();
  };
  if (pool.submit(work)) return true;
  end_removal();
  return false;
}

void Blobs::State::end_removal() {
  const std::lock_guard lock(removal);
  --removals;
  removed.notify_all();
}

Task<void> Blobs::remove(BlobId id) {
  State* const state = state_.get();
  const auto work = [state, id] { return state->remove(id); };
  Task<void> run = state->pool.run(work);
  co_return co_await std::move(run);
}

Task<void> Blobs::remove_soon(BlobId id) {
  if (state_->begin_removal(id)) co_return ok;
  co_return co_await remove(std::move(id));
}

Result<uint64_t> Blobs::State::sweep_folder(const Path& folder, Time before,
                                            const IsReferenced& is_referenced) {
  uint64_t removed = 0;
  TRY(const auto entries, disk.list(folder));
  for (const runtime::DirectoryEntry& entry : entries) {
    const std::optional<BlobId> id = BlobId::parse(entry.name);
    if (!id || id->sealed() >= before) continue;
    TRY(const bool referenced, is_referenced(*id));
    if (referenced) continue;
    if (Result<void> gone = disk.remove(folder / entry.name); gone) {
      ++removed;
    } else if (gone.error().kind != ErrorKind::not_found) {
      return fail(std::move(gone).error());
    }
  }
  return removed;
}

Result<uint64_t> Blobs::State::sweep(Time before, const IsReferenced& is_referenced) {
  uint64_t removed = 0;
  TRY(const auto outer, disk.list(blobs));
  for (const runtime::DirectoryEntry& first : outer) {
    if (!first.is_directory) continue;
    TRY(const auto inner, disk.list(blobs / first.name));
    for (const runtime::DirectoryEntry& second : inner) {
      if (!second.is_directory) continue;
      TRY(const uint64_t here,
          sweep_folder(blobs / first.name / second.name, before, is_referenced));
      removed += here;
    }
  }
  return removed;
}

Task<uint64_t> Blobs::sweep(microseconds grace, IsReferenced is_referenced) {
  State* const state = state_.get();
  const Time before = state->clock.now() - grace;
  const auto work = [state, before, &is_referenced]() -> Result<uint64_t> {
    return state->sweep(before, is_referenced);
  };
  Task<uint64_t> run = state->pool.run(work);
  co_return co_await std::move(run);
}

}  // namespace millrace::store
