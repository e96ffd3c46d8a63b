# SPDX-License-Identifier: MIT
# `cmake --install build/release --component larder --prefix DIR` makes a tree that find_package(larder) and pkg-config
# understand (tests/consume uses both). Link larder::redis, and what it needs comes with it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(larder_modules larder_core larder_json larder_resp larder_redis larder_cache larder_limit larder_session)
foreach(module ${larder_modules})
  string(REPLACE larder_ "" short ${module})
  set_target_properties(${module} PROPERTIES EXPORT_NAME ${short})
endforeach()
set_target_properties(larder_boost PROPERTIES EXPORT_NAME boost)

install(TARGETS ${larder_modules} larder_boost EXPORT larder COMPONENT larder
  ARCHIVE DESTINATION lib INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY larder/include/larder DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT larder)
install(EXPORT larder NAMESPACE larder:: FILE larderTargets.cmake DESTINATION lib/cmake/larder COMPONENT larder)

configure_package_config_file(cmake/larderConfig.cmake.in ${CMAKE_BINARY_DIR}/larderConfig.cmake
  INSTALL_DESTINATION lib/cmake/larder)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/larderConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_file(cmake/larder.pc.in ${CMAKE_BINARY_DIR}/larder.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/larderConfig.cmake ${CMAKE_BINARY_DIR}/larderConfigVersion.cmake
  DESTINATION lib/cmake/larder COMPONENT larder)
install(FILES ${CMAKE_BINARY_DIR}/larder.pc DESTINATION lib/pkgconfig COMPONENT larder)
