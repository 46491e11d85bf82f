// SPDX-License-Identifier: Apache-2.0
// Dear ImGui's drawings as pixels, without a graphics card: for pictures that are saved.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include <imgui.h>

namespace npu::ui {

// Red, green, blue and opacity, a byte each, rows from the top.
struct Picture32 {
  Picture32(int w, int h, ImU32 background);

  int width = 0;
  int height = 0;
  std::vector<ImU32> pixels;
};

// What a draw list draws, with the textures it draws from: it may go to another thread.
struct CopiedDrawing {
  struct Texture {
    int width = 0;
    int height = 0;
    bool alpha_only = false;
    std::vector<unsigned char> bytes;
  };
  struct Piece {
    ImVec4 clip;
    int texture = 0;                 // -1: none
    size_t first_index = 0, indices = 0, first_vertex = 0;
  };
  std::vector<Texture> textures;
  std::vector<Piece> pieces;
  std::vector<ImDrawVert> vertices;
  std::vector<ImDrawIdx> indices;
};
// Of textures only those that the font atlas manages; on the thread of the interface.
CopiedDrawing copy_drawing(const ImDrawList& list);

// Draws over what is there. False: cancelled.
bool rasterise(const CopiedDrawing& drawing, Picture32& picture, const std::atomic<bool>& cancelled);

std::vector<std::byte> encode_png(const Picture32& picture);

}  // namespace npu::ui
