// SPDX-License-Identifier: Apache-2.0
#include "ui/rasterise.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <stb_image_write.h>

namespace npu::ui {
namespace {

struct Colour {
  float r = 0, g = 0, b = 0, a = 0;  // 0..255, opacity 0..1
};

Colour unpack(ImU32 c) {
  return {static_cast<float>(c >> IM_COL32_R_SHIFT & 255), static_cast<float>(c >> IM_COL32_G_SHIFT & 255), static_cast<float>(c >> IM_COL32_B_SHIFT & 255),
          static_cast<float>(c >> IM_COL32_A_SHIFT & 255) / 255};
}

void blend(ImU32& under, const Colour& over) {
  const Colour old = unpack(under);
  const auto mix = [&](float from, float to) { return static_cast<ImU32>(from + (to - from) * over.a + 0.5f); };
  under = IM_COL32(mix(old.r, over.r), mix(old.g, over.g), mix(old.b, over.b), 255);
}

// Bilinear, as the graphics card does it.
Colour sample(const CopiedDrawing::Texture& texture, ImVec2 uv) {
  const float x = uv.x * static_cast<float>(texture.width) - 0.5f, y = uv.y * static_cast<float>(texture.height) - 0.5f;
  const float left = std::floor(x), top = std::floor(y);
  Colour sum;
  for (const int dy : {0, 1})
    for (const int dx : {0, 1}) {
      const float weight = (dx ? x - left : 1 - x + left) * (dy ? y - top : 1 - y + top);
      const int px = std::clamp(static_cast<int>(left) + dx, 0, texture.width - 1), py = std::clamp(static_cast<int>(top) + dy, 0, texture.height - 1);
      const size_t at = static_cast<size_t>(py) * static_cast<size_t>(texture.width) + static_cast<size_t>(px);
      const unsigned char* bytes = texture.bytes.data();
      const unsigned char* p = texture.alpha_only ? nullptr : bytes + at * 4;
      sum.r += weight * (p ? p[0] : 255.0f), sum.g += weight * (p ? p[1] : 255.0f), sum.b += weight * (p ? p[2] : 255.0f);
      sum.a += weight * static_cast<float>(p ? p[3] : bytes[at]) / 255;
    }
  return sum;
}

// Twice the area of the triangle; positive when p lies to the right of a -> b (y grows downwards).
float area(ImVec2 a, ImVec2 b, ImVec2 p) { return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x); }

// Of two triangles that share a side, its pixels belong to one.
bool owns_side(ImVec2 a, ImVec2 b) { return (a.y == b.y && b.x > a.x) || b.y < a.y; }

void fill_triangle(const ImDrawVert* corners[3], const ImVec4& clip, const CopiedDrawing::Texture* texture, Picture32& picture) {
  const ImDrawVert *a = corners[0], *b = corners[1], *c = corners[2];
  float whole = area(a->pos, b->pos, c->pos);
  if (whole == 0) return;
  if (whole < 0) std::swap(b, c), whole = -whole;
  const auto [left, right] = std::minmax({a->pos.x, b->pos.x, c->pos.x});
  const auto [top, bottom] = std::minmax({a->pos.y, b->pos.y, c->pos.y});
  const int x0 = static_cast<int>(std::max({left, clip.x, 0.0f})), x1 = static_cast<int>(std::ceil(std::min({right, clip.z, static_cast<float>(picture.width)})));
  const int y0 = static_cast<int>(std::max({top, clip.y, 0.0f})), y1 = static_cast<int>(std::ceil(std::min({bottom, clip.w, static_cast<float>(picture.height)})));
  const bool own_a = owns_side(b->pos, c->pos), own_b = owns_side(c->pos, a->pos), own_c = owns_side(a->pos, b->pos);
  const Colour ca = unpack(a->col), cb = unpack(b->col), cc = unpack(c->col);
  for (int y = y0; y < y1; ++y)
    for (int x = x0; x < x1; ++x) {
      const ImVec2 p(static_cast<float>(x) + 0.5f, static_cast<float>(y) + 0.5f);
      if (p.x < clip.x || p.x >= clip.z || p.y < clip.y || p.y >= clip.w) continue;
      const float wa = area(b->pos, c->pos, p), wb = area(c->pos, a->pos, p), wc = area(a->pos, b->pos, p);
      if (wa < 0 || wb < 0 || wc < 0 || (wa == 0 && !own_a) || (wb == 0 && !own_b) || (wc == 0 && !own_c)) continue;
      const float fa = wa / whole, fb = wb / whole, fc = wc / whole;
      Colour colour{ca.r * fa + cb.r * fb + cc.r * fc, ca.g * fa + cb.g * fb + cc.g * fc, ca.b * fa + cb.b * fb + cc.b * fc, ca.a * fa + cb.a * fb + cc.a * fc};
      if (texture) {
        const Colour t = sample(*texture, {a->uv.x * fa + b->uv.x * fb + c->uv.x * fc, a->uv.y * fa + b->uv.y * fb + c->uv.y * fc});
        colour = {colour.r * t.r / 255, colour.g * t.g / 255, colour.b * t.b / 255, colour.a * t.a};
      }
      blend(picture.pixels[static_cast<size_t>(y) * static_cast<size_t>(picture.width) + static_cast<size_t>(x)], colour);
    }
}

}  // namespace

