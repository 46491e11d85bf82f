// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <optional>

#include "compiler/lower/cube.h"
#include "compiler/lower/cube_shares.h"
#include "compiler/schedule/insert_sync.h"
#include "core/isa/operands.h"

namespace npu {
namespace {

// Slots of L1 that remember what they hold; the least recently used one is replaced.
class L1Cache {
 public:
  using Key = std::array<int64_t, 3>;

  L1Cache(Emitter& emitter, int64_t slot_bytes, int slots, const char* purpose)
      : slot_bytes_(slot_bytes), base_(emitter.reserve(Buffer::L1, slot_bytes * slots, purpose)), slots_(static_cast<size_t>(slots)) {}

  template <class Load>
  int64_t get(const Key& key, Load&& load) {
    size_t oldest = 0;
    for (size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].used && slots_[i].key == key) {
        slots_[i].used = ++clock_;
        return address(i);
      }
      if (slots_[i].used < slots_[oldest].used) oldest = i;
    }
    slots_[oldest] = {key, ++clock_};
    load(address(oldest));
    return address(oldest);
  }

 private:
  struct Slot {
    Key key{};
    int64_t used = 0;
  };
  int64_t address(size_t slot) const { return base_ + static_cast<int64_t>(slot) * slot_bytes_; }

  int64_t slot_bytes_, base_;
  std::vector<Slot> slots_;
  int64_t clock_ = 0;
};

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

Range part(int64_t total, int64_t parts, int64_t index) {
  return {total * index / parts, total * (index + 1) / parts};
}

// What L0C holds at a time: rows [row, row + rows) of the slab's pixels, n_tile column blocks.
struct Macro {
  const CubeItem* item;
  Range slab;        // units
  int64_t first_row; // output pixel of the slab's start
  Range rows;        // output pixels
  Range columns;     // blocks of 16
  int64_t l0c;
};

// The share of one core.
class CubeBlock {
 public:
  CubeBlock(const Soc& soc, const CubeTask& task, const CubePlan& plan)
      : soc_(soc), task_(task), p_(task.problem), plan_(plan), e_(soc),
        a_cache_(e_, plan.a_bytes, plan.a_slots, "the feature map"), b_cache_(e_, plan.b_bytes, plan.b_slots, "the weights"),
        l0a_(e_, Buffer::L0A, soc.l0a / plan.l0_slots, plan.l0_slots, "A tiles"), l0b_(e_, Buffer::L0B, soc.l0b / plan.l0_slots, plan.l0_slots, "B tiles"),
        l0c_(e_, Buffer::L0C, p_.l0c_slot(soc, plan.l0c_slots), plan.l0c_slots, "accumulators") {
    if (p_.image) image_.emplace(e_, task.image);
    if (soc.split) {
      if (task.bias >= 0) bias_l1_ = Ring(e_, Buffer::L1, plan.n_tile * 32, 2, "the bias");
      return;
    }
    if (task.bias >= 0) bias_ = Ring(e_, Buffer::UB, plan.n_tile * bias_bytes(), 2, "the bias");
    if (task.quant >= 0) quant_ = Ring(e_, Buffer::UB, plan.n_tile * kQuantBlock, 2, "the multipliers");
    if (p_.residual) residual_.emplace(e_, task.residual);
    else reserve_epilogue();
  }

  Result<Program> run(Range items, Range units, Range columns) {
    NPU_TRY(const Program program, stream(items, units, columns));
    return insert_sync(soc_, program);
  }

  // Without flags.
  Result<Program> stream(Range items, Range units, Range columns) {
    const std::vector<Macro> macros = list_macros(items, units, columns);
    if (task_.pad_value != 0) e_.push(Opcode::SetPadding, {task_.pad_value});
    if (residual_) residual_->begin(std::ranges::any_of(macros, [](const Macro& macro) { return macro.rows.size() % 16 != 0; }));
    if (plan_.leave == CubeLeave::Between) leave_between(macros);
    else leave_after(macros);
    if (staged_) leave_staged();
    NPU_CHECK(e_.status());
    return e_.take();
  }

