# SPDX-License-Identifier: Apache-2.0
# cmake -DOUT=<source> -DHEADER=<include> -DNAMESPACE=<namespace> -DFILES=<name=path;...> -P embed_files.cmake
# Writes a C++ source with one function <name>() for each file, returning its bytes.
set(text "// Generated.\n#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n")
foreach(item IN LISTS FILES)
  string(REGEX MATCH "^([a-z_]+)=(.*)$" matched "${item}")
  set(name "${CMAKE_MATCH_1}")
  file(READ "${CMAKE_MATCH_2}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND text "static const unsigned char ${name}_bytes[] = {${bytes}};\n"
    "Bytes ${name}() { return std::as_bytes(std::span(${name}_bytes)); }\n")
endforeach()
file(WRITE "${OUT}" "${text}}  // namespace ${NAMESPACE}\n")
