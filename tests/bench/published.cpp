// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/published.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "compiler/atc/options.h"
#include "compiler/compile.h"
#include "core/onnx/onnx.h"

namespace npu {
namespace {

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> cells;
  std::stringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
  return cells;
}

// "ms_bs16" or "fps_bs16": the batch, else 0.
int batch_of(const std::string& column) {
  const size_t at = column.find("_bs");
  return at == std::string::npos ? 0 : std::atoi(column.c_str() + at + 3);
}

}  // namespace

std::vector<PublishedRow> read_published(const std::string& folder, const std::string& soc) {
  const std::string file = soc == "Ascend310" ? "ascend310_latency.csv" : soc == "Ascend310P3" ? "ascend310p3_throughput.csv" : "";
  std::vector<PublishedRow> rows;
  std::ifstream stream(std::filesystem::path(folder) / file);
  std::vector<std::string> header;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto cells = split(line);
    if (header.empty()) {
      header = cells;
      continue;
    }
    PublishedRow row{.model = cells[0]};
    for (size_t i = 1; i < std::min(cells.size(), header.size()); ++i) {
      if (header[i] == "precision") row.precision = cells[i];
      row.batch = batch_of(header[i]);
      const double value = std::atof(cells[i].c_str());
      if (row.batch == 0 || value <= 0) continue;
      row.ms = header[i].starts_with("fps") ? 1e3 * row.batch / value : value;
      rows.push_back(row);
    }
  }
  return rows;
}

std::string find_model(const std::string& folder, const PublishedRow& row) {
  const std::string stem = row.precision == "fp16" ? row.model : row.model + "_" + row.precision;
  for (const std::string& name : {stem + ".onnx", stem + "/model.onnx"})
    if (const auto path = std::filesystem::path(folder) / name; std::filesystem::exists(path)) return path.string();
  return {};
}

Result<CompiledModel> compile_model(const std::string& path, const PublishedRow& row, const std::string& soc, const std::vector<std::string>& on) {
  NPU_TRY(Graph graph, load_onnx_file(path));
  CompileOptions options{.soc = soc};
  options.passes.disabled.insert(std::begin(atc::kPassesOnRequest), std::end(atc::kPassesOnRequest));
  for (const std::string& pass : on) options.passes.disabled.erase(pass);
  for (const ValueId id : graph.inputs) {
    Shape shape;
    for (const Dim& dim : graph.value(id).type.dims) shape.push_back(dim.known() ? dim.value() : row.batch);
    options.passes.input_shapes[graph.value(id).name] = shape;
  }
  return compile(std::move(graph), options);
}

}  // namespace npu