 private:
  // The next tile's bias enters L0C before this tile's results leave: the vector unit is in order.
  void leave_between(const std::vector<Macro>& macros) {
    if (!macros.empty()) start(macros[0]);
    for (size_t i = 0; i < macros.size(); ++i) {
      multiply(macros[i], i + 1 < macros.size() ? &macros[i + 1] : nullptr);
      leave_all();
      if (i + 1 < macros.size()) start(macros[i + 1]);
      list_leaving(macros[i]);
    }
    leave_all();
  }

  void leave_after(const std::vector<Macro>& macros) {
    for (size_t i = 0; i < macros.size(); ++i) {
      start(macros[i]);
      multiply(macros[i], i + 1 < macros.size() ? &macros[i + 1] : nullptr);
      list_leaving(macros[i]);
      leave_all();
    }
  }

  std::vector<Macro> list_macros(Range items, Range units, Range columns) {
    std::vector<Macro> macros;
    const auto over = [](Range range, int64_t step, auto&& body) {
      for (int64_t i = range.begin; i < range.end; i += step) body(Range{i, std::min(i + step, range.end)});
    };
    const auto over_items = [&](auto&& body) { over(items, 1, body); };
    const auto over_slabs = [&](auto&& body) { over(units, plan_.slab_units, body); };
    const auto over_columns = [&](auto&& body) { over(columns, plan_.n_tile, body); };
    const auto over_rows = [&](Range slab, auto&& body) { over({first_pixel(slab.begin), std::min(first_pixel(slab.end), p_.m())}, plan_.macro_rows, body); };
    const auto add = [&](Range item, Range slab, Range rows, Range tile) {
      macros.push_back({&task_.items[static_cast<size_t>(item.begin)], slab, first_pixel(slab.begin), rows, tile, l0c_.next()});
    };
    switch (plan_.order) {
      case CubeOrder::SlabsColumnsRows:
        over_items([&](Range item) { over_slabs([&](Range slab) { over_columns([&](Range tile) { over_rows(slab, [&](Range rows) { add(item, slab, rows, tile); }); }); }); });
        break;
      case CubeOrder::SlabsRowsColumns:
        over_items([&](Range item) { over_slabs([&](Range slab) { over_rows(slab, [&](Range rows) { over_columns([&](Range tile) { add(item, slab, rows, tile); }); }); }); });
        break;
      case CubeOrder::ColumnsSlabsRows:
        over_items([&](Range item) { over_columns([&](Range tile) { over_slabs([&](Range slab) { over_rows(slab, [&](Range rows) { add(item, slab, rows, tile); }); }); }); });
        break;
      case CubeOrder::ColumnsItemsSlabs:
        over_columns([&](Range tile) { over_items([&](Range item) { over_slabs([&](Range slab) { over_rows(slab, [&](Range rows) { add(item, slab, rows, tile); }); }); }); });
        break;
    }
    return macros;
  }

  int64_t first_pixel(int64_t unit) const { return p_.flat() ? unit * 16 : unit * p_.wo; }

  // --- L0C regions: one for each mad's rows, [n1][m1][16][16] inside ---
  template <class F>
  void for_m_tiles(const Macro& macro, F&& body) {
    for (int64_t r = macro.rows.begin; r < macro.rows.end; r += plan_.m_tile) {
      const Range rows{r, std::min(r + plan_.m_tile, macro.rows.end)};
      body(rows, macro.l0c + (r - macro.rows.begin) * macro.columns.size() * 16 * 4);
    }
  }

  // Of 16 columns.
  int64_t bias_bytes() const { return p_.bytes() ? 64 : 32; }
  static constexpr int64_t kQuantBlock = 16 * kQuantBytes;

  void start(const Macro& macro) {
    if (task_.bias < 0) return;
    const int64_t source = task_.bias + (macro.item->channel_block + macro.columns.begin) * bias_bytes();
    const int64_t type = type_arg(p_.bytes() ? VecType::S32 : VecType::F16);
    if (soc_.split) {
      const int64_t l1 = bias_l1_.next();
      e_.gm_to_l1(l1, source, {.blocks = macro.columns.size()});
      e_.push(Opcode::CopyCbufToBt, {0, l1, macro.columns.size(), type_arg(VecType::F16)});
      return;
    }
    const int64_t ub = bias_.next();
    e_.gm_to_ub(ub, source, {.blocks = macro.columns.size() * bias_bytes() / kBlockBytes});
    for_m_tiles(macro, [&](Range rows, int64_t l0c) {
      e_.push(Opcode::BroadcastUbToCc, {l0c, ub, macro.columns.size(), ceil_div(rows.size(), 16), type});
    });
  }

