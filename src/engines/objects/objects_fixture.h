// An Objects on a data directory of its own. Tests only.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engines/objects/objects.h"
#include "engines/objects/toy_data_keys.h"
#include "runtime/disk.h"
#include "runtime/loop.h"
#include "store/faults.h"
#include "store/test_folder.h"

namespace millrace::objects {

inline Task<Entry> put_object(Objects* objects, ObjectId id, Bytes bytes, Metadata metadata,
                              Conditions conditions) {
  CO_TRY(Writer writer, co_await objects->write(std::move(id), std::move(metadata)));
  // In uneven pieces, as a socket gives them.
  for (size_t at = 0, piece = 1; at < bytes.size(); at += piece, piece = piece * 3 + 1) {
    CO_TRY(co_await writer.write(BytesView(bytes).substr(at, piece)));
  }
  Cause cause;
  cause.operation = "put";
  Digests digests;
  co_return co_await writer.commit(std::move(digests), std::move(conditions), std::move(cause));
}

inline Task<Part> put_part_of(Objects* objects, ObjectId id, std::string upload, uint32_t number,
                              Bytes bytes) {
  CO_TRY(Writer writer, co_await objects->write_part(std::move(id), std::move(upload), number));
  CO_TRY(co_await writer.write(bytes));
  Digests digests;
  co_return co_await writer.commit_part(std::move(digests));
}

inline Task<Bytes> get_object(Objects* objects, ObjectId id) {
  CO_TRY(Reader reader, co_await objects->read(std::move(id)));
  co_return co_await reader.read_at(0, static_cast<size_t>(reader.size()));
}

class ObjectsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    open();
    Bucket bucket;
    bucket.name = "b";
    bucket.owner = "000000000001";
    ASSERT_TRUE(run(objects_->create_bucket(bucket)));
  }

  // Opens the directory, or opens it again as after the end of the process.
  void open() {
    objects_.reset();
    blobs_.reset();
    db_.reset();
    store::Database::Options options;
    options.path = folder_.path() / "rows";
    options.clock = clock_.get();
    options.faults = faults_;
    auto db = store::Database::open(options);
    ASSERT_TRUE(db) << db.error().message;
    db_ = std::move(*db);
    const store::Blobs::Options blob_options{*faulty_, pool_, *clock_, *random_, folder_.path()};
    auto blobs = store::Blobs::start(blob_options);
    ASSERT_TRUE(blobs) << blobs.error().message;
    blobs_ = std::move(*blobs);
    const Objects::World world{*db_, *blobs_, pool_, *clock_, *random_, keys_};
    objects_ = std::make_unique<Objects>(world, limits_, announce_);
  }

  template <class T>
  Result<T> run(Task<T> task) {
    return runtime::run_task_for(loop_, std::move(task));
  }
  Result<void> run(Task<void> task) { return runtime::run_task(loop_, std::move(task)); }

  Result<Entry> put(const std::string& key, Bytes bytes, Conditions conditions = {}) {
    return run(put_object(objects_.get(), {"b", key}, std::move(bytes), {}, std::move(conditions)));
  }
  Result<Bytes> get(const std::string& key) { return run(get_object(objects_.get(), {"b", key})); }
  Result<Part> put_part(const Upload& upload, uint32_t number, Bytes bytes) {
    return run(
        put_part_of(objects_.get(), {"b", upload.object_key}, upload.id, number, std::move(bytes)));
  }
  Upload begin(const std::string& key) {
    Upload upload;
    upload.bucket = "b";
    upload.object_key = key;
    auto begun = run(objects_->begin_upload(upload));
    EXPECT_TRUE(begun) << begun.error().message;
    return *begun;
  }
  Result<Entry> complete(const Upload& upload, std::vector<ChosenPart> parts) {
    CompleteRequest request;
    request.id = {"b", upload.object_key};
    request.upload = upload.id;
    request.parts = std::move(parts);
    request.digests.etag = "composed";
    return run(objects_->complete_upload(std::move(request), {}));
  }
  Result<Listing> list(const std::string& prefix, const std::string& delimiter,
                       const std::string& after = "", size_t limit = 1000) {
    return objects_->list({"b", prefix, delimiter, after, limit});
  }

  size_t files(const char* name) {
    size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() / name)) {
      if (entry.is_regular_file()) ++count;
    }
    return count;
  }
  Bytes random_bytes(size_t size) {
    Bytes bytes(size, '\0');
    random_->fill(bytes.data(), bytes.size());
    return bytes;
  }

  store::TestFolder folder_;
  store::FaultPlan plan_;
  std::unique_ptr<runtime::Disk> disk_ = runtime::make_disk();
  std::unique_ptr<runtime::Disk> faulty_ = store::make_faulty_disk(*disk_, plan_);
  std::unique_ptr<runtime::Clock> clock_ = runtime::make_manual_clock(Time(seconds(1'800'000'000)));
  std::unique_ptr<runtime::Random> random_ = runtime::make_seeded_random(11);
  runtime::Loop loop_;
  runtime::Pool pool_{"test-objects", 4};
  Limits limits_;
  ToyDataKeys toy_;
  DataKeys* keys_ = &toy_;  // Null: nothing is sealed.
  Announce announce_ = nullptr;
  std::shared_ptr<store::FaultPlan> faults_;  // Of the rows' files.
  std::unique_ptr<store::Database> db_;
  std::unique_ptr<store::Blobs> blobs_;
  std::unique_ptr<Objects> objects_;
};

inline constexpr size_t kLarge = 300'000;  // Lies in a blob.

}  // namespace millrace::objects
