// SPDX-License-Identifier: Apache-2.0
// Post-training quantisation: a float model and some of its inputs become a model in QDQ form, whose convolutions and products
// compute on 8-bit integers, and a report. The same model, inputs and options give the same bytes everywhere.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "compiler/quantize/ranges.h"
#include "core/graph/runner.h"

namespace npu::quantize {

// How one layer is treated; AMCT's CalibrationConfig.
struct LayerOptions {
  RangeOptions activation;
  std::optional<bool> asymmetric;  // empty: QuantizeOptions::activation_offset
  bool channel_wise = true;        // weights: one scale an output channel
};

// Inputs in the model's order, with its dtypes; all batches have the same shapes.
using Batch = std::vector<Tensor>;
// Of each batch, in order.
using BatchOutputs = std::vector<std::vector<Tensor>>;

// How good a model's answers are, 0 to 1, beside those of the float model.
using Score = std::function<double(const BatchOutputs& outputs, const BatchOutputs& of_floats)>;

// Share of the rows of the first output whose largest element is the one that the float model's is, or the label.
Score top1_agreement();
Score top1_accuracy(std::vector<int64_t> labels);
// The smallest cosine between an output and the float model's, over all outputs of all batches.
Score least_cosine();

// Layers go back to fp16, the most sensitive first, until the score on the calibration data is at most `loss` below the float
// model's.
struct Budget {
  double loss = 0.003;
  Score score = top1_agreement();
};

struct QuantizeOptions {
  LayerOptions common;
  std::map<std::string, LayerOptions, std::less<>> by_type, by_name;  // the name wins over the type, both over `common`
  bool activation_offset = true;                                      // uint8 with a zero point; else int8, symmetric
  std::set<std::string, std::less<>> skip_layers, skip_types;         // stay in fp16
  bool first_layer = true;                                            // layers that read an input of the model
  bool fold_batch_norm = true;
  std::set<std::string, std::less<>> skip_fusion_layers;              // whose BatchNormalization stays apart
  bool bias_correction = true;
  std::optional<Budget> budget;
  std::string soc = "Ascend310";                                      // whose passes prepare the model
};

struct LayerReport {
  std::string name, op;
  bool int8 = false;
  std::string reason;                 // why it stays in fp16
  FloatRange seen, range;             // of the layer's input: what came, and what the integers hold
  QuantParams input, output;
  double sqnr_db = 0, cosine = 0;     // its result on integers beside floats, all else in floats; of layers that can be int8
  std::optional<double> sensitivity;  // noise that it alone adds to the model's outputs, as a share of their power
};

struct QuantizedModel {
  Graph graph;                        // QDQ form; inputs and outputs as the model's
  std::vector<LayerReport> layers;    // every convolution and product
  double output_cosine = 0;           // least_cosine on the calibration data
  std::optional<double> float_score, score;  // with a budget

  size_t int8_layers() const;
};

// (done, total, what); returning false cancels.
using Progress = std::function<bool(size_t done, size_t total, const std::string& what)>;

// InvalidArgument where there are no batches, or one does not fit the model; where options name a layer that the model does not
// have, or make no sense; where values are not finite.
Result<QuantizedModel> quantize(const Graph& model, std::span<const Batch> batches, const QuantizeOptions& options, const MakeRunner& make_runner, const Progress& progress = {});

// Computes graphs with the operators' reference, in fp32.
MakeRunner reference_runner();

// Signal to noise in decibels, and the cosine of the angle between two tensors seen as vectors, over all pairs added.
class Difference {
 public:
  void add(const Tensor& exact, const Tensor& other);

  double noise_share() const;  // noise over signal
  double sqnr_db() const;      // at most 200
  double cosine() const;

 private:
  double signal_ = 0, noise_ = 0, other_ = 0, product_ = 0;
};

}  // namespace npu::quantize
