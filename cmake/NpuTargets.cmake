# SPDX-License-Identifier: Apache-2.0
# How the project's own libraries, programs and tests are declared.

# npu_add_library(<name> FOLDERS <sub-folder>...): a static library whose folders add their own sources.
function(npu_add_library name)
  cmake_parse_arguments(arg "" "" "FOLDERS" ${ARGN})
  add_library(${name} STATIC)
  target_link_libraries(${name} PUBLIC npu_options)
  foreach(folder IN LISTS arg_FOLDERS)
    if(EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt")
      add_subdirectory(${folder})
    endif()
  endforeach()
  get_target_property(sources ${name} SOURCES)
  # Transitional: files that are listed but not written yet.
  set(present)
  foreach(source IN LISTS sources)
    if(EXISTS "${source}" OR source MATCHES "^\\$")
      list(APPEND present "${source}")
    elseif(source)
      message(WARNING "${source} does not exist yet")
    endif()
  endforeach()
  set_target_properties(${name} PROPERTIES SOURCES "${present}")
  if(NOT present)
    file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/empty.cpp" "")
    target_sources(${name} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/empty.cpp")
  endif()
endfunction()

# npu_add_program(<name> SOURCES ... LIBS ...): bin/<name>; under Emscripten a program that Node runs.
function(npu_add_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE npu_options ${arg_LIBS})
  if(EMSCRIPTEN)
    npu_link_for_node(${name})
  endif()
endfunction()

# Files are the machine's own, threads start without returning to the event loop (main runs in a worker).
function(npu_link_for_node name)
  target_link_options(${name} PRIVATE
    -sENVIRONMENT=node,worker -sNODERAWFS=1 -sPROXY_TO_PTHREAD=1 -sEXIT_RUNTIME=1
    -sALLOW_MEMORY_GROWTH=1 -sMAXIMUM_MEMORY=4GB -sSTACK_SIZE=4MB -sDEFAULT_PTHREAD_STACK_SIZE=4MB
    -O1 "SHELL:--pre-js ${CMAKE_SOURCE_DIR}/cmake/node_environment.js")
  set_target_properties(${name} PROPERTIES LINK_DEPENDS "${CMAKE_SOURCE_DIR}/cmake/node_environment.js")
endfunction()

# npu_add_test(NAME <name> SOURCES ... [LIBS ...] [LABELS ...] [TIMEOUT s] [ARGS ...])
# One doctest program. Natively and under Node from the same line; the latter is named node.<name>.
function(npu_add_test)
  cmake_parse_arguments(arg "" "NAME;TIMEOUT" "SOURCES;LIBS;LABELS;ARGS" ${ARGN})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  string(REGEX REPLACE "[^A-Za-z0-9]" "_" target "test_${arg_NAME}")
  npu_add_program(${target} SOURCES ${arg_SOURCES} LIBS npu_test_main ${arg_LIBS})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  set(name "${arg_NAME}")
  if(EMSCRIPTEN)
    set(name "node.${arg_NAME}")
    list(APPEND arg_LABELS node)
  endif()
  add_test(NAME "${name}" COMMAND ${target} ${arg_ARGS})
  set_tests_properties("${name}" PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "NPU_SHARED_DATA=${NPU_SHARED_DATA}")
endfunction()
