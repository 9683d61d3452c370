// The data of a job's channels that are not copied: in the input modes Pipe and FastFile its
// program asks for pieces of the objects while it trains, under the role of the job. So data may be
// larger than the disk, and a platform that died is asked again once it is back: each piece stands
// for itself.
//
// What is read was pinned when the job was prepared: an object that has become another one since is
// refused, so that a model never comes from half of each.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "services/sagemaker/training/input_source.h"
#include "services/sagemaker/training/training_rows.h"

namespace millrace::sagemaker {

inline constexpr size_t kDataPieceMax = 8 * 1024 * 1024;  // Of one answer.

// Whether the program reads the channel where it is stored: examples in a mode that streams, in a
// format that is a stream. (Parquet has its index at its end; the channels of models and tables
// are small.) `asked` is the mode of the job or of the channel.
bool streams(const api::Channel& channel, std::string_view asked, std::string_view image);
// The mode that counts for a channel: its own, or the job's.
std::string_view input_mode(const CreateTrainingJobRequest& in, const api::Channel& channel);

// What the program finds as input/config/storedchannels.json: where to ask, as whom, and the
// objects of `channels`. Errors: those of list_objects(), naming the channel.
Task<std::string> stored_channels_json(Sagemaker& sm, TrainingJob job, std::string role_arn,
                                       std::vector<std::pair<std::string, InputSource>> channels);

struct DataRequest {
  std::string tag;  // The job's, and what it has to know beside it.
  std::string token;
  std::string channel;
  std::string bucket;  // Empty: the channel's own, as programs of earlier versions ask.
  std::string key;
  std::string etag;
  uint64_t offset = 0;
  size_t size = 0;
};

// Up to `size` bytes (kDataPieceMax) at `offset`; fewer only at the end of the object. Errors:
// denied (no job of that token runs; the object is not the channel's; those of RoleAccess),
// not_found, precondition_failed (the object is another one by now), those of the store.
Task<Bytes> read_channel_data(Sagemaker& sm, DataRequest request);

}  // namespace millrace::sagemaker
