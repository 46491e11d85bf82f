# SPDX-License-Identifier: Apache-2.0
# npu::imgui (the widgets, no platform) is always there; npu::imgui_sdl2 (window, input, OpenGL) where SDL2 is:
# in the browser SDL2 is compiled from source, natively it is the machine's own (libsdl2-dev, libgl-dev).
npu_source_library(imgui IMGUI_SOURCE_DIR "${npu_src}/imgui"
  INCLUDES . misc/cpp
  SOURCES
    imgui.cpp
    imgui_draw.cpp
    imgui_tables.cpp
    imgui_widgets.cpp
    misc/cpp/imgui_stdlib.cpp)
# WebGL draws a list with one range of vertices: 65,536 are too few for a graph of 10,000 nodes.
target_compile_definitions(npu_imgui PUBLIC IMGUI_DISABLE_DEMO_WINDOWS IMGUI_DISABLE_OBSOLETE_FUNCTIONS "ImDrawIdx=unsigned int")

if(EMSCRIPTEN)
  include(Sdl2Web)
elseif(NOT NPU_WINDOW STREQUAL "OFF")
  find_package(SDL2 CONFIG QUIET)
  find_package(OpenGL QUIET COMPONENTS OpenGL)
  if(SDL2_FOUND AND OpenGL_FOUND)
    add_library(npu_sdl2 INTERFACE)
    target_link_libraries(npu_sdl2 INTERFACE SDL2::SDL2 OpenGL::GL)
    add_library(npu::sdl2 ALIAS npu_sdl2)
  elseif(NOT NPU_WINDOW STREQUAL "AUTO")
    message(FATAL_ERROR "The native window needs the Debian packages libsdl2-dev and libgl-dev")
  endif()
endif()

if(TARGET npu::sdl2)
  npu_source_library(imgui_sdl2 IMGUI_SOURCE_DIR "${npu_src}/imgui"
    INCLUDES backends
    SOURCES backends/imgui_impl_opengl3.cpp backends/imgui_impl_sdl2.cpp)
  target_link_libraries(npu_imgui_sdl2 PUBLIC npu::imgui npu::sdl2)
  target_compile_definitions(npu_imgui_sdl2 PUBLIC $<$<BOOL:${EMSCRIPTEN}>:IMGUI_IMPL_OPENGL_ES3>)
endif()
