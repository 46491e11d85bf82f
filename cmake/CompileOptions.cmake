# SPDX-License-Identifier: Apache-2.0
# What every translation unit is compiled with, ours and third-party alike.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set_property(GLOBAL PROPERTY USE_FOLDERS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# The numeric specification promises the same bits everywhere: a compiler may not fuse a*b+c.
add_compile_options(-ffp-contract=off)

if(EMSCRIPTEN)
  add_compile_options(-pthread -msimd128 -fwasm-exceptions)
  add_link_options(-pthread -fwasm-exceptions -Wno-pthreads-mem-growth)
endif()
if(NPU_SANITIZE)
  add_compile_options(-fsanitize=${NPU_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${NPU_SANITIZE})
endif()

# Inner loops get -O3 (npu_add_kernels); elsewhere it only costs compile time and download size.
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

option(NPU_PCH "Precompile the headers of the standard library" OFF)
find_program(NPU_CCACHE ccache)
if(NPU_CCACHE)
  # ccache stores what is compiled with a precompiled header only with this sloppiness.
  set(CMAKE_C_COMPILER_LAUNCHER "${NPU_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${NPU_CCACHE}")
endif()

# What our own code is compiled with besides.
add_library(npu_options INTERFACE)
target_include_directories(npu_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(npu_options INTERFACE -Wall -Wextra -Wshadow -Wno-missing-field-initializers $<$<BOOL:${NPU_WERROR}>:-Werror>)
