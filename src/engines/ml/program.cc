#include "engines/ml/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <exception>
#include <new>

#include "engines/ml/limits.h"

namespace millrace::ml {
namespace {

namespace json = boost::json;

constexpr std::string_view kModelContentType = "application/x-sagemaker-model";
constexpr std::string_view kTableContentType = "application/jsonlines";

struct Config {
  std::map<std::string, std::string> hyperparameters;
  std::map<std::string, std::string> content_types;  // By channel; empty where not given.
  std::set<std::string> pipes;                       // Channels in Pipe mode.
  std::string host = "algo-1";
};

// A file of input/config; an empty object where it is optional and missing.
Result<json::object> read_config(const TrainContext& context, std::string_view name,
                                 bool required) {
  const runtime::Path path = context.root / "input" / "config" / name;
  Result<Bytes> text = runtime::read_file(context.disk, path, kConfigBytesMax);
  if (!text) {
    if (text.error().kind == ErrorKind::not_found && !required) return json::object();
    if (text.error().kind == ErrorKind::not_found) {
      return fail(ErrorKind::invalid, fmt::format("There is no {}", path.string()));
    }
    return fail(std::move(text).error());
  }
  json::error_code error;
  json::value value = json::parse(*text, error);
  if (error || !value.is_object()) {
    return fail(ErrorKind::invalid, fmt::format("{} is not a JSON object{}{}", name,
                                                error ? ": " : "", error ? error.message() : ""));
  }
  return std::move(value.get_object());
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

std::string text_member(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found == nullptr || found->is_null() ? std::string() : text_of(*found);
}

Result<void> read_channel(const std::string& name, const json::value& value, Config& config) {
  const auto refuse = [&](std::string_view what) {
    return fail(ErrorKind::invalid, fmt::format("Unable to initialize the algorithm. Failed to "
                                                "validate input data configuration: {} "
                                                "(caused by ValidationError)",
                                                what));
  };
  if (!value.is_object()) return refuse(fmt::format("channel '{}' is not an object", name));
  const json::object& channel = value.get_object();
  const std::string mode = text_member(channel, "TrainingInputMode");
  if (mode == "Pipe") {
    config.pipes.insert(name);
  } else if (!mode.empty() && mode != "File" && mode != "FastFile") {
    return refuse(fmt::format("the input mode '{}' of channel '{}' is not supported", mode, name));
  }
  config.content_types[name] = text_member(channel, "ContentType");
  return ok;
}

Result<Config> read_configs(const TrainContext& context) {
  Config config;
  TRY(const json::object hyperparameters, read_config(context, "hyperparameters.json", true));
  for (const auto& member : hyperparameters) {
    config.hyperparameters[std::string(member.key())] = text_of(member.value());
  }
  TRY(const json::object channels, read_config(context, "inputdataconfig.json", false));
  for (const auto& member : channels) {
    TRY(read_channel(std::string(member.key()), member.value(), config));
  }
  TRY(const json::object resources, read_config(context, "resourceconfig.json", false));
  if (const std::string host = text_member(resources, "current_host"); !host.empty()) {
    config.host = host;
  }
  const json::value* hosts = resources.if_contains("hosts");
  if (hosts != nullptr && hosts->is_array() && hosts->get_array().size() > 1) {
    return fail(ErrorKind::unsupported, fmt::format("Training on {} instances is not supported; "
                                                    "use one",
                                                    hosts->get_array().size()));
  }
  return config;
}

bool contains(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What each declared channel holds.
Result<std::map<std::string, ExampleFormat>> check_channels(const Algorithm& algorithm,
                                                            const Config& config,
                                                            TableFiles* tables) {
  std::map<std::string, ExampleFormat> formats;
  for (const auto& [name, content_type] : config.content_types) {
    if (!contains(algorithm.channels, name)) {
      return fail(ErrorKind::invalid,
                  fmt::format("Unable to initialize the algorithm. Failed to validate input data "
                              "configuration: the channel '{}' was unexpected; there may be {} "
                              "(caused by ValidationError)",
                              name, fmt::join(algorithm.channels, ", ")));
    }
    if (contains(algorithm.table_channels, name)) {
      const std::string bare = content_type.substr(0, content_type.find(';'));
      if (bare.empty() || bare == kTableContentType) continue;
      return fail(ErrorKind::invalid,
                  fmt::format("Unable to initialize the algorithm. Failed to validate input data "
                              "configuration: channel '{}' takes {} (caused by ValidationError)",
                              name, kTableContentType));
    }
    if (name == algorithm.model_channel) {
      if (content_type.empty() || content_type == kModelContentType) continue;
      return fail(ErrorKind::invalid,
                  fmt::format("Unable to initialize the algorithm. Failed to validate input data "
                              "configuration: channel '{}' takes {} (caused by ValidationError)",
                              name, kModelContentType));
    }
    Result<ExampleFormat> format = parse_content_type(content_type);
    if (format && format->kind == ExampleFormat::Kind::parquet) {
      format->tables = tables;
      if (tables == nullptr) format = fail(ErrorKind::invalid, "Parquet is not read here");
      if (config.pipes.contains(name)) {
        format = fail(ErrorKind::invalid,
                      "Parquet, whose index is at its end, is not read from a pipe; use the input "
                      "mode File or FastFile");
      }
    }
    if (!format) {
      return fail(ErrorKind::invalid,
                  fmt::format("Unable to initialize the algorithm. Failed to validate input data "
                              "configuration: channel '{}': {}; use {} (caused by ValidationError)",
                              name, format.error().message, algorithm.content_types.front()));
    }
    formats.emplace(name, *format);
  }
  return formats;
}

std::optional<std::vector<std::string>> stored_files(const TrainContext& context,
                                                     const std::string& channel) {
  if (context.stored == nullptr) return {};
  return context.stored->files(channel);
}

// The files of every channel that there is; none of one that is a pipe.
Result<std::map<std::string, std::vector<std::string>>> find_channels(const Algorithm& algorithm,
                                                                      const TrainContext& context,
                                                                      const Config& config) {
  std::map<std::string, std::vector<std::string>> channels;
  for (const std::string_view name : algorithm.channels) {
    if (auto stored = stored_files(context, std::string(name)); stored && !stored->empty()) {
      channels.emplace(name, std::move(*stored));
      continue;
    }
    if (config.pipes.contains(std::string(name))) {
      channels.emplace(name, std::vector<std::string>());
      continue;
    }
    const bool required = name == algorithm.channels.front();
    const bool declared = config.content_types.contains(std::string(name));
    auto files = list_files(context.disk, context.root / "input" / "data" / name);
    if (!files && files.error().kind != ErrorKind::not_found) {
      return fail(std::move(files).error());
    }
    if (files && !files->empty()) {
      channels.emplace(name, std::move(*files));
    } else if (required || declared) {
      return fail(ErrorKind::invalid,
                  fmt::format("No data was found in the channel '{}'. Make sure that it is given "
                              "and that its S3 prefix has at least one object",
                              name));
    }
  }
  return channels;
}

Result<void> run(const Algorithm& algorithm, const TrainContext& context) {
  TRY(Config config, read_configs(context));
  JobLog log(context.out, context.clock, config.host);
  log.info(fmt::format("Running the built-in algorithm {}", algorithm.name));
  TRY(HyperparameterValues values,
      parse_hyperparameters(algorithm.hyperparameters, config.hyperparameters));
  TRY(auto formats, check_channels(algorithm, config, context.tables));
  std::set<std::string> streamed;
  for (const std::string_view name : algorithm.channels) {
    if (stored_files(context, std::string(name))) streamed.emplace(name);
  }
  for (const std::string& name : streamed) config.pipes.erase(name);
  TRY(auto channels, find_channels(algorithm, context, config));
  TRY(context.disk.make_directories(context.root / "model"));
  const TrainingJob job{.disk = context.disk,
                        .data = context.root / "input" / "data",
                        .model = context.root / "model",
                        .scratch = context.root / "scratch",
                        .channels = std::move(channels),
                        .formats = std::move(formats),
                        .pipes = std::move(config.pipes),
                        .streamed = std::move(streamed),
                        .stored = context.stored,
                        .given = config.hyperparameters,
                        .hyperparameters = std::move(values),
                        .log = log,
                        .stop = context.stop};
  return algorithm.train(job);
}

// Out of memory and bugs end the job, not the process.
Result<void> run_guarded(const Algorithm& algorithm, const TrainContext& context) {
  try {
    return run(algorithm, context);
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::exhausted, "There is not enough memory for this model and batch size");
  } catch (const std::exception& exception) {
    return fail(ErrorKind::internal, exception.what());
  }
}

// What the user can mend: the data, the hyperparameters, what was asked for.
bool is_clients(const Error& error) {
  return error.kind == ErrorKind::invalid || error.kind == ErrorKind::unsupported;
}

}  // namespace

std::string failure_text(const Error& error) {
  return fmt::format("{}: {}", is_clients(error) ? "ClientError" : "AlgorithmError", error.message);
}

int exit_status(const Result<void>& result) {
  if (result) return 0;
  return is_clients(result.error()) ? 2 : 1;
}

Result<void> train(const Algorithm& algorithm, const TrainContext& context) {
  Result<void> result = run_guarded(algorithm, context);
  if (result) return result;
  const std::string text = failure_text(result.error());
  JobLog(context.out, context.clock, "algo-1").error(text);
  const runtime::Path folder = context.root / "output";
  Result<void> written = context.disk.make_directories(folder);
  if (written) {
    written = runtime::write_file_durably(context.disk, folder / "failure",
                                          std::string_view(text).substr(0, kFailureBytesMax));
  }
  if (!written) {
    JobLog(context.out, context.clock, "algo-1")
        .error(fmt::format("output/failure cannot be written: {}", written.error().message));
  }
  return result;
}

}  // namespace millrace::ml
