// A disk that is full, read-only or fails, and a process with too many files open: what asks for it
// is refused, what was acknowledged is there all the time, and once the cause has gone everything
// works again, without a restart.
#include "engines/objects/objects_fixture.h"
#include "runtime/log.h"

namespace millrace::objects {
namespace {

using store::Fault;
using store::FileOperation;

struct Cause {
  const char* name;
  Fault fault;
  ErrorKind of_blobs;
  const char* text;
};

constexpr Cause kCauses[] = {
    {"no space", Fault::no_space, ErrorKind::exhausted, "o space left on device"},
    {"too many files", Fault::too_many_files, ErrorKind::exhausted, "Too many open files"},
    {"read-only", Fault::read_only, ErrorKind::internal, "Read-only file system"},
    {"input/output", Fault::io_error, ErrorKind::internal, "input/output error"},
};

// Faults of the rows' files and of the blobs' alike.
class Refusal : public ObjectsTest {
 protected:
  void SetUp() override {
    runtime::set_log_level(runtime::LogLevel::off);
    faults_ = rows_plan_;
    ObjectsTest::SetUp();
    ASSERT_TRUE(put("small", small_));
    ASSERT_TRUE(put("large", large_));
  }
  void TearDown() override { runtime::set_log_level(runtime::LogLevel::info); }

  void break_disk(const Cause& cause) {
    const auto decide = [&cause](FileOperation operation, std::string_view) {
      // Files that are open are read and written without a further one.
      const bool opens = operation == FileOperation::create || operation == FileOperation::open;
      if (cause.fault == Fault::too_many_files) return opens ? cause.fault : Fault::none;
      return operation == FileOperation::open ? Fault::none : cause.fault;
    };
    plan_.set(decide);
    rows_plan_->set(decide);
  }
  void mend_disk() {
    plan_.clear();
    rows_plan_->clear();
  }
  void expect_refused(const Error& error, const Cause& cause, ErrorKind kind) {
    EXPECT_EQ(error.kind, kind) << error.message;
    EXPECT_NE(error.message.find(cause.text), std::string::npos) << error.message;
  }

  std::shared_ptr<store::FaultPlan> rows_plan_ = std::make_shared<store::FaultPlan>();
  const Bytes small_ = random_bytes(500);
  const Bytes large_ = random_bytes(kLarge);
};

TEST_F(Refusal, NamesItsCauseKeepsEverythingAndEnds) {
  for (const Cause& cause : kCauses) {
    SCOPED_TRACE(cause.name);
    break_disk(cause);
    for (int attempt = 0; attempt < 3; ++attempt) {
      const Result<Entry> put_large = put("large", random_bytes(kLarge));
      ASSERT_FALSE(put_large);
      expect_refused(put_large.error(), cause, cause.of_blobs);
      if (cause.fault != Fault::too_many_files) {
        EXPECT_FALSE(put("small", "other"));
        EXPECT_FALSE(run(objects_->remove({"b", "small"}, {}, {})));
        EXPECT_EQ(get("large"), large_);
      }
      EXPECT_EQ(get("small"), small_);
      EXPECT_EQ(list("", "")->entries.size(), 2U);
    }
    mend_disk();
    EXPECT_EQ(get("large"), large_);
    ASSERT_TRUE(put("more", large_));
    EXPECT_EQ(get("more"), large_);
    ASSERT_TRUE(run(objects_->remove({"b", "more"}, {}, {})));
    EXPECT_EQ(files("blobs"), 1U);
    EXPECT_EQ(files("staging"), 0U);
  }
  open();
  EXPECT_EQ(get("small"), small_);
  EXPECT_EQ(get("large"), large_);
}

// While the rows' files cannot be replaced, commits go on into the log that is open; when they can
// be again, nothing waits for anything.
TEST_F(Refusal, OfNewFilesIsOutlivedByTheRows) {
  rows_plan_->set([](FileOperation operation, std::string_view) {
    return operation == FileOperation::create ? Fault::too_many_files : Fault::none;
  });
  std::map<std::string, Bytes> acknowledged;
  int refused = 0;
  // More than the memtable holds, so that a new log is wanted.
  for (int i = 0; i < 900; ++i) {
    const std::string key = "key" + std::to_string(i);
    const Bytes bytes = random_bytes(16'000);
    if (put(key, bytes)) {
      acknowledged[key] = bytes;
    } else {
      ++refused;
    }
    if (i == 700) rows_plan_->clear();
  }
  EXPECT_GT(refused, 0);
  EXPECT_GE(acknowledged.size(), 199U);
  for (const auto& [key, bytes] : acknowledged) ASSERT_EQ(get(key), bytes) << key;
  open();
  for (const auto& [key, bytes] : acknowledged) ASSERT_EQ(get(key), bytes) << key;
  EXPECT_EQ(list("", "", "", 2000)->entries.size(),
            std::min<size_t>(acknowledged.size() + 2, 1000));
}

}  // namespace
}  // namespace millrace::objects
