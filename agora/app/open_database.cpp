// SPDX-License-Identifier: MIT
#include <agora/app/open_database.hpp>
#include <agora/storage/postgres/postgres.hpp>
#include <agora/storage/sqlite/sqlite.hpp>

namespace agora::app {

std::unique_ptr<storage::database> open_database(const config& c, larder::runtime& loops,
                                                 std::chrono::milliseconds statement_timeout)
{
    std::error_code ec;
    std::filesystem::create_directories(c.data, ec);
    if (ec) throw config_error{"AGORA_DATA is \"" + c.data.string() + "\", which cannot be made: " + ec.message()};

    constexpr std::string_view sqlite = "sqlite:///";
    if (!c.database_url.starts_with(sqlite)) {
        storage::postgres_options o;
        o.url = c.database_url;
        o.statement_timeout = statement_timeout;
        return storage::make_postgres(o, loops);
    }
    storage::sqlite_options o;
    o.path = c.database_url.substr(sqlite.size());
    o.statement_timeout = statement_timeout;
    o.synchronous = c.sqlite_synchronous == synchronous_mode::full ? storage::sqlite_options::durability::full
                                                                   : storage::sqlite_options::durability::normal;
    return storage::make_sqlite(o);
}

}  // namespace agora::app
