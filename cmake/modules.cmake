# SPDX-License-Identifier: MIT
# larder_module(name SOURCES a.cpp ... LINKS other ...)   one static library per module; larder_redis is larder::redis, too
# larder_test(name SOURCES a_test.cpp ... LINKS module ... [LABELS kind])   one test program, run by ctest as `name`.
#   Its kind says where `./dev test` runs it: unit (the default; under the sanitizers), system (on the release build), or
#   everything (only with --everything). Tests of the repository itself are labelled repository.
# embed(target variable files ...)   the files' texts as constants of agora/embedded/<variable>.hpp
# embed_lua(target namespace header files ...)   Lua files as redis::script constants that the header declares
function(larder_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/larder/include>)
  target_link_libraries(${name} PUBLIC ${arg_LINKS} larder_boost PRIVATE $<BUILD_INTERFACE:larder_compile_flags>)
  if(name MATCHES "^larder_(.*)")
    add_library(larder::${CMAKE_MATCH_1} ALIAS ${name})
  endif()
  larder_precompile(${name})
endfunction()

function(larder_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;LABELS" ${ARGN})
  if(NOT LARDER_TESTS)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} larder_flags GTest::gtest GTest::gmock GTest::gtest_main)
  if(LARDER_SANITIZE)
    # Test code is most of what a sanitizer build compiles, and little of what it runs: unoptimised it takes half the time.
    target_compile_options(${name} PRIVATE -O0)
    target_precompile_headers(${name} REUSE_FROM larder_precompiled_tests)
  else()
    larder_precompile(${name})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 LABELS ${arg_LABELS})
  if(arg_LABELS STREQUAL "unit")
    add_dependencies(unit_tests ${name})
  else()
    add_dependencies(system_tests ${name})
  endif()
endfunction()
add_custom_target(unit_tests)
add_custom_target(system_tests)

# One precompiled header serves every target: all are compiled with the same flags, but for tests under a sanitizer.
file(WRITE ${PROJECT_BINARY_DIR}/precompiled.cpp "")
foreach(target larder_precompiled larder_precompiled_tests)
  add_library(${target} STATIC EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(${target} PRIVATE larder_compile_flags larder_boost)
  target_precompile_headers(${target} PRIVATE <cmake/precompiled.hpp>)  # no absolute path, see ccache in toolchain.cmake
endforeach()
target_compile_options(larder_precompiled_tests PRIVATE -O0)

function(larder_precompile name)
  target_precompile_headers(${name} REUSE_FROM larder_precompiled)
endfunction()

function(embed target variable)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_${variable}.cpp)
  set(paths)
  foreach(file ${ARGN})
    list(APPEND paths ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  string(REPLACE ";" "," joined "${paths}")
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DVARIABLE=${variable} -DFILES=${joined} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${paths} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()

function(embed_lua target namespace header)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target}_scripts.cpp)
  set(paths)
  foreach(file ${ARGN})
    list(APPEND paths ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  string(REPLACE ";" "," joined "${paths}")
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DNAMESPACE=${namespace} -DHEADER=${CMAKE_CURRENT_SOURCE_DIR}/${header} -DFILES=${joined}
      -P ${PROJECT_SOURCE_DIR}/cmake/embed_lua.cmake
    DEPENDS ${paths} ${PROJECT_SOURCE_DIR}/cmake/embed_lua.cmake VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
