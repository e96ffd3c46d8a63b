# SPDX-License-Identifier: MIT
# Compiler settings for this repository's own targets: larder_compile_flags for libraries, larder_flags for programs.
# They do not affect projects that use larder.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(THREADS_PREFER_PTHREAD_FLAG ON)

find_program(ccache_program ccache)
if(ccache_program)
  # ccache hashes paths relative to the checkout, so that all clones on a machine share one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${ccache_program})
endif()

set(LARDER_SANITIZE "" CACHE STRING "sanitizers, e.g. address,undefined")

add_library(larder_compile_flags INTERFACE)
add_library(larder_flags INTERFACE)
target_link_libraries(larder_flags INTERFACE larder_compile_flags)
# The code is position-independent because larder may be linked into shared libraries. Without the second flag, g++
# would inline less in such code.
target_compile_options(larder_compile_flags INTERFACE -fPIC -fno-semantic-interposition
  -Wall -Wextra -Wconversion -Wshadow -Wformat=2 -Wimplicit-fallthrough -Werror=format-security -Werror=return-type
  -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
  -ftrivial-auto-var-init=zero -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # These warnings of g++ 12 have false positives in inlined standard library and coroutine code.
  target_compile_options(larder_compile_flags INTERFACE -Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
  # In unity builds, g++ treats the joined sources like headers and would report this warning for them.
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
