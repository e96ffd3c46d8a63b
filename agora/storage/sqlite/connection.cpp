// SPDX-License-Identifier: MIT
// One SQLite connection: opening and configuring it, binding parameters, reading rows, and turning errors into
// sql_error. connection::run() is the path of every statement.
// Invariant: a statement is reset and its bindings are cleared after every use, because bound texts are not copied.
#include <fcntl.h>
#include <unistd.h>
#include <agora/storage/sqlite/connection.hpp>
#include <agora/storage/sqlite/errors.hpp>
#include <charconv>
#include <limits>

namespace agora::storage::sqlite {

namespace {

/// The meaning of the last error, including the errno of the failed system call. SQLite's own copy of errno may already
/// belong to the rollback that followed; the WAL file or the database file then still has the original.
errc last_meaning(sqlite3* db)
{
    const int code = sqlite3_extended_errcode(db);
    sqlite3_file* log = nullptr;
    int log_errno = 0;
    int file_errno = 0;
    sqlite3_file_control(db, nullptr, SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
    if (log != nullptr && log->pMethods != nullptr)
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &log_errno);
    sqlite3_file_control(db, nullptr, SQLITE_FCNTL_LAST_ERRNO, &file_errno);
    const errc without = meaning_of(code);
    for (const int system : {log_errno, file_errno, sqlite3_system_errno(db)}) {
        const errc with = meaning_of(code, system);
        if (with != without) return with;
    }
    return without;
}

[[noreturn]] void throw_last_error(sqlite3* db, std::string_view doing)
{
    const errc why = last_meaning(db);
    std::string text = "sqlite: ";
    text.append(sqlite3_errmsg(db)).append(" (").append(to_string(why)).append("), in: ").append(doing.substr(0, 200));
    throw sql_error{why, text};
}

[[noreturn]] void refuse(const std::string& what) { throw sql_error{errc::invalid, "sqlite: " + what}; }

/// The number in `$n`, counted from 0.
std::size_t number_of(const char* parameter)
{
    const std::string_view name = parameter == nullptr ? "?" : parameter;
    std::size_t n = 0;
    const auto [end, ec] = std::from_chars(name.data() + 1, name.data() + name.size(), n);
    if (name.front() != '$' || ec != std::errc{} || end != name.data() + name.size() || n == 0) {
        refuse("parameters must be named $1, $2, ..., not " + std::string{name});
    }
    return n - 1;
}

/// Reads the current row of a statement. As strict as PostgreSQL: a text is not converted to a number, and NULL not to
/// a value.
class row_reader final : public column_reader {
 public:
    explicit row_reader(sqlite3_stmt* s) : s_{s} {}
    int count() const override { return sqlite3_column_count(s_); }
    std::string_view name(int i) const override { return sqlite3_column_name(s_, i); }
    bool is_null(int i) const override { return sqlite3_column_type(s_, i) == SQLITE_NULL; }
    std::int64_t int64(int i) const override
    {
        if (sqlite3_column_type(s_, i) != SQLITE_INTEGER) refuse_column(i, "an integer");
        return sqlite3_column_int64(s_, i);
    }
    double real(int i) const override
    {
        const int type = sqlite3_column_type(s_, i);
        if (type != SQLITE_FLOAT && type != SQLITE_INTEGER) refuse_column(i, "a number");
        return sqlite3_column_double(s_, i);
    }
    std::string_view text(int i) const override
    {
        if (is_null(i)) refuse_column(i, "a text");
        const auto* begin = reinterpret_cast<const char*>(sqlite3_column_text(s_, i));
        return {begin, static_cast<std::size_t>(sqlite3_column_bytes(s_, i))};
    }

 private:
    [[noreturn]] void refuse_column(int i, std::string_view wanted) const
    {
        refuse("column '" + std::string{name(i)} + "' is " + (is_null(i) ? "null" : "not " + std::string{wanted}));
    }
    sqlite3_stmt* s_;
};

/// Resets a statement for its next use, also after an exception. Its bindings are cleared because the bound values
/// belong to the caller.
class reset_at_exit {
 public:
    explicit reset_at_exit(sqlite3_stmt* s) : s_{s} {}
    ~reset_at_exit()
    {
        sqlite3_reset(s_);
        sqlite3_clear_bindings(s_);
    }
    reset_at_exit(const reset_at_exit&) = delete;
    reset_at_exit& operator=(const reset_at_exit&) = delete;

 private:
    sqlite3_stmt* s_;
};

int bind_one(sqlite3_stmt* s, int at, const value& v)
{
    if (const auto* i = std::get_if<std::int64_t>(&v)) return sqlite3_bind_int64(s, at, *i);
    if (const auto* d = std::get_if<double>(&v)) return sqlite3_bind_double(s, at, *d);
    const auto* text = std::get_if<std::string>(&v);
    if (text == nullptr) return sqlite3_bind_null(s, at);
    // PostgreSQL cannot store a NUL character, so SQLite must not accept one either.
    if (text->find('\0') != std::string::npos) {
        throw sql_error{errc::bad_value, "sqlite: a text contains a NUL character"};
    }
    return sqlite3_bind_text64(s, at, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
}

}  // namespace

namespace {

/// Creates the database file readable by its owner only, because it holds what members write. SQLite gives the files
/// beside it (-wal, -shm) the same mode. An existing file is left alone and is not even opened, because closing it
/// would release this process's locks on it.
void make_private_file(const std::string& path)
{
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) ::close(fd);
}

}  // namespace

statement::statement(sqlite3* db, std::string_view sql)
{
    if (sql.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) refuse("the statement is too long");
    sqlite3_stmt* made = nullptr;
    const char* rest = nullptr;
    if (sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &made, &rest) !=
        SQLITE_OK) {
        throw_last_error(db, sql);
    }
    handle_.reset(made);
    const std::string_view tail{rest, static_cast<std::size_t>(sql.data() + sql.size() - rest)};
    if (made == nullptr || tail.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
        refuse("one statement at a time, in: " + std::string{sql.substr(0, 200)});
    }
    const int count = sqlite3_bind_parameter_count(made);
    for (int i = 1; i <= count; ++i) value_of_.push_back(number_of(sqlite3_bind_parameter_name(made, i)));
}

