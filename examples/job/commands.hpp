#pragma once
// headgate-job: its commands. Each answers the exit code.

#include "../common/open_database.hpp"

#include <optional>
#include <string>
#include <vector>

namespace headgate::example {

struct options {
    std::string database = "sqlite:headgate.db";
    std::string output = "text";
    bool watch = false;
    std::string job{};

    std::string program{};
    std::string name{};
    std::string organization{};
    std::vector<std::string> parallelism{};
    std::optional<double> ttl{};
    std::optional<std::uint32_t> ignore_state_before{};
    std::optional<double> checkpoint_interval{};
    std::vector<std::string> environment{};
    std::vector<std::string> tags{};
    std::string backend_configuration{};
    std::string restart_mode = "safe";
    std::uint64_t restart_nonce = 0;
    bool wait_for_slots = false;
    bool stopped = false;

    std::string stop_mode = "immediate";
    std::optional<std::string> state{};
    std::optional<std::uint32_t> epoch{};
    std::string why{};
    std::string event{};
    std::optional<double> timeout{};
};

int submit(const options& o);
int list(const options& o);
int describe(const options& o);
int events(const options& o);
int wait(const options& o);
int stop(const options& o);
int start(const options& o);

}  // namespace headgate::example
