// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compiler/lower/attention.h"
#include "compiler/lower/emitter.h"
#include "compiler/schedule/insert_sync.h"
#include "core/isa/operands.h"

namespace npu {
namespace {

constexpr int64_t kFractalsInHalfL0 = 64;  // 32 KB: half of L0A / L0B, for double buffering
constexpr int64_t kMostQueries = 128;
constexpr int64_t kSlack = 16384;          // alignment of the regions
constexpr float kNever = -1e30f;           // a score that exp turns into 0

// Bytes of the on-chip buffers that a tile of `queries` (whole blocks of 16) takes.
struct Footprint {
  Footprint(const Attention& a, int64_t queries)
      : keys(align_up(a.keys(), 16)), values(align_up(a.v_size(), 16)), size(align_up(a.size(), 16)), mask(a.mask_kind), rows(queries) {}

  int64_t scores() const { return rows * keys * 4; }
  int64_t context() const { return rows * values * 4; }
  int64_t weights() const { return rows * keys * 2; }  // softmax's result in fp16
  int64_t result() const { return rows * values * 2; }
  int64_t queries() const { return rows * size * 2; }
  int64_t partial() const { return rows * 64; }
  int64_t ub() const {
    const int64_t masks = mask == MaskKind::Full ? weights() : keys * 2;
    return scores() + weights() + context() + 2 * result() + partial() + rows * (4 + 2 * kBlockBytes) + masks + keys * 4;
  }
  int64_t l1() const { return 2 * (queries() + weights() + keys * (size + values) * 2); }
  bool fits(const Soc& soc) const {
    return ub() + kSlack <= soc.ub && 2 * scores() + context() + kSlack <= soc.l0c && l1() + kSlack <= soc.l1 && keys <= 65535 && size <= 65535;
  }

  int64_t keys, values, size;  // padded to whole blocks
  MaskKind mask;
  int64_t rows;
};

struct Tile {
  int64_t item, row, rows;
  int64_t padded() const { return align_up(rows, 16); }
};

// Matrices in UB are [column block][query][16], as they leave L0C.
class AttentionBlock {
 public:
  AttentionBlock(const Soc& soc, const Attention& a, const AttentionAddresses& at, int64_t queries)
      : soc_(soc), a_(a), at_(at), f_(a, queries), e_(soc), q_(e_, Buffer::L1, f_.queries(), 2, "the queries"),
        weights_l1_(e_, Buffer::L1, f_.weights(), 2, "the softmax"), k_(e_, Buffer::L1, f_.keys * f_.size * 2, 2, "the keys"),
        v_(e_, Buffer::L1, f_.keys * f_.values * 2, 2, "the values"), l0a_(e_, Buffer::L0A, soc.l0a / 2, 2, "A tiles"),
        l0b_(e_, Buffer::L0B, soc.l0b / 2, 2, "B tiles"), scores_l0c_(e_, Buffer::L0C, f_.scores(), 2, "the scores"),
        context_l0c_(e_, Buffer::L0C, f_.context(), 1, "the context"), result_(e_, Buffer::UB, f_.result(), 2, "the results"),
        scores_(e_.reserve(Buffer::UB, f_.scores(), "the scores")), weights_(e_.reserve(Buffer::UB, f_.weights(), "the softmax")),
        context_(e_.reserve(Buffer::UB, f_.context(), "the context")), partial_(e_.reserve(Buffer::UB, f_.partial(), "partial results")),
        scalars_(e_.reserve(Buffer::UB, f_.rows * 4, "the rows' results")), spread_(e_.reserve(Buffer::UB, f_.rows * kBlockBytes, "the rows' results, spread")) {
    if (a.mask_kind == MaskKind::Full) mask_ = e_.reserve(Buffer::UB, f_.weights(), "the mask");
    if (a.mask_kind == MaskKind::Row) mask_ = e_.reserve(Buffer::UB, f_.keys * 2, "the mask");
    if (a.mask_kind == MaskKind::Row || padding() > 0) mask_row_ = e_.reserve(Buffer::UB, f_.keys * 4, "the mask in fp32");
  }

