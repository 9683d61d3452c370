// Archives from outside and for the outside: `model.tar.gz` in and out, and the zip file that an
// artefact's `model_algo-1` is. Reading trusts nothing; writing gives the same bytes for the same
// content, whatever the clock, the owner and the order of the folder.
//
// Functions; thread-safe; they block. Errors: invalid (damaged; an entry that climbs out of the
// folder, is a device or exists twice), exhausted (a limit), what the disk answers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "runtime/disk.h"

namespace millrace::ml {

struct ArchiveLimits {
  uint64_t entries_max = 100'000;
  uint64_t path_bytes_max = 1024;
  uint64_t total_bytes_max = 16ull << 30;  // Unpacked.
  // What unpacks to more than `ratio_from_bytes` and packs better than 1 to `ratio_max` is a bomb.
  uint64_t ratio_max = 200;
  uint64_t ratio_from_bytes = 1ull << 30;
};

// Unpacks a tar file, gzipped or not, into `folder`, which exists and is empty. Takes regular
// files, folders, hard links to earlier entries and symbolic links that stay inside (relative,
// without `..`); nothing is ever written through a link. On an error the folder may hold a part.
Result<void> extract_tar_gz(runtime::Disk& disk, const runtime::Path& archive,
                            const runtime::Path& folder, const ArchiveLimits& limits = {});

// Packs the regular files and folders below `folder`, by name, into the new file `archive`.
Result<void> create_tar_gz(runtime::Disk& disk, const runtime::Path& folder,
                           const runtime::Path& archive);

// One file of a zip archive, in memory.
struct ArchiveMember {
  std::string name;
  Bytes content;
};

// The members of a zip archive. `members_max` bounds their number, `total_bytes_max`
// what they hold together.
Result<std::map<std::string, Bytes>> read_zip(runtime::File& file, uint64_t members_max,
                                              uint64_t total_bytes_max);

// The members of a zip archive in memory as they lie there, not copied and not checked against
// their checksums. Nothing unless its directory is whole and all members are stored, of at most
// `members_max`, unencrypted and without zip64: read_zip() reads those, too.
std::optional<std::map<std::string, BytesView>> stored_members(BytesView zip, uint64_t members_max);

// A zip archive of stored members, as ZipWriter (zip_writer.h) writes it. Below 4 GiB in all;
// errors: exhausted.
Result<Bytes> make_zip(const std::vector<ArchiveMember>& members);

}  // namespace millrace::ml
