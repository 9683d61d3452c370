// A channel of a training job: the examples of all files below one folder, in the order of their
// names, as batches of rows. Reads the formats of example_format.h, gzipped or not, file by file;
// streams, so that a channel may be larger than memory.
//
// In Pipe mode a channel is not a folder of files but, epoch by epoch, a named pipe
// `<channel>_<epoch>`, epochs from 0, which the platform fills with all objects one behind the
// other (https://docs.aws.amazon.com/sagemaker/latest/dg/
// your-algorithms-training-algo-running-container.html). Each is read once: a pass has its own.
//
// In the modes Pipe and FastFile a channel's files may also be stored elsewhere (stored_files.h),
// and are read from there in each pass.
//
// Not thread-safe. Errors: invalid, naming the file, the number of the record (or line) and the
// cause; what the disk answers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engines/ml/example_format.h"
#include "engines/ml/example_reader.h"
#include "engines/ml/rows.h"
#include "engines/ml/stored_files.h"
#include "runtime/disk.h"

namespace millrace::ml {

// The files below `folder`, as paths relative to it, in byte order. Hidden files (`.x`) are left
// out. Errors: exhausted (kChannelFilesMax, kChannelDepthMax); not_found.
Result<std::vector<std::string>> list_files(runtime::Disk& disk, const runtime::Path& folder);

// Which example of which file those are that a pass over a channel has read.
class ExamplePlaces {
 public:
  ExamplePlaces() = default;
  ExamplePlaces(std::string channel, std::vector<std::string> files, std::vector<uint64_t> ends)
      : channel_(std::move(channel)), files_(std::move(files)), ends_(std::move(ends)) {}
  // `channel 'train', file 'part-3', example 17` of the example `at`, counted from 0.
  std::string operator()(uint64_t at) const;

 private:
  std::string channel_;
  std::vector<std::string> files_;
  std::vector<uint64_t> ends_;  // By file: how many examples there are up to its end.
};

class Channel {
 public:
  // `disk` outlives the channel. `name` is what errors call it.
  Channel(runtime::Disk& disk, std::string name, runtime::Path folder,
          std::vector<std::string> files, RowRules rules, ExampleFormat format = {});

  // The pipes of the channel `name` in the folder `data`.
  static Channel of_pipes(runtime::Disk& disk, std::string name, runtime::Path data, RowRules rules,
                          ExampleFormat format = {});

  // The files of the channel `name` that are not on this disk. `stored` outlives the channel.
  static Channel of_stored(runtime::Disk& disk, StoredFiles& stored, std::string name,
                           std::vector<std::string> files, RowRules rules,
                           ExampleFormat format = {});

  // Goes back to the first example; of a pipe that was opened, on to that of the next epoch.
  void rewind();
  // Replaces `batch` by the next up to `rows` rows; none at the end.
  Result<void> read(size_t rows, RowBatch& batch);
  // Of what was read since rewind().
  ExamplePlaces places() const { return {name_, files_, ends_}; }

 private:
  Result<bool> open_next();
  Result<std::unique_ptr<ByteSource>> open_source(const std::string& file);
  Error located(Error error) const;

  runtime::Disk& disk_;
  std::string name_;
  runtime::Path folder_;
  std::vector<std::string> files_;
  RowRules rules_;
  ExampleFormat format_;
  size_t next_file_ = 0;
  std::optional<uint64_t> epoch_;  // Of pipes.
  StoredFiles* stored_ = nullptr;  // Of files that are not on the disk.
  std::unique_ptr<ExampleReader> reader_;
  uint64_t read_ = 0;           // Examples, in this pass.
  std::vector<uint64_t> ends_;  // Those by the end of each file.
};

}  // namespace millrace::ml
