// What the tests of this folder share: a scratch directory and jobs made of shell scripts.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "engines/jobs/spec.h"

namespace millrace::jobs {

class ScratchDirectory final {
 public:
  ScratchDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "jobs-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void put_content(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

inline JobSpec shell_job(std::string id, std::string script,
                         Sandbox sandbox = Sandbox::namespaces) {
  JobSpec spec;
  spec.id = std::move(id);
  spec.program = {"/bin/sh", "-c", std::move(script)};
  spec.stop_grace = std::chrono::seconds(20);
  spec.limits.wall = std::chrono::seconds(60);
  spec.sandbox = sandbox;
  return spec;
}

}  // namespace millrace::jobs