void statement::bind(const params& values) const
{
    for (std::size_t i = 0; i < value_of_.size(); ++i) {
        if (value_of_[i] >= values.values().size()) refuse("no value for $" + std::to_string(value_of_[i] + 1));
        const int rc = bind_one(get(), static_cast<int>(i + 1), values.values()[value_of_[i]]);
        if (rc != SQLITE_OK) throw_last_error(sqlite3_db_handle(get()), sqlite3_sql(get()));
    }
}

connection::connection(const sqlite_options& options, access mode)
    : statements_{options.cached_statements}, statement_timeout_{options.statement_timeout}
{
    if (mode == access::read_write) make_private_file(options.path);
    const int flags = mode == access::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    // SQLite's memory statistics would take a process-wide lock on every allocation.
    [[maybe_unused]] static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3* opened = nullptr;
    const int rc = sqlite3_open_v2(options.path.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    db_.reset(opened);  // takes ownership even after an error
    if (rc != SQLITE_OK) throw_last_error(opened, "opening " + options.path);
    try {
        configure(options, mode);
    } catch (const sql_error& e) {
        if (e.reason() != errc::corrupt) throw;
        throw sql_error{errc::corrupt, "the database " + options.path + " is damaged, or is not an SQLite database (" +
                                           sqlite3_errmsg(opened) + "): restore a backup"};
    }
}

void connection::configure(const sqlite_options& options, access mode)
{
    sqlite3_extended_result_codes(db_.get(), 1);
    sqlite3_busy_timeout(db_.get(), static_cast<int>(options.busy_timeout.count()));
    if (mode == access::read_write) {
        run("PRAGMA journal_mode = WAL");
        run("PRAGMA journal_size_limit = 67108864");
        const bool full = options.synchronous == sqlite_options::durability::full;
        run(full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    }
    // Large transactions (imports) look up pages all over the file. A page in the writer's cache need not be read from
    // the WAL.
    const auto writers = options.cache_bytes / 3 * 2;
    const auto bytes = mode == access::read_write ? writers : (options.cache_bytes - writers) / reader_count;
    run("PRAGMA cache_size = -" + std::to_string(bytes / 1024));
    run("PRAGMA foreign_keys = ON");
    run("PRAGMA mmap_size = 134217728");
    run("PRAGMA temp_store = MEMORY");
    constexpr int instructions_between_checks = 1000;
    sqlite3_progress_handler(db_.get(), instructions_between_checks, &connection::out_of_time, this);
}

void connection::require_file() const
{
    int moved = 0;
    sqlite3_file_control(db_.get(), nullptr, SQLITE_FCNTL_HAS_MOVED, &moved);
    if (moved != 0) {
        throw sql_error{errc::read_only,
                        "sqlite: the database file was deleted, moved or replaced while it was open: new writes"
                        " would be lost; restart agora"};
    }
}

void connection::roll_back() noexcept
{
    deadline_ = larder::steady_time::max();
    sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

int connection::out_of_time(void* self) noexcept
{
    return std::chrono::steady_clock::now() > static_cast<connection*>(self)->deadline_;
}

const statement& connection::prepared(std::string_view sql)
{
    if (const auto* found = statements_.find(sql)) return *found;
    statements_.insert(std::string{sql}, statement{db_.get(), sql});
    return *statements_.find(sql);
}

std::int64_t connection::run(std::string_view sql, const params& bound, row_sink* sink)
{
    const statement& s = prepared(sql);
    const reset_at_exit reset{s.get()};
    s.bind(bound);
    deadline_ = std::chrono::steady_clock::now() + statement_timeout_;
    const auto before = sqlite3_total_changes64(db_.get());
    const row_reader row{s.get()};
    int rc = sqlite3_step(s.get());
    // SQLite itself undoes the changes of a failed statement.
    if ((rc == SQLITE_ROW || rc == SQLITE_DONE) && sqlite3_stmt_readonly(s.get()) == 0) ++writes_;
    for (; rc == SQLITE_ROW; rc = sqlite3_step(s.get())) {
        if (sink != nullptr) sink->row(row);
    }
    if (rc != SQLITE_DONE) throw_last_error(db_.get(), sql);
    // changes() still has the count of an earlier statement when this one changes no table.
    return sqlite3_total_changes64(db_.get()) == before ? 0 : sqlite3_changes64(db_.get());
}

void connection::run_script(std::string_view script)
{
    const std::string text{script};
    deadline_ = larder::steady_time::max();
    ++writes_;
    if (sqlite3_exec(db_.get(), text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        throw_last_error(db_.get(), "a script");
    }
}

}  // namespace agora::storage::sqlite
