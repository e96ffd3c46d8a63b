// SPDX-License-Identifier: MIT
// Imports a public Stack Exchange dump (archive.org/details/stackexchange). Questions become posts, and answers become
// comments on them. Comments become comments on the post or replies to the answer's comment. Up-votes become likes
// without a user, the site becomes a category, and its tags become tags. Bodies are converted to Markdown, and their
// sanitised HTML is kept as well; a bio becomes plain text. Rows whose author is not in the dump belong to the user
// `deleted-user`.
//
// The import is one transaction: after an error or a crash the database is unchanged. Importing the same dump again, or
// a newer dump of the same site, adds only what is missing. Memory use does not grow with the size of the dump.
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

/// Receives progress reports, on the database's thread: every 10,000 rows and at the end of each file. Posts is read
/// twice, for questions and then for answers.
class import_progress {
 public:
    /// `fraction`: how much of the file has been read, from 0 to 1.
    virtual void rows_read(std::string_view file, std::int64_t rows, double fraction) = 0;

 protected:
    ~import_progress() = default;
};

/// The numbers of added rows. A class with a constructor, not an aggregate, because it is returned through `co_await`.
struct import_summary {
    import_summary() {}
    std::int64_t added() const { return users + tags + posts + answers + comments + likes; }
    std::int64_t users = 0;
    std::int64_t tags = 0;
    std::int64_t posts = 0;
    std::int64_t answers = 0;
    std::int64_t comments = 0;
    std::int64_t likes = 0;
    std::int64_t existing = 0;       ///< rows that an earlier run has imported
    std::int64_t shown_as_code = 0;  ///< texts that were too expensive, or have parts that Markdown cannot show
    std::map<std::string, std::int64_t> skipped;  ///< number of rows by reason
};

/// Reads Users, Tags, Posts, Comments and Votes (`.xml` or `.xml.gz`) from the folder, whose name is used as the site's
/// name. Throws import_error for a missing or malformed file, and the database's errors. A dump of a million rows
/// occupies the database's writer for about 45 s. Requires: the arguments outlive the call.
asio::awaitable<import_summary> import_stackexchange(storage::database& db, const std::filesystem::path& folder,
                                                     import_progress& progress);

}  // namespace agora::import
