// The process dies, or the machine loses its power, at every write, sync, rename and removal in
// turn, of blobs and of rows, while objects are put, replaced, copied, composed and removed. Then:
// what was acknowledged is there (nothing lost), what was on its way is there whole or not at all
// (nothing torn), what was removed or replaced stays so (nothing resurrected), blobs are counted as
// often as they are named, and no file is left behind by a sweep.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <filesystem>
#include <random>

#include "engines/objects/objects.h"
#include "runtime/disk.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/nursery.h"
#include "store/power_loss.h"
#include "store/test_folder.h"

namespace millrace::objects {
namespace {

using store::Fault;
using store::FileOperation;
using store::PowerLoss;

constexpr int kKeysOfLane = 4;
constexpr int kStepsOfLane = 10;
constexpr int kLanes = 2;
constexpr size_t kSizes[] = {0, 100, 12'000, 16'384, 16'385, 70'000, 200'000};

// One client: its keys, what it was told of them, what it has asked for and not been told.
struct Lane {
  Lane(int number, unsigned seed) : name(fmt::format("lane{}", number)), random(seed) {
    for (int i = 0; i < kKeysOfLane; ++i) values[fmt::format("{}-{}", name, i)] = std::nullopt;
  }

  ObjectId any() {
    const auto at = std::next(values.begin(), static_cast<long>(random() % values.size()));
    return {"b", at->first};
  }
  Bytes bytes() {
    const std::string mark = fmt::format("<{} {}>", name, ++serial);
    const size_t size = kSizes[random() % std::size(kSizes)];
    Bytes out;
    while (out.size() < size) out += mark;
    out.resize(size);
    return out;
  }
  void settle() {
    for (auto& [key, value] : in_doubt) values[key] = std::move(value);
    in_doubt.clear();
  }

  std::string name;
  std::mt19937 random;
  unsigned serial = 0;
  std::map<std::string, std::optional<Bytes>> values;
  std::map<std::string, std::optional<Bytes>> in_doubt;
  std::optional<Upload> upload;
  std::optional<std::string> part_etag;
  bool part_in_doubt = false;
  bool upload_ends = false;
};

Task<void> put(Objects* objects, Lane* lane) {
  const ObjectId id = lane->any();
  const Bytes bytes = lane->bytes();
  lane->in_doubt[id.key] = bytes;
  CO_TRY(Writer writer, co_await objects->write(id, {}));
  CO_TRY(co_await writer.write(bytes));
  Digests digests;
  CO_TRY(co_await writer.commit(std::move(digests), {}, {}));
  lane->settle();
  co_return ok;
}

Task<void> remove(Objects* objects, Lane* lane) {
  const ObjectId id = lane->any();
  lane->in_doubt[id.key] = std::nullopt;
  CO_TRY(co_await objects->remove(id, {}, {}));
  lane->settle();
  co_return ok;
}

Task<void> remove_two(Objects* objects, Lane* lane) {
  std::vector<RemoveRequest> requests(2);
  for (RemoveRequest& request : requests) {
    request.key = lane->any().key;
    lane->in_doubt[request.key] = std::nullopt;
  }
  CO_TRY(co_await objects->remove_all("b", std::move(requests), {}));
  lane->settle();
  co_return ok;
}

Task<void> copy(Objects* objects, Lane* lane) {
  CopyRequest request;
  request.from = lane->any();
  request.to = lane->any();
  const std::optional<Bytes>& source = lane->values[request.from.key];
  if (!source || request.from.key == request.to.key) co_return ok;
  lane->in_doubt[request.to.key] = source;
  CO_TRY(co_await objects->copy(std::move(request), {}, {}));
  lane->settle();
  co_return ok;
}

Task<void> upload(Objects* objects, Lane* lane) {
  Upload wanted;
  const ObjectId id = lane->any();
  wanted.bucket = id.bucket;
  wanted.object_key = id.key;
  CO_TRY(lane->upload, co_await objects->begin_upload(std::move(wanted)));
  const Bytes bytes = lane->bytes();
  lane->part_in_doubt = true;
  CO_TRY(Writer writer, co_await objects->write_part(id, lane->upload->id, 1));
  CO_TRY(co_await writer.write(bytes));
  Digests digests;
  CO_TRY(Part part, co_await writer.commit_part(std::move(digests)));
  lane->part_in_doubt = false;
  lane->part_etag = part.etag;
  lane->upload_ends = true;
  if (lane->random() % 4 == 0) {
    CO_TRY(co_await objects->abort_upload(id, lane->upload->id));
  } else {
    CompleteRequest request;
    request.id = id;
    request.upload = lane->upload->id;
    request.parts.push_back({1, part.etag});
    request.digests.etag = "composed";
    lane->in_doubt[id.key] = bytes;
    CO_TRY(co_await objects->complete_upload(std::move(request), {}));
  }
  lane->settle();
  lane->upload.reset();
  lane->part_etag.reset();
  lane->upload_ends = false;
  co_return ok;
}

Task<void> work(Objects* objects, Lane* lane) {
  for (int step = 0; step < kStepsOfLane; ++step) {
    const unsigned choice = lane->random() % 10;
    Task<void> next = choice < 5    ? put(objects, lane)
                      : choice == 5 ? remove(objects, lane)
                      : choice == 6 ? remove_two(objects, lane)
                      : choice == 7 ? copy(objects, lane)
                                    : upload(objects, lane);
    CO_TRY(co_await std::move(next));
  }
  co_return ok;
}

Task<void> work_all(Objects* objects, std::vector<Lane>* lanes) {
  runtime::Nursery nursery(*runtime::Loop::current());
  for (Lane& lane : *lanes) nursery.spawn(work(objects, &lane));
  co_return co_await nursery.close();
}

Task<Bytes> read_all(Objects* objects, ObjectId id) {
  CO_TRY(Reader reader, co_await objects->read(std::move(id)));
  co_return co_await reader.read_at(0, static_cast<size_t>(reader.size()));
}

// A data directory and what stands on it, as often as it is opened.
class World {
 public:
  explicit World(bool power) : power_(power) {}

  // Every operation from the n-th on fails, and does nothing; the n-th append is done by half.
  void die_at(uint64_t operation) {
    dead_ = false;
    auto count = std::make_shared<std::atomic<uint64_t>>(0);
    plan_->set([this, count, operation](FileOperation what, std::string_view) {
      if (what == FileOperation::open) return dead_ ? Fault::io_error : Fault::none;
      const uint64_t now = ++*count;
      if (now < operation) return Fault::none;
      dead_ = true;
      const bool first = now == operation && what == FileOperation::append;
      return first ? Fault::short_write : Fault::io_error;
    });
    plan_->set_watch(power_ ? &power_loss_ : nullptr);
  }
  bool died() const { return dead_; }

  Result<void> open() {
    store::Database::Options options;
    options.path = folder_.path() / "rows";
    options.clock = clock_.get();
    options.write_buffer_bytes = 64 * 1024;  // So that flushes are under way, too.
    options.faults = plan_;
    TRY(db_, store::Database::open(options));
    const store::Blobs::Options blob_options{*faulty_, pool_, *clock_, *random_, folder_.path()};
    TRY(blobs_, store::Blobs::start(blob_options));
    const Objects::World world{*db_, *blobs_, pool_, *clock_, *random_};
    objects_ = std::make_unique<Objects>(world);
    if (objects_->bucket("b")) return {};
    Bucket bucket;
    bucket.name = "b";
    bucket.owner = "000000000001";
    TRY(run(objects_->create_bucket(bucket)));
    return {};
  }
  void close() {
    objects_.reset();
    blobs_.reset();
    db_.reset();
    plan_->clear();
    plan_->set_watch(nullptr);
  }
  void cut_power(PowerLoss::Forgets forgets, std::mt19937& random) {
    if (power_) power_loss_.cut(forgets, random);
  }

  template <class T>
  Result<T> run(Task<T> task) {
    return runtime::run_task_for(loop_, std::move(task));
  }
  Result<void> run(Task<void> task) { return runtime::run_task(loop_, std::move(task)); }

  Objects& objects() { return *objects_; }
  store::Database& db() { return *db_; }
  // After it, every file is one that a row names.
  void sweep() {
    clock_->advance(std::chrono::hours(1));
    const store::Blobs::IsReferenced is_referenced = [this](const store::BlobId& id) {
      return objects_->refers_to(id);
    };
    EXPECT_TRUE(run(blobs_->sweep(std::chrono::minutes(1), is_referenced)));
  }
  std::set<std::string> files(const char* name) const {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() / name)) {
      if (entry.is_regular_file()) found.insert(entry.path().filename());
    }
    return found;
  }

