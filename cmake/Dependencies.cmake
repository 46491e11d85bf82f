# SPDX-License-Identifier: Apache-2.0
# npu::<library> targets for everything we did not write. Headers are SYSTEM: warnings stay ours.
# Sources come from NPU_DEPS_DIR, filled on first use; -D<NAME>_SOURCE_DIR=<folder> replaces one.
if(DEFINED ENV{NPU_DEPS_DIR})
  set(npu_default_deps_dir "$ENV{NPU_DEPS_DIR}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(npu_default_deps_dir "$ENV{XDG_CACHE_HOME}/npu-sandbox")
else()
  set(npu_default_deps_dir "$ENV{HOME}/.cache/npu-sandbox")
endif()
set(NPU_DEPS_DIR "${npu_default_deps_dir}" CACHE PATH "Where third-party sources and tools are kept")

execute_process(
  COMMAND "${CMAKE_COMMAND}" -E env "NPU_DEPS_DIR=${NPU_DEPS_DIR}" "${CMAKE_SOURCE_DIR}/cmake/fetch_deps.sh" libs
  RESULT_VARIABLE npu_fetch_result)
if(NOT npu_fetch_result EQUAL 0)
  message(FATAL_ERROR "The third-party sources are not complete (see the line above)")
endif()

find_package(Threads REQUIRED)

# npu_header_library(<name> <NAME>_SOURCE_DIR <default folder>)
function(npu_header_library name variable folder)
  set(${variable} "${folder}" CACHE PATH "Include folder of ${name}")
  add_library(npu_${name} INTERFACE)
  target_include_directories(npu_${name} SYSTEM INTERFACE "${${variable}}")
  add_library(npu::${name} ALIAS npu_${name})
endfunction()

# npu_source_library(<name> <NAME>_SOURCE_DIR <default folder> INCLUDES ... SOURCES ...), paths inside the folder
function(npu_source_library name variable folder)
  cmake_parse_arguments(arg "" "" "INCLUDES;SOURCES" ${ARGN})
  set(${variable} "${folder}" CACHE PATH "Source folder of ${name}")
  list(TRANSFORM arg_INCLUDES PREPEND "${${variable}}/")
  list(TRANSFORM arg_SOURCES PREPEND "${${variable}}/")
  add_library(npu_${name} STATIC EXCLUDE_FROM_ALL ${arg_SOURCES})
  target_include_directories(npu_${name} SYSTEM PUBLIC ${arg_INCLUDES})
  target_compile_options(npu_${name} PRIVATE -w)
  add_library(npu::${name} ALIAS npu_${name})
endfunction()

set(npu_include "${NPU_DEPS_DIR}/libs/include")
set(npu_src "${NPU_DEPS_DIR}/libs/src")

npu_header_library(doctest DOCTEST_SOURCE_DIR "${npu_include}")
npu_header_library(protozero PROTOZERO_SOURCE_DIR "${npu_include}")
npu_header_library(json JSON_SOURCE_DIR "${npu_include}")
npu_header_library(cli11 CLI11_SOURCE_DIR "${npu_include}")
npu_header_library(httplib HTTPLIB_SOURCE_DIR "${npu_src}/cpp-httplib")
target_link_libraries(npu_httplib INTERFACE Threads::Threads)

npu_source_library(fmt FMT_SOURCE_DIR "${npu_src}/fmt" INCLUDES include SOURCES src/format.cc)

npu_source_library(hwy HWY_SOURCE_DIR "${npu_src}/highway" INCLUDES .
  SOURCES hwy/abort.cc hwy/aligned_allocator.cc hwy/per_target.cc hwy/targets.cc)
target_compile_definitions(npu_hwy PUBLIC HWY_STATIC_DEFINE
  # Natively SSE2 (baseline), SSE4, AVX2 and AVX-512 are enough; every further target is compile time.
  "HWY_DISABLED_TARGETS=(HWY_SSSE3|HWY_AVX3_DL|HWY_AVX3_ZEN4|HWY_AVX3_SPR)")

# stb's JPEG decoder has SSE2 paths that WebAssembly lacks: the plain ones give the same pixels everywhere.
file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/stb/stb.c" CONTENT [[
#define STBI_NO_SIMD
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_FAILURE_USERMSG
#define STB_IMAGE_IMPLEMENTATION
#include "stb_image.h"
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include "stb_image_write.h"
#define STBIR_NO_SIMD
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include "stb_image_resize2.h"
]])
set(STB_SOURCE_DIR "${npu_src}/stb" CACHE PATH "Source folder of stb")
add_library(npu_stb STATIC EXCLUDE_FROM_ALL "${CMAKE_BINARY_DIR}/stb/stb.c")
target_include_directories(npu_stb SYSTEM PUBLIC "${STB_SOURCE_DIR}")
target_compile_options(npu_stb PRIVATE -w)
add_library(npu::stb ALIAS npu_stb)

include(DependenciesUi)