  Result<Program> run(std::span<const Tile> tiles) {
    // The cube makes the next tile's scores while the vector unit works on this one's.
    Slots slots = multiply_scores(tiles[0]);
    for (size_t i = 0; i < tiles.size(); ++i) {
      const Slots own = slots;
      if (i + 1 < tiles.size()) slots = multiply_scores(tiles[i + 1]);
      softmax(tiles[i], own.scores);
      multiply_values(tiles[i], own.v);
    }
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  struct Slots {
    int64_t v, scores;
  };

  int64_t padding() const { return f_.keys - a_.keys(); }
  int64_t element(const Stack& stack, int64_t item, int64_t row) const { return matrix_offset(stack, a_.batch, item) + row * stack.row_stride; }

  // --- L1: [column block][rows][16] ---
  void load_matrix(int64_t l1, int64_t gm, const Stack& stack, int64_t item, int64_t row, int64_t rows, int64_t pitch) {
    e_.push(Opcode::CopyGmToCbufNd2Nz, {l1, gm + element(stack, item, row) * 2, rows, stack.columns, stack.row_stride, pitch});
    for (int64_t j = 0; rows < pitch && j < ceil_div(stack.columns, 16); ++j)
      e_.gm_to_l1(l1 + (j * pitch + rows) * kBlockBytes, at_.zeros, {.blocks = pitch - rows});
  }

  void take_item(int64_t item) {
    if (item == item_) return;
    item_ = item;
    k_l1_ = k_.next(), v_l1_ = v_.next();
    load_matrix(k_l1_, at_.k, a_.k, item, 0, a_.keys(), f_.keys);
    load_matrix(v_l1_, at_.v, a_.v, item, 0, a_.keys(), f_.keys);
  }

  // --- products ---
  // A's columns [k, k + count) of [column block][rows][16] in L1.
  int64_t load_a(int64_t l1, int64_t rows, int64_t columns, int64_t k, int64_t count) {
    const int64_t l0a = l0a_.next();
    e_.push(Opcode::SetFMatrix, {1, rows, 0, 0, 0, 0});
    e_.push(Opcode::Img2ColV2CbufToCa, {l0a, l1, count, rows, k, 0, 1, 1, 1, 1, 1, 1, columns, type_arg(VecType::F16)});
    return l0a;
  }
  void mad(int64_t l0c, int64_t l0a, int64_t l0b, int64_t m, int64_t k, int64_t n, bool first) {
    e_.push(Opcode::Mad, {l0c, l0a, l0b, m, k, n, first, type_arg(VecType::F16), type_arg(VecType::F16)});
  }

  Slots multiply_scores(const Tile& tile) {
    take_item(tile.item);
    const int64_t q = q_.next(), l0c = scores_l0c_.next(), m = tile.rows, key_blocks = f_.keys / 16, size_blocks = f_.size / 16;
    load_matrix(q, at_.q, a_.q, tile.item, tile.row, m, m);
    const int64_t k_tile = std::min(size_blocks, kFractalsInHalfL0 / (tile.padded() / 16));
    const int64_t n_tile = std::min(key_blocks, kFractalsInHalfL0 / k_tile);
    for (int64_t n = 0; n < key_blocks; n += n_tile) {
      const int64_t columns = std::min(n_tile, key_blocks - n);
      for (int64_t k = 0; k < size_blocks; k += k_tile) {
        const int64_t steps = std::min(k_tile, size_blocks - k), l0b = l0b_.next();
        for (int64_t step = 0; step < steps; ++step)
          e_.push(Opcode::LoadCbufToCb, {l0b + step * columns * kFractalBytes, k_l1_ + ((k + step) * key_blocks + n) * kFractalBytes, columns, 1, 0, 0});
        mad(l0c + n * tile.padded() * 64, load_a(q, m, f_.size, k * 16, steps * 16), l0b, m, steps * 16, columns * 16, k == 0);
      }
    }
    return {v_l1_, l0c};
  }

  void multiply_values(const Tile& tile, int64_t v) {
    const int64_t m = tile.padded(), weights = weights_l1_.next(), l0c = context_l0c_.next(), value_blocks = f_.values / 16, key_blocks = f_.keys / 16;
    e_.push(Opcode::CopyUbufToCbuf, {weights, weights_, 1, m * f_.keys * 2 / kBlockBytes, 0, 0});
    const int64_t k_tile = std::min({key_blocks, kFractalsInHalfL0 / (m / 16), kFractalsInHalfL0 / value_blocks});
    for (int64_t k = 0; k < key_blocks; k += k_tile) {
      const int64_t steps = std::min(k_tile, key_blocks - k), l0b = l0b_.next();
      for (int64_t step = 0; step < steps; ++step)  // the stored fractals are [16 k][16 n]
        e_.push(Opcode::LoadCbufToCb, {l0b + step * value_blocks * kFractalBytes, v + (k + step) * kFractalBytes, value_blocks, key_blocks, 0, 1});
      mad(l0c, load_a(weights, m, f_.keys, k * 16, steps * 16), l0b, m, steps * 16, f_.values, k == 0);
    }
    e_.push(Opcode::CopyMatrixCcToUbuf, {context_, l0c, 1, value_blocks * m / 16, 0, 0, kCcModeF32, 0});
    with_rows(Opcode::Vmul, context_, spread_, m, value_blocks);
    const int64_t result = result_.next();
    e_.convert(VecType::F16, VecType::F32, result, context_, m * f_.values);
    const int64_t gm = at_.y + element(a_.y, tile.item, tile.row) * 2;
    for (int64_t j = 0; j < value_blocks; ++j) {
      const int64_t bytes = std::min<int64_t>(16, a_.v_size() - j * 16) * 2;
      e_.ub_to_gm_bytes(gm + j * kBlockBytes, result + j * m * kBlockBytes, {.bursts = tile.rows, .bytes = bytes, .gm_gap = a_.y.row_stride * 2 - bytes});
    }
  }

  // --- softmax; what is left for the end is the division by the sums, which spread_ holds inverted ---
  void softmax(const Tile& tile, int64_t l0c) {
    const int64_t m = tile.padded(), blocks = f_.keys / 16, count = m * f_.keys;
    e_.push(Opcode::CopyMatrixCcToUbuf, {scores_, l0c, 1, count / 256, 0, 0, kCcModeF32, 0});
    if (a_.scale != 1) e_.scalar(Opcode::Vmuls, VecType::F32, scores_, scores_, a_.scale, count);
    add_mask(tile);
    reduce(Opcode::Vmax, Opcode::Vcmax, m);
    with_rows(Opcode::Vsub, scores_, spread(m), m, blocks);
    e_.unary(Opcode::Vexp, VecType::F32, scores_, scores_, count);
    e_.convert(VecType::F16, VecType::F32, weights_, scores_, count);
    reduce(Opcode::Vadd, Opcode::Vcadd, m);
    e_.unary(Opcode::Vrec, VecType::F32, scalars_, scalars_, m);
    spread(m);
  }

  void add_mask(const Tile& tile) {
    if (a_.mask_kind == MaskKind::Full) return add_full_mask(tile);
    const bool last_only = a_.mask_kind == MaskKind::None;
    if (mask_row_ < 0) return;
    e_.fill(VecType::F32, mask_row_, kNever, f_.keys);
    if (last_only) {
      e_.fill(VecType::F32, mask_row_, 0, a_.keys());
    } else {
      e_.gm_to_ub_bytes(mask_, at_.mask + element(a_.mask, tile.item, 0) * 2, {.bytes = a_.keys() * 2});
      e_.convert(VecType::F32, VecType::F16, mask_row_, mask_, a_.keys());
    }
    for (int64_t j = last_only ? f_.keys / 16 - 1 : 0; j < f_.keys / 16; ++j)
      for (int64_t half = 0; half < 2; ++half) {
        const int64_t at = scores_ + j * tile.padded() * 64 + half * kBlockBytes;
        e_.masked(64, VecType::F32, Opcode::Vadd, {type_arg(VecType::F32), at, at, mask_row_ + (j * 2 + half) * kBlockBytes, tile.padded() / 8, 2, 2, 0, 16, 16, 0});
      }
  }

  void add_full_mask(const Tile& tile) {
    const int64_t m = tile.padded();
    for (int64_t j = 0; j < f_.keys / 16; ++j) {
      const int64_t lanes = std::min<int64_t>(16, a_.keys() - j * 16), half = mask_ + j * m * kBlockBytes;
      e_.gm_to_ub_bytes(half, at_.mask + (element(a_.mask, tile.item, tile.row) + j * 16) * 2, {.bursts = tile.rows, .bytes = lanes * 2, .gm_gap = (a_.mask.row_stride - lanes) * 2});
      e_.fill(VecType::F32, partial_, kNever, m * 16);
      e_.masked(lanes, VecType::F32, Opcode::Vconv, {type_arg(VecType::F32), type_arg(VecType::F16), partial_, half, tile.rows, 1, 1, 2, 1, static_cast<int64_t>(RoundMode::Nearest)});
      const int64_t scores = scores_ + j * m * 64;
      e_.binary(Opcode::Vadd, VecType::F32, scores, {scores}, {partial_}, m * 16);
    }
  }

  // matrix = op(matrix, the value of each row), values spread over a block each.
  void with_rows(Opcode op, int64_t matrix, int64_t values, int64_t m, int64_t blocks) {
    for (int64_t j = 0; j < 2 * blocks; ++j) {
      const int64_t at = matrix + j / 2 * m * 64 + j % 2 * kBlockBytes;
      e_.masked(64, VecType::F32, op, {type_arg(VecType::F32), at, at, values, m / 8, 2, 2, 1, 16, 16, 8});
    }
  }

  // The sum or maximum of each row of the scores into scalars_.
  void reduce(Opcode pair, Opcode across, int64_t m) {
    const int64_t step = m * 64;
    int64_t from = scores_;
    for (int64_t j = 1; j < f_.keys / 16; ++j, from = partial_) e_.binary(pair, VecType::F32, partial_, {from}, {scores_ + j * step}, m * 16);
    e_.masked(16, VecType::F32, across, {type_arg(VecType::F32), scalars_, from, m, 1, 1, 2});
  }
  int64_t spread(int64_t m) {
    e_.push(Opcode::Vbrcb, {type_arg(VecType::F32), spread_, scalars_, m / 8});
    return spread_;
  }

  const Soc& soc_;
  const Attention& a_;
  const AttentionAddresses& at_;
  Footprint f_;
  Emitter e_;
  Ring q_, weights_l1_, k_, v_, l0a_, l0b_, scores_l0c_, context_l0c_, result_;
  int64_t scores_, weights_, context_, partial_, scalars_, spread_;
  int64_t mask_ = -1, mask_row_ = -1;
  int64_t item_ = -1, k_l1_ = 0, v_l1_ = 0;
};

}  // namespace

int64_t attention_tile(const Soc& soc, const Attention& a) {
  if (align_up(a.v_size(), 16) / 16 > kFractalsInHalfL0) return 0;
  int64_t rows = std::min(kMostQueries, align_up(a.queries(), 16));
  while (rows > 0 && !Footprint(a, rows).fits(soc)) rows -= 16;
  return rows;
}

Result<std::vector<Program>> emit_attention(const Soc& soc, const Attention& a, const AttentionAddresses& at) {
  const int64_t most = attention_tile(soc, a), parts = ceil_div(a.queries(), most), blocks = ceil_div(a.queries(), 16);
  std::vector<Tile> tiles;
  for (int64_t item = 0; item < a.items; ++item)
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t begin = blocks * part / parts * 16, end = std::min(blocks * (part + 1) / parts * 16, a.queries());
      tiles.push_back({item, begin, end - begin});
    }
  const int64_t cores = std::min<int64_t>(soc.cores_for(false), std::ssize(tiles));
  std::vector<Program> programs;
  for (int64_t core = 0; core < cores; ++core) {
    const auto share = [&](int64_t i) { return static_cast<size_t>(std::ssize(tiles) * i / cores); };
    AttentionBlock block(soc, a, at, most);
    NPU_TRY(Program program, block.run(std::span(tiles).subspan(share(core), share(core + 1) - share(core))));
    programs.push_back(std::move(program));
  }
  return programs;
}

}  // namespace npu
