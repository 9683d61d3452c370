// Writers, readers and listers of the same keys at the same time: what a read answers was written,
// whole, and was not yet replaced when the read began.
#include <atomic>
#include <future>
#include <map>
#include <set>

#include "engines/objects/objects_fixture.h"
#include "runtime/log.h"

namespace millrace::objects {
namespace {

constexpr int kWorkers = 4;
constexpr int kSteps = 120;  // Of a worker.
constexpr int kKeys = 5;

// What was written or seen of a key, and between which moments. `value` is 0 where there is
// nothing.
struct Deed {
  std::string key;
  uint64_t value = 0;
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct History {
  std::vector<Deed> writes;
  std::vector<Deed> reads;
};

// Every value has bytes of its own; some lie in rows, others in blobs.
Bytes bytes_of(uint64_t value) {
  const std::string word = std::to_string(value) + ",";
  const size_t size = value % 3 == 0 ? 9'000 : 200;
  Bytes bytes;
  while (bytes.size() < size) bytes += word;
  return bytes;
}

uint64_t value_of(BytesView bytes) {
  uint64_t value = 0;
  for (const char c : bytes.substr(0, bytes.find(','))) {
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

std::string key_of(uint64_t number) { return "folder/" + std::to_string(number); }

class Concurrency : public ObjectsTest {
 protected:
  void SetUp() override {
    limits_.inline_bytes_max = 1'000;
    ObjectsTest::SetUp();
  }

  // One worker's deeds, on a loop of its own.
  class Worker {
   public:
    Worker(Objects& objects, std::atomic<uint64_t>& moments, uint64_t number)
        : objects_(objects),
          moments_(moments),
          random_(runtime::make_seeded_random(number)),
          next_value_(number * 1'000'000) {}

    Result<History> work() {
      for (int i = 0; i < kSteps; ++i) {
        const std::string key = key_of(pick(kKeys));
        const uint64_t dice = pick(10);
        TRY(dice < 4 ? put(key) : dice < 5 ? remove(key) : dice < 8 ? get(key) : list());
      }
      return std::move(history_);
    }

   private:
    uint64_t pick(uint64_t below) {
      uint64_t number = 0;
      random_->fill(&number, sizeof number);
      return number % below;
    }
    uint64_t now() { return ++moments_; }

    Result<void> put(const std::string& key) {
      Deed deed{key, ++next_value_, now(), 0};
      TRY(runtime::run_task_for(loop_,
                                put_object(&objects_, {"b", key}, bytes_of(deed.value), {}, {})));
      deed.end = now();
      history_.writes.push_back(std::move(deed));
      return {};
    }
    Result<void> remove(const std::string& key) {
      Deed deed{key, 0, now(), 0};
      TRY(runtime::run_task_for(loop_, objects_.remove({"b", key}, {}, {})));
      deed.end = now();
      history_.writes.push_back(std::move(deed));
      return {};
    }
    Result<void> get(const std::string& key) {
      Deed deed{key, 0, now(), 0};
      const Result<Bytes> bytes = runtime::run_task_for(loop_, get_object(&objects_, {"b", key}));
      deed.end = now();
      if (!bytes && bytes.error().kind != ErrorKind::not_found) return fail(bytes.error());
      if (bytes) deed.value = value_of(*bytes);
      if (bytes && *bytes != bytes_of(deed.value)) return fail(ErrorKind::internal, "torn");
      history_.reads.push_back(std::move(deed));
      return {};
    }
    // Every key is seen by it, the absent ones too.
    Result<void> list() {
      const uint64_t begin = now();
      TRY(const Listing found, objects_.list({.bucket = "b", .prefix = "folder/"}));
      const uint64_t end = now();
      std::map<std::string, std::string> etags;
      for (const Entry& entry : found.entries) etags[entry.object_key] = entry.etag;
      if (etags.size() != found.entries.size()) return fail(ErrorKind::internal, "a key twice");
      for (uint64_t i = 0; i < kKeys; ++i) {
        listed_.push_back({etags[key_of(i)], {key_of(i), 0, begin, end}});
      }
      return {};
    }

   public:
    // Etags and what else was seen by listings.
    const std::vector<std::pair<std::string, Deed>>& listed() const { return listed_; }

   private:
    Objects& objects_;
    std::atomic<uint64_t>& moments_;
    std::unique_ptr<runtime::Random> random_;
    runtime::Loop loop_;
    uint64_t next_value_;
    History history_;
    std::vector<std::pair<std::string, Deed>> listed_;
  };

  // All deeds of all workers, once they have ended.
  History play() {
    std::atomic<uint64_t> moments = 1;
    std::vector<std::unique_ptr<Worker>> workers;
    std::vector<std::future<Result<History>>> ends;
    for (int i = 1; i <= kWorkers; ++i) {
      workers.push_back(std::make_unique<Worker>(*objects_, moments, static_cast<uint64_t>(i)));
    }
    for (const auto& worker : workers) {
      ends.push_back(std::async(std::launch::async, [&worker] { return worker->work(); }));
    }
    History all;
    for (auto& end : ends) {
      Result<History> history = end.get();
      EXPECT_TRUE(history) << history.error().message;
      if (!history) continue;
      all.writes.insert(all.writes.end(), history->writes.begin(), history->writes.end());
      all.reads.insert(all.reads.end(), history->reads.begin(), history->reads.end());
    }
    std::map<std::string, uint64_t> values{{"", 0}};
    for (const Deed& write : all.writes) {
      if (write.value != 0) values[to_hex(md5(bytes_of(write.value)))] = write.value;
    }
    for (const auto& worker : workers) {
      for (auto [etag, deed] : worker->listed()) {
        EXPECT_TRUE(values.contains(etag)) << etag;
        deed.value = values[etag];
        all.reads.push_back(std::move(deed));
      }
    }
    return all;
  }

  // Whether some write of that value had begun when the read ended, and no other one began after it
  // had ended and ended before the read began.
  static bool explains(const std::vector<Deed>& writes, const Deed& read) {
    for (const Deed& write : writes) {
      if (write.key != read.key || write.value != read.value || write.begin > read.end) continue;
      bool replaced = false;
      for (const Deed& other : writes) {
        replaced = replaced ||
                   (other.key == read.key && other.begin > write.end && other.end < read.begin);
      }
      if (!replaced) return true;
    }
    return false;
  }
};

TEST_F(Concurrency, ReadsAndListingsAnswerWhatWasWritten) {
  History all = play();
  const uint64_t written = all.writes.size();
  for (uint64_t i = 0; i < kKeys; ++i) all.writes.push_back({key_of(i), 0, 0, 0});
  EXPECT_GT(written, 100U);
  EXPECT_GT(all.reads.size(), 500U);
  for (const Deed& read : all.reads) {
    EXPECT_TRUE(explains(all.writes, read))
        << read.key << " was " << read.value << " between " << read.begin << " and " << read.end;
  }
}

// And what they left is there when the directory is opened again, with no bytes besides.
TEST_F(Concurrency, WhatIsLeftIsWhatWasWrittenLast) {
  History all = play();
  for (uint64_t i = 0; i < kKeys; ++i) all.writes.push_back({key_of(i), 0, 0, 0});
  open();
  size_t in_blobs = 0;
  for (uint64_t i = 0; i < kKeys; ++i) {
    const Result<Bytes> bytes = get(key_of(i));
    const uint64_t value = bytes ? value_of(*bytes) : 0;
    EXPECT_TRUE(explains(all.writes, {key_of(i), value, UINT64_MAX, UINT64_MAX})) << key_of(i);
    in_blobs += value != 0 && value % 3 == 0 ? 1 : 0;
  }
  EXPECT_EQ(files("blobs"), in_blobs);
}

}  // namespace
}  // namespace millrace::objects
