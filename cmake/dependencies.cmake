# SPDX-License-Identifier: MIT
# All third-party libraries and what they are used for. All are Debian 12 packages; `./dev setup` installs them.

# Libraries that larder needs.
if(NOT PROJECT_IS_TOP_LEVEL)
  set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)  # so that the project that links larder sees these targets
endif()
find_package(Threads REQUIRED)
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)  # Asio (event loops), Beast (HTTP header parser), Describe (reflection),
                                                       # JSON (SAX parser), URL
find_package(OpenSSL REQUIRED)                         # HMAC, SHA-256, TLS
find_package(ZLIB REQUIRED)                            # gzip responses, large values in Redis

# Libraries that the server needs.
if(LARDER_SERVER)
  find_package(PkgConfig REQUIRED)
  find_package(fmt REQUIRED)                             # text formatting, because g++ 12 has no std::format
  find_package(spdlog REQUIRED)                          # logs
  find_library(prometheus_core prometheus-cpp-core REQUIRED)                # /metrics; its CMake file also requires curl and civetweb
  find_package(CURL REQUIRED)                            # SMTP
  find_package(EXPAT REQUIRED)                           # XML of the Stack Exchange dumps
  pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)            # randomness, argon2id, Ed25519
  pkg_check_modules(brotli REQUIRED IMPORTED_TARGET libbrotlienc)         # br responses
  pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)        # case folding of names and searches
  pkg_check_modules(brotlidec REQUIRED IMPORTED_TARGET libbrotlidec)      # the tests decompress br responses
  pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3)             # the default database
  pkg_check_modules(pq REQUIRED IMPORTED_TARGET libpq)                    # PostgreSQL
  pkg_check_modules(gumbo REQUIRED IMPORTED_TARGET gumbo)                 # HTML parser of the sanitiser
  find_library(cmark_gfm_library cmark-gfm REQUIRED)                      # Markdown
  find_library(cmark_gfm_extensions_library cmark-gfm-extensions REQUIRED)
endif()
if(LARDER_TESTS)
  find_package(GTest REQUIRED)
endif()
if(LARDER_BENCH)
  find_package(benchmark REQUIRED)
  pkg_check_modules(ctemplate REQUIRED IMPORTED_TARGET libctemplate)      # compared with agora::html
endif()

add_library(larder_boost INTERFACE)
target_link_libraries(larder_boost INTERFACE Boost::headers Threads::Threads)
target_compile_features(larder_boost INTERFACE cxx_std_20)
# No Asio macro is defined here, because it would change the layout of Asio's classes in every program that links
# larder.
