// SPDX-License-Identifier: Apache-2.0
// Images whose format, size, crop and padding come at run time: the scalar unit loads them from the parameters' buffer and adds what
// they differ by to operands that stand for images as the model takes them. There are no branches: what a row range takes of an
// image may be nothing, and the timing sees the operands as they stand.
#include <algorithm>
#include <bit>
#include <utility>

#include "compiler/lower/cube_image.h"
#include "core/ops/aipp_parameters.h"

namespace npu {
namespace {

// Offsets in kAippDynamicPara and kAippDynamicBatchPara (core/ops/aipp_parameters.def).
enum Head : int64_t { kFormat = 0, kCsc = 1, kRbuvSwap = 2, kAxSwap = 3, kSrcW = 8, kSrcH = 12, kMatrix = 16, kMatrixEnd = 32, kBiases = 40 };
enum Image : int64_t { kCrop = 0, kPadding = 2, kStartW = 8, kStartH = 12, kCropW = 16, kCropH = 20, kTop = 40, kLeft = 48, kRight = 52, kMean = 56, kMin = 64, kVarReci = 72 };

// What a rows' load needs of the image, then scratch.
enum Register : int64_t { kPadTop = 1, kPadBottom, kStartRow, kRows, kSourceRows, kEvenRows, kDeltaColumns, kStartColumn, kDeltaSource, kPadLeft, kPadRight, kA, kB, kC, kD, kE };

// One value of 4 bits for each format as the buffer numbers them.
template <class F>
constexpr int64_t table_of(F&& value) {
  int64_t table = 0;
  for (const AippFormat& format : kAippFormats) table |= value(format) << (format.core + 1) * 4;
  return table;
}
constexpr int64_t kPixelBytes = table_of([](const AippFormat& f) { return f.pixel; });
// Of two pixels, all planes.
constexpr int64_t kPairBytes = table_of([](const AippFormat& f) { return f.pixel * f.half_rows; });
static_assert(std::ranges::all_of(kAippFormats, [](const AippFormat& f) { return f.core < 15 && f.pixel * f.half_rows < 16; }));
static_assert(std::ranges::all_of(kAippFormats, [](const AippFormat& f) { return f.even_h == (f.core == 0 ? 2 : 1); }));

}  // namespace

void DynamicImageLoads::op(Opcode opcode, int64_t xd, int64_t xn, int64_t xm, int64_t imm) { e_.push(opcode, {xd, xn, xm, imm}); }
void DynamicImageLoads::op(Opcode opcode, int64_t xd, int64_t xn, int64_t imm) { op(opcode, xd, xn, kNoRegister, imm); }
void DynamicImageLoads::compare(int64_t xd, int64_t xn, int64_t xm, int64_t imm, CompareMode mode) { e_.push(Opcode::Cmp, {xd, xn, xm, imm, static_cast<int64_t>(mode)}); }

void DynamicImageLoads::load_field(int64_t xd, int64_t address, int bytes) {
  e_.push(Opcode::LdGm, {xd, address, kNoRegister, std::countr_zero(static_cast<unsigned>(bytes))});
}

// Register `number` = value + X[xn].
void DynamicImageLoads::set(int64_t number, int64_t value, int64_t xn) {
  constexpr int64_t kValue = 1;  // operand of set_aipp_spr
  e_.push(Opcode::AddXnToOperand, {kValue, xn});
  e_.push(Opcode::SetAippSpr, {number, value});
}

// kStartRow, kRows, kSourceRows, kStartColumn, then kB: columns, kC: columns of the source.
void DynamicImageLoads::load_crop(int64_t image) {
  const int64_t head = image_.parameters;
  load_field(kA, image + kCrop, 1);
  load_field(kSourceRows, head + kSrcH, 4);
  load_field(kC, head + kSrcW, 4);
  const auto part = [&](int64_t start, int64_t start_at, int64_t size, int64_t size_at, int64_t source) {
    load_field(start, image + start_at, 4);
    op(Opcode::Mul, start, start, kA, 0);
    load_field(size, image + size_at, 4);
    op(Opcode::Sub, size, size, source, 0);
    op(Opcode::Mul, size, size, kA, 0);
    op(Opcode::Add, size, size, source, 0);
  };
  part(kStartRow, kStartH, kRows, kCropH, kSourceRows);
  part(kStartColumn, kStartW, kB, kCropW, kC);
}

void DynamicImageLoads::load_padding(int64_t image) {
  load_field(kA, image + kPadding, 1);
  for (const auto& [xd, at] : {std::pair<int64_t, int64_t>{kPadTop, kTop}, {kPadLeft, kLeft}, {kPadRight, kRight}}) {
    load_field(xd, image + at, 4);
    op(Opcode::Mul, xd, xd, kA, 0);
  }
}

// Registers 0 and 1 from kC, the columns of the source; kD: the format. Columns start at even numbers: the image begins one pixel later
// where the part does.
void DynamicImageLoads::set_addresses(int64_t index) {
  const AippSettings& s = image_.settings;
  const auto entry = [&](int64_t xd, int64_t table) {
    op(Opcode::Shl, kE, kD, 2);
    e_.push(Opcode::MovXdImm, {xd, table});
    op(Opcode::Shr, xd, xd, kE, 0);
    op(Opcode::And, xd, xd, 15);
  };
  op(Opcode::Mul, kB, kC, kSourceRows, 0);  // pixels
  entry(kA, kPairBytes);
  op(Opcode::Mul, kA, kA, kB, 0);
  op(Opcode::Shr, kA, kA, 1);
  op(Opcode::Mul, kA, kA, index);
  entry(kC, kPixelBytes);
  op(Opcode::And, kE, kStartColumn, 1);
  op(Opcode::Mul, kE, kE, kC, 0);
  op(Opcode::Add, kA, kA, kE, -index * s.image_bytes());
  set(0, image_.address + index * s.image_bytes(), kA);
  op(Opcode::Add, kA, kA, kB, 0);
  load_field(kE, image_.parameters + kCsc, 1);
  op(Opcode::Shl, kE, kE, 63);
  op(Opcode::Add, kA, kA, kE, 0);
  set(1, image_.address + index * s.image_bytes(), kA);
  op(Opcode::And, kStartColumn, kStartColumn, -2);
}

// The buffer has the matrix, the biases and what normalises as the registers take them.
void DynamicImageLoads::set_values(int64_t image) {
  const int64_t head = image_.parameters;
  const auto copy = [&](int64_t number, int64_t address) {
    load_field(kA, address, 8);
    set(number, 0, kA);
  };
  copy(2, head + kMatrix);
  copy(3, head + kMatrix + 8);
  load_field(kA, head + kBiases, 8);
  op(Opcode::Shl, kA, kA, 16);
  load_field(kB, head + kMatrixEnd, 2);
  op(Opcode::Or, kA, kA, kB, 0);
  set(4, 0, kA);
  copy(5, image + kMean);
  copy(6, image + kMin);
  copy(7, image + kVarReci);
  e_.push(Opcode::SetAippSpr, {8, 0});
}

// Register 9; kD: the format.
void DynamicImageLoads::set_control() {
  load_field(kA, image_.parameters + kRbuvSwap, 1);
  op(Opcode::Mul, kA, kA, 3 << 16);  // of red and blue, of u and v: a format has one of them
  load_field(kB, image_.parameters + kAxSwap, 1);
  op(Opcode::Shl, kB, kB, 18);
  op(Opcode::Add, kA, kA, kB, 0);
  op(Opcode::Shl, kB, kD, 19);
  const int64_t code = image_.settings.format->core;
  op(Opcode::Add, kA, kA, kB, -(code + 1) << 19);
  set(9, code << 19 | int64_t{image_.four_channels} << 40, kA);
}

void DynamicImageLoads::set_image(int64_t index) {
  const AippSettings& s = image_.settings;
  const int64_t image = image_.parameters + aipp_data_size(index);
  load_crop(image);
  op(Opcode::Sub, kDeltaColumns, kB, s.w);
  op(Opcode::Sub, kDeltaSource, kC, s.src_w);
  load_padding(image);
  op(Opcode::Add, kPadBottom, kPadTop, kRows, 0);  // the first row below the image
  load_field(kD, image_.parameters + kFormat, 1);
  compare(kEvenRows, kD, kNoRegister, 1, CompareMode::Eq);
  op(Opcode::Sub, kEvenRows, kNoRegister, kEvenRows, 1);  // -2 where two rows share u and v, else -1
  set_addresses(index);
  set_values(image);
  set_control();
}

// Of the image's rows those in [begin, end) of the map: how many (0 or at least 2) in kC, from row kB on, kA bytes behind the range's
// first row in L1.
void DynamicImageLoads::find_rows(int64_t begin, int64_t end) {
  op(Opcode::Sub, kA, kNoRegister, kPadTop, -begin);
  op(Opcode::Max, kA, kA, 0);                        // the first, counted in the part taken
  op(Opcode::Sub, kC, kNoRegister, kPadTop, -end);
  op(Opcode::Min, kC, kC, kRows, 0);                 // behind the last
  compare(kD, kA, kC, 0, CompareMode::Lt);           // whether there are any
  op(Opcode::Add, kE, kA, kStartRow, 0);
  op(Opcode::And, kB, kE, kEvenRows, 0);
  op(Opcode::Add, kC, kC, kStartRow, 0);
  op(Opcode::Sub, kC, kC, kB, 0);
  op(Opcode::Max, kC, kC, 2);
  op(Opcode::Sub, kA, kSourceRows, kC, 0);
  op(Opcode::Min, kB, kB, kA, 0);
  op(Opcode::Sub, kA, kE, kB, 0);                    // rows before the first that come with it
  op(Opcode::Sub, kE, kE, kStartRow, 0);
  op(Opcode::Sub, kA, kE, kA, 0);
  op(Opcode::Add, kA, kA, kPadTop, -begin);
  op(Opcode::Mul, kA, kA, image_.row_bytes());
  op(Opcode::Mul, kA, kA, kD, 0);
  op(Opcode::Mul, kC, kC, kD, 0);
}

// One row of zeros at l1, or none where the map's row is the image's.
void DynamicImageLoads::pad_row(int64_t row, int64_t l1) {
  const bool above = row < kMostAippPadding, below = row >= image_.settings.out_h() - kMostAippPadding;
  if (!above && !below) return;
  if (above) compare(kA, kPadTop, kNoRegister, row, CompareMode::Le);
  if (below) compare(kB, kPadBottom, kNoRegister, row, CompareMode::Gt);
  if (above && below) op(Opcode::And, kA, kA, kB, 0);
  op(Opcode::Sub, kA, kNoRegister, above ? kA : kB, 0);
  e_.push(Opcode::AddXnToOperand, {field::kCopyBursts, kA});
  e_.gm_to_l1(l1, image_.pad_row, {.blocks = image_.row_bytes() / kBlockBytes});
}

void DynamicImageLoads::load(int64_t address, int64_t begin, int64_t end, int64_t l1) {
  using namespace field;
  const AippSettings& s = image_.settings;
  if (loaded_ != address) set_image((address - image_.address) / s.image_bytes());
  loaded_ = address;
  // As they are without crop and padding.
  const int64_t count = std::max<int64_t>(end - begin, 2), start = std::min(begin, std::max<int64_t>(s.src_h - count, 0));
  find_rows(begin, end);
  op(Opcode::Sub, kB, kB, start);
  op(Opcode::Sub, kC, kC, count);
  for (const auto& [operand, xn] : {std::pair<int64_t, int64_t>{kImgDst, kA}, {kImgHorSize, kDeltaColumns}, {kImgVerSize, kC}, {kImgHorStart, kStartColumn}, {kImgVerStart, kB},
                                    {kImgSrcHorSize, kDeltaSource}, {kImgLeftPad, kPadLeft}, {kImgRightPad, kPadRight}})
    e_.push(Opcode::AddXnToOperand, {operand, xn});
  e_.push(Opcode::LoadImageToCbuf, {l1, type_arg(VecType::F16), s.w, count, 0, start, s.src_w, 0, 0, 0, 0});
  // After it: rows that come with the image's stand where padding may be.
  for (int64_t row = begin; row < end; ++row) pad_row(row, l1 + (row - begin) * image_.row_bytes());
}

}  // namespace npu
