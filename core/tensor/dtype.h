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
  // Of the operators' references only; the compiled path has no such tensors. A narrow number takes a byte in memory.
  String, Float8E4M3FN, Float8E4M3FNUZ, Float8E5M2, Float8E5M2FNUZ, Float8E8M0, Float4E2M1, UInt4, Int4, UInt2, Int2,
};

struct DTypeInfo {
  DType dtype;
  std::string_view name;      // short name used in text forms: "float32"
  std::string_view ge_name;   // the vendor's name
  size_t size;                // bytes of one element; 0 for strings
  int onnx;                   // onnx.TensorProto.DataType
  int ge;                     // ge.proto.DataType (ge_ir.proto), -1 when there is none
  int acl;                    // aclDataType
  int file_bits = 0;          // of one element in an ONNX file where that is less than a byte
};

// One row per DType, in enum order.
inline constexpr std::array<DTypeInfo, 25> kDTypes{{
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
    {DType::String, "string", "STRING", 0, 8, -1, -1},
    {DType::Float8E4M3FN, "float8e4m3fn", "FLOAT8_E4M3FN", 1, 17, -1, -1},
    {DType::Float8E4M3FNUZ, "float8e4m3fnuz", "FLOAT8_E4M3FNUZ", 1, 18, -1, -1},
    {DType::Float8E5M2, "float8e5m2", "FLOAT8_E5M2", 1, 19, -1, -1},
    {DType::Float8E5M2FNUZ, "float8e5m2fnuz", "FLOAT8_E5M2FNUZ", 1, 20, -1, -1},
    {DType::Float8E8M0, "float8e8m0", "FLOAT8_E8M0", 1, 24, -1, -1},
    {DType::Float4E2M1, "float4e2m1", "FLOAT4_E2M1", 1, 23, -1, -1, 4},
    {DType::UInt4, "uint4", "UINT4", 1, 21, -1, -1, 4},
    {DType::Int4, "int4", "INT4", 1, 22, -1, -1, 4},
    {DType::UInt2, "uint2", "UINT2", 1, 25, -1, -1, 2},
    {DType::Int2, "int2", "INT2", 1, 26, -1, -1, 2},
}};

constexpr const DTypeInfo& dtype_info(DType dtype) { return kDTypes[static_cast<size_t>(dtype)]; }
constexpr size_t dtype_size(DType dtype) { return dtype_info(dtype).size; }
constexpr std::string_view to_string(DType dtype) { return dtype_info(dtype).name; }

constexpr bool is_float(DType d) {
  return d == DType::Float32 || d == DType::Float16 || d == DType::BFloat16 || d == DType::Float64;
}

// Below a byte or a half: a small float, or an integer of 4 or 2 bits.
constexpr bool is_narrow_float(DType d) { return d >= DType::Float8E4M3FN && d <= DType::Float4E2M1; }
constexpr bool is_narrow_integer(DType d) { return d >= DType::UInt4 && d <= DType::Int2; }
constexpr bool is_narrow(DType d) { return is_narrow_float(d) || is_narrow_integer(d); }
constexpr bool is_string(DType d) { return d == DType::String; }
// One that the compiled path can hold.
constexpr bool is_device_dtype(DType d) { return d < DType::String; }

// The type references compute in: Float32 for every float narrower than that, bytes for narrower integers.
constexpr DType widened(DType d) {
  if (d == DType::Float16 || d == DType::BFloat16 || is_narrow_float(d)) return DType::Float32;
  if (d == DType::UInt4 || d == DType::UInt2) return DType::UInt8;
  if (d == DType::Int4 || d == DType::Int2) return DType::Int8;
  return d;
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
