#include "engines/jobs/job_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdio>

#include "base/bytes.h"
#include "engines/jobs/cgroup.h"
#include "engines/jobs/fields.h"
#include "engines/jobs/launcher.h"
#include "engines/jobs/log_file.h"
#include "engines/jobs/process_info.h"
#include "engines/jobs/watch.h"

namespace millrace::jobs {
namespace {

using runtime::Disk;
using runtime::OpenMode;
using runtime::Path;

constexpr const char* kProgressFile = "progress";
constexpr const char* kErrorsFile = "supervisor.err";
constexpr std::string_view kProgressKind = "millrace-job-progress";
constexpr uint64_t kDocumentMax = 512 * 1024;
constexpr size_t kWordsMax = 500;
constexpr int kLockPolls = 1500;  // Of 2 ms: how long a supervisor may take to name itself.

Result<std::optional<Bytes>> read_if_there(Disk& disk, const Path& path, uint64_t size_max) {
  auto content = runtime::read_file(disk, path, size_max);
  if (content) return std::optional<Bytes>(std::move(*content));
  if (content.error().kind == ErrorKind::not_found) return std::optional<Bytes>();
  return std::unexpected(content.error());
}

std::string encode(const Progress& progress) {
  FieldWriter out(kProgressKind);
  out.put("cursor", progress.cursor);
  out.put("reported", progress.reported ? "1" : "0");
  out.put_signed("order", progress.order);
  return std::move(out).finish();
}

bool lock_is_held(const Path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  const bool held = ::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(fd);
  return held;
}

Result<void> put_file(Disk& disk, const Path& path, BytesView content, bool durable) {
  TRY(auto file, disk.open(path, OpenMode::create_new));
  TRY(file->write_at(0, content));
  if (durable) TRY(file->sync());
  return {};
}

}  // namespace

JobDirectories::JobDirectories(Disk& disk, Path directory)
    : disk_(disk), directory_(std::move(directory)) {}

Result<void> JobDirectories::prepare() {
  TRY(disk_.make_directories(directory_));
  TRY(const auto entries, disk_.list(directory_));
  for (const auto& entry : entries) {
    if (entry.name.starts_with('.')) TRY(disk_.remove_tree(directory_ / entry.name));
  }
  return {};
}

Result<std::vector<std::string>> JobDirectories::list() {
  TRY(const auto entries, disk_.list(directory_));
  std::vector<std::string> ids;
  for (const auto& entry : entries) {
    if (entry.is_directory && !entry.name.starts_with('.')) ids.push_back(entry.name);
  }
  return ids;
}

Result<FoundJob> JobDirectories::read(const std::string& id) {
  FoundJob found;
  TRY(const Bytes spec, runtime::read_file(disk_, path(id) / kSpecFile, kSpecBytesMax));
  TRY(found.spec, parse_spec(spec));
  if (found.spec.id != id) return fail(ErrorKind::invalid, "the spec is another job's");
  TRY(found.progress, read_progress(id));
  // The supervisor is looked for first: one that ends in between has written its status then.
  TRY(found.supervision, find_supervisor(id, found.pidfd));
  TRY(found.end, read_end(id));
  return found;
}

// A progress that is damaged is as none: what it would have spared is told again.
Result<Progress> JobDirectories::read_progress(const std::string& id) {
  TRY(const auto text, read_if_there(disk_, path(id) / kProgressFile, kDocumentMax));
  Progress progress;
  if (!text) return progress;
  const auto fields = parse_fields(kProgressKind, *text, kDocumentMax);
  if (!fields) return progress;
  for (const auto& [name, value] : *fields) {
    if (name == "cursor") progress.cursor = parse_number(name, value).value_or(0);
    if (name == "reported") progress.reported = parse_flag(name, value).value_or(false);
    if (name == "order") progress.order = parse_signed(name, value).value_or(0);
  }
  return progress;
}

Result<std::optional<ProcessRecord>> JobDirectories::read_process(const std::string& id) {
  TRY(const auto text, read_if_there(disk_, path(id) / kProcessFile, kDocumentMax));
  if (!text || text->empty()) return std::optional<ProcessRecord>();
  auto record = parse_process(*text);
  // A record that is cut marks the job all the same: the program may have run.
  return std::optional(record ? std::move(*record) : ProcessRecord{});
}

Result<Supervision> JobDirectories::find_supervisor(const std::string& id, int& pidfd) {
  for (int poll = 0; poll < kLockPolls; ++poll) {
    TRY(const auto lock, read_if_there(disk_, path(id) / kLockFile, 4096));
    int pid = 0;
    unsigned long long start = 0;
    if (lock && std::sscanf(lock->c_str(), "%d %llu", &pid, &start) == 2) {
      TRY(const auto record, read_process(id));
      const bool other_boot = record && !record->boot_id.empty() && record->boot_id != boot_id();
      const auto opened = other_boot ? fail(ErrorKind::not_found, "") : open_process(pid, start);
      if (opened) pidfd = *opened;
      if (opened) return Supervision::alive;
      return record ? Supervision::ended : Supervision::none;
    }
    if (!lock_is_held(path(id) / kLockFile)) return Supervision::none;
    // tidy: allow(calls) on a pool: another process is about to write this line.
    ::usleep(2000);
  }
  return fail(ErrorKind::internal, "a supervisor holds the lock and does not name itself: " + id);
}

Result<void> JobDirectories::create(const JobSpec& spec, const Progress& progress) {
  const Path beside = directory_ / (".new-" + spec.id);
  const auto make = [&]() -> Result<void> {
    TRY(disk_.make_directories(beside / kRootDirectory));
    TRY(disk_.make_directories(beside / kTemporaryDirectory));
    TRY(put_file(disk_, beside / kSpecFile, jobs::encode(spec), true));
    TRY(put_file(disk_, beside / kProgressFile, encode(progress), false));
    for (const char* const name : {kLockFile, kProcessFile, kLogFile}) {
      TRY(put_file(disk_, beside / name, "", false));
    }
    TRY(disk_.sync_directory(beside));
    TRY(disk_.rename(beside, path(spec.id)));
    return disk_.sync_directory(directory_);
  };
  const Result<void> made = make();
  if (!made) {
    // Without its durable name it does not exist; a name that is not durable is taken back.
    [[maybe_unused]] const auto first = disk_.remove_tree(beside);
    [[maybe_unused]] const auto second = disk_.remove_tree(path(spec.id));
  }
  return made;
}

Result<void> JobDirectories::remove(const std::string& id) {
  const Path aside = directory_ / (".removed-" + id);
  TRY(disk_.remove_tree(aside));
  if (auto renamed = disk_.rename(path(id), aside); !renamed) {
    return renamed.error().kind == ErrorKind::not_found ? Result<void>() : renamed;
  }
  TRY(disk_.sync_directory(directory_));
  return disk_.remove_tree(aside);
}

Result<std::optional<JobEnd>> JobDirectories::read_end(const std::string& id) {
  TRY(const auto text, read_if_there(disk_, path(id) / kStatusFile, kDocumentMax));
  if (!text) return std::optional<JobEnd>();
  TRY(JobEnd end, parse_end(*text));
  end.id = id;
  return std::optional<JobEnd>(std::move(end));
}

Result<void> JobDirectories::write_end(const JobEnd& end) {
  return runtime::write_file_durably(disk_, path(end.id) / kStatusFile, jobs::encode(end));
}

Result<JobEnd> JobDirectories::conclude(const std::string& id, Time now) {
  TRY(auto known, read_end(id));
  if (known) return *known;
  JobEnd end;
  end.id = id;
  end.ended = now;
  TRY(const auto record, read_process(id));
  // By name and not by the record: the supervisor may have died in between.
  remove_cgroups(find_cgroups(cgroup_name(path(id).string())));
  if (!record) {
    end.reason = EndReason::launch_failed;
    const auto words = runtime::read_file(disk_, path(id) / kErrorsFile, kDocumentMax);
    const std::string said = words ? words->substr(0, kWordsMax) : "";
    end.detail = "the launcher ended before the program ran" + (said.empty() ? "" : ": " + said);
  } else {
    end.reason = EndReason::vanished;
    end.started = record->started;
    end.isolation = record->isolation;
    end.detail = record->boot_id == boot_id()
                     ? "the job's supervisor was killed; the job ended with it"
                     : "the machine was restarted while the job ran";
    const bool here = record->boot_id == boot_id() && !record->isolation.namespaces;
    if (here && record->init_pid > 1) kill_session(record->init_pid, record->init_start);
  }
  TRY(write_end(end));
  return end;
}

// Not synced: a machine that stops loses some of it, and the observer is told again.
Result<void> JobDirectories::write_progress(const std::string& id, const Progress& progress) {
  const Path target = path(id) / kProgressFile;
  const Path beside = target.string() + ".new";
  if (auto removed = disk_.remove(beside);
      !removed && removed.error().kind != ErrorKind::not_found) {
    return removed;
  }
  TRY(put_file(disk_, beside, encode(progress), false));
  return disk_.rename(beside, target);
}

Result<LogBatch> JobDirectories::read_log(const std::string& id, uint64_t cursor, size_t lines_max,
                                          size_t bytes_max) {
  LogBatch batch;
  auto opened = disk_.open(path(id) / kLogFile, OpenMode::read);
  if (!opened && opened.error().kind == ErrorKind::not_found) return batch;
  TRY(const auto file, std::move(opened));
  TRY(const uint64_t size, file->size());
  if (size <= cursor) return batch;
  const uint64_t enough = std::max<uint64_t>(bytes_max, kLogHeaderBytes + kLogTextMax);
  std::string buffer(std::min<uint64_t>(size - cursor, enough), '\0');
  TRY(const size_t got, file->read_at(cursor, buffer.data(), buffer.size()));
  std::string_view rest(buffer.data(), got);
  LogRecord record;
  while (batch.lines.size() < lines_max) {
    const LogParse parsed = parse_record(rest, record);
    batch.damaged = parsed == LogParse::damaged;
    if (parsed != LogParse::record) break;
    cursor += record.bytes;
    batch.lines.push_back({cursor, record.stream, record.time, std::string(record.text)});
    rest.remove_prefix(record.bytes);
  }
  return batch;
}

}  // namespace millrace::jobs