  int64_t first_init() const { return task_.bias < 0 ? 1 : soc_.split ? 2 : 0; }

  struct Operands {
    int64_t a, b;  // in L1
  };
  Operands fetch(const Macro& macro, int64_t c) {
    const Range chunk{c, std::min(c + plan_.c1_chunk, p_.c1)};
    return {a_cache_.get({macro.item->a, macro.slab.begin, c}, [&](int64_t l1) { load_map(macro, chunk, l1); }) + p_.lead(),
            b_cache_.get({macro.item->b, macro.columns.begin, c}, [&](int64_t l1) { load_weights(macro, chunk, l1); })};
  }

  void multiply(const Macro& macro, const Macro* next) {
    const int64_t steps = count_steps(macro);
    int64_t step = 0;
    for (int64_t c = 0; c < p_.c1; c += plan_.c1_chunk) {
      const Range chunk{c, std::min(c + plan_.c1_chunk, p_.c1)};
      const auto [a, b] = fetch(macro, c);
      // What comes next is asked for before this chunk is multiplied: the scalar unit issues in order, and the queues of
      // the cube's pipes would hold it up.
      if (plan_.a_slots > 1 && plan_.b_slots > 1) {
        if (c + plan_.c1_chunk < p_.c1) fetch(macro, c + plan_.c1_chunk);
        else if (next) fetch(*next, 0);
      }
      const int64_t k1 = p_.k1_of(chunk.size());
      for (int64_t k = 0; k < k1; k += plan_.k_tile) {
        const Range fractals{k, std::min(k + plan_.k_tile, k1)};
        const int64_t l0b = l0b_.next();
        load_b(macro, chunk, fractals, b, l0b);
        for_m_tiles(macro, [&](Range rows, int64_t l0c) {
          const int64_t l0a = l0a_.next();
          const int64_t c0 = p_.c0();
          set_map(macro);
          e_.push(Opcode::Img2ColV2CbufToCa, {l0a, a, fractals.size() * c0, rows.size(), fractals.begin * c0, rows.begin - macro.first_row, p_.sw,
                                              p_.sh, p_.kw, p_.kh, p_.dw, p_.dh, p_.small ? kSmallChannels : chunk.size() * c0, type_arg(p_.a_type)});
          const int64_t init = c == 0 && k == 0 ? first_init() : 0;
          e_.push(Opcode::Mad, {l0c, l0a, l0b, rows.size(), fractals.size() * c0, macro.columns.size() * 16, init,
                                 type_arg(p_.a_type), type_arg(p_.b_type)});
          leave_until(++step, steps);
        });
      }
    }
  }

  // Products of one mad each.
  int64_t count_steps(const Macro& macro) const {
    int64_t k_tiles = 0;
    for (int64_t c = 0; c < p_.c1; c += plan_.c1_chunk) k_tiles += ceil_div(p_.k1_of(std::min(plan_.c1_chunk, p_.c1 - c)), plan_.k_tile);
    return k_tiles * ceil_div(macro.rows.size(), plan_.m_tile);
  }

  // Rows of the feature map that the slab's outputs read, before clipping.
  Range map_rows(const Macro& macro) const {
    return {macro.slab.begin * p_.sh - p_.pt, (macro.slab.end - 1) * p_.sh + (p_.kh - 1) * p_.dh + 1 - p_.pt};
  }
  int64_t slab_pixels(const Macro& macro) const { return std::min(first_pixel(macro.slab.end), p_.m()) - macro.first_row; }

