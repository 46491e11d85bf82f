# SPDX-License-Identifier: Apache-2.0
# npu_add_site(PROGRAMS <target>... FILES <file>...): the folder build/web/site that is served: the linked
# programs, the listed files (under the path they have below the calling folder), and a .br and .gz of each.
function(npu_add_site)
  cmake_parse_arguments(arg "" "" "PROGRAMS;FILES" ${ARGN})
  set(site "${CMAKE_BINARY_DIR}/site")
  set(copies)
  foreach(file IN LISTS arg_FILES)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" OUTPUT_VARIABLE source)
    cmake_path(IS_PREFIX CMAKE_CURRENT_SOURCE_DIR "${source}" NORMALIZE inside)
    if(inside)
      cmake_path(RELATIVE_PATH source BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}" OUTPUT_VARIABLE place)
    else()
      cmake_path(GET source FILENAME place)
    endif()
    add_custom_command(OUTPUT "${site}/${place}"
      COMMAND "${CMAKE_COMMAND}" -E copy "${source}" "${site}/${place}"
      DEPENDS "${source}" VERBATIM)
    list(APPEND copies "${site}/${place}")
  endforeach()
  set_target_properties(${arg_PROGRAMS} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${site}")
  add_custom_target(site ALL
    COMMAND "${CMAKE_SOURCE_DIR}/cmake/compress_site.sh" "${site}"
    DEPENDS ${copies} VERBATIM)
  add_dependencies(site ${arg_PROGRAMS})
endfunction()
