#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fills NPU_DEPS_DIR with the third-party sources and tools the build uses.
#
#   cmake/fetch_deps.sh [libs] [emscripten] [browser] [fonts]      (default: libs)
#
#   libs        headers and sources of the libraries (DESIGN: all from Debian's next releases)
#   emscripten  the WebAssembly compiler, unless an em++ of 3.1.60 or later is on PATH
#   browser     node packages of the browser tests (playwright for Chromium, puppeteer for a Firefox as Debian has it)
#   fonts       fonts of the user interface, and fontTools, which makes subsets of them
#
# Needs no root. Everything is taken through the machine's own package managers, which check the
# hashes; each group is built beside its place and moved there when complete, so an interrupted
# run leaves nothing half done. A second run does nothing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
deps=${NPU_DEPS_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/npu-sandbox}

header_packages=(doctest-dev libcli11-dev libprotozero-dev nlohmann-json3-dev)
# package/suite; where the suite has moved on, the newest version its list offers is taken.
source_packages=(benchmark/trixie cpp-httplib/trixie fmtlib/trixie highway/trixie imgui/sid
                 libsdl2/trixie libstb/sid)
font_packages=(fonts-inter fonts-jetbrains-mono fonts-material-design-icons-iconfont fonts-wqy-microhei
               python3-fonttools)
emscripten_packages=(binaryen emscripten libc6 libgcc-s1 libstdc++6 node-acorn)
npm_packages=(axe-core@4.14.1 onnxruntime-web@1.30.0 playwright-core@1.65.1 puppeteer-core@25.16.0)

die() { echo "npu-sandbox: $*" >&2; exit 1; }
say() { echo "-- $*" >&2; }

# A group is current when its stamp holds the list it was made from.
stamp_of() { echo "$deps/$1/.stamp"; }
is_current() { [[ -f $(stamp_of "$1") && $(<"$(stamp_of "$1")") == "$2" ]]; }

publish() {  # publish <group> <recipe> <finished folder>
  echo "$2" > "$3/.stamp"
  rm -rf "${deps:?}/$1"
  mv "$3" "$deps/$1"
}

scratch() { rm -rf "$deps/tmp/$1"; mkdir -p "$deps/tmp/$1"; cd "$deps/tmp/$1"; }

need_tool() { command -v "$1" >/dev/null || die "the program '$1' is missing (Debian package $2)"; }

need_space() {  # need_space <MB>
  local free
  free=$(df --output=avail -m "$deps" | tail -1)
  (( free >= $1 )) || die "$deps has $((free)) MB free, $1 MB are needed"
}

# --- Debian packages of another suite, without touching the machine's own apt state ------------
apt_options=()
apt_ready=0

apt_private() { "$1" "${apt_options[@]}" "${@:2}"; }

prepare_apt() {
  (( apt_ready )) && return
  need_tool apt-get apt
  local codename mirror key=/usr/share/keyrings/debian-archive-keyring.gpg signed='' root=$deps/tmp/apt
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' \
             2>/dev/null | awk -v c="$codename" '$1 == c && $2 == "main" { print $3; exit }') || true
  [[ -n $mirror ]] || die "no Debian mirror for '$codename' in this machine's apt sources"
  [[ -f $key ]] && signed="[signed-by=$key]"
  mkdir -p "$root"/{lists,cache,state}
  cat > "$root/sources.list" <<LIST
deb $signed $mirror trixie main
deb-src $signed $mirror trixie main
deb-src $signed $mirror sid main
LIST
  apt_options=(-qq -oDir::Etc::sourcelist="$root/sources.list" -oDir::Etc::sourceparts=/dev/null
    -oDir::State="$root/state" -oDir::State::Lists="$root/lists" -oDir::Cache="$root/cache"
    -oAcquire::Languages=none -oAcquire::Retries=3 -oAPT::Sandbox::User="$(id -un)"
    -oAcquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    -oAcquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false)
  say "reading the package lists of trixie and sid"
  apt_private apt-get -eany update > "$root/log" 2>&1 ||
    die "cannot read the package lists from $mirror: $(grep -m1 -E '^[EW]:' "$root/log" || tail -1 "$root/log")"
  apt_ready=1
}

apt_download() {
  say "downloading $*"
  apt_private apt-get download "$@" > log 2>&1 ||
    die "cannot download $*: $(grep -m1 '^E:' log || tail -1 log)"
  rm log
}

apt_source() {
  say "downloading the sources of $*"
  apt_private apt-get source --download-only --only-source "$@" > log 2>&1 ||
    die "cannot download the sources of $*: $(grep -m1 '^E:' log || tail -1 log)"
  rm log
}