  void load_map(const Macro& macro, Range chunk, int64_t l1) {
    if (image_) {
      const Range rows = map_rows(macro);
      return image_->load(macro.item->a, std::max<int64_t>(rows.begin, 0), std::min(rows.end, p_.h), l1 + p_.lead());
    }
    const int64_t pixels = slab_pixels(macro);
    if (p_.matrix && p_.bytes() && p_.a_pitch % kBlockBytes == 0) {
      for (int64_t c = chunk.begin; c < chunk.end; ++c)
        e_.gm_to_l1(l1 + (c - chunk.begin) * pixels * kBlockBytes, macro.item->a + macro.first_row * p_.a_pitch + c * kBlockBytes,
                    {.bursts = pixels, .blocks = 1, .src_gap = p_.a_pitch / kBlockBytes - 1});
      return;
    }
    if (p_.matrix) {
      // The last block of a row is filled up with zeros.
      const int64_t c0 = p_.c0(), columns = std::min(chunk.end * c0, p_.k) - chunk.begin * c0;
      const int64_t source = macro.item->a + (macro.first_row * p_.a_pitch + chunk.begin * c0) * vec_type_size(p_.a_type);
      e_.push(Opcode::CopyGmToCbufNd2Nz, {l1, source, pixels, columns, p_.a_pitch, pixels, type_arg(p_.a_type)});
      return;
    }
    const int64_t map = p_.h * p_.w;
    Range span{macro.first_row, macro.first_row + pixels};
    if (!p_.flat()) {
      const Range rows = map_rows(macro);
      span = {std::max<int64_t>(rows.begin, 0) * p_.w, std::min(rows.end, p_.h) * p_.w};
    }
    const int64_t bytes = p_.pixel_bytes();  // small: rows are whole blocks
    e_.gm_to_l1(l1, macro.item->a + (chunk.begin * map + span.begin) * bytes,
                {.bursts = chunk.size(), .blocks = span.size() * bytes / kBlockBytes, .src_gap = (map - span.size()) * bytes / kBlockBytes});
  }

  void set_map(const Macro& macro) {
    std::array<int64_t, 6> map{1, slab_pixels(macro), 0, 0, 0, 0};
    if (!p_.flat()) {
      const Range rows = map_rows(macro);
      const int64_t top = std::max<int64_t>(0, -rows.begin), bottom = std::max<int64_t>(0, rows.end - p_.h);
      map = {rows.size() - top - bottom, p_.w, p_.pl, p_.pr, top, bottom};
    }
    if (map == map_) return;
    map_ = map;
    e_.push(Opcode::SetFMatrix, {map[0], map[1], map[2], map[3], map[4], map[5]});
  }

  void load_weights(const Macro& macro, Range chunk, int64_t l1) {
    const int64_t n1 = macro.columns.size();
    if (!p_.b_matrix) {
      const int64_t source = macro.item->b + (p_.k1_of(chunk.begin) * p_.n1() + macro.columns.begin) * kFractalBytes;
      e_.gm_to_l1(l1, source, {.bursts = p_.k1_of(chunk.size()), .blocks = n1 * 16, .src_gap = (p_.n1() - n1) * 16});
      return;
    }
    // L1: [columns / 16][rows][16] of the stored matrix, which is [k, n] or [n, k].
    const Range k{chunk.begin * 16, std::min(chunk.end * 16, p_.k)}, n{macro.columns.begin * 16, std::min(macro.columns.end * 16, p_.n)};
    const Range rows = p_.b_transposed ? n : k, columns = p_.b_transposed ? k : n;
    const int64_t padded = align_up(rows.size(), 16);
    e_.push(Opcode::CopyGmToCbufNd2Nz, {l1, macro.item->b + (rows.begin * p_.b_pitch + columns.begin) * 2, rows.size(), columns.size(), p_.b_pitch, padded});
    for (int64_t j = 0; rows.size() < padded && j < ceil_div(columns.size(), 16); ++j)
      e_.gm_to_l1(l1 + (j * padded + rows.size()) * 32, task_.zeros, {.blocks = padded - rows.size()});
  }

  void load_b(const Macro& macro, Range chunk, Range fractals, int64_t l1, int64_t l0b) {
    const int64_t n1 = macro.columns.size();
    if (!p_.b_matrix || p_.b_transposed) {
      e_.push(Opcode::LoadCbufToCb, {l0b, l1 + fractals.begin * n1 * kFractalBytes, fractals.size() * n1, 1, 0, 0, type_arg(p_.b_type)});
      return;
    }
    // L1 holds [n1][k rows][16 n]: fractal (k, n) is row block k of column block n, transposed on the way.
    for (int64_t k = fractals.begin; k < fractals.end; ++k)
      e_.push(Opcode::LoadCbufToCb, {l0b + (k - fractals.begin) * n1 * kFractalBytes, l1 + k * kFractalBytes, n1, chunk.size(), 0, 1});
  }

