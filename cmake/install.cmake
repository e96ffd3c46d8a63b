# SPDX-License-Identifier: MIT
# Installs larder for other projects. After `cmake --install build/release --component larder --prefix DIR`, they can
# use it by find_package(larder) and by pkg-config (tests/consume tests both). A project links larder::redis, or
# larder-redis with pkg-config, and gets the dependencies automatically.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set_target_properties(larder_boost PROPERTIES EXPORT_NAME boost)
install(TARGETS larder_boost EXPORT larder COMPONENT larder)

# larder_component(name "what it is" REQUIRES pkg-config packages LIBS other libraries)
function(larder_component name pc_description)
  cmake_parse_arguments(arg "" "" "REQUIRES;LIBS" ${ARGN})
  set_target_properties(larder_${name} PROPERTIES EXPORT_NAME ${name})
  install(TARGETS larder_${name} EXPORT larder COMPONENT larder
    ARCHIVE DESTINATION lib INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  set(libs -llarder_${name} ${arg_LIBS})
  larder_pkg_config(larder-${name} "${pc_description}" "${arg_REQUIRES}" "${libs}")
endfunction()

function(larder_pkg_config pc_name pc_description requires libs)
  string(REPLACE ";" " " pc_requires "${requires}")
  string(REPLACE ";" " " pc_libs "${libs}")
  configure_file(cmake/larder.pc.in ${PROJECT_BINARY_DIR}/${pc_name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${pc_name}.pc DESTINATION lib/pkgconfig COMPONENT larder)
endfunction()

larder_component(core "Event loops, time-outs and results for C++20")
larder_component(json "JSON for described C++ structs" REQUIRES larder-core LIBS -lboost_json)
larder_component(resp "Reader and writer for the Redis protocol")
larder_component(redis "Redis client for C++20 coroutines" REQUIRES larder-resp larder-core openssl LIBS -lboost_url -lboost_json)
larder_component(cache "Cache in memory and in Redis" REQUIRES larder-redis larder-json larder-core libcrypto zlib)
larder_component(limit "Rate limits in memory or in Redis" REQUIRES larder-cache larder-redis larder-core)
larder_component(session "Sessions in memory or in Redis" REQUIRES larder-cache larder-json larder-redis larder-core libcrypto)
larder_pkg_config(larder "Redis client and cache for C++20 back ends: all components" "larder-cache;larder-limit;larder-session" "")

install(DIRECTORY larder/include/larder DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT larder)
install(EXPORT larder NAMESPACE larder:: FILE larderTargets.cmake DESTINATION lib/cmake/larder COMPONENT larder)
configure_package_config_file(cmake/larderConfig.cmake.in ${PROJECT_BINARY_DIR}/larderConfig.cmake
  INSTALL_DESTINATION lib/cmake/larder)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/larderConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/larderConfig.cmake ${PROJECT_BINARY_DIR}/larderConfigVersion.cmake
  DESTINATION lib/cmake/larder COMPONENT larder)
