// wire_protocols_bench <service-2.json of SageMaker>: MB/s of one CreateTrainingJob request.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "wire/protocols/codec.h"
#include "wire/protocols/document.h"
#include "wire/protocols/validate.h"
#include "wire/protocols/vector_model.h"

namespace millrace::wire {
namespace {

std::string request_text() {
  std::string out = R"({"TrainingJobName":"recommender-2026-11-22-10-00-00-000",)"
                    R"("HyperParameters":{)";
  for (int i = 0; i < 24; ++i) {
    out += (i > 0 ? ",\"hyper_parameter_" : "\"hyper_parameter_") + std::to_string(i) + "\":\"0.0" +
           std::to_string(i) + "25\"";
  }
  out += R"(},"AlgorithmSpecification":{"TrainingImage":)"
         R"("382416733822.dkr.ecr.us-east-1.amazonaws.com/factorization-machines:1",)"
         R"("TrainingInputMode":"File","MetricDefinitions":[)"
         R"~({"Name":"test:rmse","Regex":"test rmse=([0-9.]+)"},)~"
         R"~({"Name":"train:rmse","Regex":"train rmse=([0-9.]+)"}]},)~"
         R"("RoleArn":"arn:aws:iam::123456789012:role/service-role/SageMakerExecutionRole",)"
         R"("InputDataConfig":[)";
  for (int i = 0; i < 3; ++i) {
    out += std::string(i > 0 ? "," : "") + R"({"ChannelName":"channel)" + std::to_string(i) +
           R"(","DataSource":{"S3DataSource":{"S3DataType":"S3Prefix",)"
           R"("S3Uri":"s3://a-bucket-with-a-name/prefix/of/the/channel/train.protobuf",)"
           R"("S3DataDistributionType":"FullyReplicated"}},"ContentType":)"
           R"("application/x-recordio-protobuf","CompressionType":"None","InputMode":"File"})";
  }
  out +=
      R"(],"OutputDataConfig":{"S3OutputPath":"s3://a-bucket-with-a-name/output"},)"
      R"("ResourceConfig":{"InstanceType":"ml.m5.xlarge","InstanceCount":1,"VolumeSizeInGB":30},)"
      R"("StoppingCondition":{"MaxRuntimeInSeconds":86400},)"
      R"("Tags":[{"Key":"team","Value":"shop"},{"Key":"project","Value":"recommender"}],)"
      R"("EnableNetworkIsolation":false,"EnableInterContainerTrafficEncryption":false,)"
      R"("Environment":{"LOG_LEVEL":"info","SEED":"42"}})";
  return out;
}

template <class Work>
void measure(const char* name, size_t bytes, const Work& work) {
  using Clock = std::chrono::steady_clock;
  constexpr int kRounds = 20000;
  for (int i = 0; i < kRounds / 10; ++i) work();
  const auto start = Clock::now();
  for (int i = 0; i < kRounds; ++i) work();
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("%-32s %8.0f MB/s %8.2f us\n", name,
              static_cast<double>(bytes) * kRounds / seconds / 1e6, seconds / kRounds * 1e6);
}

int run(const char* path) {
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  const boost::json::object model = boost::json::parse(text.str()).as_object();
  const boost::json::object& operation =
      model.at("operations").as_object().at("CreateTrainingJob").as_object();
  const testing::VectorModel tables(model, operation);
  const Shape& shape = *tables.operation().input;
  const std::string body = request_text();
  const RequestParts request{"POST", "/", {}, {}, body};
  const auto decode = [&](Arena& arena) {
    return decode_request(Protocol::json_1_1, tables.service(), tables.operation(), request, {},
                          arena);
  };
  const Validator validator;
  Arena kept;
  const auto value = decode(kept);
  if (!value) return std::fprintf(stderr, "%s\n", value.error().message.c_str()), 1;
  if (const auto valid = validator.validate(shape, *value, "V"); !valid) {
    return std::fprintf(stderr, "%s\n", valid.error().message.c_str()), 1;
  }
  std::printf("CreateTrainingJob, %zu bytes\n", body.size());
  size_t sink = 0;
  measure("decode json", body.size(), [&] {
    Arena arena;
    sink += decode(arena)->size;
  });
  measure("validate", body.size(),
          [&] { sink += validator.validate(shape, *value, "V").has_value(); });
  measure("decode and validate json", body.size(), [&] {
    Arena arena;
    const auto decoded = decode(arena);
    sink += validator.validate(shape, *decoded, "V").has_value();
  });
  measure("write json", body.size(), [&] { sink += write_document(shape, *value).size(); });
  for (const Protocol protocol : {Protocol::rpc_v2_cbor, Protocol::query}) {
    const auto encoded = encode_request(protocol, tables.service(), tables.operation(), *value);
    const RequestParts other{"POST", "/", {}, {}, encoded->body};
    measure(
        protocol == Protocol::query ? "decode query" : "decode cbor", encoded->body.size(), [&] {
          Arena arena;
          sink += decode_request(protocol, tables.service(), tables.operation(), other, {}, arena)
                      ->size;
        });
  }
  return sink == 0;
}

}  // namespace
}  // namespace millrace::wire

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: %s service-2.json\n", argv[0]), 2;
  return millrace::wire::run(argv[1]);
}
