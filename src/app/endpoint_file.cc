#include "app/endpoint_file.h"

#include <fmt/format.h>

namespace millrace::app {
namespace {

constexpr uint64_t kUrlBytesMax = 1024;

runtime::Path file_of(const runtime::Path& data) { return data / "endpoint"; }

}  // namespace

Result<void> write_endpoint(runtime::Disk& disk, const runtime::Path& data, std::string_view url) {
  return runtime::write_file_durably(disk, file_of(data), fmt::format("{}\n", url));
}

std::string read_endpoint(runtime::Disk& disk, const runtime::Path& data, uint16_t port) {
  const Result<Bytes> text = runtime::read_file(disk, file_of(data), kUrlBytesMax);
  if (text && text->starts_with("http")) return text->substr(0, text->find('\n'));
  return fmt::format("http://127.0.0.1:{}", port);
}

}  // namespace millrace::app
