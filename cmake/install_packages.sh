#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages the build needs, where they are missing. With everything present it needs no root.
#
#   cmake/install_packages.sh [--dry-run] build|web|native-ui|tests...
set -euo pipefail

# What must be there, and the package that brings it. A program counts wherever it comes from;
# py:<module> is a module of the machine's own Python; file:<path> a file.
needs_build='cmake=cmake python3=python3 ninja=ninja-build g++=g++ ccache=ccache xz=xz-utils flock=util-linux
  file:/etc/ssl/certs/ca-certificates.crt=ca-certificates'
needs_web='cmake=cmake ninja=ninja-build ccache=ccache clang-19=clang-19 wasm-ld-19=lld-19 llvm-ar-19=llvm-19
  python3=python3 node=nodejs brotli=brotli xz=xz-utils
  file:/etc/ssl/certs/ca-certificates.crt=ca-certificates'
needs_native_ui="$needs_build file:/usr/include/SDL2/SDL.h=libsdl2-dev file:/usr/include/GL/gl.h=libgl-dev
  file:/usr/include/EGL/egl.h=libegl-dev"
needs_tests="$needs_build $needs_web npm=npm chromium=chromium firefox-esr=firefox-esr
  xvfb-run=xvfb xauth=xauth file:/usr/share/drirc.d/00-mesa-defaults.conf=libgl1-mesa-dri py:numpy=python3-numpy py:PIL=python3-pil
  py:torch=python3-torch py:torchvision=python3-torchvision py:onnx=python3-onnx"
# What samples/digits/make_digits.py draws with.
for font in opentype/{bwht,comic-neue,dancingscript,kaushanscript} \
            truetype/{breip,comfortaa,humor-sans,isabella,kristi,leckerli-one,liberation,rufscript,sjfonts,tomsontalks}; do
  needs_tests+=" file:/usr/share/fonts/$font=fonts-${font#*/}"
done
needs_tests+=' file:/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf=fonts-dejavu-core
  file:/usr/share/fonts/truetype/fifthhorseman=fonts-dkg-handwriting'

die() { echo "npu-sandbox: $*" >&2; exit 1; }

is_present() {
  case $1 in
    file:*) [[ -e ${1#file:} ]] ;;
    py:*) [[ -x /usr/bin/python3 ]] && (cd / && /usr/bin/python3 -c '
import importlib.util, sys
sys.exit(importlib.util.find_spec(sys.argv[1]) is None)' "${1#py:}") ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

# find_missing <group>...: one package a line.
find_missing() {
  local group list need
  for group; do
    list=needs_${group//-/_}
    for need in ${!list}; do
      is_present "${need%=*}" || echo "${need##*=}"
    done
  done | sort -u
}

main() {
  local dry_run=0 group list missing as_root=() log
  if [[ ${1:-} == --dry-run ]]; then dry_run=1; shift; fi
  for group; do
    list=needs_${group//-/_}
    [[ -n ${!list:-} ]] || die "unknown package group '$group' (build, web, native-ui, tests)"
  done
  mapfile -t missing < <(find_missing "$@")
  (( ${#missing[@]} )) || return 0
  if (( dry_run )); then echo "${missing[*]}"; return 0; fi

  command -v apt-get >/dev/null || die "missing: ${missing[*]} (Debian package names; this machine has no apt-get)"
  if (( EUID != 0 )); then
    command -v sudo >/dev/null ||
      die "packages are missing; as root: apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  echo "-- installing ${missing[*]}" >&2
  log=$(mktemp)
  trap "rm -f '$log'" EXIT
  "${as_root[@]}" apt-get -q -oAcquire::Retries=3 update > "$log" 2>&1 || true  # old lists may do
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qy -oAcquire::Retries=3 \
      install --no-install-recommends "${missing[@]}" >> "$log" 2>&1 ||
    die "cannot install ${missing[*]}: $(grep -m1 '^E:' "$log" || tail -1 "$log")"
  hash -r
  mapfile -t missing < <(find_missing "$@")
  (( ${#missing[@]} == 0 )) || die "installed, and yet not found: ${missing[*]}"
}

main "$@"
