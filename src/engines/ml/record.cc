#include "engines/ml/record.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "engines/ml/limits.h"
#include "engines/ml/protobuf_wire.h"
#include "engines/ml/usual_record.h"

namespace millrace::ml {
namespace {

// Field numbers of record.proto.
enum RecordField : uint32_t { kFeatures = 1, kLabel = 2 };
enum EntryField : uint32_t { kEntryKey = 1, kEntryValue = 2 };
enum ValueField : uint32_t { kFloat32 = 2, kFloat64 = 3, kInt32 = 7, kBytes = 9 };
enum TensorField : uint32_t { kValues = 1, kKeys = 2, kShape = 3 };

constexpr std::string_view kValuesName = "values";
constexpr std::string_view kImportanceName = "importance";

struct Tensor {
  ValueField kind = kFloat32;
  BytesView message;
};

Result<Tensor> parse_value(BytesView message) {
  std::optional<Tensor> tensor;  // Of a oneof, the last one counts.
  WireReader reader(message);
  for (;;) {
    TRY(const std::optional<WireField> field, reader.next());
    if (!field) break;
    if (field->type != WireType::bytes) continue;
    switch (field->number) {
      case kFloat32:
      case kFloat64:
      case kInt32:
      case kBytes:
        tensor = Tensor{static_cast<ValueField>(field->number), field->bytes};
        break;
      default:
        break;
    }
  }
  if (!tensor) return fail(ErrorKind::invalid, "a value holds no tensor");
  if (tensor->kind == kBytes) {
    return fail(ErrorKind::invalid, "a value of type bytes is no tensor of numbers");
  }
  return *tensor;
}

struct Entry {
  BytesView key;
  BytesView value;
};

Result<Entry> parse_entry(BytesView message) {
  Entry entry;
  WireReader reader(message);
  for (;;) {
    TRY(const std::optional<WireField> field, reader.next());
    if (!field) return entry;
    if (field->type != WireType::bytes) continue;
    if (field->number == kEntryKey) entry.key = field->bytes;
    if (field->number == kEntryValue) entry.value = field->bytes;
  }
}

struct Maps {
  std::optional<BytesView> features;  // Of the entry `values`.
  std::optional<BytesView> label;
  std::optional<BytesView> importance;
  bool more_labels = false;  // A label that is called otherwise.
};

Result<Maps> parse_maps(BytesView record) {
  Maps maps;
  WireReader reader(record);
  for (;;) {
    TRY(const std::optional<WireField> field, reader.next());
    if (!field) return maps;
    if (field->number != kFeatures && field->number != kLabel) continue;
    if (field->type != WireType::bytes) {
      return fail(ErrorKind::invalid, "a map of the record is malformed");
    }
    TRY(const Entry entry, parse_entry(field->bytes));
    const bool named_values = entry.key == kValuesName;
    if (field->number == kFeatures && named_values) maps.features = entry.value;
    if (field->number != kLabel) continue;
    if (named_values) {
      maps.label = entry.value;
    } else if (entry.key == kImportanceName) {
      maps.importance = entry.value;
    } else {
      maps.more_labels = true;
    }
  }
}

float to_float(ValueField kind, uint64_t scalar) {
  switch (kind) {
    case kFloat32:
      return std::bit_cast<float>(static_cast<uint32_t>(scalar));
    case kFloat64:
      return static_cast<float>(std::bit_cast<double>(scalar));
    default:
      return static_cast<float>(static_cast<int32_t>(scalar));
  }
}

WireType scalar_type(ValueField kind) {
  switch (kind) {
    case kFloat32:
      return WireType::fixed32;
    case kFloat64:
      return WireType::fixed64;
    default:
      return WireType::varint;
  }
}

Result<void> append_values(ValueField kind, const WireField& field, std::vector<float>& out) {
  if (field.type == scalar_type(kind)) {
    out.push_back(to_float(kind, field.scalar));
    return ok;
  }
  if (field.type != WireType::bytes) {
    return fail(ErrorKind::invalid, "the values of a tensor have a wrong wire type");
  }
  BytesView packed = field.bytes;
  if (kind == kInt32) {
    uint64_t value = 0;
    while (!packed.empty()) {
      if (!take_varint(packed, value)) {
        return fail(ErrorKind::invalid, "the values of a tensor are malformed");
      }
      out.push_back(to_float(kind, value));
    }
    return ok;
  }
  if (packed.empty()) return ok;
  const size_t size = kind == kFloat32 ? 4 : 8;
  if (packed.size() % size != 0) {
    return fail(ErrorKind::invalid, "the values of a tensor are cut off");
  }
  const size_t begin = out.size();
  out.resize(begin + packed.size() / size);
  if (kind == kFloat32) {
    std::memcpy(out.data() + begin, packed.data(), packed.size());
    return ok;
  }
  for (size_t i = 0; i * size < packed.size(); ++i) {
    out[begin + i] = to_float(kind, load_u64(packed.data() + i * size));
  }
  return ok;
}

Result<void> append_key(uint64_t key, uint64_t feature_dim, std::vector<uint32_t>& out) {
  if (key >= feature_dim) {
    return fail(
        ErrorKind::invalid,
        fmt::format("feature index {} is not below feature_dim, which is {}", key, feature_dim));
  }
  out.push_back(static_cast<uint32_t>(key));
  return ok;
}

Result<void> append_keys(const WireField& field, uint64_t feature_dim, std::vector<uint32_t>& out) {
  if (field.type == WireType::varint) return append_key(field.scalar, feature_dim, out);
  if (field.type != WireType::bytes) {
    return fail(ErrorKind::invalid, "the keys of a tensor have a wrong wire type");
  }
  BytesView packed = field.bytes;
  uint64_t key = 0;
  while (!packed.empty()) {
    if (!take_varint(packed, key)) {
      return fail(ErrorKind::invalid, "the keys of a tensor are malformed");
    }
    TRY(append_key(key, feature_dim, out));
  }
  return ok;
}

Result<void> append_features(const Tensor& tensor, uint64_t feature_dim, RowBatch& rows) {
  WireReader reader(tensor.message);
  for (;;) {
    TRY(const std::optional<WireField> field, reader.next());
    if (!field) return ok;
    if (field->number == kValues) TRY(append_values(tensor.kind, *field, rows.values));
    if (field->number == kKeys) TRY(append_keys(*field, feature_dim, rows.indices));
  }
}

Result<void> check_finite(RowBatch& rows, bool sparse) {
  const size_t begin = rows.open_begin();
  for (size_t i = begin; i < rows.values.size(); ++i) {
    if (std::isfinite(rows.values[i])) continue;
    const uint64_t feature = sparse ? rows.indices[i] : i - begin;
    return fail(ErrorKind::invalid,
                fmt::format("the value of feature {} is {}", feature,
                            std::isnan(rows.values[i]) ? "NaN"
                                                       : "infinite, or too large for "
                                                         "float32"));
  }
  return ok;
}

// Makes the dense values of the open row sparse, in place.
Result<void> drop_zeros(uint64_t feature_dim, RowBatch& rows) {
  const size_t begin = rows.open_begin();
  const size_t count = rows.values.size() - begin;
  if (count != feature_dim) {
    return fail(ErrorKind::invalid,
                fmt::format("the record is dense with {} values, but feature_dim is {}", count,
                            feature_dim));
  }
  size_t end = begin;
  for (size_t i = 0; i < count; ++i) {
    const float value = rows.values[begin + i];
    if (value == 0) continue;
    rows.values[end++] = value;
    rows.indices.push_back(static_cast<uint32_t>(i));
  }
  rows.values.resize(end);
  return ok;
}

Result<std::vector<float>> parse_numbers(BytesView value) {
  TRY(const Tensor tensor, parse_value(value));
  std::vector<float> values;
  WireReader reader(tensor.message);
  for (;;) {
    TRY(const std::optional<WireField> field, reader.next());
    if (!field) return values;
    if (field->number == kValues) TRY(append_values(tensor.kind, *field, values));
  }
}

Result<float> parse_label(const Maps& maps, LabelRule rule) {
  if (rule == LabelRule::ignored) return 0.0f;
  if (maps.more_labels && maps.label) {
    return fail(ErrorKind::invalid, "the record has more than one label");
  }
  if (!maps.label) {
    return fail(ErrorKind::invalid, maps.more_labels ? "the record's label is not named 'values'"
                                                     : "the record has no label");
  }
  TRY(const std::vector<float> values, parse_numbers(*maps.label));
  if (values.empty()) return fail(ErrorKind::invalid, "the record has no label");
  if (values.size() > 1) {
    return fail(ErrorKind::invalid,
                fmt::format("the record has more than one label: {}", values.size()));
  }
  TRY(check_label(rule, values.front()));
  return values.front();
}

// 1 where there is none, or where labels are not read.
Result<float> parse_importance(const Maps& maps, LabelRule rule) {
  if (rule == LabelRule::ignored || !maps.importance) return 1.0f;
  TRY(const std::vector<float> values, parse_numbers(*maps.importance));
  if (values.size() != 1) {
    return fail(ErrorKind::invalid,
                fmt::format("the record's importance is not one number but {}", values.size()));
  }
  TRY(check_importance(values.front()));
  return values.front();
}

Result<void> parse_row(BytesView record, const RowRules& rules, RowBatch& rows) {
  TRY(const Maps maps, parse_maps(record));
  if (!maps.features) return fail(ErrorKind::invalid, "the record has no feature named 'values'");
  TRY(const Tensor tensor, parse_value(*maps.features));
  TRY(append_features(tensor, rules.feature_dim, rows));
  TRY(const float label, parse_label(maps, rules.label));
  TRY(const float importance, parse_importance(maps, rules.label));
  const bool sparse = rows.indices.size() > rows.open_begin() ||
                      rows.values.size() == rows.open_begin();  // No entry at all: a row of zeros.
  TRY(append_row(rules, rows, sparse, label));
  if (importance != 1) rows.weigh_last_row(importance);
  return ok;
}

void append_float_entry(Bytes& record, uint32_t map, std::string_view name, BytesView tensor) {
  Bytes value;
  append_bytes_field(value, kFloat32, tensor);
  Bytes entry;
  append_bytes_field(entry, kEntryKey, name);
  append_bytes_field(entry, kEntryValue, value);
  append_bytes_field(record, map, entry);
}

Bytes float_tensor(std::span<const float> values) {
  Bytes tensor;
  append_bytes_field(tensor, kValues,
                     BytesView(reinterpret_cast<const char*>(values.data()), values.size_bytes()));
  return tensor;
}

}  // namespace

Result<void> check_label(LabelRule rule, float label) {
  if (!std::isfinite(label)) return fail(ErrorKind::invalid, "the label is not a finite number");
  if (rule == LabelRule::zero_one && label != 0 && label != 1) {
    return fail(ErrorKind::invalid,
                fmt::format("the label is {}, but a binary_classifier takes 0 and 1 only", label));
  }
  return ok;
}

Result<void> check_importance(float importance) {
  if (std::isfinite(importance) && importance > 0) return ok;
  return fail(ErrorKind::invalid,
              fmt::format("the record's importance is {}, but it has to be positive and finite",
                          importance));
}

Result<void> append_row(const RowRules& rules, RowBatch& rows, bool sparse, float label) {
  const size_t values = rows.values.size() - rows.open_begin();
  const size_t keys = rows.indices.size() - rows.open_begin();
  if (sparse && keys != values) {
    return fail(ErrorKind::invalid,
                fmt::format("the record has {} keys but {} values", keys, values));
  }
  TRY(check_finite(rows, sparse));
  if (sparse) {
    rows.order_open_row();
    TRY(check_finite(rows, sparse));  // A sum of equal indices may have overflowed.
  } else {
    TRY(drop_zeros(rules.feature_dim, rows));
  }
  rows.end_row(label);
  return ok;
}

Result<void> append_record(BytesView record, const RowRules& rules, RowBatch& rows) {
  if (append_usual_record(record, rules, rows)) return ok;
  Result<void> result = parse_row(record, rules, rows);
  if (!result) rows.undo();
  return result;
}

Bytes encode_record(RowView row, uint64_t feature_dim, std::optional<float> label) {
  Bytes tensor = float_tensor(row.values);
  Bytes keys;
  for (const uint32_t index : row.indices) append_varint(keys, index);
  append_bytes_field(tensor, kKeys, keys);
  Bytes shape;
  append_varint(shape, feature_dim);
  append_bytes_field(tensor, kShape, shape);

  Bytes record;
  append_float_entry(record, kFeatures, kValuesName, tensor);
  if (label) append_float_entry(record, kLabel, kValuesName, float_tensor({&*label, 1}));
  return record;
}

Bytes encode_prediction(float score, std::optional<float> predicted_label) {
  Bytes record;
  append_float_entry(record, kLabel, "score", float_tensor({&score, 1}));
  if (predicted_label) {
    append_float_entry(record, kLabel, "predicted_label", float_tensor({&*predicted_label, 1}));
  }
  return record;
}

}  // namespace millrace::ml