# --- Groups ------------------------------------------------------------------------------------
fetch_libs() {
  local recipe="1 ${header_packages[*]} ${source_packages[*]}" package archive name
  is_current libs "$recipe" && return
  need_space 400
  prepare_apt
  scratch libs
  mkdir archives out out/src
  (cd archives; apt_download "${header_packages[@]}"; apt_source "${source_packages[@]}")
  for archive in archives/*.deb; do dpkg -x "$archive" unpacked; done
  mv unpacked/usr/include out/include
  for package in "${source_packages[@]}"; do
    name=${package%%/*}
    mkdir "out/src/$name"
    tar -xf archives/"$name"_*.orig.tar.* -C "out/src/$name" --strip-components=1
  done
  mv out/src/libsdl2 out/src/sdl2
  mv out/src/libstb out/src/stb
  mv out/src/fmtlib out/src/fmt
  publish libs "$recipe" "$PWD/out"
}

has_own_emscripten() {
  local version
  command -v em++ >/dev/null || return 1
  version=$(em++ -dumpversion 2>/dev/null) || return 1
  [[ $(printf '%s\n' 3.1.60 "$version" | sort -V | head -1) == 3.1.60 ]]
}

fetch_emscripten() {
  local recipe="3 ${emscripten_packages[*]}" tool
  has_own_emscripten && return
  need_tool clang-19 clang-19
  need_tool wasm-ld-19 lld-19
  need_tool llvm-ar-19 llvm-19
  need_tool node nodejs
  need_tool python3 python3
  is_current emscripten "$recipe" && return
  need_space 1500
  prepare_apt
  scratch emscripten
  mkdir archives out out/binaryen out/binaryen/bin
  (cd archives; apt_download "${emscripten_packages[@]}")
  for tool in "${emscripten_packages[@]}"; do dpkg -x archives/${tool}_*.deb out/root; done
  write_binaryen_wrappers
  mv out/root/usr/share/emscripten/cache out/cache
  # A gigabyte of system libraries for link modes that are not used here.
  rm -rf out/cache/sysroot/lib/wasm32-emscripten/{lto,lto-pic,pic}
  # The JavaScript parser of the linker, where Node looks for it.
  mkdir out/root/usr/share/emscripten/node_modules
  mv out/root/usr/share/nodejs/acorn out/root/usr/share/emscripten/node_modules/
  # The configuration beside the compiler is found without an environment variable.
  cat > out/root/usr/share/emscripten/.emscripten <<CONFIG
LLVM_ROOT = '/usr/bin'
BINARYEN_ROOT = '$deps/emscripten/binaryen'
NODE_JS = '$(command -v node)'
CACHE = '$deps/emscripten/cache'
FROZEN_CACHE = False
LLVM_ADD_VERSION = '19'
CLANG_ADD_VERSION = '19'
CONFIG
  publish emscripten "$recipe" "$PWD/out"
}

# binaryen of trixie wants trixie's libc: each program is started through its own loader.
write_binaryen_wrappers() {
  local program name root=$deps/emscripten/root
  for program in out/root/usr/bin/wasm-*; do
    name=${program##*/}
    printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$root/usr/lib64/ld-linux-x86-64.so.2" \
      "$root/usr/lib/x86_64-linux-gnu" "$root/usr/bin/$name" > "out/binaryen/bin/$name"
    chmod +x "out/binaryen/bin/$name"
  done
}

npm_install() {
  say "npm install $*"
  npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error "$@" > npm.log 2>&1 ||
    die "npm cannot install $*: $(grep -m1 -iE 'err' npm.log || tail -1 npm.log)"
  rm npm.log
}

fetch_browser() {
  local recipe="1 ${npm_packages[*]}"
  is_current browser "$recipe" && return
  need_tool npm npm
  need_space 400
  scratch browser
  mkdir out
  (cd out; echo '{"private": true}' > package.json; npm_install "${npm_packages[@]}")
  publish browser "$recipe" "$PWD/out"
}

fetch_fonts() {
  local recipe="1 ${font_packages[*]}" archive
  is_current fonts "$recipe" && return
  need_space 100
  prepare_apt
  scratch fonts
  mkdir archives out
  (cd archives; apt_download "${font_packages[@]}")
  for archive in archives/*.deb; do dpkg -x "$archive" unpacked; done
  mv unpacked/usr/share/fonts out/fonts
  mv unpacked/usr/lib/python3/dist-packages out/python
  publish fonts "$recipe" "$PWD/out"
}

main() {
  local group
  mkdir -p "$deps" 2>/dev/null || die "cannot create $deps"
  deps=$(cd "$deps" && pwd)
  exec 9> "$deps/.lock"
  flock 9
  for group in "${@:-libs}"; do
    case $group in
      libs) fetch_libs ;;
      emscripten) fetch_emscripten ;;
      browser) fetch_browser ;;
      fonts) fetch_fonts ;;
      *) die "unknown group '$group' (libs, emscripten, browser, fonts)" ;;
    esac
  done
  cd "$here"
  rm -rf "$deps/tmp"
}

main "$@"