  // --- results: L0C -> UB -> chain -> GM ---
  void reserve_epilogue() {
    const auto& registers = task_.chain.registers();
    int64_t element_bytes = 2;
    if (!task_.chain.empty()) element_bytes = task_.chain.bytes_per_element();
    block_bytes_ = 0;
    for (const ChainOperand& operand : task_.chain.operands())
      if (operand.kind != OperandKind::Tile) block_bytes_ += 512 + align_up(operand.kind == OperandKind::Channel ? plan_.n_tile * 32 : 32, 512);
    const int64_t slot = (e_.free_bytes(Buffer::UB) - 2 * block_bytes_ - 2 * 512 * static_cast<int64_t>(registers.size() + 1)) / 2;
    tile_elements_ = std::max<int64_t>(256, slot / element_bytes / 256 * 256);
    if (task_.chain.empty()) {
      register_rings_.emplace_back(e_, Buffer::UB, tile_elements_ * 2, 2, "the result tile");
    } else {
      for (const ChainRegister& reg : registers)
        register_rings_.emplace_back(e_, Buffer::UB, tile_elements_ * vec_type_size(reg.type), 2, "the result tiles");
    }
    for (const ChainOperand& operand : task_.chain.operands())
      operand_rings_.emplace_back(e_, Buffer::UB, operand.kind == OperandKind::Channel ? plan_.n_tile * 32 : 32, operand.kind == OperandKind::Tile ? 0 : 2, "operands");
  }

  // Results wait in L0C and leave between the products of the next part: the scalar unit issues in order, and a queue
  // full of vector instructions would keep it from the cube's.
  struct Piece {
    const CubeItem* item;
    Range rows, columns;
    int64_t l0c;
    int64_t quant = 0;     // bytes: UB address of the columns' multipliers
    int64_t residual = 0;  // UB address, once it is loaded
  };

  void list_leaving(const Macro& macro) {
    const int64_t quant = task_.quant >= 0 ? quant_.next() : 0;
    if (task_.quant >= 0)
      e_.gm_to_ub(quant, task_.quant + (macro.item->channel_block + macro.columns.begin) * kQuantBlock, {.blocks = macro.columns.size() * kQuantBlock / kBlockBytes});
    for_m_tiles(macro, [&](Range rows, int64_t l0c) {
      const int64_t m1 = ceil_div(rows.size(), 16);
      const int64_t step = soc_.split ? macro.columns.size() : std::max<int64_t>(1, tile_elements_ / (m1 * 256) / p_.group()) * p_.group();
      for (int64_t j = 0; j < macro.columns.size(); j += step)
        leaving_.push_back({macro.item, rows, {macro.columns.begin + j, std::min(macro.columns.begin + j + step, macro.columns.end)}, l0c + j * m1 * 1024, quant + j * kQuantBlock});
    });
    if (residual_) load_residual(0);
  }

  void leave_until(int64_t step, int64_t steps) {
    for (const auto due = static_cast<size_t>(std::ssize(leaving_) * step / steps); left_ < due; ++left_) {
      const Piece& piece = leaving_[left_];
      if (soc_.split) fix_out(piece);
      else if (residual_) stage_sum(left_);
      else if (p_.bytes()) bytes_out(piece);
      else vector_out(*piece.item, piece.rows, piece.columns, piece.l0c);
    }
  }
  void leave_all() {
    leave_until(1, 1);
    leaving_.clear();
    left_ = 0;
  }

  static int64_t padded_rows(const Piece& piece) { return align_up(piece.rows.size(), 16); }
  static int64_t pairs(const Piece& piece) { return ceil_div(piece.columns.size(), 2); }

  // Requantised on the way; two column blocks become one of 32 bytes a row.
  void requantise(const Piece& piece, int64_t ub) {
    e_.push(Opcode::CopyMatrixCcToUbuf,
            {ub, piece.l0c, piece.columns.size(), padded_rows(piece) / 16, 0, 0, static_cast<int64_t>(CopyMode::VREQ8), task_.relu, piece.quant});
  }

