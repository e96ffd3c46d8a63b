# SPDX-License-Identifier: MIT
# Compiler settings for our own targets: larder_compile_flags of modules, larder_flags of programs. Nothing of them reaches
# a project that uses larder.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(THREADS_PREFER_PTHREAD_FLAG ON)

find_program(ccache_program ccache)
if(ccache_program)
  # Paths are hashed relative to the checkout, so that all clones on a machine share one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${ccache_program})
endif()

set(LARDER_SANITIZE "" CACHE STRING "sanitizers, e.g. address,undefined")

add_library(larder_compile_flags INTERFACE)
add_library(larder_flags INTERFACE)
target_link_libraries(larder_flags INTERFACE larder_compile_flags)
# Position-independent, for shared libraries that larder is linked into; without the second flag g++ would inline less.
target_compile_options(larder_compile_flags INTERFACE -fPIC -fno-semantic-interposition
  -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wimplicit-fallthrough -Werror=format-security -Werror=return-type
  -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
  -ftrivial-auto-var-init=zero -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports false positives of these inside inlined standard library and coroutine code.
  target_compile_options(larder_compile_flags INTERFACE -Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
  # Sources that are joined look like headers to it.
  target_compile_options(larder_compile_flags INTERFACE $<$<BOOL:${CMAKE_UNITY_BUILD}>:-Wno-subobject-linkage>)
endif()
target_compile_definitions(larder_compile_flags INTERFACE _GLIBCXX_ASSERTIONS AGORA_VERSION="${PROJECT_VERSION}")
target_link_options(larder_flags INTERFACE -pie -Wl,-z,relro,-z,now,-z,noexecstack)

if(LARDER_SANITIZE)
  target_compile_options(larder_compile_flags INTERFACE -fsanitize=${LARDER_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(larder_flags INTERFACE -fsanitize=${LARDER_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # false positives in instrumented code
    target_compile_options(larder_compile_flags INTERFACE -Wno-uninitialized -Wno-mismatched-new-delete)
  endif()
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(larder_compile_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

find_program(mold_program mold)
find_program(lld_program ld.lld)
if(mold_program)
  target_link_options(larder_flags INTERFACE -fuse-ld=mold)
elseif(lld_program)
  target_link_options(larder_flags INTERFACE -fuse-ld=lld)
endif()
