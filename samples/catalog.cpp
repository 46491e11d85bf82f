// SPDX-License-Identifier: Apache-2.0
#include "samples/catalog.h"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "samples/zoo/architectures.h"
#include "samples/zoo/zoo.h"

namespace npu {
namespace {

using Json = nlohmann::json;

constexpr Sample kSamples[] = {
    {"defects", "defects/sample.json", nullptr},
    {"digits", "digits/sample.json", nullptr},
    {"defects_int8", "defects/sample_int8.json", nullptr},
    {"resnet50", {}, build_resnet50},
    {"resnet18", {}, build_resnet18},
    {"mobilenet_v2", {}, build_mobilenet_v2},
    {"squeezenet1_1", {}, build_squeezenet1_1},
};

Result<Json> read_json(const std::string& file, const SampleReader& read) {
  NPU_TRY(const OwnedBytes owned, read(file));
  const auto* begin = reinterpret_cast<const char*>(owned.bytes.data());
  Json json = Json::parse(begin, begin + owned.bytes.size(), nullptr, false);
  if (json.is_discarded()) return fail(ErrorKind::InvalidArgument, file, "is not JSON");
  return json;
}

Text to_text(const Json& json) { return {json.at("en"), json.at("zh")}; }

// Json::at and its conversions throw on what is missing or of another kind; load_sample_info catches.
SampleInfo parse_info(const std::string& folder, const Json& json, const Json& labels) {
  const Json& input = json.at("input");
  SampleInfo info;
  info.name = json.at("name");
  info.title = to_text(json.at("title"));
  info.description = to_text(json.at("description"));
  info.model_file = folder + json.at("model").get<std::string>();
  info.input_name = input.at("name");
  info.channels = input.at("shape").at(1);
  info.height = input.at("shape").at(2);
  info.width = input.at("shape").at(3);
  info.grey = input.at("color") == "GRAY";
  info.mean = input.at("mean").get<std::vector<float>>();
  info.deviation = input.at("std").get<std::vector<float>>();
  info.output_name = json.at("output").at("name");
  info.labels_en = labels.at("en").get<std::vector<std::string>>();
  info.labels_zh = labels.at("zh").get<std::vector<std::string>>();
  for (const Json& image : json.at("images"))
    info.images.push_back({folder + image.at("file").get<std::string>(), image.at("label")});
  info.accuracy_percent = json.at("accuracy").at("percent");
  if (json.contains("sheet")) info.sheet_file = folder + json.at("sheet").get<std::string>();
  return info;
}

SampleInfo zoo_info(const ZooModel& model) {
  SampleInfo info;
  info.name = model.name;
  info.title = {std::string(model.title), std::string(model.title)};
  info.description = {"Real architecture, random weights: for speed and memory, its answers mean nothing",
                      "真实结构、随机权重:用于观察性能与内存,输出没有意义"};
  info.input_name = "actual_input";
  info.channels = 3;
  info.height = info.width = kZooSide;
  info.mean = {0.485f, 0.456f, 0.406f};  // ImageNet's, as torchvision's models expect
  info.deviation = {0.229f, 0.224f, 0.225f};
  info.output_name = "output";
  return info;
}

}  // namespace

std::span<const Sample> samples() { return kSamples; }

const Sample* find_sample(std::string_view name) {
  const auto found = std::ranges::find(kSamples, name, &Sample::name);
  return found == std::end(kSamples) ? nullptr : found;
}

Result<SampleInfo> load_sample_info(const Sample& sample, const SampleReader& read) {
  if (sample.build) {
    const ZooModel* model = find_zoo_model(sample.name);
    if (!model) return fail(ErrorKind::InvalidArgument, std::string(sample.name), "is not in the zoo");
    return zoo_info(*model);
  }
  const std::string file(sample.info);
  const std::string folder = file.substr(0, file.rfind('/') + 1);
  NPU_TRY(const Json json, read_json(file, read));
  try {
    NPU_TRY(const Json labels, read_json(folder + json.at("labels").get<std::string>(), read));
    return parse_info(folder, json, labels);
  } catch (const Json::exception& e) {
    return fail(ErrorKind::InvalidArgument, file, e.what());
  }
}

Result<Graph> load_sample_graph(const Sample& sample, const SampleInfo& info, const SampleReader& read) {
  if (sample.build) return sample.build(kZooSeed);
  NPU_TRY(OwnedBytes owned, read(info.model_file));
  return load_onnx(owned.bytes, std::move(owned.owner), {.name = info.model_file, .external = {}});
}

}  // namespace npu
