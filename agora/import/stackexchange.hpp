// SPDX-License-Identifier: MIT
// Imports a public Stack Exchange dump (archive.org/details/stackexchange). Questions become posts; answers become
// comments on them; comments become comments on the post, or replies to the answer's comment; up-votes become likes
// without a user; the site becomes a category, its tags tags. Bodies become
// Markdown, and the sanitised HTML is kept beside it; a bio becomes text. Rows whose author is not in the
// dump belong to the user `deleted-user`.
//
// The import is one transaction: after an error, or a crash, the database is as before. Importing a dump again, or a
// newer one of the same site, adds only what is not there yet. Memory does not grow with the dump.
#pragma once

#include <agora/import/xml_rows.hpp>
#include <agora/storage/db.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace agora::import {

namespace asio = boost::asio;

/// Told how far the import is, on the database's thread, every 10,000 rows and at the end of each file (Posts is read
/// twice: questions, then answers).
class import_progress {
 public:
    /// `fraction` of the file that is read, 0 to 1.
    virtual void rows_read(std::string_view file, std::int64_t rows, double fraction) = 0;

 protected:
    ~import_progress() = default;
};

/// Rows added. A class with a constructor, not an aggregate: it is returned through `co_await`.
struct import_summary {
    import_summary() {}
    std::int64_t added() const { return users + tags + posts + answers + comments + likes; }
    std::int64_t users = 0;
    std::int64_t tags = 0;
    std::int64_t posts = 0;
    std::int64_t answers = 0;
    std::int64_t comments = 0;
    std::int64_t likes = 0;
    std::int64_t existing = 0;                    ///< imported by an earlier run
    std::int64_t shown_as_code = 0;               ///< texts, or parts, that cost too much or that Markdown cannot show
    std::map<std::string, std::int64_t> skipped;  ///< reason: rows
};

/// Reads Users, Tags, Posts, Comments and Votes (`.xml` or `.xml.gz`) of the folder; the folder's name is the site's.
/// Throws import_error for a missing or malformed file, and what the database throws. A dump of a million rows keeps
/// the database's writer busy for about 45 s.
/// Requires: the arguments outlive the call.
asio::awaitable<import_summary> import_stackexchange(storage::database& db, const std::filesystem::path& folder,
                                                     import_progress& progress);

}  // namespace agora::import
