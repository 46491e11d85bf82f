// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "core/tensor/npy.h"
#include "runtime/npu/commands.h"
#include "runtime/npu/dynamic_aipp.h"
#include "runtime/session/image_input.h"
#include "runtime/session/session.h"
#include "runtime/session/wave_input.h"

namespace npu {
namespace {

struct RunOptions {
  std::string om;
  ModelToCompile model;  // without an om
  std::vector<std::string> inputs;
  std::string dynamic_aipp, outdir;
  int threads = 1;
  int topk = 5;
  ImageInputOptions image;
  std::shared_ptr<std::string> gear;
  SpecialiseFactory compiler;
  std::string fill = "zeros";  // of inputs that are not given
  int64_t max_megabytes = 0;  // 0: no limit

  SessionOptions session() const { return {.max_bytes = max_megabytes > 0 ? std::min(max_megabytes, INT64_MAX >> 20) << 20 : INT64_MAX}; }
};

bool is_image(const std::string& extension) {
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png" || extension == ".bmp";
}

Result<Tensor> read_raw(Bytes bytes, const TensorDesc& desc, const std::string& path) {
  Tensor tensor(desc.dtype, desc.shape);
  if (tensor.byte_size() != bytes.size())
    return fail(ErrorKind::InvalidArgument, path, fmt::format("holds {} bytes, input '{}' takes {} ({} {})", bytes.size(), desc.name, tensor.byte_size(), to_string(desc.dtype), to_string(desc.shape)));
  std::ranges::copy(bytes, tensor.mutable_bytes().begin());
  return tensor;
}

std::string extension_of(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

Result<Tensor> read_input(FileSystem& files, const std::string& path, const TensorDesc& desc, const ImageInputOptions& image) {
  NPU_TRY(const SharedBytes file, files.read(path));
  const std::string extension = extension_of(path);
  if (is_image(extension)) {
    NPU_TRY(const Image pixels, decode_image(*file, path));
    return image_tensor(pixels, desc.dtype, desc.shape, image);
  }
  if (extension != ".npy") return read_raw(*file, desc, path);
  NPU_TRY(Tensor tensor, load_npy(*file));
  // Files of one image fit a model of batch 1 without its leading 1, and the other way round.
  if (tensor.shape() != desc.shape && tensor.elements() == element_count(desc.shape)) tensor = tensor.reshaped(desc.shape);
  return tensor.cast(desc.dtype);
}

// Which of the model's inputs `--input NAME=FILE` means, and the file.
struct InputFile {
  size_t index = 0;
  std::string path;
};

Result<InputFile> find_input(const CompiledModel& model, const std::string& argument) {
  const size_t equals = argument.find('=');
  const std::string name = equals == std::string::npos ? "" : argument.substr(0, equals);
  const auto found = std::ranges::find(model.inputs, name, &TensorDesc::name);
  if (found != model.inputs.end()) return InputFile{static_cast<size_t>(found - model.inputs.begin()), argument.substr(equals + 1)};
  const auto own = std::ranges::count_if(model.inputs, [](const TensorDesc& desc) { return !desc.name.starts_with(kDynamicAippData); });
  if (name.empty() && own == 1) return InputFile{0, argument};
  std::string known;
  for (const TensorDesc& desc : model.inputs) known += " '" + desc.name + "'";
  return fail(ErrorKind::InvalidArgument, "--input " + argument, "give NAME=FILE; the model's inputs are" + known);
}

// The gear that takes the arrays among the files: other files and inputs that are not given follow it.
Result<size_t> gear_of_files(const ModelPackage& package, const RunOptions& options, FileSystem& files) {
  if (!options.gear->empty() || package.dynamic == Dynamic::None) return chosen_gear(package, *options.gear);
  std::vector<std::pair<size_t, Shape>> given;
  std::vector<Shape> shapes;
  for (const TensorDesc& desc : package.first().inputs) shapes.push_back(desc.shape);
  for (const std::string& argument : options.inputs) {
    NPU_TRY(const InputFile file, find_input(package.first(), argument));
    if (!file.path.ends_with(".npy")) continue;
    NPU_TRY(const SharedBytes bytes, files.read(file.path));
    NPU_TRY(const Tensor tensor, load_npy(*bytes));
    given.emplace_back(file.index, tensor.shape());
    shapes[file.index] = tensor.shape();
  }
  for (size_t i = 0; i < package.gears.size(); ++i)
    if (std::ranges::all_of(given, [&](const auto& input) { return package.gears[i].program->inputs[input.first].shape == input.second; })) return i;
  return find_gear(package, shapes);  // says which gears there are
}

// Images whose size and format --dynamic_aipp tells.
Result<Tensor> read_dynamic_image(FileSystem& files, const std::string& path, const TensorDesc& desc, const DynamicAipp& input, const AippParameters& told, const ImageInputOptions& options) {
  NPU_TRY(const SharedBytes file, files.read(path));
  const std::string extension = extension_of(path);
  if (is_image(extension)) {
    NPU_TRY(const Image image, decode_image(*file, path));
    return dynamic_image(image, told, input, desc, options);
  }
  if (extension != ".npy") return dynamic_image_bytes(*file, desc, path);
  NPU_TRY(const Tensor tensor, load_npy(*file));
  return dynamic_image_bytes(tensor.cast(DType::UInt8).bytes(), desc, path);
}

Result<std::vector<Tensor>> gather_inputs(const CompiledModel& model, const RunOptions& options, const ProgramHost& host) {
  NPU_TRY(const Soc* soc, find_soc(model.soc));
  NPU_TRY(const auto dynamic, find_dynamic_aipp(model, *soc));
  NPU_TRY(const auto told, read_dynamic_aipp(host.files, model, dynamic, options.dynamic_aipp));
  std::vector<Tensor> tensors(model.inputs.size());
  for (const std::string& argument : options.inputs) {
    NPU_TRY(const InputFile file, find_input(model, argument));
    const TensorDesc& desc = model.inputs[file.index];
    const auto image = static_cast<size_t>(std::ranges::find(dynamic, file.index, &DynamicAipp::image) - dynamic.begin());
    NPU_TRY(tensors[file.index], image < dynamic.size() ? read_dynamic_image(host.files, file.path, desc, dynamic[image], told[image], options.image) : read_input(host.files, file.path, desc, options.image));
  }
  for (size_t i = 0; i < dynamic.size(); ++i) {
    Tensor& tensor = tensors[dynamic[i].parameters];
    if (!told[i].format && tensor.empty())
      return fail(ErrorKind::InvalidArgument, "input '" + model.inputs[dynamic[i].parameters].name + "'", "is not given: --dynamic_aipp FILE says what the images of '" + model.inputs[dynamic[i].image].name + "' are");
    if (!told[i].format) continue;
    NPU_TRY(tensor, aipp_tensor(told[i], dynamic[i]));
  }
  for (size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].empty()) {
      host.print("input '{}' is not given: {}\n", model.inputs[i].name, options.fill == "wave" ? "a wave" : options.fill);
      tensors[i] = options.fill == "wave" ? wave_input(model.inputs[i]) : Tensor(model.inputs[i].dtype, model.inputs[i].shape);
    }
  return tensors;
}

void print_output(const ProgramHost& host, const std::string& name, const Tensor& tensor, int topk) {
  const std::vector<double> values = tensor.to_doubles();
  if (values.empty()) return host.print("{}: {} {}\n", name, to_string(tensor.dtype()), to_string(tensor.shape()));
  const auto [low, high] = std::ranges::minmax(values);
  host.print("{}: {} {}, from {:.6g} to {:.6g}\n", name, to_string(tensor.dtype()), to_string(tensor.shape()), low, high);
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto count = std::min(order.size(), static_cast<size_t>(std::max(0, topk)));
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](size_t a, size_t b) { return values[a] > values[b] || (values[a] == values[b] && a < b); });
  for (size_t i = 0; i < count; ++i) host.print("  [{}] {:.6g}\n", order[i], values[order[i]]);
}