Picture32::Picture32(int w, int h, ImU32 background) : width(w), height(h), pixels(static_cast<size_t>(w) * static_cast<size_t>(h), background) {}

CopiedDrawing copy_drawing(const ImDrawList& list) {
  CopiedDrawing copy;
  copy.vertices.assign(list.VtxBuffer.begin(), list.VtxBuffer.end());
  copy.indices.assign(list.IdxBuffer.begin(), list.IdxBuffer.end());
  std::map<const ImTextureData*, int> known;
  for (const ImDrawCmd& command : list.CmdBuffer) {
    if (command.ElemCount == 0 || command.UserCallback) continue;
    const ImTextureData* data = command.TexRef._TexData;
    int texture = -1;
    if (data && data->Pixels) {
      const auto [found, fresh] = known.try_emplace(data, static_cast<int>(copy.textures.size()));
      texture = found->second;
      const size_t bytes = static_cast<size_t>(data->Width) * static_cast<size_t>(data->Height) * static_cast<size_t>(data->BytesPerPixel);
      if (fresh) copy.textures.push_back({data->Width, data->Height, data->Format == ImTextureFormat_Alpha8, {data->Pixels, data->Pixels + bytes}});
    }
    copy.pieces.push_back({command.ClipRect, texture, command.IdxOffset, command.ElemCount, command.VtxOffset});
  }
  return copy;
}

bool rasterise(const CopiedDrawing& drawing, Picture32& picture, const std::atomic<bool>& cancelled) {
  for (const CopiedDrawing::Piece& piece : drawing.pieces) {
    const CopiedDrawing::Texture* texture = piece.texture < 0 ? nullptr : &drawing.textures[static_cast<size_t>(piece.texture)];
    for (size_t i = piece.first_index; i + 2 < piece.first_index + piece.indices; i += 3) {
      if (cancelled) return false;
      const ImDrawVert* corners[3];
      for (size_t k = 0; k < 3; ++k) corners[k] = &drawing.vertices[piece.first_vertex + drawing.indices[i + k]];
      fill_triangle(corners, piece.clip, texture, picture);
    }
  }
  return true;
}

std::vector<std::byte> encode_png(const Picture32& picture) {
  std::vector<std::byte> file;
  const auto append = [](void* to, void* data, int size) {
    const auto* bytes = static_cast<const std::byte*>(data);
    static_cast<std::vector<std::byte>*>(to)->insert(static_cast<std::vector<std::byte>*>(to)->end(), bytes, bytes + size);
  };
  stbi_write_png_to_func(append, &file, picture.width, picture.height, 4, picture.pixels.data(), picture.width * 4);
  return file;
}

}  // namespace npu::ui
