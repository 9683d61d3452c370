// objects_bench DATA KEYS: makes a bucket `bench` of so many keys in 1,000 folders in a new data
// directory, then lists its first page, as it is and by folders. One line of JSON.
//
// Every row is a copy of those of one object that was written as objects are, many to a commit: a
// million real uploads would take minutes.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "engines/objects/objects.h"
#include "runtime/disk.h"
#include "runtime/loop.h"

namespace millrace::objects {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kFolders = 1'000;
constexpr int kKeysOfCommit = 2'000;
constexpr int kRounds = 9;
const ObjectId kModel{"bench", "folder-000/key-000000"};

double ms_since(SteadyClock::time_point began) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - began).count();
}

double resident_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("VmRSS:")) continue;
    double kib = 0;
    const size_t digits = line.find_first_of("0123456789");
    std::from_chars(line.data() + digits, line.data() + line.size(), kib);
    return kib / 1024;
  }
  return 0;
}

std::string key_of(int number, int keys) {
  const int in_folder = std::max(1, keys / kFolders);
  return fmt::format("folder-{:03}/key-{:06}", number / in_folder, number % in_folder);
}

Task<void> make_model(Objects* objects) {
  Bucket bucket;
  bucket.name = kModel.bucket;
  bucket.owner = "000000000000";
  bucket.region = "us-east-1";
  CO_TRY(co_await objects->create_bucket(std::move(bucket)));
  CO_TRY(Writer writer, co_await objects->write(kModel, {}));
  CO_TRY(co_await writer.write("a small object"));
  CO_TRY(co_await writer.commit({}, {}, {}));
  co_return ok;
}

Task<void> make_keys(store::Database* db, int keys) {
  for (int first = 1; first < keys; first += kKeysOfCommit) {
    store::Txn txn = db->begin();
    CO_TRY(Entry entry, txn.get(kEntries, {kModel.bucket, kModel.key}));
    CO_TRY(Content content, txn.get(kContents, {kModel.bucket, kModel.key}));
    for (int i = first; i < std::min(keys, first + kKeysOfCommit); ++i) {
      entry.object_key = content.object_key = key_of(i, keys);
      txn.put(kEntries, entry);
      txn.put(kContents, content);
    }
    CO_TRY(co_await txn.commit_lazily());
  }
  co_return ok;
}

double thread_cpu_ms() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e3 + static_cast<double>(spent.tv_nsec) / 1e6;
}

// Milliseconds of a first page of 1,000: the median, and the processor's, on average.
struct PageTime {
  double median_ms = 0;
  double cpu_ms = 0;
};

PageTime list_ms(const Objects& objects, const std::string& delimiter, size_t& found) {
  std::vector<double> took;
  const double cpu_began = thread_cpu_ms();
  for (int round = 0; round < kRounds; ++round) {
    const auto began = SteadyClock::now();
    const Result<Listing> page = objects.list({.bucket = kModel.bucket, .delimiter = delimiter});
    took.push_back(ms_since(began));
    ASSERT(page.has_value());
    found = page->entries.size() + page->groups.size();
  }
  std::ranges::nth_element(took, took.begin() + kRounds / 2);
  return {took[kRounds / 2], (thread_cpu_ms() - cpu_began) / kRounds};
}

Result<void> run(const std::filesystem::path& data, int keys) {
  const auto disk = runtime::make_disk();
  const auto clock = runtime::make_system_clock();
  const auto random = runtime::make_system_random();
  runtime::Loop loop;
  runtime::Pool pool("bench-objects", 4);
  store::Database::Options options;
  options.path = data / "rows";
  TRY(const auto db, store::Database::open(options));
  TRY(const auto blobs, store::Blobs::start({*disk, pool, *clock, *random, data}));
  Objects objects({*db, *blobs, pool, *clock, *random});
  const auto began = SteadyClock::now();
  TRY(runtime::run_task(loop, make_model(&objects)));
  TRY(runtime::run_task(loop, make_keys(db.get(), keys)));
  const double made_ms = ms_since(began);
  size_t plain = 0;
  size_t grouped = 0;
  const PageTime plain_time = list_ms(objects, "", plain);
  const PageTime grouped_time = list_ms(objects, "/", grouped);
  fmt::print(
      "{{\"keys\":{},\"made_seconds\":{:.1f},\"page_ms\":{:.2f},\"page_cpu_ms\":{:.2f},"
      "\"page_keys\":{},\"groups_ms\":{:.2f},\"groups_cpu_ms\":{:.2f},\"page_groups\":{},"
      "\"resident_mib\":{:.1f}}}\n",
      keys, made_ms / 1e3, plain_time.median_ms, plain_time.cpu_ms, plain, grouped_time.median_ms,
      grouped_time.cpu_ms, grouped, resident_mib());
  return {};
}

}  // namespace
}  // namespace millrace::objects

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string_view text(argv[2]);
  int keys = 0;
  std::from_chars(text.data(), text.data() + text.size(), keys);
  if (keys <= 0) return 2;
  if (const auto done = millrace::objects::run(argv[1], keys); !done) {
    fmt::print(stderr, "objects_bench: {}\n", done.error().message);
    return 1;
  }
  return 0;
}