// Output names may hold characters a file name must not.
std::string file_name(std::string name) {
  std::ranges::replace_if(name, [](char c) { return c == '/' || c == '\\' || c == ':'; }, '_');
  return name + ".npy";
}

Status show(const std::vector<std::string>& names, const std::vector<Tensor>& outputs, const RunOptions& options, const ProgramHost& host) {
  if (!options.outdir.empty()) NPU_CHECK(host.files.create_folders(options.outdir));
  for (size_t i = 0; i < outputs.size(); ++i) {
    print_output(host, names[i], outputs[i], options.topk);
    if (!options.outdir.empty())
      NPU_CHECK(host.files.write((std::filesystem::path(options.outdir) / file_name(names[i])).string(), save_npy(outputs[i])));
  }
  return {};
}

Status run(const RunOptions& options, const ProgramHost& host) {
  NPU_TRY(const ModelPackage package, options.om.empty() ? compile_file(options.model, host) : load_model(host.files, options.om));
  if (package.open) {
    const auto read = [&](const std::string& path, const TensorDesc& desc) { return read_input(host.files, path, desc, options.image); };
    NPU_TRY(const OpenRunResult result, run_open(package.open, {options.inputs, options.threads, options.session(), options.compiler, read}, host));
    return show(result.names, result.outputs, options, host);
  }
  NPU_TRY(const size_t gear, gear_of_files(package, options, host.files));
  const auto model = package.gears[gear].program;
  if (package.dynamic != Dynamic::None)
    host.print("gear {}\n", gears_text(package.dynamic, std::span(&package.gears[gear].values, 1)));
  NPU_TRY(const auto session, Session::create(model, options.threads, options.session()));
  NPU_TRY(const std::vector<Tensor> inputs, gather_inputs(*model, options, host));
  NPU_TRY(const std::vector<Tensor> outputs, session->run(inputs, [&](size_t, size_t) { return !host.cancelled(); }));
  std::vector<std::string> names;
  for (const TensorDesc& desc : model->outputs) names.push_back(desc.name);
  return show(names, outputs, options, host);
}

}  // namespace

