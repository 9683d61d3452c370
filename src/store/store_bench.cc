// store_bench [FOLDER]: synced commits and reads a second, beside the disk's own fdatasync a second
// in the same run. One JSON line a figure.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include "runtime/loop.h"
#include "runtime/nursery.h"
#include "store/blobs.h"
#include "store/bus.h"
#include "store/test_folder.h"

namespace millrace::store {
namespace {

struct Row {
  Realm realm;
  std::string name;
  Bytes payload;
  using Key = std::tuple<Realm, std::string>;
  Key key() const { return {realm, name}; }
  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& v) {
    v(1, self.realm);
    v(2, self.name);
    v(3, self.payload);
  }
};
constexpr Table<Row> kRows{"bench.rows"};
const Realm kRealm{"000000000000", "us-east-1"};

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto total = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return total(usage.ru_utime) + total(usage.ru_stime);
}

void print(std::string_view name, double operations, const Stopwatch& watch, double cpu_before) {
  const double elapsed = watch.seconds();
  fmt::print("{{\"name\":\"{}\",\"per_second\":{:.0f},\"cpu_us_each\":{:.1f}}}\n", name,
             operations / elapsed, 1e6 * (cpu_seconds() - cpu_before) / operations);
}

std::string name_of(int number) { return fmt::format("row-{:08}", number); }

Task<void> commit_rows(Database* db, int first, int count) {
  for (int i = first; i < first + count; ++i) {
    Txn txn = db->begin();
    txn.put(kRows, {kRealm, name_of(i), Bytes(260, 'x')});
    CO_TRY(co_await txn.commit());
  }
  co_return ok;
}

Task<void> commit_concurrently(Database* db, int tasks, int each) {
  runtime::Nursery nursery(*runtime::Loop::current());
  for (int i = 0; i < tasks; ++i) nursery.spawn(commit_rows(db, i * each, each));
  co_return co_await nursery.close();
}

Task<void> put_blobs(Blobs* blobs, int count) {
  const Bytes bytes(4096, 'x');
  for (int i = 0; i < count; ++i) CO_TRY(co_await blobs->put(bytes));
  co_return ok;
}

Task<void> put_blobs_concurrently(Blobs* blobs, int tasks, int each) {
  runtime::Nursery nursery(*runtime::Loop::current());
  for (int i = 0; i < tasks; ++i) nursery.spawn(put_blobs(blobs, each));
  co_return co_await nursery.close();
}

void bench_fdatasync(const std::filesystem::path& folder, int count) {
  const int fd = ::open((folder / "raw").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  ASSERT(fd >= 0);
  const Bytes block(300, 'x');
  const Stopwatch watch;
  const double cpu = cpu_seconds();
  for (int i = 0; i < count; ++i) {
    ASSERT(::write(fd, block.data(), block.size()) == static_cast<ssize_t>(block.size()));
    ASSERT(::fdatasync(fd) == 0);
  }
  print("disk.append_300_bytes_and_fdatasync", count, watch, cpu);
  ::close(fd);
}

void bench_commits(Database& db, int tasks, int each) {
  runtime::Loop loop;
  const Stopwatch watch;
  const double cpu = cpu_seconds();
  ASSERT(runtime::run_task(loop, commit_concurrently(&db, tasks, each)).has_value());
  print(fmt::format("commits.synced.{}_committers", tasks), tasks * each, watch, cpu);
}

void bench_reads(Database& db, int rows, int count) {
  const Stopwatch watch;
  const double cpu = cpu_seconds();
  Txn txn = db.begin();
  for (int i = 0; i < count; ++i) {
    ASSERT(txn.get(kRows, {kRealm, name_of(i * 7919 % rows)}).has_value());
  }
  print("reads.point", count, watch, cpu);
  const Stopwatch scanning;
  const double cpu_scan = cpu_seconds();
  size_t seen = 0;
  const auto visit = [&seen](Row&) { return ++seen > 0; };
  ASSERT(txn.each(kRows, {}, visit).has_value());
  print("reads.scan", static_cast<double>(seen), scanning, cpu_scan);
}

void bench_blobs(const std::filesystem::path& folder, int tasks, int each) {
  const auto disk = runtime::make_disk();
  const auto clock = runtime::make_system_clock();
  const auto random = runtime::make_system_random();
  runtime::Pool pool("bench-blobs", 16);
  const auto blobs = Blobs::start({*disk, pool, *clock, *random, folder});
  ASSERT(blobs.has_value());
  runtime::Loop loop;
  const Stopwatch watch;
  const double cpu = cpu_seconds();
  ASSERT(runtime::run_task(loop, put_blobs_concurrently(blobs->get(), tasks, each)).has_value());
  print(fmt::format("blobs.put_4_kib.{}_writers", tasks), tasks * each, watch, cpu);
}

void print_resident() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:") || line.starts_with("RssAnon:")) {
      fmt::print("{{\"name\":\"{}\",\"kib\":{}}}\n", line.substr(0, line.find(':')),
                 std::stoll(line.substr(line.find(':') + 1)));
    }
  }
}

void run(const std::filesystem::path& folder) {
  const Database::Options options{.path = folder / "rows"};
  for (const char* name : {"open.new", "open.again", "open.again"}) {
    const Stopwatch watch;
    const auto db = Database::open(options);
    ASSERT(db.has_value());
    fmt::print("{{\"name\":\"{}\",\"ms\":{:.1f}}}\n", name, 1e3 * watch.seconds());
  }
  auto db = std::move(*Database::open(options));
  print_resident();
  for (int round = 0; round < 2; ++round) {
    bench_fdatasync(folder, 1000);
    bench_commits(*db, 1, 1000);
    bench_commits(*db, 64, 500);
  }
  bench_reads(*db, 32000, 200000);
  bench_blobs(folder, 1, 300);
  bench_blobs(folder, 64, 30);
  print_resident();
}

}  // namespace
}  // namespace millrace::store

int main(int argc, char** argv) {
  const millrace::store::TestFolder scratch;
  millrace::store::run(argc > 1 ? std::filesystem::path(argv[1]) : scratch.path());
  return 0;
}
