// SPDX-License-Identifier: MIT
// Opens the database that DATABASE_URL names, SQLite or PostgreSQL, and the data folder. Errors are one line that names
// the setting to change.
#include <unistd.h>
#include <agora/application/open_database.hpp>
#include <agora/storage/postgres/postgres.hpp>
#include <agora/storage/sqlite/sqlite.hpp>

#include <cerrno>
#include <stdexcept>

namespace agora::application {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite:///";

/// Throws std::runtime_error. Its text is one line and names the next step.
std::unique_ptr<storage::database> open_file(const storage::sqlite_options& o)
{
    try {
        return storage::make_sqlite(o);
    } catch (const storage::sql_error& e) {
        std::string why = e.what();
        why = why.substr(0, why.find(", in: "));
        throw std::runtime_error{
            "the database " + o.path + " cannot be used: " + why +
            "; this user must be able to write the file and its folder, and DATABASE_URL must name "
            "an SQLite database"};
    }
}

}  // namespace

void make_data_folder(const config& c)
{
    const auto refuse = [&](const std::string& why) {
        throw config_error{"AGORA_DATA is \"" + c.data.string() + "\", which cannot be used: " + why +
                           "; choose a folder that this user can write to with --data"};
    };
    std::error_code ec;
    std::filesystem::create_directories(c.data, ec);
    if (ec) refuse(ec.message());
    if (!std::filesystem::is_directory(c.data, ec)) refuse("it is not a folder");
    if (::access(c.data.c_str(), W_OK | X_OK) != 0) refuse(std::generic_category().message(errno));
}

std::unique_ptr<storage::database> open_database(const config& c, larder::runtime& loops,
                                                 std::chrono::milliseconds statement_timeout)
{
    make_data_folder(c);
    if (!c.database_url.starts_with(sqlite_scheme)) {
        storage::postgres_options o;
        o.url = c.database_url;
        o.statement_timeout = statement_timeout;
        try {
            return storage::make_postgres(o, loops);
        } catch (const std::invalid_argument& e) {
            throw config_error{std::string{"DATABASE_URL: "} + e.what()};
        }
    }
    storage::sqlite_options o;
    o.path = c.database_url.substr(sqlite_scheme.size());
    o.statement_timeout = statement_timeout;
    o.cache_bytes = c.sqlite_cache_mb << 20;
    o.synchronous = c.sqlite_synchronous == synchronous_mode::full ? storage::sqlite_options::durability::full
                                                                   : storage::sqlite_options::durability::normal;
    return open_file(o);
}

}  // namespace agora::application