  void bytes_out(const Piece& piece) {
    const int64_t ub = register_rings_[0].next();
    requantise(piece, ub);
    store_bytes(piece, ub);
  }

  // Images: where a tensor laid out like the result has the piece.
  int64_t byte_offset(const Piece& piece) const { return piece.item->result_offset + (piece.columns.begin / 2 * p_.m() + piece.rows.begin) * kBlockBytes; }

  void store_bytes(const Piece& piece, int64_t ub) {
    const int64_t m = piece.rows.size(), padded = padded_rows(piece), first = piece.columns.begin / 2;
    if (!p_.matrix)
      return e_.ub_to_gm(task_.result + byte_offset(piece), ub, {.bursts = pairs(piece), .blocks = m, .src_gap = padded - m, .dst_gap = p_.m() - m});
    for (int64_t j = 0; j < pairs(piece); ++j) {
      const int64_t width = std::min<int64_t>(32, p_.n - (first + j) * 32);
      const int64_t gm = task_.result + piece.item->result_offset + piece.rows.begin * p_.y_pitch + (first + j) * 32;
      e_.ub_to_gm_bytes(gm, ub + j * padded * kBlockBytes, {.bursts = m, .bytes = width, .gm_gap = p_.y_pitch - width});
    }
  }

  // Memory is slow to answer: a piece's residual is asked for while the piece before it leaves.
  void load_residual(size_t index) {
    if (index >= leaving_.size()) return;
    Piece& piece = leaving_[index];
    const int64_t m = piece.rows.size();
    piece.residual = residual_->residual_tile();
    e_.gm_to_ub(piece.residual, task_.residual.address + byte_offset(piece), {.bursts = pairs(piece), .blocks = m, .src_gap = p_.m() - m, .dst_gap = padded_rows(piece) - m});
  }

  // The sums of a piece go through MTE3, MTE1 and the cube; meanwhile the vector unit works on the next piece.
  void stage_sum(size_t index) {
    load_residual(index + 1);
    const Piece piece = leaving_[index];
    const int64_t own = residual_->own_tile();
    requantise(piece, own);
    // Of L0B the slot that is not in use: products of the tile in the other one may still follow.
    residual_->stage(own, piece.residual, pairs(piece) * padded_rows(piece), l0a_.next(), l0b_.coming());
    map_ = {};
    if (staged_) leave_staged();
    staged_ = piece;
  }
  void leave_staged() {
    store_bytes(*staged_, residual_->leave(pairs(*staged_) * padded_rows(*staged_)));
    staged_.reset();
  }

  void vector_out(const CubeItem& item, Range rows, Range columns, int64_t l0c) {
    const int64_t m1 = ceil_div(rows.size(), 16);
    std::vector<int64_t> registers;
    for (Ring& ring : register_rings_) registers.push_back(ring.next());
    std::vector<int64_t> blocks;
    const auto& operands = task_.chain.operands();
    for (size_t i = 0; i < operands.size(); ++i) {
      const int reg = task_.chain.operand_register(i);
      if (reg >= 0) move_tile(task_.operand_address[i], registers[static_cast<size_t>(reg)], item, rows, columns, 2, true);
      blocks.push_back(reg >= 0 ? 0 : load_block(i, item, columns));
    }
    const bool chained = !task_.chain.empty();
    const int64_t entry = chained ? registers[static_cast<size_t>(task_.chain.carried_register())] : registers[0];
    const bool wide = chained && task_.chain.registers()[static_cast<size_t>(task_.chain.carried_register())].type == VecType::F32;
    e_.push(Opcode::CopyMatrixCcToUbuf, {entry, l0c, 1, columns.size() * m1, 0, 0, wide ? kCcModeF32 : kCcModeF32ToF16, task_.relu});
    if (chained) emit_chain(registers, blocks, rows, columns);
    const int64_t leave = chained ? registers[static_cast<size_t>(task_.chain.result_register())] : entry;
    const int64_t size = chained ? vec_type_size(task_.chain.result_type()) : 2;
    move_tile(task_.result, leave, item, rows, columns, size, false);
  }

