// SPDX-License-Identifier: Apache-2.0
#include "tests/core/chip/check/order_oracle.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

namespace npu::test {
namespace {

struct Piece {
  Buffer buffer;
  bool write;
  int64_t begin, bytes;
};

int64_t up(int64_t value, int64_t to) { return (value + to - 1) / to; }
int size_of(int64_t type) { return std::array<int, 6>{2, 4, 4, 2, 1, 1}[static_cast<size_t>(type)]; }

struct Lister {
  std::vector<Piece> pieces;
  const IssueState& state;

  void add(Buffer buffer, bool write, int64_t begin, int64_t bytes) {
    if (bytes > 0) pieces.push_back({buffer, write, begin, bytes});
  }
  // One repeat after the other, lane by lane.
  void lanes(bool write, int64_t base, int64_t blk, int64_t rep, int size, int count, int64_t repeat) {
    for (int64_t r = 0; r < repeat; ++r)
      for (int lane = 0; lane < count; ++lane) {
        const bool active = lane >= 128 || ((lane < 64 ? state.mask_low >> lane : state.mask_high >> (lane - 64)) & 1);
        if (active) add(Buffer::UB, write, base + 32 * (r * rep + lane / (32 / size) * blk) + lane % (32 / size) * size, size);
      }
  }
};

// The bytes of an instruction as its row's doc lists them. Rows that compiled fp16 tasks do not have: the hulls of accesses.
std::vector<Piece> pieces_of(const Instr& instr, const IssueState& state) {
  using enum Opcode;
  using enum Buffer;
  const auto& a = instr.arg;
  const InstrInfo& info = instr_info(instr.op);
  Lister to{{}, state};
  switch (instr.op) {
    case CopyGmToCbuf: case CopyGmToUbuf: case CopyUbufToGm: case CopyUbufToCbuf: case CopyUbufToUbuf:
      for (int64_t i = 0; i < a[2]; ++i) {
        to.add(info.src, false, a[1] + i * (a[3] + a[4]) * 32, a[3] * 32);
        to.add(info.dst, true, a[0] + i * (a[3] + a[5]) * 32, a[3] * 32);
      }
      break;
    case CopyGmToUbufAlign:
      for (int64_t i = 0; i < a[2]; ++i) {
        to.add(GM, false, a[1] + i * (a[3] + a[4]), a[3]);
        to.add(UB, true, a[0] + i * (up(a[3] + a[6], 32) + a[5]) * 32, a[3] + a[6]);
      }
      break;
    case CopyUbufToGmAlign:
      for (int64_t i = 0; i < a[2]; ++i) {
        to.add(UB, false, a[1] + i * (up(a[3], 32) + a[4]) * 32, a[3]);
        to.add(GM, true, a[0] + i * (a[3] + a[5]), a[3]);
      }
      break;
    case LoadCbufToCa: case LoadCbufToCb:
      for (int64_t i = 0; i < a[2]; ++i) {
        to.add(L1, false, a[1] + i * a[3] * 512, 512);
        to.add(info.dst, true, a[0] + i * (a[4] + 1) * 512, 512);
      }
      break;
    case Img2ColV2CbufToCa: {
      const int64_t out_w = (state.fm_w + state.pad_left + state.pad_right - (a[8] - 1) * a[10] - 1) / a[6] + 1;
      const int64_t out_h = (state.fm_h + state.pad_top + state.pad_bottom - (a[9] - 1) * a[11] - 1) / a[7] + 1;
      to.add(L0A, true, a[0], up(a[3], 16) * up(a[2], 16) * 512);
      std::set<int64_t> pixels;
      const bool small = a[12] == 4;
      const int64_t taps = small ? a[8] * a[9] : INT64_MAX, pixel_bytes = small ? 8 : 32, channels = pixel_bytes / 2;
      for (int64_t m = a[5]; m < std::min(a[5] + a[3], out_h * out_w); ++m)
        for (int64_t tap = a[4] / channels; tap < std::min(taps, (a[4] + a[2]) / channels); ++tap) {
          const int64_t h = m / out_w * a[7] - state.pad_top + tap / a[8] % a[9] * a[11], w = m % out_w * a[6] - state.pad_left + tap % a[8] * a[10];
          if (h >= 0 && h < state.fm_h && w >= 0 && w < state.fm_w) pixels.insert((tap / (a[8] * a[9]) * state.fm_h + h) * state.fm_w + w);
        }
      for (int64_t pixel : pixels) to.add(L1, false, a[1] + pixel * pixel_bytes, pixel_bytes);
      break;
    }
    case Mad: {
      const int64_t m = up(a[3], 16), k = up(a[4], 16), n = up(a[5], 16);
      if (m * k * n == 0) break;
      to.add(L0A, false, a[1], m * k * 512);
      to.add(L0B, false, a[2], k * n * 512);
      if (a[6] == 2) to.add(BT, false, 0, n * 64);
      to.add(L0C, a[6] != 0, a[0], m * n * 1024);
      if (a[6] == 0) to.add(L0C, true, a[0], m * n * 1024);
      break;
    }
    case CopyMatrixCcToUbuf:
      for (int64_t i = 0; i < a[2]; ++i) {
        const int64_t out = a[3] * (a[6] == 0 ? 1024 : 512);
        to.add(L0C, false, a[1] + i * (a[3] + a[4]) * 1024, a[3] * 1024);
        to.add(UB, true, a[0] + i * (out + a[5] * 32), out);
      }
      break;
    case BroadcastUbToCc:
      for (int64_t i = 0; i < a[2] && a[3] > 0; ++i) {
        to.add(UB, false, a[1] + i * 16 * size_of(a[4]), 16 * size_of(a[4]));
        to.add(L0C, true, a[0] + i * a[3] * 1024, a[3] * 1024);
      }
      break;
    case Vadd: case Vsub: case Vmul: case Vdiv: case Vmax: case Vmin: case Vmla: {
      const int size = size_of(a[0]);
      to.lanes(false, a[2], a[6], a[9], size, 256 / size, a[4]);
      to.lanes(false, a[3], a[7], a[10], size, 256 / size, a[4]);
      if (instr.op == Vmla) to.lanes(false, a[1], a[5], a[8], size, 256 / size, a[4]);
      to.lanes(true, a[1], a[5], a[8], size, 256 / size, a[4]);
      break;
    }
    case Vadds: case Vmuls: case Vmaxs: case Vmins: case Vlrelu: case Vaxpy: case Vexp: case Vln: case Vabs: case Vrelu: case Vrec: case Vsqrt: case Vrsqrt: {
      const int size = size_of(a[0]);
      to.lanes(false, a[2], a[5], a[7], size, 256 / size, a[3]);
      if (instr.op == Vaxpy) to.lanes(false, a[1], a[4], a[6], size, 256 / size, a[3]);
      to.lanes(true, a[1], a[4], a[6], size, 256 / size, a[3]);
      break;
    }
    case Vconv: {
      const int d = size_of(a[0]), s = size_of(a[1]), lanes = 256 / std::max(d, s);
      to.lanes(false, a[3], a[6], a[8], s, lanes, a[4]);
      to.lanes(true, a[2], a[5], a[7], d, lanes, a[4]);
      break;
    }
    case VectorDup: to.lanes(true, a[1], a[4], a[5], size_of(a[0]), 256 / size_of(a[0]), a[3]); break;
    default: {
      const AccessList list = accesses(instr, state);
      for (const Access& access : list.view()) to.add(access.buffer, access.write, access.begin, access.end - access.begin);
    }
  }
  return to.pieces;
}

// What later instructions of its pipe wait for; a set_flag never blocks the pipe that sets it.
bool blocks(const Instr& instr) { return instr.op == Opcode::WaitFlag || instr.op == Opcode::PipeBarrier; }

class Graph {
 public:
  explicit Graph(size_t instructions) : after_(4 * instructions), waiting_(4 * instructions, 0) {}

