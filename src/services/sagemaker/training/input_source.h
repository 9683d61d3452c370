// Where the objects of a channel are named: by a prefix, or in a manifest as SageMaker's SDK writes
// one beside the shards of record_set():
//
//   [{"prefix": "s3://bucket/data/"}, "matrix_0.pbr", "matrix_1.pbr"]
//
// Source: docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html.
#pragma once

#include <string>
#include <vector>

#include "services/sagemaker/sagemaker.h"
#include "services/sagemaker/storage.h"

namespace millrace::sagemaker {

inline constexpr size_t kManifestBytesMax = 64u << 20;

struct InputSource {
  S3Uri uri;
  bool manifest = false;  // The URI names a manifest, not a prefix.
};
// Nothing where the URI is none. Errors: not implemented (any other S3DataType, by name).
Result<std::optional<InputSource>> input_source(const api::S3DataSource& source);

struct Manifest {
  S3Uri prefix;
  std::vector<std::string> names;  // Each, behind the prefix, is a key. At least one.
};
// Errors: invalid, with what is wrong and at which element; more than kListedMax names.
Result<Manifest> parse_manifest(std::string_view text);

// The objects of the source: by a prefix as list_objects(), by a manifest in its order, each as
// the object that it is now. Errors: those of list_objects(); of a manifest also invalid (what
// parse_manifest() says), not_found and denied (the manifest, or an object that it names).
Task<std::vector<StoredObject>> list_input(Storage storage, InputSource source);
// Copies them into `folder`, as download() does. Answers how many bytes. Errors: those of both.
Task<uint64_t> download_input(Storage storage, InputSource source, runtime::Path folder);

}  // namespace millrace::sagemaker
