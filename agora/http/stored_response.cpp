// SPDX-License-Identifier: MIT
// The body and the fixed header of a cached response, for each coding. Start with in(), which returns the form for a
// coding and makes a compressed form on first use. Each compressed form is published once through an atomic pointer and
// then never changes, so references to it stay valid as long as the object.
#include <agora/http/encoder.hpp>
#include <agora/http/entity_tag.hpp>
#include <agora/http/stored_response.hpp>

namespace agora::http {

stored_response::stored_response(response& answer)
    : status_{answer.status},
      has_fields_{!answer.headers.empty()},
      version_{answer.version},
      content_type_{answer.content_type}
{
    if (!storable()) return;
    plain_.body = std::move(answer.body);
    plain_ = finish(coding::identity);
}

stored_response::stored_response(stored_response&& other) noexcept { *this = std::move(other); }

stored_response& stored_response::operator=(stored_response&& other) noexcept
{
    status_ = other.status_;
    has_fields_ = other.has_fields_;
    version_ = other.version_;
    content_type_ = std::move(other.content_type_);
    plain_ = std::move(other.plain_);
    for (std::size_t i = 0; i < compressed_.size(); ++i)
        delete compressed_[i].exchange(other.compressed_[i].exchange(nullptr));
    return *this;
}

stored_response::~stored_response()
{
    for (auto& c : compressed_) delete c.load();
}

bool stored_response::varies() const noexcept { return is_worth_compressing(content_type_, plain_.body.size()); }

finished_response stored_response::finish(coding c) const
{
    finished_response out;
    out.body = c == coding::identity ? plain_.body : compress(c, plain_.body);
    out.etag = make_etag(version_, plain_.body, c);
    representation_fields shown;
    shown.content_type = content_type_;
    shown.encoding = c;
    shown.etag = out.etag;
    shown.varies = varies();
    out.head = make_head(200, shown, out.body.size());
    out.not_modified = make_head(304, shown, 0);
    return out;
}

const finished_response& stored_response::in(coding c) const
{
    if (c == coding::identity) return plain_;
    auto& place = compressed_[c == coding::gzip ? 0 : 1];
    if (const auto* made = place.load(std::memory_order_acquire)) return *made;
    auto fresh = std::make_unique<const finished_response>(finish(c));
    const finished_response* expected = nullptr;
    // Two threads may make the form at the same time. The first one published is kept.
    if (place.compare_exchange_strong(expected, fresh.get(), std::memory_order_acq_rel)) return *fresh.release();
    return *expected;
}

void stored_response::write_to(std::string& out) const
{
    larder::detail::put(out, version_);
    larder::detail::put(out, content_type_);
    out += plain_.body;
}

bool stored_response::read_from(std::string_view in)
{
    if (!larder::detail::take(in, version_) || !larder::detail::take(in, content_type_)) return false;
    status_ = 200;
    plain_.body = in;
    plain_ = finish(coding::identity);
    return true;
}

std::size_t stored_response::heap_bytes() const noexcept
{
    // Includes an estimate for the compressed forms, which are made later: JSON shrinks to about a fifth.
    return plain_.body.capacity() * (varies() ? 3 : 2) / 2 +
           3 * (plain_.head.capacity() + plain_.not_modified.capacity());
}

}  // namespace agora::http
