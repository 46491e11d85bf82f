// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace npu {

enum class DType : uint8_t {
  Undefined, Float32, Float16, BFloat16, Float64, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Bool,
};

struct DTypeInfo {
  DType dtype;
  std::string_view name;      // short name used in text forms: "float32"
  std::string_view ge_name;   // the vendor's name
  size_t size;                // bytes of one element
  int onnx;                   // onnx.TensorProto.DataType
  int ge;                     // ge.proto.DataType (ge_ir.proto)
  int acl;                    // aclDataType
};

// One row per DType, in enum order.
inline constexpr std::array<DTypeInfo, 14> kDTypes{{
    {DType::Undefined, "undefined", "UNDEFINED", 0, 0, 0, -1},
    {DType::Float32, "float32", "FLOAT", 4, 1, 1, 0},
    {DType::Float16, "float16", "FLOAT16", 2, 10, 2, 1},
    {DType::BFloat16, "bfloat16", "BF16", 2, 16, 27, 27},
    {DType::Float64, "float64", "DOUBLE", 8, 11, 12, 11},
    {DType::Int8, "int8", "INT8", 1, 3, 3, 2},
    {DType::Int16, "int16", "INT16", 2, 5, 5, 6},
    {DType::Int32, "int32", "INT32", 4, 6, 7, 3},
    {DType::Int64, "int64", "INT64", 8, 7, 8, 9},
    {DType::UInt8, "uint8", "UINT8", 1, 2, 4, 4},
    {DType::UInt16, "uint16", "UINT16", 2, 4, 6, 7},
    {DType::UInt32, "uint32", "UINT32", 4, 12, 9, 8},
    {DType::UInt64, "uint64", "UINT64", 8, 13, 10, 10},
    {DType::Bool, "bool", "BOOL", 1, 9, 11, 12},
}};

constexpr const DTypeInfo& dtype_info(DType dtype) { return kDTypes[static_cast<size_t>(dtype)]; }
constexpr size_t dtype_size(DType dtype) { return dtype_info(dtype).size; }
constexpr std::string_view to_string(DType dtype) { return dtype_info(dtype).name; }

constexpr bool is_float(DType d) {
  return d == DType::Float32 || d == DType::Float16 || d == DType::BFloat16 || d == DType::Float64;
}

constexpr std::optional<DType> dtype_from_name(std::string_view name) {
  for (const auto& row : kDTypes)
    if (row.name == name) return row.dtype;
  return std::nullopt;
}

constexpr std::optional<DType> dtype_from_onnx(int code) {
  for (const auto& row : kDTypes)
    if (row.onnx == code && row.dtype != DType::Undefined) return row.dtype;
  return std::nullopt;
}

constexpr std::optional<DType> dtype_from_ge(int code) {
  for (const auto& row : kDTypes)
    if (row.ge == code && row.dtype != DType::Undefined) return row.dtype;
  return std::nullopt;
}

}  // namespace npu
