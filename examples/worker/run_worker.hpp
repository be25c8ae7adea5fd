#pragma once
// SPDX-License-Identifier: BSL-1.0
// headgate-worker: one worker from its registration to its end; for this program and for controllers that have workers
// as threads.

#include "faults.hpp"

#include <headgate/vocabulary/identity.hpp>
#include <headgate/vocabulary/outcome.hpp>
#include <headgate/worker/settings.hpp>

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace headgate::example {

struct run_worker_options {
    headgate::identity identity{};       ///< holds a secret
    std::string state{};                 ///< directory of the controller's checkpoints; empty: none can be taken
    std::string positions{};             ///< directory for how far sources are; empty: it is not written
    std::string listen = "127.0.0.1:0";  ///< host:port for the controller's calls
    std::string data_listen{};           ///< host:port for other workers; empty: any port at the host of `listen`
    std::string tls{};  ///< directory as `tls_help` says; empty: the controller and all workers are on this machine
    std::uint32_t slots = 0;  ///< offered; 0: all that were granted
    std::string machine{};    ///< empty: the host's name
    std::string zone{};
    std::vector<fault> faults{};
    std::function<void(const std::string&)> log{};  ///< lines for people, without secrets; from any thread
};

/// Runs until the worker is over, or soon after a stop was asked for. An address that cannot be listened on is an
/// error. Throws nothing.
expected<worker_end> run_worker(run_worker_options with, std::stop_token stop);

}  // namespace headgate::example