  // Whole tile at once when every row holds data and no operand changes from column block to column block.
  void emit_chain(const std::vector<int64_t>& registers, std::vector<int64_t> blocks, Range rows, Range columns) {
    const int64_t padded = align_up(rows.size(), 16);
    if (rows.size() == padded && !task_.chain.uses(OperandKind::Channel)) {
      task_.chain.emit(e_, registers, blocks, 0, columns.size() * padded * 16);
      return;
    }
    for (int64_t j = 0; j < columns.size(); ++j) {
      task_.chain.emit(e_, registers, blocks, j * padded * 16, rows.size() * 16);
      for (size_t i = 0; i < blocks.size(); ++i)
        if (task_.chain.operands()[i].kind == OperandKind::Channel) blocks[i] += 32;
    }
  }

  int64_t load_block(size_t operand, const CubeItem& item, Range columns) {
    const int64_t ub = operand_rings_[operand].next();
    const bool channel = task_.chain.operands()[operand].kind == OperandKind::Channel;
    int64_t block = 0;
    if (channel) block = item.channel_block + columns.begin + (task_.operand_batched[operand] ? item.batch * p_.result_c1 : 0);
    e_.gm_to_ub(ub, task_.operand_address[operand] + block * 32, {.blocks = channel ? columns.size() : 1});
    return ub;
  }

  // Between UB [column block][rows padded to 16][16] and a tensor laid out like the result.
  void move_tile(int64_t tensor, int64_t ub, const CubeItem& item, Range rows, Range columns, int64_t size, bool load) {
    const int64_t m = rows.size(), padded = align_up(m, 16);
    if (!p_.matrix) {
      const int64_t gm = tensor + item.result_offset + (columns.begin * p_.m() + rows.begin) * 32;
      const BlockCopy copy{.bursts = columns.size(), .blocks = m, .src_gap = load ? p_.m() - m : padded - m, .dst_gap = load ? padded - m : p_.m() - m};
      if (load) e_.gm_to_ub(ub, gm, copy);
      else e_.ub_to_gm(gm, ub, copy);
      return;
    }
    const int64_t gm = tensor + item.result_offset / 2 * size + (rows.begin * p_.y_pitch + columns.begin * 16) * size;
    for (int64_t j = 0; j < columns.size(); ++j) {
      const int64_t width = std::min<int64_t>(16, p_.n - (columns.begin + j) * 16) * size;
      const ByteCopy copy{.bursts = m, .bytes = width, .gm_gap = p_.y_pitch * size - width, .ub_gap = (16 * size - align_up(width, 32)) / 32};
      const int64_t tile = ub + j * padded * 16 * size;
      if (load) e_.gm_to_ub_bytes(tile, gm + j * 16 * size, copy);
      else e_.ub_to_gm_bytes(gm + j * 16 * size, tile, copy);
    }
  }

  void fix_out(const Piece& piece) {
    const Range rows = piece.rows, blocks = piece.columns;
    const int64_t m1 = ceil_div(rows.size(), 16);
    if (p_.matrix) {
      const int64_t columns = std::min(blocks.end * 16, p_.n) - blocks.begin * 16;
      const int64_t gm = task_.result + piece.item->result_offset + (rows.begin * p_.y_pitch + blocks.begin * 16) * 2;
      e_.push(Opcode::CopyMatrixCcToGm, {gm, piece.l0c, rows.size(), columns, p_.y_pitch * 2, m1, kCcModeF32ToF16, task_.relu, 1});
      return;
    }
    const int64_t gm = task_.result + piece.item->result_offset + (blocks.begin * p_.m() + rows.begin) * 32;
    e_.push(Opcode::CopyMatrixCcToGm, {gm, piece.l0c, rows.size(), blocks.size() * 16, p_.m(), m1, kCcModeF32ToF16, task_.relu, 0});
  }

  const Soc& soc_;
  const CubeTask& task_;
  const CubeProblem& p_;
  CubePlan plan_;
  Emitter e_;
  L1Cache a_cache_, b_cache_;
  Ring l0a_, l0b_, l0c_, bias_, bias_l1_, quant_;
  std::vector<Ring> register_rings_, operand_rings_;
  std::optional<ImageLoads> image_;
  std::array<int64_t, 6> map_{-1, -1, -1, -1, -1, -1};
  std::vector<Piece> leaving_;
  size_t left_ = 0;  // of them are gone
  std::optional<ResidualBlock> residual_;
  std::optional<Piece> staged_;  // whose sum is on its way
  int64_t block_bytes_ = 0;
  int64_t tile_elements_ = ResidualBlock::kTileBytes;
};

}  // namespace

