// What the tests of the learning engine share: a folder that goes away, gzip, examples as text.
#pragma once

#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "engines/ml/record.h"
#include "engines/ml/recordio.h"

namespace millrace::ml::test {

// A new folder, removed with everything in it at the end of its life.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "millrace-ml-XXXXXX").string();
    ASSERT(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::filesystem::path& name, BytesView content) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }
  Bytes read(const std::filesystem::path& name) const {
    std::ostringstream out;
    out << std::ifstream(path_ / name, std::ios::binary).rdbuf();
    return out.str();
  }

 private:
  std::filesystem::path path_;
};

// One member of gzip, by zlib's level, strategy and bits of window.
inline Bytes deflated(BytesView content, int level, int strategy, int window = 15) {
  z_stream stream{};
  ASSERT(deflateInit2(&stream, level, Z_DEFLATED, 16 + window, 8, strategy) == Z_OK);
  Bytes out(deflateBound(&stream, content.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline Bytes gzip(BytesView content) { return deflated(content, 6, Z_DEFAULT_STRATEGY); }

// The rows as recordIO of SageMaker's records.
inline Bytes recordio(const RowBatch& rows, uint64_t feature_dim) {
  Bytes out;
  for (size_t at = 0; at < rows.size(); ++at) {
    append_recordio(out, encode_record(rows.row(at), feature_dim, rows.label(at)));
  }
  return out;
}

// Adds an example written as `label index:value …` (libsvm, indices from 0).
inline void append_libsvm(std::string_view line, RowBatch& rows) {
  std::istringstream in{std::string(line)};
  float label = 0;
  in >> label;
  for (std::string pair; in >> pair;) {
    const size_t colon = pair.find(':');
    rows.indices.push_back(static_cast<uint32_t>(std::stoul(pair.substr(0, colon))));
    rows.values.push_back(std::stof(pair.substr(colon + 1)));
  }
  rows.end_row(label);
}

// Examples, one a line, as a recordIO-protobuf file.
inline Bytes recordio_of(std::string_view libsvm, uint64_t feature_dim) {
  RowBatch rows;
  std::istringstream lines{std::string(libsvm)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) append_libsvm(line, rows);
  }
  return recordio(rows, feature_dim);
}

}  // namespace millrace::ml::test