 private:
  const bool power_;
  std::atomic<bool> dead_ = false;
  store::TestFolder folder_;
  PowerLoss power_loss_{folder_.path() / "aside"};
  std::shared_ptr<store::FaultPlan> plan_ = std::make_shared<store::FaultPlan>();
  std::unique_ptr<runtime::Disk> disk_ = runtime::make_disk();
  std::unique_ptr<runtime::Disk> faulty_ = store::make_faulty_disk(*disk_, *plan_);
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(Time(seconds(1'800'000'000)));
  std::unique_ptr<runtime::Random> random_ = runtime::make_seeded_random(3);
  runtime::Loop loop_;
  runtime::Pool pool_{"test-objects", 2};
  std::unique_ptr<store::Database> db_;
  std::unique_ptr<store::Blobs> blobs_;
  std::unique_ptr<Objects> objects_;
};

void expect_values(World& world, const Lane& lane, std::set<std::string>& keys) {
  for (const auto& [key, acknowledged] : lane.values) {
    const Result<Bytes> found = world.run(read_all(&world.objects(), {"b", key}));
    std::optional<Bytes> value;
    if (found) {
      value = *found;
      keys.insert(key);
    } else {
      EXPECT_EQ(found.error().kind, ErrorKind::not_found) << found.error().message;
    }
    const auto doubt = lane.in_doubt.find(key);
    const bool is_new = doubt != lane.in_doubt.end() && value == doubt->second;
    EXPECT_TRUE(is_new || value == acknowledged)
        << key << " is " << (value ? value->substr(0, 20) : "absent") << ", was told "
        << (acknowledged ? acknowledged->substr(0, 20) : "absent");
  }
}

void expect_upload(World& world, const Lane& lane) {
  if (!lane.upload) return;
  const ObjectId id{"b", lane.upload->object_key};
  const auto parts = world.objects().parts(id, lane.upload->id, 0, 10);
  if (!parts) {
    EXPECT_EQ(parts.error().kind, ErrorKind::not_found);
    EXPECT_TRUE(lane.upload_ends) << "an upload is lost";
    return;
  }
  if (lane.part_etag) {
    ASSERT_EQ(parts->parts.size(), 1U) << "a part is lost";
    EXPECT_EQ(parts->parts.front().etag, *lane.part_etag);
  } else {
    EXPECT_LE(parts->parts.size(), lane.part_in_doubt ? 1U : 0U);
  }
}

// Every blob is counted as often as rows name it, and every file is one that is named.
void expect_counted(World& world) {
  std::map<std::string, uint64_t> named;
  const auto count = [&named](const std::vector<Segment>& segments) {
    for (const Segment& segment : segments) {
      if (!segment.blob.empty()) ++named[segment.blob.text()];
    }
    return true;
  };
  store::Txn txn = world.db().begin();
  ASSERT_TRUE(txn.each(kContents, {}, [&](Content& row) { return count(row.segments); }));
  ASSERT_TRUE(txn.each(kParts, {}, [&](Part& row) { return count(row.segments); }));
  std::map<std::string, uint64_t> counted;
  ASSERT_TRUE(txn.each(kBlobUses, {}, [&](BlobUse& row) {
    counted[row.blob] = row.segments;
    return true;
  }));
  EXPECT_EQ(counted, named);
  world.sweep();
  std::set<std::string> wanted;
  for (const auto& [blob, uses] : named) wanted.insert(blob);
  EXPECT_EQ(world.files("blobs"), wanted);
  EXPECT_TRUE(world.files("staging").empty());
}

void expect_whole(World& world, const std::vector<Lane>& lanes) {
  const Result<void> opened = world.open();
  ASSERT_TRUE(opened) << opened.error().message;
  std::set<std::string> keys;
  for (const Lane& lane : lanes) {
    expect_values(world, lane, keys);
    expect_upload(world, lane);
  }
  const auto listing = world.objects().list({"b", "", "", "", 1000});
  ASSERT_TRUE(listing);
  std::set<std::string> listed;
  for (const Entry& entry : listing->entries) listed.insert(entry.object_key);
  EXPECT_EQ(listed, keys);
  expect_counted(world);
  world.close();
}

// A load that dies at the n-th operation; what is left must be whole. False where it did not die.
bool dies_whole_at(uint64_t operation, bool power, PowerLoss::Forgets forgets) {
  SCOPED_TRACE(fmt::format("operation {}", operation));
  World world(power);
  std::vector<Lane> lanes;
  for (int i = 0; i < kLanes; ++i) lanes.emplace_back(i, static_cast<unsigned>(operation * 10 + i));
  world.die_at(operation);
  const Result<void> opened = world.open();
  const Result<void> worked = opened ? world.run(work_all(&world.objects(), &lanes)) : opened;
  const bool died = world.died();
  if (!died) EXPECT_TRUE(worked) << worked.error().message;
  world.close();
  std::mt19937 random(static_cast<unsigned>(operation));
  world.cut_power(forgets, random);
  expect_whole(world, lanes);
  return died;
}

class Crash : public ::testing::Test {
 protected:
  void SetUp() override { runtime::set_log_level(runtime::LogLevel::off); }
  void TearDown() override { runtime::set_log_level(runtime::LogLevel::info); }

  // At every operation in turn until a load has none that is left.
  static void at_every_operation(bool power, PowerLoss::Forgets forgets) {
    uint64_t operation = 1;
    while (dies_whole_at(operation, power, forgets) && !HasFailure()) ++operation;
    EXPECT_GT(operation, 50U);
    RecordProperty("operations", static_cast<int>(operation));
  }
};

TEST_F(Crash, OfTheProcessAtEveryOperation) {
  at_every_operation(false, PowerLoss::Forgets::everything);
}
TEST_F(Crash, OfThePowerForgetsAllThatWasNotSynced) {
  at_every_operation(true, PowerLoss::Forgets::everything);
}
TEST_F(Crash, OfThePowerForgetsTheNewestOfWhatWasNotSynced) {
  at_every_operation(true, PowerLoss::Forgets::the_newest);
}

}  // namespace
}  // namespace millrace::objects
