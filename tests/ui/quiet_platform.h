// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/file.h"
#include "ui/app.h"

namespace npu::test {

// Reads the samples of the source tree; whatever else the program asks for does nothing.
class QuietPlatform : public ui::Platform {
 public:
  Result<OwnedBytes> read_asset(const std::string& path) override {
    NPU_TRY(const SharedBytes bytes, read_file(NPU_SOURCE_DIR "/" + path));
    return OwnedBytes{*bytes, bytes};
  }
  void wake() override {}
  void ask_for_file() override {}
  void request_cjk_font() override {}
  void save_file(const std::string&, Bytes) override {}
  void keep_file(const std::string&, const std::string&, const SharedBytes&) override {}
  void ask_for_kept_file(const std::string&) override {}
  void copy_text(const std::string&) override {}
  void copy_link(const std::string&) override {}
  void open_page(const std::string&) override {}
  void settings_changed(const ui::Settings&, const std::string&) override {}
  ImTextureID upload_picture(const ui::Picture&) override { return {}; }
};

}  // namespace npu::test
