// Any bytes as a tar.gz, unpacked into a folder beside which a file must stay as it was.
#include "engines/ml/archive.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "engines/ml/test_data.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace millrace;
  using namespace millrace::ml;
  const test::Folder folder;
  const auto file = folder.write("archive", BytesView(reinterpret_cast<const char*>(data), size));
  std::filesystem::create_directories(folder.path() / "out");
  const auto disk = runtime::make_disk();
  const auto result = extract_tar_gz(*disk, file, folder.path() / "out",
                                     {.entries_max = 100, .total_bytes_max = 1 << 20});
  ASSERT(result.has_value() || !result.error().message.empty());
  size_t beside = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    beside += entry.path().filename() == "out" || entry.path().filename() == "archive" ? 0 : 1;
  }
  ASSERT(beside == 0);
  return 0;
}
