# SPDX-License-Identifier: Apache-2.0
# npu_add_browser_test(NAME <name> SCRIPT <file.mjs> [LABELS ...] [TIMEOUT s] [ARGS ...]): a Node script that drives the
# built page in Chromium (tests/browser/harness.mjs). Registered as browser.<name>; exit code 77 means skipped.
function(npu_add_browser_test)
  cmake_parse_arguments(arg "" "NAME;SCRIPT;TIMEOUT" "LABELS;ARGS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  cmake_path(ABSOLUTE_PATH arg_SCRIPT BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
  add_test(NAME "browser.${arg_NAME}" COMMAND "${npu_node}" "${arg_SCRIPT}" ${arg_ARGS})
  set_tests_properties("browser.${arg_NAME}" PROPERTIES
    LABELS "browser;${arg_LABELS}" TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "NPU_SITE=${CMAKE_BINARY_DIR}/site;NPU_DEPS_DIR=${NPU_DEPS_DIR};NPU_SHARED_DATA=${NPU_SHARED_DATA};NPU_ARTIFACTS=${CMAKE_BINARY_DIR}/artifacts")
endfunction()
