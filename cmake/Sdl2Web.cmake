# SPDX-License-Identifier: Apache-2.0
# npu::sdl2 for the browser: video, events, clipboard and timers of SDL2 from source. SDL2's own CMake
# project probes the compiler for minutes and compiles twice as much; its ready-made Emscripten
# configuration with the unused parts switched off needs neither.
set(SDL2_SOURCE_DIR "${npu_src}/sdl2" CACHE PATH "Source folder of SDL2")
set(npu_sdl2_include "${CMAKE_BINARY_DIR}/sdl2/include")

file(GLOB npu_sdl2_headers "${SDL2_SOURCE_DIR}/include/*.h")
list(FILTER npu_sdl2_headers EXCLUDE REGEX "/SDL_config\\.h$")
file(COPY ${npu_sdl2_headers} DESTINATION "${npu_sdl2_include}")
file(CONFIGURE OUTPUT "${npu_sdl2_include}/SDL_config.h" CONTENT [[
#ifndef SDL_config_h_
#define SDL_config_h_
#include "SDL_config_emscripten.h"
#undef SDL_AUDIO_DRIVER_DISK
#undef SDL_AUDIO_DRIVER_DUMMY
#undef SDL_AUDIO_DRIVER_EMSCRIPTEN
#undef SDL_JOYSTICK_EMSCRIPTEN
#undef SDL_LOADSO_DLOPEN
#undef SDL_POWER_EMSCRIPTEN
#undef SDL_SENSOR_DUMMY
#undef SDL_VIDEO_RENDER_OGL_ES2
#define SDL_AUDIO_DISABLED 1
#define SDL_HAPTIC_DUMMY 1
#define SDL_JOYSTICK_DISABLED 1
#define SDL_JOYSTICK_DUMMY 1
#define SDL_LOADSO_DUMMY 1
#define SDL_POWER_DISABLED 1
#define SDL_RENDER_DISABLED 1
#define SDL_SENSOR_DISABLED 1
#endif
]])

set(npu_sdl2_sources
  SDL.c SDL_assert.c SDL_dataqueue.c SDL_error.c SDL_guid.c SDL_hints.c SDL_list.c SDL_log.c SDL_utils.c
  atomic/SDL_atomic.c atomic/SDL_spinlock.c
  cpuinfo/SDL_cpuinfo.c
  events/SDL_clipboardevents.c events/SDL_displayevents.c events/SDL_dropevents.c events/SDL_events.c
  events/SDL_gesture.c events/SDL_keyboard.c events/SDL_keysym_to_scancode.c events/SDL_mouse.c events/SDL_quit.c
  events/SDL_scancode_tables.c events/SDL_touch.c events/SDL_windowevents.c events/imKStoUCS.c
  file/SDL_rwops.c
  filesystem/emscripten/SDL_sysfilesystem.c
  joystick/SDL_gamecontroller.c joystick/SDL_joystick.c joystick/SDL_steam_virtual_gamepad.c
  joystick/controller_type.c joystick/dummy/SDL_sysjoystick.c
  loadso/dummy/SDL_sysloadso.c
  locale/SDL_locale.c locale/emscripten/SDL_syslocale.c
  misc/SDL_url.c misc/emscripten/SDL_sysurl.c
  render/SDL_render.c render/SDL_yuv_sw.c
  stdlib/SDL_crc16.c stdlib/SDL_crc32.c stdlib/SDL_getenv.c stdlib/SDL_iconv.c stdlib/SDL_malloc.c
  stdlib/SDL_qsort.c stdlib/SDL_stdlib.c stdlib/SDL_string.c stdlib/SDL_strtokr.c
  thread/SDL_thread.c thread/pthread/SDL_syscond.c thread/pthread/SDL_sysmutex.c thread/pthread/SDL_syssem.c
  thread/pthread/SDL_systhread.c thread/pthread/SDL_systls.c
  timer/SDL_timer.c timer/unix/SDL_systimer.c
  video/SDL_RLEaccel.c video/SDL_blit.c video/SDL_blit_0.c video/SDL_blit_1.c video/SDL_blit_A.c video/SDL_blit_N.c
  video/SDL_blit_auto.c video/SDL_blit_copy.c video/SDL_blit_slow.c video/SDL_bmp.c video/SDL_clipboard.c
  video/SDL_egl.c video/SDL_fillrect.c video/SDL_pixels.c video/SDL_rect.c video/SDL_shape.c video/SDL_stretch.c
  video/SDL_surface.c video/SDL_video.c video/SDL_vulkan_utils.c video/SDL_yuv.c
  video/emscripten/SDL_emscriptenevents.c video/emscripten/SDL_emscriptenframebuffer.c
  video/emscripten/SDL_emscriptenmouse.c video/emscripten/SDL_emscriptenopengles.c
  video/emscripten/SDL_emscriptenvideo.c
  video/yuv2rgb/yuv_rgb_std.c)
list(TRANSFORM npu_sdl2_sources PREPEND "${SDL2_SOURCE_DIR}/src/")

add_library(npu_sdl2 STATIC EXCLUDE_FROM_ALL ${npu_sdl2_sources})
target_include_directories(npu_sdl2 SYSTEM PUBLIC "${npu_sdl2_include}" PRIVATE "${SDL2_SOURCE_DIR}/src/video/khronos")
target_compile_definitions(npu_sdl2 PRIVATE SDL_STATIC_LIB USING_GENERATED_CONFIG_H)
target_compile_options(npu_sdl2 PRIVATE -w -Os -fno-strict-aliasing)
add_library(npu::sdl2 ALIAS npu_sdl2)
