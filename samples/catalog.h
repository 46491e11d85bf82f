// SPDX-License-Identifier: Apache-2.0
// What there is to try: the trained samples, which are files in this folder, and the zoo, which is built.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/graph/graph.h"
#include "core/onnx/onnx.h"

namespace npu {

struct Text {
  std::string en;
  std::string zh;
};

struct SampleImage {
  std::string file;  // relative to samples/: "digits/images/3_1.png"
  int label = -1;
};

// How to feed an image and read the answer.
struct SampleInfo {
  std::string name;
  Text title;
  Text description;
  std::string model_file;              // relative to samples/; empty when the model is built
  std::string input_name;
  int64_t channels = 0;                // the input is [batch, channels, height, width]
  int64_t height = 0;
  int64_t width = 0;
  bool grey = false;                   // else RGB
  std::vector<float> mean, deviation;  // per channel: (pixel / 255 - mean) / deviation
  std::string output_name;             // logits
  std::vector<std::string> labels_en;  // empty when classes have no names
  std::vector<std::string> labels_zh;
  std::vector<SampleImage> images;
  double accuracy_percent = 0;         // measured when it was trained; 0 when not trained
  std::string sheet_file;              // describes many labelled pictures, to measure the accuracy with; relative to samples/, empty: none
};

struct Sample {
  std::string_view name;
  // Exactly one of both.
  std::string_view info;               // relative to samples/: "digits/sample.json"
  Graph (*build)(uint64_t seed);
};

// The first is the default.
std::span<const Sample> samples();
const Sample* find_sample(std::string_view name);  // nullptr when there is none

// Gives a file of samples/, named relative to that folder. Not called for built samples.
using SampleReader = std::function<Result<OwnedBytes>(const std::string& file)>;

Result<SampleInfo> load_sample_info(const Sample& sample, const SampleReader& read);
Result<Graph> load_sample_graph(const Sample& sample, const SampleInfo& info, const SampleReader& read);

}  // namespace npu
