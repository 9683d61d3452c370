// rocks_bench FOLDER CONNECTIONS BYTES SECONDS: what RocksDB alone commits, each put synced and on
// a thread of its own, with its own group commit. One line of JSON; what stands beside ours in
// bench/.
#include <fmt/format.h>
#include <rocksdb/db.h>
#include <sys/resource.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace millrace::store {
namespace {

using SteadyClock = std::chrono::steady_clock;

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto total = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return total(usage.ru_utime) + total(usage.ru_stime);
}

// Bytes that no compression makes smaller.
std::string noise(size_t bytes) {
  std::string out(bytes, '\0');
  uint64_t state = 0x9E3779B97F4A7C15ULL;
  for (char& c : out) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    c = static_cast<char>(state);
  }
  return out;
}

// Puts until the time is over; answers how many.
uint64_t put_for(rocksdb::DB& db, unsigned thread, const std::string& value,
                 std::chrono::duration<double> time) {
  rocksdb::WriteOptions durable;
  durable.sync = true;
  uint64_t puts = 0;
  for (const auto end = SteadyClock::now() + time; SteadyClock::now() < end; ++puts) {
    const std::string key = fmt::format("bench/put-{}-{:08}", thread, puts % 4096);
    if (!db.Put(durable, key, value).ok()) return 0;
  }
  return puts;
}

int measure(const std::string& folder, unsigned threads, size_t bytes, double seconds) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  if (!rocksdb::DB::Open(options, folder, &opened).ok()) return 1;
  const std::unique_ptr<rocksdb::DB> db(opened);
  const std::string value = noise(bytes);
  std::atomic<uint64_t> puts{0};
  const double cpu = cpu_seconds();
  const auto began = SteadyClock::now();
  {
    // tidy: allow(calls) RocksDB alone is measured, with nothing of ours around it.
    std::vector<std::jthread> writers;
    for (unsigned i = 0; i < threads; ++i) {
      writers.emplace_back(
          [&, i] { puts += put_for(*db, i, value, std::chrono::duration<double>(seconds)); });
    }
  }
  const double took = std::chrono::duration<double>(SteadyClock::now() - began).count();
  const auto count = static_cast<double>(puts);
  if (count == 0) return 1;
  fmt::print("{{\"requests_per_second\":{:.1f},\"mean_us\":{:.1f},\"cpu_us_each\":{:.1f}}}\n",
             count / took, 1e6 * took * threads / count, 1e6 * (cpu_seconds() - cpu) / count);
  return 0;
}

template <class Number>
Number number(const char* text) {
  Number out{};
  const std::string_view view(text);
  std::from_chars(view.data(), view.data() + view.size(), out);
  return out;
}

}  // namespace
}  // namespace millrace::store

int main(int argc, char** argv) {
  using millrace::store::number;
  if (argc != 5) return 2;
  const auto threads = number<unsigned>(argv[2]);
  const auto seconds = number<double>(argv[4]);
  if (threads == 0 || seconds <= 0) return 2;
  return millrace::store::measure(argv[1], threads, number<size_t>(argv[3]), seconds);
}
