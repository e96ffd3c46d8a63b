# SPDX-License-Identifier: MIT
# The functions that the CMakeLists.txt files use:
# larder_module(name SOURCES a.cpp ... LINKS other ...)   adds a static library; larder_redis is also named larder::redis
# larder_test(name SOURCES a_test.cpp ... LINKS module ... [LABELS kind])   adds a test program, run by ctest as `name`.
#   Its kind says when `./dev test` runs it: unit (the default; with the sanitizers), system (with the release build),
#   or everything (only with --everything). Tests of the repository itself have the label repository.
# agora_slice(name USES slice ... TESTS_USE slice ... LINKS library ...)   adds agora_<name> of the sources in the folder
#   `name`, and agora_<name>_test of the *_test.cpp files there
# embed(target variable files ...)   embeds the texts of the files as the array agora::embedded::<variable>
# embed_lua(target namespace header files ...)   embeds Lua files as redis::script constants, which `header` declares
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
    # Test code is most of what a sanitizer build compiles but little of what it runs. Without optimisation the build
    # takes half the time.
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

function(agora_slice name)
  cmake_parse_arguments(arg "" "" "USES;TESTS_USE;LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${name}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(TRANSFORM arg_USES PREPEND agora_)
  list(TRANSFORM arg_TESTS_USE PREPEND agora_)
  larder_module(agora_${name} SOURCES ${sources} LINKS agora_services ${arg_USES} ${arg_LINKS})
  if(tests)
    larder_test(agora_${name}_test SOURCES ${tests} LINKS agora_${name} ${arg_TESTS_USE} agora_testing)
  endif()
  if(NOT LARDER_SANITIZE)  # an edit in a slice compiles one file, not all of them
    set_target_properties(agora_${name} PROPERTIES UNITY_BUILD OFF)
    if(TARGET agora_${name}_test)
      set_target_properties(agora_${name}_test PROPERTIES UNITY_BUILD OFF)
    endif()
  endif()
endfunction()

add_custom_target(unit_tests)
add_custom_target(system_tests)

# All targets share one precompiled header, because they are compiled with the same flags. Tests in sanitizer builds have
# a second one, because they are not optimised.
file(WRITE ${PROJECT_BINARY_DIR}/precompiled.cpp "")
foreach(target larder_precompiled larder_precompiled_tests)
  add_library(${target} STATIC EXCLUDE_FROM_ALL ${PROJECT_BINARY_DIR}/precompiled.cpp)
  target_link_libraries(${target} PRIVATE larder_compile_flags larder_boost)
  target_precompile_headers(${target} PRIVATE <cmake/precompiled.hpp>)  # not absolute; see ccache in toolchain.cmake
endforeach()
target_compile_options(larder_precompiled_tests PRIVATE -O0)

function(larder_precompile name)
  target_precompile_headers(${name} REUSE_FROM larder_precompiled)
endfunction()

function(embed target variable)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_${variable}.cpp)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE paths)
  string(REPLACE ";" "," joined "${paths}")
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DVARIABLE=${variable} -DFILES=${joined} -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${paths} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()

function(embed_lua target namespace header)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target}_scripts.cpp)
  cmake_path(ABSOLUTE_PATH header)
  set(paths)
  foreach(file ${ARGN})
    cmake_path(ABSOLUTE_PATH file)
    list(APPEND paths ${file})
  endforeach()
  string(REPLACE ";" "," joined "${paths}")
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DNAMESPACE=${namespace} -DHEADER=${header} -DFILES=${joined}
      -P ${PROJECT_SOURCE_DIR}/cmake/embed_lua.cmake
    DEPENDS ${paths} ${PROJECT_SOURCE_DIR}/cmake/embed_lua.cmake VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
