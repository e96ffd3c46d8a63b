// SPDX-License-Identifier: MIT
// A complete response as the cache stores it: bytes to copy after the status line, in each coding that has been
// requested. Start with in(). write_to() and read_from() are its encoding in Redis: version, content type and
// uncompressed body. A stored_page is encoded with its slots as well, and under a schema of its own, because its bytes
// name the site's stylesheet and script.
#pragma once

#include <agora/http/compression.hpp>
#include <agora/http/response.hpp>
#include <agora/http/segmented_page.hpp>
#include <array>
#include <atomic>
#include <larder/codec.hpp>
#include <memory>

namespace agora::http {

/// A response in one coding.
struct finished_response {
    std::string head;  ///< for a 200: the status line and the header without Cache-Control and per-request fields
    std::string not_modified;  ///< the same for a 304
    std::string etag;
    std::string body;
};

/// Only responses with status 200 and no header fields of their own (such as Set-Cookie) are storable. Immutable except
/// for the compressed forms, which are made on first use; thread-safe.
class stored_response {
 public:
    stored_response() = default;
    /// Moves the body out of a handler's response if the response is storable.
    explicit stored_response(response& answer);
    stored_response(stored_response&& other) noexcept;
    stored_response& operator=(stored_response&& other) noexcept;
    ~stored_response();

    unsigned status() const noexcept { return status_; }
    bool storable() const noexcept { return status_ == 200 && !has_fields_; }
    /// The response in this coding; valid as long as this object. Compresses on first use.
    const finished_response& in(coding c) const;
    /// Whether the coding depends on the request (Vary: Accept-Encoding).
    bool varies() const noexcept;

    std::string_view content_type() const noexcept { return content_type_; }
    std::int64_t version() const noexcept { return version_; }
    /// Null for all but pages.
    const page_parts* page() const noexcept { return page_.get(); }
    /// The page in segments, for members' copies of it. Made on first use; valid as long as this object. Requires:
    /// page() is not null.
    const segmented_page& segments() const;

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

 protected:
    std::shared_ptr<const page_parts> page_;

 private:
    mutable std::atomic<const segmented_page*> segments_{};
};

/// A page with its slots.
class stored_page final : public stored_response {
 public:
    using stored_response::stored_response;
    void write_to(std::string& out) const;
    bool read_from(std::string_view in);
};

inline bool is_storable(const stored_response& r) noexcept { return r.storable(); }
inline std::size_t cached_bytes(const stored_response& r) noexcept { return r.heap_bytes(); }

}  // namespace agora::http

template <>
struct larder::codec<agora::http::stored_response> {
    static constexpr std::uint64_t schema = fnv1a("agora response 1");
    static void encode(const agora::http::stored_response& v, std::string& out) { v.write_to(out); }
    static bool decode(std::string_view in, agora::http::stored_response& out) { return out.read_from(in); }
};

/// In page_codec.hpp, which changes with the stylesheet and is therefore included by few files.
template <>
struct larder::codec<agora::http::stored_page>;
