// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/om/container.h"
#include "core/om/ge_proto.h"
#include "core/om/om.h"
#include "core/om/own_attrs.h"
#include "core/om/tasks.h"

namespace npu {

namespace {

using namespace om;

OmInfo::Attrs attrs_of(const ge::Attrs& attrs) {
  OmInfo::Attrs list;
  for (const auto& [key, value] : attrs) list.emplace_back(key, to_text(value));
  return list;
}

std::vector<OmInfo::Tensor> tensors_of(const std::vector<ge::TensorDesc>& descs) {
  std::vector<OmInfo::Tensor> tensors;
  for (const ge::TensorDesc& desc : descs) {
    const auto dtype = desc.dtype > 0 && desc.dtype < 1000 ? dtype_from_ge(static_cast<int>(desc.dtype)) : std::nullopt;
    tensors.push_back({desc.name, dtype ? std::string(to_string(*dtype)) : fmt::format("type {}", desc.dtype),
                       desc.layout, desc.shape, desc.size});
  }
  return tensors;
}

// e_machine of an ELF file is at offset 18; 0x1029 is the DaVinci core.
std::string describe_kernel(Bytes bytes) {
  if (is_own_kernel(bytes)) return "instruction streams";
  ByteReader reader(bytes);
  const bool is_elf = reader.read<uint32_t>() == 0x464c457f;
  reader.read_bytes(14);
  const auto machine = reader.read<uint16_t>();
  if (is_elf && reader.ok())
    return machine == 0x1029 ? "vendor machine code (ELF, DaVinci)" : fmt::format("ELF, machine {:#x}", machine);
  return "unknown";
}

size_t count_tasks(Bytes bytes) {
  size_t count = 0;
  PbMessage<ge::ModelTaskField> message(bytes);
  while (message.next()) {
    count += message.tag_and_type() == pb_length(ge::ModelTaskField::Task);
    message.skip();
  }
  return count;
}

void fill(OmInfo& info, const Container& container, const ge::Model& model) {
  info.attrs = attrs_of(model.attrs);
  for (const ge::Op& op : model.ops)
    info.ops.push_back(
        {op.name, op.type, op.inputs, tensors_of(op.input_descs), tensors_of(op.output_descs), attrs_of(op.attrs)});
  info.tasks = count_tasks(container.find(Part::TaskInfo));
  const auto own = model.attrs.find(kOwnVersion);
  info.runnable = own != model.attrs.end() && own->second.i == kOwnFormat;
  if (!info.runnable)
    info.note = own == model.attrs.end()
                    ? "its kernels are machine code of the vendor's compiler, which this emulator does not run"
                    : "it was written by another version of this project";
}

// Of a file of ours; a damaged one has none.
std::string gears_of(const Container& container) {
  std::vector<std::vector<int64_t>> gears;
  int64_t dynamic = 0;
  if (!container.find(Part::OpenModel).empty()) {
    const ge::Model model = ge::read_model(container.find(Part::ModelDef));
    const auto open = model.attrs.find(kOwnOpen);
    return open == model.attrs.end() ? "" : "open, " + open->second.s;
  }
  for (const PartTable& parts : container.models) {
    const ge::Model model = ge::read_model(parts.find(Part::ModelDef));
    const auto kind = model.attrs.find(kOwnDynamic), gear = model.attrs.find(kOwnGear);
    if (kind == model.attrs.end() || gear == model.attrs.end()) return "";
    dynamic = kind->second.i;
    if (dynamic < 1 || dynamic > static_cast<int64_t>(Dynamic::AnyDims)) return "";
    gears.push_back(gear->second.ints);
  }
  return gears_text(static_cast<Dynamic>(dynamic), gears);
}

std::string tensor_text(const OmInfo::Tensor& tensor) {
  return fmt::format("{}[{}] {}", tensor.dtype, fmt::join(tensor.shape, ","), tensor.format);
}

}  // namespace

bool is_om(Bytes file) {
  return ByteReader(file).read<uint32_t>() == kMagic;
}

Result<OmInfo> inspect_om(Bytes file) {
  NPU_TRY(const Container container, read_container(file));
  NPU_TRY(const auto kernels, read_kernels(container.find(Part::Kernels)));
  OmInfo info;
  info.name = container.name;
  info.platform = container.platform;
  info.version = container.version;
  info.models = container.models.size();
  for (size_t i = 0; i < info.models; ++i)
    for (const Partition& part : container.models[i].partitions)
      info.partitions.push_back({part.type, part_name(part.type), part.offset, part.bytes.size(), i});
  for (const Kernel& kernel : kernels)
    info.kernels.push_back({kernel.name, kernel.bytes.size(), describe_kernel(kernel.bytes)});
  try {
    fill(info, container, ge::read_model(container.find(Part::ModelDef)));
    info.gears = gears_of(container);
  } catch (const protozero::exception& error) {
    return fail(ErrorKind::InvalidModel, "'" + container.name + "'", "its graph or tasks are " + pb_damage(error));
  }
  return info;
}

std::string to_text(const OmInfo& info) {
  std::string text = fmt::format("model '{}', version {:#x}, platform '{}', {} tasks\n", info.name, info.version,
                                 info.platform, info.tasks);
  text += info.runnable ? "can be run here\n" : fmt::format("cannot be run here: {}\n", info.note);
  if (!info.gears.empty()) text += fmt::format("gears: {}{}\n", info.gears, info.models > 1 ? "; below is the first" : "");
  text += "\npartitions\n";
  for (const auto& part : info.partitions)
    text += fmt::format("  {:<20} {:>10} bytes at {}\n", part.name, part.size, part.offset);
  text += "\nattributes\n";
  for (const auto& [key, value] : info.attrs) text += fmt::format("  {} = {}\n", key, value);
  text += "\noperators\n";
  for (const auto& op : info.ops) {
    text += fmt::format("  {} '{}' ({})\n", op.type, op.name, fmt::join(op.inputs, ", "));
    for (const auto& tensor : op.output_tensors) text += fmt::format("    -> {}\n", tensor_text(tensor));
  }
  text += "\nkernels\n";
  for (const auto& kernel : info.kernels)
    text += fmt::format("  {:>8} bytes, {}: {}\n", kernel.size, kernel.content, kernel.name);
  return text;
}

}  // namespace npu
