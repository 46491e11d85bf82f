// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <random>

#include "ui/studio/settings.h"

using namespace npu::ui;

TEST_CASE("a link carries only what differs and comes back") {
  const Settings defaults;
  CHECK(to_link(defaults, defaults).empty());
  Settings s;
  s.sample = "resnet50";
  s.image = 3;
  s.chip = "Ascend910B3";
  s.threads = 4;
  s.language = Language::Chinese;
  s.dark = false;
  s.tab = Tab::Profile;
  s.profile_view = ProfileView::Memory;
  s.pass = "fold-batch-norm";
  s.task = 17;
  s.output = 1, s.element = 12345;
  s.disabled_passes = {"fuse-bias", "fold-constants"};
  const std::string link = to_link(s, defaults);
  CHECK(link == "sample=resnet50&image=3&chip=Ascend910B3&threads=4&lang=zh&theme=light&tab=profile&view=memory"
                "&pass=fold-batch-norm&task=17&output=1&element=12345&off=fold-constants,fuse-bias");
  CHECK(from_link(link, defaults) == s);
  CHECK(from_link("#" + link, defaults) == s);
}

TEST_CASE("a link names the user's files and how pictures are prepared") {
  Settings s;
  s.sample.clear();
  s.model = "0123456789abcdef";
  s.picture = "fedcba9876543210";
  s.gear = 2;
  s.preprocess = Preprocess{{0.485f, 0.456f, 0.1f}, {0.229f, 1e-8f, 3.0f}, false, true};
  CHECK(from_link(to_link(s, {}), {}) == s);
  for (const char* link : {"model=xyz", "picture=0123456789ABCDEF", "preprocess=rgb:1:2,3", "preprocess=rgb:nan:1", "preprocess=pink:1:1",
                           "preprocess=rgb::", "preprocess=rgb:1,1,1,1,1:1,1,1,1,1", "gear=-1"})
    CHECK_MESSAGE(from_link(link, {}) == Settings{}, link);
  CHECK(changes_content(s, {}));
  Settings looked_at;
  looked_at.tab = Tab::Profile, looked_at.task = 3, looked_at.dark = false;
  CHECK(!changes_content(looked_at, {}));
}

TEST_CASE("names with any character survive") {
  Settings s;
  s.pass = "a&b=c #%\xe4\xb8\xad";
  CHECK(from_link(to_link(s, {}), {}).pass == s.pass);
}

TEST_CASE("nonsense in a link changes nothing") {
  const Settings defaults;
  for (const char* link : {"", "#", "&&&", "=", "threads=0", "threads=-3", "threads=99999999999999", "threads=2x", "tab=nowhere",
                           "lang=", "task=-2", "image=99999", "unknown=1", "theme", "view=%"})
    CHECK_MESSAGE(from_link(link, defaults) == defaults, link);
}

TEST_CASE("any bytes are accepted as a link") {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string link = "off=a,b&pass=x%41";
    for (int j = 0; j < 8; ++j) link[random() % link.size()] = static_cast<char>(random());
    link.resize(random() % (link.size() + 1));
    const Settings s = from_link(link, {});
    CHECK(from_link(to_link(s, {}), {}) == s);
  }
}

TEST_CASE("a link tells which node is selected") {
  const Settings defaults;
  Settings s;
  s.node = "/bert/encoder/layer.0/Add & 1";
  CHECK(from_link(to_link(s, defaults), defaults) == s);
  CHECK_FALSE(changes_content(s, defaults));
  s.node = std::string(100000, 'x');
  CHECK(from_link(to_link(s, defaults), defaults).node.empty());
}