Result<std::vector<Program>> emit_cube(const Soc& soc, const CubeTask& given, const CubeSchedule& schedule) {
  NPU_TRY(const CubePlan plan, plan_schedule(soc, demand_of(given), schedule));
  CubeTask task = given;
  task.problem = scheduled(given.problem, schedule);
  const CubeProblem& p = task.problem;
  std::vector<Program> blocks;
  for (int64_t i = 0; i < schedule.items; ++i)
    for (int64_t u = 0; u < schedule.units; ++u)
      for (int64_t j = 0; j < schedule.columns; ++j) {
        CubeBlock block(soc, task, plan);
        const Range groups = part(p.groups(), schedule.columns, j);
        const Range columns{groups.begin * p.group(), std::min(groups.end * p.group(), p.n1())};
        NPU_TRY(Program program, block.run(part(p.items, schedule.items, i), part(p.units(), schedule.units, u), columns));
        blocks.push_back(std::move(program));
      }
  return blocks;
}

Result<std::vector<Program>> emit_cube_pair(const Soc& soc, const CubeTask& first, const CubeSchedule& of_first, const CubeTask& second, const CubeSchedule& of_second) {
  NPU_TRY(const CubePlan plan, plan_schedule(soc, demand_of(first), of_first));
  NPU_TRY(const CubePlan then, plan_schedule(soc, demand_of(second), of_second));
  CubeTask a = first, b = second;
  a.problem = scheduled(first.problem, of_first), b.problem = scheduled(second.problem, of_second);
  const int64_t packs = a.problem.items / b.problem.items;
  std::vector<Program> blocks;
  for (int64_t i = 0; i < of_second.items; ++i)
    for (int64_t u = 0; u < of_second.units; ++u) {
      const Range images = part(b.problem.items, of_second.items, i);
      CubeBlock block(soc, a, plan), after(soc, b, then);
      NPU_TRY(Program program, block.stream({images.begin * packs, images.end * packs}, part(a.problem.units(), of_second.units, u), {0, a.problem.n1()}));
      NPU_TRY(const Program rest, after.stream(images, part(b.problem.units(), of_second.units, u), {0, b.problem.n1()}));
      program.insert(program.end(), rest.begin(), rest.end());
      blocks.push_back(insert_sync(soc, program));
    }
  return blocks;
}

Result<std::vector<Program>> emit_cube(LowerContext& context, const CubeTask& task) {
  const Soc& soc = context.soc;
  const CubeDemand demand = demand_of(task);
  NPU_TRY(const CubeSchedule fallback, default_schedule(soc, demand));
  if (context.wants_site())
    context.offer({.fallback = fallback,
                   .knobs = cube_knobs(soc, demand, fallback),
                   .estimate = [&soc, demand](const Schedule& s) -> Result<double> {
                     const auto& schedule = std::get<CubeSchedule>(s);
                     NPU_TRY(const CubePlan plan, plan_schedule(soc, demand, schedule));
                     return estimate_cycles(soc, demand, schedule, plan);
                   },
                   .lower_bound = [&soc, demand](const Schedule& s) -> Result<double> {
                     const auto& schedule = std::get<CubeSchedule>(s);
                     NPU_TRY(const CubePlan plan, plan_schedule(soc, demand, schedule));
                     return least_cycles(soc, demand, schedule, plan);
                   },
                   .canonical = [&soc, demand](const Schedule& s) -> Schedule {
                     const auto& schedule = std::get<CubeSchedule>(s);
                     const auto plan = plan_schedule(soc, demand, schedule);
                     return plan ? canonical_schedule(soc, demand, schedule, *plan) : schedule;
                   },
                   .emit = [&soc, task](const Schedule& s) { return emit_cube(soc, task, std::get<CubeSchedule>(s)); }});
  return emit_cube(soc, task, fallback);
}

}  // namespace npu
