// SPDX-License-Identifier: Apache-2.0
#include "ui/learn/certificate.h"

#include <fmt/format.h>

#include "ui/escape_markup.h"
#include "ui/learn/sha256.h"
#include "ui/strings.h"

namespace npu::ui {
namespace {

constexpr size_t kCodeDigits = 16;

std::string hex_digits(std::string_view code) {
  std::string digits;
  for (const char c : code) {
    if (c >= '0' && c <= '9') digits += c;
    if (c >= 'A' && c <= 'F') digits += c;
    if (c >= 'a' && c <= 'f') digits += static_cast<char>(c - 'a' + 'A');
  }
  return digits;
}

std::string signed_text(const Certificate& c) {
  return fmt::format("npu-sandbox-certificate-1|{}|{}|{}/{}|{}|{}", c.name, c.date, c.right, c.total, c.lessons, c.seed);
}

}  // namespace

std::string clean_name(std::string_view name) {
  std::string out;
  for (const char c : name)
    if (static_cast<unsigned char>(c) >= 0x20 && c != '|' && c != 0x7f) out += c;
  const size_t begin = out.find_first_not_of(' ');
  out = begin == std::string::npos ? "" : out.substr(begin);
  if (out.size() > kLongestName) {
    size_t end = kLongestName;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;  // inside a character of UTF-8
    out.resize(end);
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string certificate_code(const Certificate& certificate) {
  std::string code;
  const auto digest = sha256(signed_text(certificate));
  for (size_t i = 0; i < kCodeDigits / 2; ++i) code += fmt::format("{}{:02X}", i > 0 && i % 2 == 0 ? "-" : "", digest[i]);
  return code;
}

bool verify(const Certificate& certificate) {
  const std::string digits = hex_digits(certificate.code);
  return digits.size() == kCodeDigits && digits == hex_digits(certificate_code(certificate));
}

std::string certificate_html(const Certificate& c, Language language) {
  const auto say = [&](Str id) { return escape_markup(tr(language, id)); };
  const auto row = [&](Str label, const std::string& value) { return fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", say(label), escape_markup(value)); };
  std::string rows = row(Str::CertDate, c.date) + row(Str::CertScore, fmt::format("{} / {}", c.right, c.total)) +
                     row(Str::CertLessons, fmt::format("{}", c.lessons)) + row(Str::CertSeed, fmt::format("{}", c.seed)) + row(Str::CertCode, c.code);
  return fmt::format(
      "<!doctype html>\n<html lang=\"{0}\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>{1}</title>\n"
      "<style>\nbody {{ font: 17px/1.6 system-ui, sans-serif; margin: 0; background: #eef1f5; color: #1b2330; }}\n"
      "main {{ max-width: 640px; margin: 6vh auto; padding: 40px 48px; background: #fff; border: 2px solid #0b62d6; border-radius: 12px; }}\n"
      "h1 {{ margin: 0 0 8px; font-size: 28px; }}\n.name {{ font-size: 32px; margin: 24px 0 8px; }}\n"
      "th {{ text-align: left; padding-right: 24px; font-weight: 400; color: #5a6675; }}\ncode, td {{ font-variant-numeric: tabular-nums; }}\n"
      "small {{ display: block; margin-top: 24px; color: #5a6675; }}\n</style>\n"
      "<main>\n<h1>{1}</h1>\n<p class=\"name\">{2}</p>\n<p>{3}</p>\n<table>\n{4}</table>\n<small>{5}<br><code>{6}</code></small>\n</main>\n</html>\n",
      language == Language::Chinese ? "zh" : "en", say(Str::CertTitle), escape_markup(c.name), say(Str::CertText), rows, say(Str::CertHonest),
      escape_markup(signed_text(c)));
}

}  // namespace npu::ui
