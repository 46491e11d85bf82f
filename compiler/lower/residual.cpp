// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/residual.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>

#include "core/base/half.h"

namespace npu {
namespace {

// The matrices as 16x16 fractals in a row: I identity, H and L the two terms of the ratio, on the diagonal. The operand
// blocks of a tile are (a, b) x (channels 0-15, 16-31), so that four fractals from these on make one product:
enum Matrices : int64_t { kUpper = 0, kLower = 1, kUpperRest = 4, kLowerRest = 5, kMatrices = 9 };  // 0 I 0 H 0 0 0 L 0
constexpr int64_t kOperandBlocks = 4;

struct Ratio {
  Half high, low;
};

Ratio ratio_of(const QuantPair& a, const QuantPair& b) {
  const double ratio = static_cast<double>(b.scale) / static_cast<double>(a.scale);
  const Half high(static_cast<float>(ratio));
  return {high, Half(static_cast<float>(ratio - static_cast<double>(static_cast<float>(high))))};
}

// Up to these two terms of fp16 hold the ratio to a few thousandths of a step of the sum, whatever the bytes.
constexpr double kLargestRatio = 256;

struct Scales {
  QuantPair a, b, y;
};

Scales scales_of(const Graph& graph, const Node& add, size_t residual) {
  const size_t own = 3 - residual;
  return {*quant_pair(graph, add, own + 1, own + 2), *quant_pair(graph, add, residual + 1, residual + 2), *quant_pair(graph, add, 6, 7)};
}

VecType byte_type(const Graph& graph, ValueId id) { return graph.value(id).type.dtype == DType::Int8 ? VecType::S8 : VecType::U8; }

}  // namespace

size_t residual_operand(const Node& add, ValueId own) { return add.inputs[0] == own ? 3 : 0; }

std::optional<std::string> reject_residual(const Graph& graph, const Node& add, ValueId own) {
  const size_t residual = residual_operand(add, own);
  if (add.inputs[residual] == own) return "both operands are the layer's result";
  const Value &mine = graph.value(own), &other = graph.value(add.inputs[residual]), &result = graph.value(add.outputs[0]);
  if (mine.format != Format::NC1HWC0 || other.format != mine.format || result.format != mine.format) return "the result is no image";
  const auto [a, b, y] = scales_of(graph, add, residual);
  const double ratio = static_cast<double>(b.scale) / static_cast<double>(a.scale);
  if (!(ratio >= 1 / kLargestRatio && ratio <= kLargestRatio)) return fmt::format("scales of {} and {} are too far apart", a.scale, b.scale);
  if (!std::isfinite(a.scale / y.scale)) return fmt::format("a result's scale of {} for a sum's of {}", y.scale, a.scale);
  return std::nullopt;
}

Residual make_residual(LowerContext& context, const Node& add, ValueId own) {
  const Graph& graph = context.graph;
  const size_t residual = residual_operand(add, own);
  const auto [a, b, y] = scales_of(graph, add, residual);
  const Ratio ratio = ratio_of(a, b);
  std::array<Half, kMatrices * 256> matrices{};
  for (size_t i = 0; i < 16; ++i) {
    const auto place = [&](int64_t fractal, Half value) { matrices[static_cast<size_t>(fractal) * 256 + i * 17] = value; };
    place(kUpper + 1, Half(1.0f)), place(kUpper + 3, ratio.high), place(kUpperRest + 3, ratio.low);
  }
  const bool to_s8 = graph.value(add.outputs[0]).type.dtype == DType::Int8;
  const uint64_t quant = std::bit_cast<uint32_t>(a.scale / y.scale) | static_cast<uint64_t>(y.zero & 0x1ff) << 37 | static_cast<uint64_t>(to_s8) << 46;
  return {.address = context.address(add.inputs[residual]), .a_type = byte_type(graph, own), .b_type = byte_type(graph, add.inputs[residual]), .a_zero = a.zero,
          .b_zero = b.zero, .matrices = context.add_weights(std::as_bytes(std::span(matrices))), .relu = add.int_attr("relu", 0) != 0, .two_terms = static_cast<float>(ratio.low) != 0,
          .quant = static_cast<int64_t>(quant)};
}

ResidualBlock::ResidualBlock(Emitter& emitter, const Residual& residual)
    : e_(emitter), residual_(residual), own_(e_, Buffer::UB, kTileBytes, 2, "the layer's bytes"), loaded_(e_, Buffer::UB, kTileBytes, 3, "the residual"),
      halves_(e_, Buffer::UB, 4 * kTileBytes, 2, "operands of the sum"), out_(e_, Buffer::UB, kTileBytes, 2, "the sums' bytes"),
      l1_(e_, Buffer::L1, 4 * kTileBytes, 2, "operands of the sum"), sums_(e_, Buffer::L0C, 4 * kTileBytes, 2, "the sums"),
      l1_matrices_(e_.reserve(Buffer::L1, kMatrices * kFractalBytes, "the scales' matrices")), leaving_(sums_) {}

void ResidualBlock::begin(bool ragged) {
  e_.push(Opcode::SetQuantPre, {residual_.quant});
  e_.gm_to_l1(l1_matrices_, residual_.matrices, {.blocks = kMatrices * kFractalBytes / kBlockBytes});
  if (!ragged) return;
  Ring tiles = loaded_;
  for (int slot = 0; slot < 3; ++slot) e_.fill(VecType::F16, tiles.next(), 0, kTileBytes / 2);
}

void ResidualBlock::widen(int64_t dst, int64_t src, VecType type, int64_t zero, int64_t rows) {
  e_.convert(VecType::F16, type, dst, src, rows * 32);
  if (zero != 0) e_.scalar(Opcode::Vadds, VecType::F16, dst, dst, static_cast<float>(-zero), rows * 32);
}

void ResidualBlock::stage(int64_t own, int64_t residual, int64_t rows, int64_t l0a, int64_t l0b) {
  const int64_t halves = halves_.next(), l1 = l1_.next(), sums = sums_.next(), bytes = rows * 64;
  widen(halves + bytes, residual, residual_.b_type, residual_.b_zero, rows);
  widen(halves, own, residual_.a_type, residual_.a_zero, rows);
  e_.push(Opcode::CopyUbufToCbuf, {l1, halves, 1, 2 * bytes / kBlockBytes, 0, 0});
  // Two planes of pixels that are two blocks wide: a window of 1x2 in steps of two takes one apart.
  constexpr int64_t kPixel = 2;
  e_.push(Opcode::SetFMatrix, {1, rows * kPixel, 0, 0, 0, 0});
  e_.push(Opcode::Img2ColV2CbufToCa, {l0a, l1, kOperandBlocks * 16, rows, 0, 0, kPixel, 1, kPixel, 1, 1, 1, 32, type_arg(VecType::F16)});
  e_.push(Opcode::LoadCbufToCb, {l0b, l1_matrices_, kMatrices, 1, 0, 0, type_arg(VecType::F16)});
  const auto multiply = [&](int64_t half, int64_t matrix, bool start) {
    e_.push(Opcode::Mad, {sums + half * rows * 64, l0a, l0b + matrix * kFractalBytes, rows, kOperandBlocks * 16, 16, start, type_arg(VecType::F16), type_arg(VecType::F16)});
  };
  multiply(0, kLower, true), multiply(1, kUpper, true);
  if (residual_.two_terms) multiply(0, kLowerRest, false), multiply(1, kUpperRest, false);
}

int64_t ResidualBlock::leave(int64_t rows) {
  const int64_t out = out_.next();
  e_.push(Opcode::CopyMatrixCcToUbuf, {out, leaving_.next(), 2, rows / 16, 0, 0, static_cast<int64_t>(CopyMode::QF322B8), residual_.relu, 0});
  return out;
}

}  // namespace npu
