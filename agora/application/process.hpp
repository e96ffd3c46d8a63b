// SPDX-License-Identifier: MIT
// What the process does with its standard files and with signals, from the first line of main to the last. SIGTERM and
// SIGINT are blocked in every thread and taken by a thread of their own, so none is lost between two phases, none kills
// half way, and none depends on an event loop that runs: a server whose loops hang still ends.
//
//     phase              SIGTERM, SIGINT                               SIGHUP, SIGUSR1
//     a verb             ends at once, by the signal                   their default
//     serve, starting    ends at once with 0; nothing was accepted     the log file is opened again
//     serve, serving     `stop` is called; ended with 1 after a limit  the same
//     serve, ending      ends at once with 0; everything is done       the same
//
// Ending at once is safe in each of these phases: an unfinished transaction is undone when the database is opened next.
#pragma once

#include <chrono>
#include <functional>

namespace agora::application {

/// Opens closed standard files as /dev/null, so that no socket gets their numbers; lets writes to closed pipes fail
/// instead of killing; starts to take signals. Call once, before there are other threads.
void prepare_process();

/// Called before a verb is ended by a signal, to give the terminal back as it was. Null: nothing is to be done.
void before_interruption(void (*restore)());

/// The three phases of `serve`, in this order. begin_service() must come before there are other threads.
void begin_service();
/// `stop` is called once, on the thread of the signals.
void begin_serving(std::function<void()> stop, std::chrono::seconds limit);
/// `stop` is not called any more. Waits while it is being called.
void end_serving();

}  // namespace agora::application
