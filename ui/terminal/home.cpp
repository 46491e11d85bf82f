// SPDX-License-Identifier: Apache-2.0
#include "ui/terminal/home.h"

#include "core/base/path.h"
#include "core/onnx/onnx.h"
#include "core/tensor/npy.h"
#include "runtime/session/image_input.h"
#include "samples/zoo/zoo.h"

namespace npu::terminal {
namespace {

constexpr std::string_view kReadme = R"(NPU Sandbox: a terminal in this page. Nothing leaves your computer.
NPU 沙盒：网页里的终端，所有文件都只在本机。

  ls
  npu-smi info
  atc --model=digits.onnx --framework=5 --output=digits --soc_version=Ascend310 --input_shape="actual_input:1,1,28,28"
  npu run digits.om --input images/digits/IMAGE --color GRAY
  npu profile --om digits.om --outdir prof && head prof/op_summary.csv
  npu quantize digits.onnx --data data/digits --out digits_int8.onnx --soc Ascend310
  open digits.om            # shows it in the panels / 在面板中查看
  download digits.om        # saves it on your computer / 保存到本机

  resnet50.onnx, resnet18.onnx, mobilenet_v2.onnx and squeezenet1_1.onnx have their real structure and random weights:
      / 以上模型结构真实、权重随机：
  atc --model=resnet50.onnx --framework=5 --output=resnet50 --soc_version=Ascend310 --input_format=NCHW \
      --input_shape="actual_input:1,3,224,224" --insert_op_conf=aipp.config --log=info
  npu run resnet50.om --layout NHWC --input images/defects/IMAGE
)";

constexpr std::string_view kAipp = R"(# --insert_op_conf=aipp.config: the input becomes an image of 224 x 224 RGB bytes
aipp_op {
  aipp_mode: static
  input_format: RGB888_U8
  src_image_size_w: 224
  src_image_size_h: 224
  mean_chn_0: 124
  mean_chn_1: 116
  mean_chn_2: 104
  var_reci_chn_0: 0.0171247538316637
  var_reci_chn_1: 0.0175070028011204
  var_reci_chn_2: 0.0174291938997821
}
)";

constexpr std::string_view kSwitches = "# --fusion_switch_file=fusion_switch.cfg: a line for each pass, NAME:on or NAME:off\nConvBatchnormFusionPass:off\n";

constexpr std::string_view kQuantize = R"(# --compression_optimize_conf=quantize.config of digits.onnx
calibration:
{
  input_data_dir: data/digits
  input_shape: actual_input:1,1,28,28
}
)";

SharedBytes shared(std::vector<std::byte> bytes) { return std::make_shared<const std::vector<std::byte>>(std::move(bytes)); }

Result<SharedBytes> fetch(const std::string& file, const SampleReader& read) {
  NPU_TRY(const OwnedBytes owned, read(file));
  return shared({owned.bytes.begin(), owned.bytes.end()});
}

Result<SharedBytes> make_model(const Sample& sample) {
  NPU_TRY(std::vector<std::byte> bytes, save_onnx(sample.build(kZooSeed)));
  return shared(std::move(bytes));
}

Result<SharedBytes> make_array(const SampleInfo& info, const std::string& file, const SampleReader& read) {
  NPU_TRY(const OwnedBytes owned, read(file));
  NPU_TRY(const Image image, decode_image(owned.bytes, file));
  const ImageInputOptions options{info.mean, info.deviation, "NCHW", info.grey ? "GRAY" : "RGB"};
  NPU_TRY(const Tensor tensor, image_tensor(image, DType::Float32, {1, info.channels, info.height, info.width}, options));
  return shared(save_npy(tensor));
}

void add_images(MemoryFiles& files, const std::string& home, const SampleInfo& info, const SampleReader& read) {
  const std::string images = home + "/images/" + info.name, arrays = home + "/data/" + info.name;
  if (!files.create_folders(images) || !files.create_folders(arrays)) return;
  for (const SampleImage& image : info.images) {
    const std::string name = base_name(image.file);
    (void)files.put_made(images + "/" + name, [file = image.file, read] { return fetch(file, read); });
    (void)files.put_made(arrays + "/" + name.substr(0, name.rfind('.')) + ".npy", [info, file = image.file, read] { return make_array(info, file, read); });
  }
}

// Of the first sample with images.
std::string readme(const std::vector<SampleInfo>& infos) {
  std::string text(kReadme);
  for (const SampleInfo& info : infos) {
    const std::string place = "images/" + info.name + "/IMAGE";
    if (const size_t at = text.find(place); at != std::string::npos && !info.images.empty()) text.replace(at + place.size() - 5, 5, base_name(info.images[0].file));
  }
  return text;
}

void put_text(MemoryFiles& files, const std::string& path, std::string_view text) {
  const auto bytes = shared(std::vector<std::byte>(reinterpret_cast<const std::byte*>(text.data()), reinterpret_cast<const std::byte*>(text.data()) + text.size()));
  (void)files.put_made(path, [bytes] { return bytes; }, static_cast<int64_t>(bytes->size()));
}

}  // namespace

void fill_home(MemoryFiles& files, const std::string& home, const SampleReader& read) {
  if (!files.create_folders(home)) return;
  std::vector<SampleInfo> infos;
  for (const Sample& sample : samples()) {
    const std::string path = home + "/" + std::string(sample.name) + ".onnx";
    if (sample.build) {
      (void)files.put_made(path, [&sample] { return make_model(sample); });
      continue;
    }
    auto info = load_sample_info(sample, read);
    if (!info) continue;
    (void)files.put_made(path, [file = info->model_file, read] { return fetch(file, read); });
    add_images(files, home, *info, read);
    infos.push_back(std::move(*info));
  }
  put_text(files, home + "/aipp.config", kAipp);
  put_text(files, home + "/fusion_switch.cfg", kSwitches);
  put_text(files, home + "/quantize.config", kQuantize);
  put_text(files, home + "/README.md", readme(infos));
}

}  // namespace npu::terminal
