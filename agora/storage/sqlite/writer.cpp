// SPDX-License-Identifier: MIT
// Group commit. loop() takes all waiting units, attempt() runs them in one transaction and commits it.
// Invariant: a caller resumes only after its unit was committed or rolled back; no unit is committed twice.
#include <agora/storage/sqlite/writer.hpp>

namespace agora::storage::sqlite {

namespace {

// Limits how long the first unit of a group waits for the last one.
constexpr std::size_t max_group = 256;

std::exception_ptr error_of(const char* what) { return std::make_exception_ptr(sql_error{errc::invalid, what}); }

class script_unit final : public unit_of_work {
 public:
    script_unit(std::optional<connection>& c, std::string_view script) : connection_{c}, script_{script} {}
    asio::awaitable<bool> run(session&) override
    {
        connection_->run_script(script_);
        co_return true;
    }

 private:
    std::optional<connection>& connection_;  // the writer's connection; used only on the writer's thread
    std::string_view script_;
};

}  // namespace

writer::writer(const sqlite_options& options, condition& state)
    : state_{state}, queue_{options.queue_limit, notification::batched}
{
    connection_.emplace(options, connection::access::read_write);
    thread_ = std::thread{[this] { loop(); }};
}

void writer::close()
{
    std::call_once(closed_, [&] {
        queue_.close();
        thread_.join();
        connection_.reset();
    });
}

asio::awaitable<void> writer::run_script(std::string_view script)
{
    script_unit unit{connection_, script};
    co_await queue_.execute(unit);
}

void writer::loop()
{
    for (;;) {
        auto batch = queue_.take(max_group);
        if (batch.empty()) return;
        for (bool again = false; !batch.empty(); again = true) batch = attempt(std::move(batch), again);
    }
}

/// Runs the batch in one transaction and completes its units. Returns the units that must run again, each in a
/// savepoint; their callers have not been resumed. These are all units when one failed after it had written, and all
/// but the failed one when its failure rolled back the whole transaction (SQLite does so on a full disk, an I/O error
/// or an interrupted write).
std::vector<job*> writer::attempt(std::vector<job*> batch, bool in_savepoints)
{
    try {
        connection_->require_file();
        connection_->run("BEGIN IMMEDIATE");
    } catch (...) {
        state_.failed(std::current_exception());
        for (job* j : batch) j->done.finish(std::current_exception());
        return {};
    }
    const auto before = connection_->changes();
    for (auto it = batch.begin(); it != batch.end(); ++it) {
        job* j = *it;
        bool good = true;
        if (in_savepoints) {
            run_in_savepoint(*j);
        } else {
            good = run_unit(*j);
        }
        if (good && connection_->in_transaction()) continue;
        if (connection_->in_transaction()) {
            connection_->roll_back();
            if (batch.size() > 1) return batch;
        }
        batch.erase(it);
        j->done.finish(j->error);
        return batch;
    }
    const auto failed = commit();
    if (failed) {
        state_.failed(failed);
    } else if (connection_->changes() != before) {
        state_.wrote();
    }
    completions finished;
    for (job* j : batch) finished.add(j->done, j->error ? j->error : failed);
    finished.finish();
    return {};
}

/// Returns false when the unit has failed after writing something, which then has to be undone.
bool writer::run_unit(job& j)
{
    j.error = nullptr;
    bool keep = false;
    const auto before = connection_->writes();
    try {
        keep = run_to_completion(j.work, *connection_, context_);
    } catch (...) {
        j.error = std::current_exception();
        state_.failed(j.error);
    }
    if (!connection_->in_transaction() && !j.error)
        j.error = error_of("a unit of work must not end the transaction itself");
    return keep || connection_->writes() == before;
}

void writer::run_in_savepoint(job& j)
{
    try {
        connection_->run("SAVEPOINT unit");
        const bool good = run_unit(j);
        if (!connection_->in_transaction()) return;
        if (!good) connection_->run("ROLLBACK TO unit");
        connection_->run("RELEASE unit");
    } catch (...) {
        // The state of the savepoint is unknown, so the whole transaction is rolled back, and the other units run again
        // without this one.
        if (!j.error) j.error = std::current_exception();
        if (connection_->in_transaction()) connection_->roll_back();
    }
}

std::exception_ptr writer::commit()
{
    try {
        connection_->run("COMMIT");
        ++commits_;
        return nullptr;
    } catch (...) {
        const auto error = std::current_exception();
        if (connection_->in_transaction()) connection_->roll_back();
        return error;
    }
}

}  // namespace agora::storage::sqlite
