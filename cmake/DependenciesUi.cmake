# SPDX-License-Identifier: Apache-2.0
# Dear ImGui and SDL2, configured only where the user interface is built.
# In the browser SDL2 is compiled from source; natively it is the machine's own (libsdl2-dev, libgl-dev).
if(NOT EMSCRIPTEN AND NPU_BUILD_UI)
  find_package(SDL2 CONFIG QUIET)
  find_package(OpenGL QUIET COMPONENTS OpenGL)
  if(NOT (SDL2_FOUND AND OpenGL_FOUND))
    if(NOT NPU_BUILD_UI STREQUAL "AUTO")
      message(FATAL_ERROR "The native user interface needs the Debian packages libsdl2-dev and libgl-dev")
    endif()
    set(NPU_BUILD_UI OFF)
  endif()
endif()
if(NPU_BUILD_UI)
  if(EMSCRIPTEN)
    include(Sdl2Web)
  else()
    add_library(npu_sdl2 INTERFACE)
    target_link_libraries(npu_sdl2 INTERFACE SDL2::SDL2 OpenGL::GL)
    add_library(npu::sdl2 ALIAS npu_sdl2)
  endif()

  npu_source_library(imgui IMGUI_SOURCE_DIR "${npu_src}/imgui"
    INCLUDES . backends misc/cpp
    SOURCES
      backends/imgui_impl_opengl3.cpp
      backends/imgui_impl_sdl2.cpp
      imgui.cpp
      imgui_demo.cpp
      imgui_draw.cpp
      imgui_tables.cpp
      imgui_widgets.cpp
      misc/cpp/imgui_stdlib.cpp)
  target_link_libraries(npu_imgui PUBLIC npu::sdl2)
  target_compile_definitions(npu_imgui PUBLIC IMGUI_DISABLE_OBSOLETE_FUNCTIONS
    $<$<BOOL:${EMSCRIPTEN}>:IMGUI_IMPL_OPENGL_ES3>)
endif()
