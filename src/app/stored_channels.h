// StoredChannels: the channels that a training program reads where they are stored, piece by piece,
// from the platform's socket (app/channel_server.h), a few pieces ahead of whoever reads.
//
// A platform that is away (it was stopped, or has died) is waited for: the program goes on where it
// was once it is back. Memory: kPiecesAhead + 1 pieces of kPieceBytes for each file that is open.
//
// Thread-safe. Errors of a source: invalid (the object is gone, replaced, denied), internal (the
// platform answers that it cannot, again and again), deadline (`stop` was requested meanwhile).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engines/ml/stored_files.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "runtime/loop_thread.h"
#include "wire/http/client.h"

namespace millrace::app {

class StoredChannels final : public ml::StoredFiles {
 public:
  static constexpr size_t kPieceBytes = 4u << 20;
  static constexpr size_t kPiecesAhead = 2;

  // What `root`/input/config/storedchannels.json says; nothing where it is not there. `prefix`
  // stands before the paths that are named there. `clock` outlives it. Errors: invalid, those of
  // the disk.
  static Result<std::unique_ptr<StoredChannels>> open(runtime::Disk& disk, runtime::Clock& clock,
                                                      const runtime::Path& root,
                                                      const std::string& prefix,
                                                      std::stop_token stop);
  ~StoredChannels() override;

  std::optional<std::vector<std::string>> files(const std::string& channel) const override;
  std::unique_ptr<ml::ByteSource> open(const std::string& channel,
                                       const std::string& file) override;

 private:
  struct Object {
    std::string bucket;
    std::string key;
    std::string etag;
    uint64_t size_bytes = 0;
  };
  class Source;

  StoredChannels(runtime::Clock& clock, std::stop_token stop)
      : clock_(clock), stop_(std::move(stop)) {}
  // Called on a thread of a source. `stop` ends the waiting.
  Result<Bytes> fetch(const std::string& channel, const Object& object, uint64_t offset,
                      std::stop_token stop);
  Task<Bytes> ask(std::string target, std::stop_token stop);

  runtime::Clock& clock_;
  const std::stop_token stop_;
  std::string socket_, job_, token_;
  std::map<std::string, std::map<std::string, Object>> channels_;
  runtime::LoopThread thread_{"data"};
  std::optional<http::Client> client_{std::in_place};
};

}  // namespace millrace::app
