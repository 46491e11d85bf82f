// SPDX-License-Identifier: Apache-2.0
// Builds convolutional networks layer by layer, with seeded weights and names as PyTorch gives them.
#pragma once

#include <string>

#include "core/graph/graph.h"

namespace npu {

// A value of shape [batch, channels, height, width] and what is expected of its numbers. The second moment stands
// in for the statistics that training would have measured: with it BatchNorm gets a plausible running variance.
struct Feature {
  ValueId id = kNone;
  int64_t channels = 0;
  int64_t height = 0;
  int64_t width = 0;
  double second_moment = 1.0;
  bool shifted = false;  // above zero on average, as BatchNorm here leaves it
};

struct ConvSpec {
  int64_t channels;
  int64_t kernel;
  int64_t stride = 1;
  int64_t pad = 0;
  int64_t groups = 1;
  bool bias = false;
};

enum class Rounding { Floor, Ceil };

// The symbol of the batch dimension is "batch"; the input is "actual_input", the output of finish "output".
// Precondition of all: sizes fit together. They are the caller's own constants, never data.
class NetBuilder {
 public:
  NetBuilder(std::string name, uint64_t seed, int64_t channels, int64_t side);

  Feature input() const { return input_; }
  Feature conv(const Feature& x, const ConvSpec& spec, const std::string& name);
  // strength scales gamma and beta: weak for the last one of a residual branch.
  Feature batch_norm(const Feature& x, const std::string& name, double strength = 1.0);
  Feature relu(const Feature& x, const std::string& name);
  Feature relu6(const Feature& x, const std::string& name);
  Feature add(const Feature& a, const Feature& b, const std::string& name);
  Feature concat(const Feature& a, const Feature& b, const std::string& name);
  Feature max_pool(const Feature& x, int64_t kernel, int64_t stride, int64_t pad, Rounding rounding, const std::string& name);
  Feature global_average_pool(const Feature& x, const std::string& name);

  // Flatten, for a classes > 0 followed by a fully connected layer; ends the network.
  Graph finish(const Feature& x, int64_t classes, const std::string& name) &&;

 private:
  Feature emit(Node node, Feature out);
  ValueId normal(const std::string& name, Shape shape, double mean, double deviation);
  ValueId uniform(const std::string& name, Shape shape, double low, double high);
  template <class Draw>
  ValueId fill(const std::string& name, Shape shape, Draw&& draw);

  Graph graph_;
  uint64_t seed_;
  Feature input_;
};

}  // namespace npu
