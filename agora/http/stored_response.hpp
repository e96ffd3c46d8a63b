// SPDX-License-Identifier: MIT
// A finished answer, as the cache keeps it: bytes to copy behind the status line, in each coding that was asked for.
#pragma once

#include <agora/http/compression.hpp>
#include <agora/http/response.hpp>
#include <array>
#include <atomic>
#include <larder/codec.hpp>
#include <memory>

namespace agora::http {

/// One coding of an answer.
struct finished_response {
    std::string head;          ///< of the 200: status line and fields without Cache-Control and the per-request ones
    std::string not_modified;  ///< the same of the 304
    std::string etag;
    std::string body;
};

/// Only 200s without Set-Cookie or other fields of their own are storable. Immutable, but for the compressed forms,
/// which are made when they are first asked for; thread-safe.
class stored_response {
 public:
    stored_response() = default;
    /// Takes the body of what a handler has answered, if it is storable.
    explicit stored_response(response& answer);
    stored_response(stored_response&& other) noexcept;
    stored_response& operator=(stored_response&& other) noexcept;
    ~stored_response();

    unsigned status() const noexcept { return status_; }
    bool storable() const noexcept { return status_ == 200 && !has_fields_; }
    const finished_response& in(coding c) const;
    /// Whether the coding depends on the request.
    bool varies() const noexcept;

    void write_to(std::string& out) const;
    bool read_from(std::string_view in);
    std::size_t heap_bytes() const noexcept;

 private:
    finished_response finish(coding c) const;

    unsigned status_ = 0;
    bool has_fields_ = false;
    std::int64_t version_ = 0;
    std::string content_type_;
    finished_response plain_;
    mutable std::array<std::atomic<const finished_response*>, 2> compressed_{};
};

inline bool is_storable(const stored_response& r) noexcept { return r.storable(); }
inline std::size_t cached_bytes(const stored_response& r) noexcept { return r.heap_bytes(); }

}  // namespace agora::http

template <>
struct larder::codec<agora::http::stored_response> {
    static constexpr std::uint64_t schema = detail::fnv1a("agora response 1");
    static void encode(const agora::http::stored_response& v, std::string& out) { v.write_to(out); }
    static bool decode(std::string_view in, agora::http::stored_response& out) { return out.read_from(in); }
};
