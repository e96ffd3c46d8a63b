// SPDX-License-Identifier: MIT
// How the process treats its standard files and signals, from the first line of main to the last. SIGTERM and SIGINT
// are blocked in every thread and handled by a thread of their own. So no signal is lost between two phases, none kills
// the process half way, and none depends on a running event loop: a server whose loops hang still ends.
//
//     phase                 SIGTERM, SIGINT                                     SIGHUP, SIGUSR1
//     a command             ends at once, killed by the signal                  default action
//     serve, starting       exits at once with 0; nothing was accepted yet      the log file is reopened
//     serve, serving        `stop` is called; exits with 1 after a time limit   the same
//     serve, ending         exits at once with 0; everything is done            the same
//
// Ending at once is safe in each of these phases, because an unfinished transaction is rolled back when the database is
// opened again.
#pragma once

#include <chrono>
#include <functional>

namespace agora::application {

/// Opens closed standard files as /dev/null, so that no socket gets their descriptors; ignores SIGPIPE and SIGXFSZ, so
/// that such writes fail instead of killing the process; and starts handling signals. Call once, before there are other
/// threads.
void prepare_process();

/// Sets a function to call before a command is ended by a signal, to restore the state of the terminal. Null: no
/// function.
void before_interruption(void (*restore)());

/// Enters the first of the three phases of `serve`: starting. Call before there are other threads.
void begin_service();
/// Enters the phase `serving`. `stop` is called at most once, on the signal thread.
void begin_serving(std::function<void()> stop, std::chrono::seconds limit);
/// Enters the phase `ending`. `stop` is not called after this returns; waits if it is being called.
void end_serving();

}  // namespace agora::application