  static size_t issue(size_t i) { return 4 * i; }
  static size_t start(size_t i) { return 4 * i + 1; }
  static size_t end(size_t i) { return 4 * i + 2; }
  static size_t drained(size_t i) { return 4 * i + 3; }  // i and all before it in its pipe have ended

  void edge(size_t from, size_t to) {
    after_[from].push_back(to);
    ++waiting_[to];
  }

  // Visits nodes in an order that respects the edges; false when a cycle keeps some from it.
  bool visit(const std::function<void(size_t node, const std::vector<size_t>& after)>& body) {
    std::vector<size_t> ready;
    for (size_t node = 0; node < waiting_.size(); ++node)
      if (waiting_[node] == 0) ready.push_back(node);
    size_t seen = 0;
    for (; !ready.empty(); ++seen) {
      const size_t node = ready.back();
      ready.pop_back();
      body(node, after_[node]);
      for (size_t next : after_[node])
        if (--waiting_[next] == 0) ready.push_back(next);
    }
    return seen == waiting_.size();
  }

 private:
  std::vector<std::vector<size_t>> after_;
  std::vector<int> waiting_;
};

}  // namespace

Order order_of(const Program& program) {
  const size_t count = program.size();
  Order order;
  order.words = (count + 63) / 64;
  Graph graph(count);
  std::array<size_t, kPipes> last;
  last.fill(count);
  std::map<std::array<int64_t, 3>, std::pair<std::vector<size_t>, std::vector<size_t>>> flags;  // sets, waits
  for (size_t i = 0; i < count; ++i) {
    const Instr& instr = program[i];
    const Pipe pipe = pipe_of(instr);
    graph.edge(Graph::issue(i), Graph::start(i));
    graph.edge(Graph::start(i), Graph::end(i));
    graph.edge(Graph::end(i), Graph::drained(i));
    if (i + 1 < count) graph.edge(pipe == Pipe::S ? Graph::end(i) : Graph::issue(i), Graph::issue(i + 1));
    size_t& previous = last[static_cast<size_t>(pipe)];
    if (previous != count) {
      graph.edge(Graph::start(previous), Graph::start(i));
      graph.edge(Graph::drained(previous), Graph::drained(i));
      if (pipe != Pipe::V || blocks(program[previous])) graph.edge(Graph::end(previous), Graph::start(i));
      if (instr.op == Opcode::SetFlag) graph.edge(Graph::drained(previous), Graph::end(i));
      if (instr.op == Opcode::PipeBarrier) graph.edge(Graph::drained(previous), Graph::start(i));
    }
    if (instr.op == Opcode::PipeBarrier && instr.arg[0] == kPipeAll)
      for (size_t other : last)
        if (other != count) graph.edge(Graph::drained(other), Graph::start(i));
    previous = i;
    auto& [sets, waits] = flags[{instr.arg[0], instr.arg[1], instr.arg[2]}];
    if (instr.op == Opcode::SetFlag) sets.push_back(i);
    if (instr.op == Opcode::WaitFlag) waits.push_back(i);
  }
  for (const auto& [key, uses] : flags) {
    const auto& [sets, waits] = uses;
    order.hangs |= waits.size() > sets.size();
    order.unpaired |= sets.size() > waits.size();
    for (size_t k = 0; k < std::min(sets.size(), waits.size()); ++k) graph.edge(Graph::end(sets[k]), Graph::start(waits[k]));
  }
  std::vector<uint64_t> reached(4 * count * order.words);
  order.hangs |= !graph.visit([&](size_t node, const std::vector<size_t>& after) {
    uint64_t* const mine = &reached[node * order.words];
    if (node % 4 == 2) mine[node / 4 / 64] |= uint64_t{1} << node / 4 % 64;
    for (size_t next : after)
      for (size_t w = 0; w < order.words; ++w) reached[next * order.words + w] |= mine[w];
  });
  for (size_t i = 0; i < count; ++i)
    for (size_t w = 0; w < order.words; ++w) order.bits.push_back(reached[Graph::start(i) * order.words + w]);
  if (order.hangs) return order;
  for (const auto& [key, uses] : flags)
    for (size_t k = 1; k < uses.first.size(); ++k) order.undefined |= k > uses.second.size() || !order.before(uses.second[k - 1], uses.first[k]);
  return order;
}

std::vector<std::pair<int, int>> conflicts_of(const Program& program) {
  struct Use {
    int instr;
    uint32_t read, written;  // bytes of the block
    bool operator==(const Use&) const = default;
  };
  std::map<std::pair<Buffer, int64_t>, std::vector<Use>> blocks;
  IssueState state;
  for (size_t i = 0; i < program.size(); ++i) {
    for (const Piece& piece : pieces_of(program[i], state))
      for (int64_t at = piece.begin; at < piece.begin + piece.bytes;) {
        const int64_t block = at / 32, stop = std::min(piece.begin + piece.bytes, (block + 1) * 32);
        auto& uses = blocks[{piece.buffer, block}];
        if (uses.empty() || uses.back().instr != static_cast<int>(i)) uses.push_back({static_cast<int>(i), 0, 0});
        const auto bytes = static_cast<uint32_t>((uint64_t{1} << (stop - block * 32)) - (uint64_t{1} << (at - block * 32)));
        (piece.write ? uses.back().written : uses.back().read) |= bytes;
        at = stop;
      }
    state.apply(program[i]);
  }
  std::set<std::pair<int, int>> pairs;
  const std::vector<Use>* before = nullptr;
  for (const auto& [place, uses] : blocks) {
    if (before && *before == uses) continue;  // neighbours mostly share one history
    before = &uses;
    for (size_t x = 0; x < uses.size(); ++x)
      for (size_t y = x + 1; y < uses.size(); ++y) {
        const Use &a = uses[x], &b = uses[y];
        const Pipe p = pipe_of(program[static_cast<size_t>(a.instr)]), q = pipe_of(program[static_cast<size_t>(b.instr)]);
        const bool written_first = (a.written & (b.read | b.written)) != 0, written_later = (a.read & b.written) != 0;
        if (p != q ? written_first || written_later : p == Pipe::V && written_first) pairs.insert({a.instr, b.instr});
      }
  }
  return {pairs.begin(), pairs.end()};
}

}  // namespace npu::test
