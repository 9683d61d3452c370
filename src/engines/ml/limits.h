// Every limit of the learning engine, in one place.
#pragma once

#include <cstdint>

namespace millrace::ml {

inline constexpr uint64_t kRecordBytesMax = (1ull << 29) - 1;  // Of one recordIO record.
inline constexpr uint64_t kLineBytesMax = 1ull << 28;          // Of one line of CSV or libsvm.
inline constexpr uint64_t kFeatureDimMax = 0xfffffffeull;      // Indices are 32 bits wide.
inline constexpr uint64_t kModelBytesMax = 3ull << 30;         // Parameters of one model.
inline constexpr uint64_t kConfigBytesMax = 1ull << 20;        // One file of input/config.
inline constexpr uint64_t kChannelFilesMax = 100'000;          // Files of one channel.
inline constexpr uint64_t kChannelDepthMax = 32;               // Folders below a channel.
inline constexpr uint64_t kRequestBytesMax = 64ull << 20;      // Body of one invocation.
inline constexpr uint64_t kRequestRowsMax = 1'000'000;         // Rows of one invocation.
inline constexpr uint64_t kJsonMemberBytesMax = 16ull << 20;   // JSON members of an artefact.
inline constexpr uint64_t kArtefactMembersMax = 64;            // Members of `model_algo-1`.
inline constexpr uint64_t kTensorsMax = 1024;                  // Tensors of a parameter file.
inline constexpr uint64_t kTensorNameBytesMax = 4096;
inline constexpr uint64_t kFieldsMax = 256;              // Of field-aware models.
inline constexpr uint64_t kKeptBytesMax = 768ull << 20;  // Examples that need not be read anew.
inline constexpr uint64_t kMemoryBytesMax = 8ull << 30;  // Examples that a solver keeps.
inline constexpr uint64_t kTableBytesMax = 1ull << 30;   // Of an item table or a user table.
inline constexpr uint64_t kTableRowsMax = 20'000'000;    // Items, or users.
inline constexpr uint64_t kTopNMax = 1000;               // Items that one instance may ask for.
inline constexpr uint64_t kTopInstancesMax = 1000;       // Instances of a request for items.
inline constexpr uint64_t kFailureBytesMax = 1024;       // What a job's FailureReason shows.

}  // namespace millrace::ml
