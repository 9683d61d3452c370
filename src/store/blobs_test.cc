#include "store/blobs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "runtime/loop.h"
#include "runtime/nursery.h"
#include "store/faults.h"
#include "store/row.h"
#include "store/test_folder.h"

namespace millrace::store {
namespace {

class BlobsTest : public ::testing::Test {
 protected:
  void SetUp() override { start(); }
  void start() {
    blobs_.reset();
    const Blobs::Options options{*faulty_, pool_, *clock_, *random_, folder_.path()};
    auto started = Blobs::start(options);
    ASSERT_TRUE(started) << started.error().message;
    blobs_ = std::move(*started);
  }
  Result<BlobId> put(BytesView bytes) { return runtime::run_task_for(loop_, blobs_->put(bytes)); }
  Result<Bytes> read(BlobId id) {
    return runtime::run_task_for(loop_, blobs_->read(std::move(id), 1 << 26));
  }
  size_t files(const char* folder) {
    size_t count = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder_.path() / folder)) {
      if (entry.is_regular_file()) ++count;
    }
    return count;
  }

  TestFolder folder_;
  FaultPlan plan_;
  std::unique_ptr<runtime::Disk> disk_ = runtime::make_disk();
  std::unique_ptr<runtime::Disk> faulty_ = make_faulty_disk(*disk_, plan_);
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(Time(seconds(1'800'000'000)));
  std::unique_ptr<runtime::Random> random_ = runtime::make_seeded_random(7);
  runtime::Loop loop_;
  runtime::Pool pool_{"test-blobs", 4};
  std::unique_ptr<Blobs> blobs_;
};

Task<void> write_and_read(Blobs* blobs, std::vector<Bytes> pieces, BlobId* out) {
  CO_TRY(BlobWriter writer, co_await blobs->create());
  Bytes whole;
  for (const Bytes& piece : pieces) {
    whole += piece;
    CO_TRY(co_await writer.write(piece));
  }
  if (writer.size_bytes() != whole.size()) co_return fail(ErrorKind::internal, "size");
  CO_TRY(BlobId id, co_await writer.seal());
  CO_TRY(BlobReader reader, co_await blobs->open(id));
  if (reader.size() != whole.size()) co_return fail(ErrorKind::internal, "size of the reader");
  CO_TRY(const Bytes read, co_await reader.read_at(0, whole.size() + 10));
  if (read != whole) co_return fail(ErrorKind::internal, "content");
  CO_TRY(const Bytes tail, co_await reader.read_at(whole.size() / 2, whole.size()));
  if (tail != whole.substr(whole.size() / 2)) co_return fail(ErrorKind::internal, "tail");
  CO_TRY(const Bytes behind, co_await reader.read_at(whole.size() + 1, 5));
  if (!behind.empty()) co_return fail(ErrorKind::internal, "behind the end");
  *out = id;
  co_return ok;
}

TEST_F(BlobsTest, KeepsWhatWasSealed) {
  const std::vector<std::vector<Bytes>> cases = {
      {},
      {"small"},
      {"small", Bytes(300'000, 'x'), "tail"},
      {Bytes(1 << 20, 'a'), Bytes(1 << 20, 'b')},
      std::vector<Bytes>(1000, Bytes(1000, 'c')),
  };
  for (const auto& pieces : cases) {
    BlobId id;
    const Result<void> done = runtime::run_task(loop_, write_and_read(blobs_.get(), pieces, &id));
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(id.sealed(), clock_->now());
    start();
    EXPECT_TRUE(read(id));
  }
  EXPECT_EQ(files("staging"), 0U);
}

Task<void> abandon(Blobs* blobs, Bytes bytes) {
  CO_TRY(BlobWriter writer, co_await blobs->create());
  co_return co_await writer.write(bytes);
}

TEST_F(BlobsTest, AbandonedWriterLeavesNothing) {
  ASSERT_TRUE(runtime::run_task(loop_, abandon(blobs_.get(), Bytes(1 << 20, 'x'))));
  EXPECT_EQ(files("staging") + files("blobs"), 0U);
}

TEST_F(BlobsTest, StartRemovesWhatIsStaged) {
  auto leftover = disk_->open(folder_.path() / "staging" / "left", runtime::OpenMode::create_new);
  ASSERT_TRUE(leftover);
  start();
  EXPECT_EQ(files("staging"), 0U);
}

TEST_F(BlobsTest, RemovedIsNotFound) {
  const BlobId id = *put("x");
  EXPECT_EQ(*read(id), "x");
  ASSERT_TRUE(runtime::run_task(loop_, blobs_->remove(id)));
  ASSERT_TRUE(runtime::run_task(loop_, blobs_->remove(id)));
  EXPECT_EQ(read(id).error().kind, ErrorKind::not_found);
  EXPECT_EQ(runtime::run_task_for(loop_, blobs_->open(id)).error().kind, ErrorKind::not_found);
}

TEST_F(BlobsTest, IdsAreParsedStrictlyAndKeptInRows) {
  const BlobId id = *put("x");
  EXPECT_EQ(BlobId::parse(id.text()), id);
  EXPECT_EQ(decode_row<BlobId>(encode_row(id)), id);
  for (const std::string& bad :
       {std::string(), std::string(31, 'a'), std::string(33, 'a'), std::string(32, 'A'),
        std::string("../../../../../../etc/passwd0000")}) {
    EXPECT_FALSE(BlobId::parse(bad)) << bad;
  }
  EXPECT_EQ(read(BlobId()).error().kind, ErrorKind::invalid);
}

TEST_F(BlobsTest, SweepRemovesOldOrphansOnly) {
  const BlobId named = *put("named");
  const BlobId orphan = *put("orphan");
  clock_->advance(std::chrono::hours(2));
  const BlobId fresh = *put("fresh");
  const Blobs::IsReferenced is_referenced = [&named](const BlobId& id) -> Result<bool> {
    return id == named;
  };
  const auto sweep = [&] {
    return runtime::run_task_for(loop_, blobs_->sweep(std::chrono::hours(1), is_referenced));
  };
  EXPECT_EQ(sweep(), 1U);
  EXPECT_TRUE(read(named));
  EXPECT_FALSE(read(orphan));
  EXPECT_TRUE(read(fresh));
  EXPECT_EQ(sweep(), 0U);
}

TEST_F(BlobsTest, FaultsAreAnsweredAndLeaveNothing) {
  const Bytes large(1 << 20, 'x');
  ASSERT_TRUE(put("the folder is there"));
  const size_t before = files("blobs");
  struct Case {
    FileOperation operation;
    Fault fault;
    ErrorKind kind;
  };
  for (const Case& c :
       {Case{FileOperation::create, Fault::no_space, ErrorKind::exhausted},
        Case{FileOperation::append, Fault::no_space, ErrorKind::exhausted},
        Case{FileOperation::append, Fault::short_write, ErrorKind::exhausted},
        Case{FileOperation::append, Fault::io_error, ErrorKind::internal},
        Case{FileOperation::sync, Fault::io_error, ErrorKind::internal},
        Case{FileOperation::rename, Fault::no_space, ErrorKind::exhausted},
        Case{FileOperation::sync_directory, Fault::io_error, ErrorKind::internal}}) {
    plan_.set([c](FileOperation operation, std::string_view) {
      return operation == c.operation ? c.fault : Fault::none;
    });
    for (const Bytes& bytes : {Bytes("small"), large}) {
      const Result<BlobId> refused = put(bytes);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().kind, c.kind) << refused.error().message;
    }
    BlobId id;
    EXPECT_FALSE(runtime::run_task(loop_, write_and_read(blobs_.get(), {large, large}, &id)));
    plan_.clear();
    EXPECT_EQ(files("staging"), 0U);
    EXPECT_EQ(files("blobs"), before);
  }
  EXPECT_TRUE(put(large));
}

TEST_F(BlobsTest, SealAnswersWhenBytesAndNameAreSynced) {
  ASSERT_TRUE(put("the folder is there"));
  std::vector<FileOperation> operations;
  plan_.set([&operations](FileOperation operation, std::string_view) {
    operations.push_back(operation);
    return Fault::none;
  });
  ASSERT_TRUE(put("x"));
  plan_.clear();
  EXPECT_EQ(operations,
            (std::vector{FileOperation::create, FileOperation::append, FileOperation::rename,
                         FileOperation::sync, FileOperation::sync_directory}));
}

Task<void> put_one(Blobs* blobs, std::set<std::string>* ids) {
  const Bytes bytes = "x";
  CO_TRY(const BlobId id, co_await blobs->put(bytes));
  ids->insert(id.text());
  co_return ok;
}

Task<void> put_many(Blobs* blobs, int count, std::set<std::string>* ids) {
  runtime::Nursery nursery(*runtime::Loop::current());
  for (int i = 0; i < count; ++i) nursery.spawn(put_one(blobs, ids));
  co_return co_await nursery.close();
}

TEST_F(BlobsTest, ManyWritersShareSyncsOfFolders) {
  std::set<std::string> ids;
  const uint64_t before = plan_.count(FileOperation::sync_directory);
  ASSERT_TRUE(runtime::run_task(loop_, put_many(blobs_.get(), 1100, &ids)));
  EXPECT_EQ(ids.size(), 1100U);
  EXPECT_EQ(files("blobs"), 1100U);
  EXPECT_LE(plan_.count(FileOperation::sync_directory) - before, 1100U + 6U);
}

}  // namespace
}  // namespace millrace::store
