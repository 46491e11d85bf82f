# SPDX-License-Identifier: Apache-2.0
# How the project's own libraries, programs and tests are declared.

# npu_use_pch(<target>): the standard library and fmt, parsed once for all targets.
add_library(npu_pch OBJECT "${CMAKE_CURRENT_LIST_DIR}/pch.cpp")
target_link_libraries(npu_pch PRIVATE npu_options npu::fmt)
if(NPU_PCH)
  target_precompile_headers(npu_pch PRIVATE
    <algorithm> <array> <cstdint> <expected> <functional> <map> <memory> <optional> <span> <string> <string_view>
    <variant> <vector> <fmt/format.h>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # Without a time stamp in it ccache recognises the precompiled header.
    target_compile_options(npu_pch PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  else()
    target_compile_options(npu_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
endif()
function(npu_use_pch name)
  if(NPU_PCH)
    target_precompile_headers(${name} REUSE_FROM npu_pch)
  endif()
endfunction()

# npu_add_library(<name> FOLDERS <sub-folder>...): a static library whose folders add their own sources.
function(npu_add_library name)
  cmake_parse_arguments(arg "" "" "FOLDERS" ${ARGN})
  add_library(${name} STATIC)
  target_link_libraries(${name} PUBLIC npu_options)
  npu_use_pch(${name})
  foreach(folder IN LISTS arg_FOLDERS)
    add_subdirectory(${folder})
  endforeach()
endfunction()

# npu_add_kernels(<name> OWNER <library> SOURCES ... [LIBS ...]): inner loops that exist twice in WebAssembly, plain and with
# relaxed SIMD (compiled with -mrelaxed-simd). Whoever links <library> gets the plain ones unless it has the property
# NPU_RELAXED_SIMD (npu_use_relaxed_simd). Kernels see only their own headers and LIBS, never the owner's code.
function(npu_add_kernels name)
  cmake_parse_arguments(arg "" "OWNER" "SOURCES;LIBS" ${ARGN})
  set(variants ${name})
  if(EMSCRIPTEN)
    list(APPEND variants ${name}_relaxed)
  endif()
  foreach(variant IN LISTS variants)
    add_library(${variant} STATIC ${arg_SOURCES})
    target_link_libraries(${variant} PRIVATE npu_options ${arg_LIBS})
    target_compile_options(${variant} PRIVATE $<$<CONFIG:Release>:-O3>)
  endforeach()
  if(EMSCRIPTEN)
    target_compile_options(${name}_relaxed PRIVATE -mrelaxed-simd)
    target_link_libraries(${arg_OWNER} INTERFACE
      $<IF:$<BOOL:$<TARGET_PROPERTY:NPU_RELAXED_SIMD>>,${name}_relaxed,${name}>)
  else()
    target_link_libraries(${arg_OWNER} INTERFACE ${name})
  endif()
endfunction()

# npu_use_relaxed_simd(<program>): link the relaxed-SIMD kernels (for browsers that have it; Node 20 has not).
function(npu_use_relaxed_simd name)
  set_target_properties(${name} PROPERTIES NPU_RELAXED_SIMD ON)
  target_link_options(${name} PRIVATE -mrelaxed-simd)
endfunction()

# npu_add_program(<name> SOURCES ... LIBS ...): bin/<name>; under Emscripten a program that Node runs.
function(npu_add_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE npu_options ${arg_LIBS})
  npu_use_pch(${name})
  if(EMSCRIPTEN)
    npu_link_for_node(${name})
  endif()
endfunction()

# Files are the machine's own, threads start without returning to the event loop (main runs in a worker).
function(npu_link_for_node name)
  target_link_options(${name} PRIVATE
    -sENVIRONMENT=node,worker -sNODERAWFS=1 -sEXPORTED_RUNTIME_METHODS=ENV -sPROXY_TO_PTHREAD=1 -sEXIT_RUNTIME=1
    -sALLOW_MEMORY_GROWTH=1 -sMAXIMUM_MEMORY=4GB -sSTACK_SIZE=4MB -sDEFAULT_PTHREAD_STACK_SIZE=4MB
    -O1 "SHELL:--pre-js ${CMAKE_SOURCE_DIR}/cmake/node_environment.js")
  set_target_properties(${name} PROPERTIES LINK_DEPENDS "${CMAKE_SOURCE_DIR}/cmake/node_environment.js")
endfunction()

# npu_add_test(NAME <name> SOURCES ... [LIBS ...] [LABELS ...] [TIMEOUT s] [ARGS ...] [RELAXED])
# One doctest program. Natively and under Node from the same line; the latter is named node.<name>.
# RELAXED runs it a third time, as node_relaxed.<name>, with the relaxed-SIMD kernels.
function(npu_add_test)
  cmake_parse_arguments(arg "RELAXED" "NAME;TIMEOUT" "SOURCES;LIBS;LABELS;ARGS" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  string(REGEX REPLACE "[^A-Za-z0-9]" "_" target "test_${arg_NAME}")
  set(variants "${target}")
  set(prefix_${target} "")
  if(EMSCRIPTEN)
    set(prefix_${target} "node.")
    list(APPEND arg_LABELS node)
    if(arg_RELAXED AND NPU_NODE_RELAXED_SIMD)
      list(APPEND variants "${target}_relaxed")
      set(prefix_${target}_relaxed "node_relaxed.")
    endif()
  endif()
  foreach(variant IN LISTS variants)
    npu_add_program(${variant} SOURCES ${arg_SOURCES} LIBS npu_test_main ${arg_LIBS})
    set_target_properties(${variant} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
    if(variant MATCHES "_relaxed$")
      npu_use_relaxed_simd(${variant})
      set_target_properties(${variant} PROPERTIES
        CROSSCOMPILING_EMULATOR "${CMAKE_CROSSCOMPILING_EMULATOR};--experimental-wasm-relaxed-simd")
    endif()
    set(name "${prefix_${variant}}${arg_NAME}")
    add_test(NAME "${name}" COMMAND ${variant} ${arg_ARGS})
    set_tests_properties("${name}" PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
      ENVIRONMENT "NPU_SHARED_DATA=${NPU_SHARED_DATA}")
  endforeach()
endfunction()

# Node has relaxed SIMD in its final encoding, behind a flag, from version 20 on.
if(EMSCRIPTEN)
  execute_process(COMMAND "${CMAKE_CROSSCOMPILING_EMULATOR}" --version OUTPUT_VARIABLE npu_node_version)
  string(REGEX REPLACE "^v([0-9]+).*" "\\1" npu_node_version "${npu_node_version}")
  if(npu_node_version GREATER_EQUAL 20)
    set(NPU_NODE_RELAXED_SIMD ON)
  endif()
endif()
