// <data>/endpoint: the URL under which the instance of that data directory was last served; how
// `millrace env` and `millrace status` find it. Derived: deleting it loses nothing.
#pragma once

#include <string>

#include "runtime/disk.h"

namespace millrace::app {

Result<void> write_endpoint(runtime::Disk& disk, const runtime::Path& data, std::string_view url);
// The URL, or http://127.0.0.1:<port> where nothing was served yet.
std::string read_endpoint(runtime::Disk& disk, const runtime::Path& data, uint16_t port);

}  // namespace millrace::app
