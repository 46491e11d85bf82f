// SPDX-License-Identifier: Apache-2.0
// Window operators and Resize against results of PyTorch (torch_cases.txt, written by make_torch_cases.py).
#include <doctest/doctest.h>

#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>

#include "tests/core/ops/op_case.h"
#include "tests/test_paths.h"

using namespace npu;
using namespace npu::test;

namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

std::vector<int64_t> numbers(const std::string& text, char separator) {
  std::vector<int64_t> values;
  for (const std::string& part : split(text, separator)) values.push_back(std::stoll(part));
  return values;
}

// The formula of make_torch_cases.py.
Tensor pattern(const Shape& shape, int64_t salt) {
  Tensor tensor(DType::Float32, shape);
  int64_t i = 0;
  for (float& value : tensor.mutable_data<float>()) value = static_cast<float>((i++ * 7919 + salt * 104729) % 201 - 100) / 64;
  return tensor;
}

struct TorchCase {
  std::string title;
  std::string op;
  Attrs attrs;
  std::vector<Tensor> inputs;
  Shape shape;
  std::vector<float> values;
};

void add_attribute(TorchCase& parsed, const std::string& key, const std::string& value) {
  if (key == "scale_inputs") {
    for (Tensor& input : parsed.inputs)
      for (float& element : input.mutable_data<float>()) element *= std::stof(value);
    return;
  }
  if (key[0] == '@' || key[0] == '#') {
    const auto index = static_cast<size_t>(std::stoul(key.substr(1)));
    if (parsed.inputs.size() <= index) parsed.inputs.resize(index + 1);
    if (key[0] == '#') {
      const auto words = split(value, ',');
      for (size_t i = 0; i < words.size(); ++i) parsed.inputs[index].mutable_data<float>()[i] = std::stof(words[i]);
      return;
    }
    const bool scalar = value.back() == '!';
    const auto parts = split(scalar ? value.substr(0, value.size() - 1) : value, '/');
    Tensor list = ints(numbers(parts[0], ','));
    parsed.inputs[index] = scalar ? list.reshaped({}) : parts.size() > 1 ? list.reshaped(numbers(parts[1], 'x')) : list;
    return;
  }
  for (const AttrDef& def : find_op(parsed.op)->attrs) {
    if (def.name != key) continue;
    if (def.kind == AttrKind::Int) parsed.attrs[key] = numbers(value, ',')[0];
    else if (def.kind == AttrKind::Float) parsed.attrs[key] = std::stof(value);
    else if (def.kind == AttrKind::Ints) parsed.attrs[key] = numbers(value, ',');
    else parsed.attrs[key] = value;
    return;
  }
  FAIL("no attribute " << key);
}

std::vector<TorchCase> read_cases() {
  std::vector<TorchCase> cases;
  std::ifstream file(source_dir() / "tests/core/ops/torch_cases.txt");
  std::string title, shapes, shape, values;
  while (std::getline(file, title) && std::getline(file, shapes) && std::getline(file, shape) && std::getline(file, values)) {
    TorchCase& parsed = cases.emplace_back();
    parsed.title = title;
    const auto words = split(title, ' ');
    parsed.op = words[0];
    REQUIRE(find_op(parsed.op));
    for (const std::string& input : split(shapes, ' '))
      parsed.inputs.push_back(pattern(numbers(input, 'x'), static_cast<int64_t>(parsed.inputs.size())));
    for (size_t i = 1; i < words.size(); ++i) {
      const size_t equals = words[i].find('=');
      add_attribute(parsed, words[i].substr(0, equals), words[i].substr(equals + 1));
    }
    if (shape != "scalar") parsed.shape = numbers(shape, 'x');
    for (const std::string& value : split(values, ' ')) parsed.values.push_back(std::stof(value));
  }
  return cases;
}

}  // namespace

TEST_CASE("references agree with PyTorch") {
  const auto cases = read_cases();
  CHECK(cases.size() == 126);
  for (const TorchCase& expected : cases) {
    CAPTURE(expected.title);
    const auto result = run(expected.op, expected.inputs, expected.attrs, 21);
    REQUIRE_MESSAGE(result.has_value(), error_of(result));
    const Tensor& actual = (*result)[0];
    REQUIRE(to_string(actual.shape()) == to_string(expected.shape));
    float worst = 0;
    for (size_t i = 0; i < expected.values.size(); ++i) worst = std::max(worst, std::abs(actual.data<float>()[i] - expected.values[i]));
    // Sums of some hundred products of numbers below 2.5, kept in float.
    CHECK(worst < 2e-5f);
  }
}
