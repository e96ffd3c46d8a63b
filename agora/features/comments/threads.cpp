// SPDX-License-Identifier: MIT
// Nests the rows of a page into threads, and cuts the page to its size limits. Pure. Start at build_threads(): trim()
// drops the rows that do not fit, forest nests the others.
#include <agora/features/comments/comments.hpp>
#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace agora::comments {

namespace {

/// The nesting of the comments, by the indices of their rows. Parents come before their replies; a row that breaks this
/// order, because its stored depth is wrong, must not crash the server.
class forest {
 public:
    explicit forest(std::vector<comment>& rows)
        : rows_{rows}, children_(rows.size()), holder_(rows.size()), level_(rows.size())
    {
        std::unordered_map<std::int64_t, std::size_t> index_of;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (rows[i].parent_id && !tops_.empty()) {
                const auto parent = index_of.find(*rows[i].parent_id);
                hang(i, parent == index_of.end() ? tops_.back() : parent->second);
            } else {
                tops_.push_back(i);
            }
            index_of.emplace(rows[i].id, i);
        }
    }

    const std::vector<std::size_t>& tops() const noexcept { return tops_; }

    /// Moves the comment and all replies under it out of the rows. The recursion depth is limited by max_nesting.
    thread take(std::size_t i)
    {
        thread t{std::move(rows_[i]), {}, false};
        t.replies.reserve(children_[i].size());
        for (const std::size_t child : children_[i]) t.replies.push_back(take(child));
        return t;
    }

 private:
    void hang(std::size_t i, std::size_t parent)
    {
        if (level_[parent] == max_nesting) parent = holder_[parent];
        holder_[i] = parent;
        level_[i] = level_[parent] + 1;
        children_[parent].push_back(i);
    }

    std::vector<comment>& rows_;
    std::vector<std::size_t> tops_;
    std::vector<std::vector<std::size_t>> children_;
    std::vector<std::size_t> holder_;
    std::vector<std::int64_t> level_;
};

/// The size of the text in JSON, in bytes.
std::int64_t written_size(std::string_view text)
{
    std::int64_t size = 0;
    for (const char c : text) {
        const bool control = static_cast<unsigned char>(c) < ' ';
        size += c == '"' || c == '\\' || c == '\n' ? 2 : control ? 6 : 1;
    }
    return size;
}

/// Drops the rows that do not fit into a page. Returns true if the first thread alone did not fit and was cut.
bool trim(std::vector<comment>& rows)
{
    const std::size_t fits = std::min(fitting(rows), static_cast<std::size_t>(max_thread_rows));
    if (rows.size() <= fits) return false;
    std::size_t last_thread = fits;
    while (last_thread > 0 && rows[last_thread].parent_id) --last_thread;
    const bool only_one = last_thread == 0;
    rows.resize(only_one ? fits : last_thread);
    return only_one;
}

}  // namespace

std::size_t fitting(const std::vector<comment>& rows)
{
    constexpr std::int64_t other_members = 500;
    std::int64_t size = 0;
    std::size_t fits = 0;
    for (; fits < rows.size(); ++fits) {
        size += written_size(rows[fits].body) + written_size(rows[fits].body_html) + other_members;
        if (fits > 0 && size > max_page_bytes) break;
    }
    return fits;
}

thread_page build_threads(thread_rows rows, std::int64_t limit)
{
    const bool cut = trim(rows.comments);
    forest nested{rows.comments};
    const std::size_t shown = std::min(nested.tops().size(), static_cast<std::size_t>(limit));

    thread_page page;
    for (std::size_t i = 0; i < shown; ++i) page.threads.push_back(nested.take(nested.tops()[i]));
    if (cut) page.threads.front().more_replies = true;
    page.has_more = rows.threads > static_cast<std::int64_t>(shown);
    return page;
}

}  // namespace agora::comments
