// SPDX-License-Identifier: Apache-2.0
// A file that the vendor's own compiler wrote for Ascend310 (public; see the shared data's README).
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "core/om/om.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/mutate.h"
#include "tests/test_paths.h"

using namespace npu;

namespace {

SharedBytes vendor_file() {
  const auto data = test::shared_data();
  if (!data) {
    MESSAGE("skipped: no shared data");
    return nullptr;
  }
  return read_file((*data / "om/ascend310_autoencoder.om").string()).value();
}

std::string attr(const OmInfo::Attrs& attrs, std::string_view key) {
  for (const auto& [name, value] : attrs)
    if (name == key) return value;
  return "(none)";
}

}  // namespace

TEST_CASE("a file of the vendor's compiler opens") {
  const SharedBytes file = vendor_file();
  if (!file) return;
  const auto info = inspect_om(*file);
  REQUIRE_MESSAGE(info, info.error().message());
  CHECK(info->name == "hh_om");
  CHECK(info->platform == "1.11.z.0");
  CHECK(info->version == 0x20000000);
  CHECK(!info->runnable);
  CHECK(info->note == "its kernels are machine code of the vendor's compiler, which this emulator does not run");

  REQUIRE(info->partitions.size() == 4);
  const char* names[] = {"MODEL_DEF", "WEIGHTS_DATA", "TBE_KERNELS", "TASK_INFO"};
  const uint64_t sizes[] = {154630, 386560, 64667, 12828};
  for (size_t i = 0; i < 4; ++i) {
    CHECK(info->partitions[i].name == names[i]);
    CHECK(info->partitions[i].size == sizes[i]);
  }
  CHECK(info->tasks == 30);
  CHECK(attr(info->attrs, "soc_version") == "Ascend310");
  CHECK(attr(info->attrs, "atc_version") == "1.80.T15.0.B156");
  CHECK(attr(info->attrs, "framework_type") == "TensorFlow");
  CHECK(attr(info->attrs, "memory_size") == "6014464");
  CHECK(attr(info->attrs, "om_info_list") == "[386560, 64667, 0, 12828]");

  std::map<std::string, int> types;
  for (const auto& op : info->ops) ++types[op.type];
  CHECK(types["Const"] == 17);
  CHECK(types["TransData"] == 7);
  CHECK(types["MatMulV2"] == 3);
  CHECK(types["Conv2D"] == 2);
  CHECK(types["NetOutput"] == 1);

  const auto conv = std::ranges::find(info->ops, "recognition/d_h1/Conv2D", &OmInfo::Op::name);
  REQUIRE(conv != info->ops.end());
  CHECK(conv->inputs ==
        std::vector<std::string>{"trans_TransData_1:0", "dynamic_const_5478_34:0", "dynamic_const_5478_22:0", ""});
  CHECK(conv->input_tensors[1].format == "FRACTAL_Z");
  CHECK(conv->input_tensors[1].shape == Shape{25, 1, 16, 16});
  CHECK(conv->output_tensors[0].dtype == "float16");
  CHECK(conv->output_tensors[0].shape == Shape{100, 1, 14, 14, 16});
  CHECK(conv->output_tensors[0].size == 627232);
  CHECK(attr(conv->attrs, "strides") == "[1, 2, 2, 1]");
  CHECK(attr(conv->attrs, "tvm_blockdim") == "2");

  REQUIRE(info->kernels.size() == 26);
  for (const auto& kernel : info->kernels) CHECK(kernel.content == "vendor machine code (ELF, DaVinci)");
  const std::string text = to_text(*info);
  CHECK(text.find("cannot be run here: its kernels are machine code") != std::string::npos);
}

TEST_CASE("running a file of the vendor's compiler is refused with the reason") {
  const SharedBytes file = vendor_file();
  if (!file) return;
  const auto model = load_om(file);
  REQUIRE(!model);
  CHECK(model.error().message() ==
        "UnsupportedModel: 'hh_om': was made by the vendor's compiler (atc_version '1.80.T15.0.B156', soc_version "
        "'Ascend310'): its 26 kernels "
        "are machine code of the chip, which this emulator does not run. Compile the original model instead");
}

TEST_CASE("the vendor's file, cut off and damaged") {
  const SharedBytes file = vendor_file();
  if (!file) return;
  for (size_t length = 0; length < file->size(); length += 4099) {
    const std::vector<std::byte> part(file->begin(), file->begin() + static_cast<ptrdiff_t>(length));
    CHECK(!inspect_om(part));
  }
  for (uint64_t seed = 0; seed < 40; ++seed) fuzz::om(fuzz::Mutator(seed)(*file));
}
