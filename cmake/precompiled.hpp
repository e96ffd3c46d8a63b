// SPDX-License-Identifier: MIT
// What nearly every source of ours includes. Beast is not here: two files use it.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/describe.hpp>
#include <boost/system/result.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
