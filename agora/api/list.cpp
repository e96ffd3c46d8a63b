// SPDX-License-Identifier: MIT
// Reads the list parameters of a request. read_window() checks the numbers and their combinations and reports every
// wrong parameter at once; cursors::read() adds the cursor, which carries the sort order and a hash of the filters, so
// that a cursor of another list is refused.
#include <agora/api/list.hpp>
#include <algorithm>
#include <larder/fnv.hpp>

namespace agora::field_codes {
const field_code contradictory{"contradictory", "Two parameters were sent that cannot be used together."};
}  // namespace agora::field_codes

namespace agora::api {

namespace {

std::uint64_t hash_of(std::initializer_list<std::string_view> texts)
{
    std::uint64_t hash = larder::fnv1a("");
    constexpr std::string_view end{"\0", 1};  // so that {"a", "b"} and {"ab", ""} differ
    for (const std::string_view text : texts) hash = larder::fnv1a(end, larder::fnv1a(text, hash));
    return hash;
}

class range_check {
 public:
    std::vector<field_error> errors;

    std::int64_t operator()(std::string_view field, std::optional<std::int64_t> given, position range,
                            std::int64_t fallback)
    {
        if (!given) return fallback;
        const auto& [low, high] = range;
        if (*given < low || *given > high) {
            errors.emplace_back(std::string{field}, field_codes::out_of_range,
                                "must be between " + std::to_string(low) + " and " + std::to_string(high));
            return fallback;
        }
        return *given;
    }
};

void refuse_contradictions(const page_query& q, std::vector<field_error>& errors)
{
    const auto refuse = [&errors](bool both, const char* field, const char* other) {
        if (both)
            errors.emplace_back(field, field_codes::contradictory,
                                std::string{"cannot be used together with "} + other);
    };
    refuse(q.page && q.cursor, "page", "cursor");
    refuse(q.skip && q.cursor, "skip", "cursor");
    refuse(q.skip && q.page, "skip", "page");
    refuse(q.per_page && q.limit, "per_page", "limit");
}

}  // namespace

cursors::cursors(const storage::cursor_signer& signer, std::string sort,
                 std::initializer_list<std::string_view> filters)
    : signer_{signer}, sort_{std::move(sort)}, filter_hash_{hash_of(filters)}
{}

outcome<window> read_window(const page_query& q)
{
    range_check in_range;
    window w;
    w.limit = in_range("limit", q.limit, {1, max_limit}, default_limit);
    w.limit = in_range("per_page", q.per_page, {1, max_limit}, w.limit);
    const std::int64_t page = in_range("page", q.page, {1, 1 + max_skip / w.limit}, 1);
    w.offset = in_range("skip", q.skip, {0, max_skip}, (page - 1) * w.limit);
    w.include_total = q.include_total.value_or(false);
    refuse_contradictions(q, in_range.errors);
    if (!in_range.errors.empty()) return failure::invalid(std::move(in_range.errors));
    return w;
}

outcome<window> cursors::read(const page_query& q) const
{
    outcome<window> w = read_window(q);
    if (w && q.cursor) {
        const outcome<position> at = read_position(*q.cursor);
        if (!at) return at.error();
        w->after = *at;
    }
    return w;
}

outcome<position> cursors::read_position(std::string_view text) const
{
    const auto decoded = signer_.decode(text);
    if (!decoded) {
        return failure{problems::invalid_cursor, "the cursor was not issued by this server; request the first page"};
    }
    if (decoded->sort != sort_ || decoded->filter_hash != filter_hash_) {
        return failure{problems::cursor_mismatch,
                       "the cursor belongs to another list; use it with the sort and filters it came with"};
    }
    return position{decoded->key, decoded->id};
}

std::string cursors::write(const position& last) const
{
    return signer_.encode(storage::cursor{sort_, last.key, last.id, filter_hash_});
}

void set_total(page_info& page, std::int64_t counted)
{
    page.total = std::min(counted, max_total);
    page.total_is_capped = counted > max_total;
}

}  // namespace agora::api
