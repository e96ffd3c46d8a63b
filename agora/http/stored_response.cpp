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
    page_ = std::move(answer.page);
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
    page_ = std::move(other.page_);
    delete segments_.exchange(other.segments_.exchange(nullptr));
    return *this;
}

stored_response::~stored_response()
{
    for (auto& c : compressed_) delete c.load();
    delete segments_.load();
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

const segmented_page& stored_response::segments() const
{
    if (const auto* made = segments_.load(std::memory_order_acquire)) return *made;
    auto fresh = std::make_unique<const segmented_page>(plain_.body, page_->slots);
    const segmented_page* expected = nullptr;
    if (segments_.compare_exchange_strong(expected, fresh.get(), std::memory_order_acq_rel)) return *fresh.release();
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
    const auto for_members = page_ ? plain_.body.capacity() / 3 + page_->slots.size() * 2 * sizeof(page_slot) : 0;
    return plain_.body.capacity() * (varies() ? 3 : 2) / 2 + for_members +
           3 * (plain_.head.capacity() + plain_.not_modified.capacity());
}

void stored_page::write_to(std::string& out) const
{
    static const page_parts none;
    const auto& parts = page_ ? *page_ : none;
    larder::detail::put(out, parts.canonical);
    larder::detail::put(out, parts.slots);
    stored_response::write_to(out);
}

bool stored_page::read_from(std::string_view in)
{
    page_parts parts;
    if (!larder::detail::take(in, parts.canonical) || !larder::detail::take(in, parts.slots)) return false;
    if (!stored_response::read_from(in)) return false;
    // The offsets come from Redis, so they are checked before anything is copied by them.
    std::size_t end = 0;
    const auto size = this->in(coding::identity).body.size();
    for (const auto& s : parts.slots) {
        if (s.begin < end || s.begin > size || s.length > size - s.begin) return false;
        end = s.begin + s.length;
    }
    page_ = std::make_shared<const page_parts>(std::move(parts));
    return true;
}

}  // namespace agora::http