Command add_run(CLI::App& app, const ProgramHost& host, SpecialiseFactory compiler) {
  auto* command = app.add_subcommand("run", "Run a model once and show its outputs");
  const auto options = std::make_shared<RunOptions>();
  options->threads = host.threads;
  auto* from = command->add_option_group("model");
  from->add_option("--om,OM", options->om, "Compiled model");
  from->add_option("--model", options->model.path, "Instead of --om: an .onnx, frozen .pb, .prototxt or .mindir, which is compiled first");
  from->require_option(1);
  command->add_option("--weight", options->model.weights, "The .caffemodel of a .prototxt");
  command->add_option("--soc", options->model.soc, "The chip that --model is compiled for")->capture_default_str();
  command->add_option("--input-shape,--input_shape", options->model.input_shape, "NAME:N,C,H,W;... for inputs that --model leaves open");
  command->add_option("--input", options->inputs, "NAME=FILE (.npy, .bin, .jpg, .png, .bmp); NAME may be left out for a single input");
  command->add_option("--fill", options->fill, "What inputs hold that are not given: zeros or wave (a fixed pattern, as the page uses it)")->capture_default_str()->check(CLI::IsMember({"zeros", "wave"}));
  command->add_option("--dynamic_aipp", options->dynamic_aipp, "Models with dynamic AIPP: a file of static aipp_op messages (as atc --insert_op_conf) that say what this run's images are");
  options->compiler = std::move(compiler);
  options->gear = add_gear_option(*command);
  command->add_option("--outdir", options->outdir, "Write each output to OUTDIR/<output name>.npy");
  command->add_option("--threads", options->threads, "Host threads")->capture_default_str();
  command->add_option("--max-memory", options->max_megabytes, "Refuse what takes more device memory (MB of weights and activations)")->check(CLI::PositiveNumber);
  command->add_option("--topk", options->topk, "How many of the largest values to print")->capture_default_str();
  command->add_option("--mean", options->image.mean, "Images: mean of pixel/255 for each channel")->delimiter(',');
  command->add_option("--std", options->image.std, "Images: standard deviation for each channel")->delimiter(',');
  command->add_option("--layout", options->image.layout, "Images: NCHW or NHWC")->capture_default_str();
  command->add_option("--color", options->image.color, "Images: RGB, BGR or GRAY")->capture_default_str();
  return [command, options, &host]() -> Status { return command->parsed() ? run(*options, host) : Status(); };
}

}  // namespace npu
