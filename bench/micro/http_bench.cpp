// SPDX-License-Identifier: MIT
// The time to write the bytes of a prepared response, including Date, X-Request-Id and X-Response-Time: an upper bound
// of the cost of the last two headers.
#include <benchmark/benchmark.h>
#include <agora/http/encoder.hpp>

namespace {

namespace http = agora::http;

void encode_prepared(benchmark::State& state)
{
    const auto prepared = http::prepare(200, http::json_type, R"({"status":"ok"})", "no-store");
    http::request r;
    r.method = http::verb::get;
    r.request_id = "22c62583579a2c23";
    http::exchange x;
    x.date_line = "Date: Sat, 21 Nov 2026 01:04:43 GMT\r\n";
    x.elapsed = std::chrono::microseconds{24};
    std::string out;
    for (auto _ : state) {
        out.clear();
        http::response answer{prepared};
        benchmark::DoNotOptimize(http::encode(out, r, answer, x));
    }
}
BENCHMARK(encode_prepared);

}  // namespace
