// SPDX-License-Identifier: Apache-2.0
// Where the parts of the AI core are in its picture, and the ways between them: for wide places and for phones.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include <imgui.h>

#include "core/isa/isa.h"

namespace npu::ui::chip_layout {

enum class Part : uint8_t { Gm, L2, L1, L0A, L0B, L0C, Ub, Bt, Fb, Cube, Vector, Scalar, Mte1, Mte2, Mte3, Fix };
inline constexpr size_t kParts = 16;

struct Box {
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;  // of the picture, 0..1
};

// The way from one part to another, and the pipe that takes it.
struct Wire {
  Part from, to;
  Pipe pipe;
  int points;
  ImVec2 at[7];
};

struct Layout {
  std::array<Box, kParts> boxes;  // by Part
  Box core;
  std::span<const Wire> wires;
};

inline constexpr Wire kWideWires[] = {
    {Part::Gm, Part::L1, Pipe::MTE2, 3, {{0.148f, 0.23f}, {0.204f, 0.23f}, {0.315f, 0.23f}}},
    {Part::Gm, Part::Ub, Pipe::MTE2, 5, {{0.148f, 0.23f}, {0.204f, 0.23f}, {0.304f, 0.23f}, {0.304f, 0.72f}, {0.315f, 0.72f}}},
    {Part::Gm, Part::L0A, Pipe::MTE2, 6, {{0.148f, 0.23f}, {0.304f, 0.23f}, {0.304f, 0.04f}, {0.585f, 0.04f}, {0.585f, 0.18f}, {0.6f, 0.18f}}},
    {Part::Gm, Part::L0B, Pipe::MTE2, 6, {{0.148f, 0.23f}, {0.304f, 0.23f}, {0.304f, 0.04f}, {0.585f, 0.04f}, {0.585f, 0.45f}, {0.6f, 0.45f}}},
    {Part::L1, Part::L0A, Pipe::MTE1, 4, {{0.505f, 0.31f}, {0.588f, 0.31f}, {0.588f, 0.18f}, {0.6f, 0.18f}}},
    {Part::L1, Part::L0B, Pipe::MTE1, 4, {{0.505f, 0.31f}, {0.588f, 0.31f}, {0.588f, 0.45f}, {0.6f, 0.45f}}},
    {Part::L1, Part::Bt, Pipe::MTE1, 5, {{0.505f, 0.53f}, {0.588f, 0.53f}, {0.588f, 0.585f}, {0.735f, 0.585f}, {0.735f, 0.52f}}},
    {Part::L1, Part::Fb, Pipe::MTE1, 5, {{0.505f, 0.53f}, {0.588f, 0.53f}, {0.588f, 0.585f}, {0.81f, 0.585f}, {0.81f, 0.52f}}},
    {Part::L1, Part::Ub, Pipe::MTE1, 2, {{0.44f, 0.55f}, {0.44f, 0.64f}}},
    {Part::Ub, Part::L1, Pipe::MTE3, 2, {{0.38f, 0.64f}, {0.38f, 0.55f}}},
    {Part::Ub, Part::Gm, Pipe::MTE3, 3, {{0.315f, 0.84f}, {0.204f, 0.84f}, {0.148f, 0.84f}}},
    {Part::L0A, Part::Cube, Pipe::M, 4, {{0.715f, 0.18f}, {0.728f, 0.18f}, {0.728f, 0.26f}, {0.742f, 0.26f}}},
    {Part::L0B, Part::Cube, Pipe::M, 4, {{0.715f, 0.45f}, {0.728f, 0.45f}, {0.728f, 0.36f}, {0.742f, 0.36f}}},
    {Part::Cube, Part::L0C, Pipe::M, 2, {{0.832f, 0.29f}, {0.86f, 0.29f}}},
    {Part::L0C, Part::Cube, Pipe::M, 2, {{0.86f, 0.36f}, {0.832f, 0.36f}}},
    {Part::L0C, Part::Ub, Pipe::V, 4, {{0.92f, 0.55f}, {0.92f, 0.61f}, {0.56f, 0.61f}, {0.56f, 0.64f}}},
    {Part::Ub, Part::L0C, Pipe::V, 4, {{0.53f, 0.64f}, {0.53f, 0.595f}, {0.89f, 0.595f}, {0.89f, 0.55f}}},
    {Part::L0C, Part::Gm, Pipe::FIX, 4, {{0.92f, 0.55f}, {0.92f, 0.61f}, {0.204f, 0.61f}, {0.148f, 0.61f}}},
    {Part::L0C, Part::L1, Pipe::FIX, 4, {{0.92f, 0.55f}, {0.92f, 0.61f}, {0.47f, 0.61f}, {0.47f, 0.55f}}},
    {Part::Ub, Part::Vector, Pipe::V, 2, {{0.605f, 0.76f}, {0.66f, 0.76f}}},
    {Part::Vector, Part::Ub, Pipe::V, 2, {{0.66f, 0.87f}, {0.605f, 0.87f}}},
};
inline constexpr Layout kWide{{{{0, 0, 0.148f, 1}, {0.16f, 0, 0.204f, 1}, {0.315f, 0.08f, 0.505f, 0.55f}, {0.6f, 0.08f, 0.715f, 0.28f}, {0.6f, 0.35f, 0.715f, 0.55f}, {0.86f, 0.08f, 0.985f, 0.55f},
                         {0.315f, 0.64f, 0.605f, 0.97f}, {0.735f, 0.46f, 0.79f, 0.52f}, {0.797f, 0.46f, 0.85f, 0.52f}, {0.742f, 0.19f, 0.832f, 0.43f}, {0.66f, 0.68f, 0.78f, 0.95f}, {0.82f, 0.68f, 0.985f, 0.95f},
                         {0.516f, 0.265f, 0.576f, 0.355f}, {0.233f, 0.185f, 0.293f, 0.275f}, {0.233f, 0.795f, 0.293f, 0.885f}, {0.233f, 0.565f, 0.293f, 0.655f}}},
                       {0.222f, 0, 1, 1},
                       kWideWires};

inline constexpr Wire kTallWires[] = {
    {Part::Gm, Part::L1, Pipe::MTE2, 3, {{0.2f, 0.15f}, {0.2f, 0.19f}, {0.2f, 0.33f}}},
    {Part::Gm, Part::Ub, Pipe::MTE2, 5, {{0.2f, 0.15f}, {0.2f, 0.19f}, {0.2f, 0.312f}, {0.6f, 0.312f}, {0.6f, 0.33f}}},
    {Part::Gm, Part::L0A, Pipe::MTE2, 4, {{0.2f, 0.15f}, {0.2f, 0.312f}, {0.015f, 0.312f}, {0.015f, 0.62f}}},
    {Part::Gm, Part::L0B, Pipe::MTE2, 5, {{0.2f, 0.15f}, {0.2f, 0.312f}, {0.49f, 0.312f}, {0.49f, 0.66f}, {0.45f, 0.66f}}},
    {Part::L1, Part::L0A, Pipe::MTE1, 4, {{0.24f, 0.52f}, {0.24f, 0.606f}, {0.13f, 0.606f}, {0.13f, 0.62f}}},
    {Part::L1, Part::L0B, Pipe::MTE1, 4, {{0.24f, 0.52f}, {0.24f, 0.606f}, {0.35f, 0.606f}, {0.35f, 0.62f}}},
    {Part::L1, Part::Bt, Pipe::MTE1, 4, {{0.46f, 0.5f}, {0.51f, 0.5f}, {0.51f, 0.83f}, {0.54f, 0.83f}}},
    {Part::L1, Part::Fb, Pipe::MTE1, 4, {{0.46f, 0.5f}, {0.51f, 0.5f}, {0.51f, 0.83f}, {0.76f, 0.83f}}},
    {Part::L1, Part::Ub, Pipe::MTE1, 2, {{0.46f, 0.46f}, {0.54f, 0.46f}}},
    {Part::Ub, Part::L1, Pipe::MTE3, 2, {{0.54f, 0.38f}, {0.46f, 0.38f}}},
    {Part::Ub, Part::Gm, Pipe::MTE3, 3, {{0.8f, 0.33f}, {0.8f, 0.19f}, {0.8f, 0.15f}}},
    {Part::L0A, Part::Cube, Pipe::M, 4, {{0.13f, 0.73f}, {0.13f, 0.75f}, {0.19f, 0.75f}, {0.19f, 0.77f}}},
    {Part::L0B, Part::Cube, Pipe::M, 4, {{0.35f, 0.73f}, {0.35f, 0.75f}, {0.29f, 0.75f}, {0.29f, 0.77f}}},
    {Part::Cube, Part::L0C, Pipe::M, 2, {{0.2f, 0.85f}, {0.2f, 0.885f}}},
    {Part::L0C, Part::Cube, Pipe::M, 2, {{0.28f, 0.885f}, {0.28f, 0.85f}}},
    {Part::L0C, Part::Ub, Pipe::V, 4, {{0.45f, 0.95f}, {0.5f, 0.95f}, {0.5f, 0.54f}, {0.54f, 0.54f}}},
    {Part::Ub, Part::L0C, Pipe::V, 4, {{0.54f, 0.56f}, {0.48f, 0.56f}, {0.48f, 0.92f}, {0.45f, 0.92f}}},
    {Part::L0C, Part::Gm, Pipe::FIX, 5, {{0.45f, 0.95f}, {0.985f, 0.95f}, {0.985f, 0.215f}, {0.94f, 0.19f}, {0.94f, 0.15f}}},
    {Part::L0C, Part::L1, Pipe::FIX, 4, {{0.45f, 0.93f}, {0.49f, 0.93f}, {0.49f, 0.44f}, {0.46f, 0.44f}}},
    {Part::Ub, Part::Vector, Pipe::V, 2, {{0.61f, 0.58f}, {0.61f, 0.66f}}},
    {Part::Vector, Part::Ub, Pipe::V, 2, {{0.7f, 0.66f}, {0.7f, 0.58f}}},
};
inline constexpr Layout kTall{{{{0, 0, 1, 0.15f}, {0, 0.165f, 1, 0.2f}, {0.03f, 0.33f, 0.46f, 0.52f}, {0.03f, 0.62f, 0.225f, 0.73f}, {0.255f, 0.62f, 0.45f, 0.73f}, {0.03f, 0.885f, 0.45f, 0.985f},
                         {0.54f, 0.33f, 0.965f, 0.58f}, {0.54f, 0.8f, 0.72f, 0.86f}, {0.76f, 0.8f, 0.94f, 0.86f}, {0.12f, 0.77f, 0.36f, 0.85f}, {0.54f, 0.66f, 0.74f, 0.76f}, {0.77f, 0.66f, 0.965f, 0.76f},
                         {0.16f, 0.545f, 0.32f, 0.592f}, {0.12f, 0.248f, 0.28f, 0.295f}, {0.72f, 0.248f, 0.88f, 0.295f}, {0.6f, 0.927f, 0.76f, 0.973f}}},
                       {0, 0.225f, 1, 1},
                       kTallWires};

inline std::optional<Buffer> buffer_of(Part part) {
  switch (part) {
    case Part::Gm: return Buffer::GM;
    case Part::L1: return Buffer::L1;
    case Part::L0A: return Buffer::L0A;
    case Part::L0B: return Buffer::L0B;
    case Part::L0C: return Buffer::L0C;
    case Part::Ub: return Buffer::UB;
    case Part::Bt: return Buffer::BT;
    case Part::Fb: return Buffer::FB;
    default: return {};
  }
}

}  // namespace npu::ui::chip_layout
