// SPDX-License-Identifier: BSL-1.0
// Every limit of what comes as bytes: just within it is read, one more is refused by name, or cut (SPEC 10).
#include <headgate/protobuf/codec.hpp>
#include <headgate/protobuf/json.hpp>
#include <headgate/protobuf/messages.hpp>

#include <headgate/vocabulary/plan_check.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace headgate;
using namespace headgate::protobuf;

constexpr std::size_t four_mib = std::size_t{4} << 20;

/// `tried(n)` is empty where n is within the limit, else why it is not.
struct limit {
    const char* what;
    std::size_t most;
    std::function<std::string(std::size_t)> tried;
    const char* says;  ///< of one more
};

void hold(const std::vector<limit>& all) {
    for (const limit& each : all) {
        BOOST_TEST_CONTEXT(each.what) {
            BOOST_TEST(each.tried(each.most) == "");
            const std::string why = each.tried(each.most + 1);
            BOOST_TEST(why.find(each.says) != std::string::npos, why);
        }
    }
}

std::string why_not(const auto& read) { return read ? std::string() : read.error().text; }
std::string text(std::size_t size) { return std::string(size, 'x'); }

std::string said(const worker_message& what) { return why_not(decode_worker_message(encode(what))); }
worker_message taken(std::size_t size) {
    return checkpoint_report{.epoch = {1}, .subtasks = {{{1}, 1, text(size)}}, .failure = {}};
}
/// What is in a message beside a large text of its own.
std::size_t bytes_around(const std::function<std::string(std::size_t)>& message) {
    const std::size_t size = std::size_t{3} << 20;
    return message(size).size() - size;
}
std::vector<task_range> ranges(std::size_t count) {
    std::vector<task_range> made(count, {{1}, 0, 1});
    for (std::uint32_t i = 0; i < count; ++i) made[i].node = {i};
    return made;
}
std::string shown(const std::function<void(worker_profile&)>& with) {
    proof made;
    with(made.profile);
    return said(made);
}

/// Bytes of a message of that size whose last field is bytes that its reader does not know.
std::string filled(std::string begin, std::size_t size) {
    begin += "\xfa\x7f";  // field 2047
    for (std::size_t length_bytes = 1;; ++length_bytes) {
        std::size_t rest = size - begin.size() - length_bytes;
        std::string length;
        for (; rest >= 128; rest >>= 7) length += static_cast<char>(128 | (rest & 127));
        length += static_cast<char>(rest);
        if (length.size() == length_bytes) return begin + length + text(size - begin.size() - length_bytes);
    }
}

program of_nodes(std::size_t count) {
    program made;
    for (std::uint32_t i = 1; i <= count; ++i)
        made.nodes.push_back({.id = {i}, .parallelism = 1, .operators = {{{"o" + std::to_string(i)}, {}}}});
    return made;
}
program of_one(const std::function<void(node&)>& with) {
    program made = of_nodes(1);
    with(made.nodes[0]);
    return made;
}

execution of(program what, std::size_t workers = 1, std::uint32_t slots = 1, const std::string& machine = "m",
             const std::string& address = "a:1") {
    plan placed;
    for (std::uint64_t i = 0; i < workers; ++i) {
        placed.workers.push_back({.id = {i}, .slots = slots});
        BOOST_REQUIRE((placed.machines.push_back(machine) and placed.data_addresses.push_back(address)));
    }
    // The first worker has every subtask.
    placed.layouts = {{.boundaries = std::vector<std::uint32_t>(workers + 1, what.nodes[0].parallelism)}};
    placed.layouts[0].boundaries[0] = 0;
    for (const node& each : what.nodes) placed.nodes.push_back({.id = each.id, .parallelism = each.parallelism});
    return {.job = {"words"},
            .program = std::make_shared<const program>(std::move(what)),
            .plan = std::make_shared<const plan>(std::move(placed))};
}
execution of_execution() { return of(of_nodes(1)); }
std::string started(const execution& what) { return why_not(decode_execute(encode(what) + encode_data_token({}))); }

/// A file of so many nodes with one operator each, as short as it can be.
std::string json_of(std::size_t nodes, const std::string& more = "", const std::string& operator_id = "") {
    std::string made = "{\"nodes\":[";
    for (std::size_t i = 1; i <= nodes; ++i) {
        const std::string id = std::to_string(i);
        made += (i > 1 ? ",{\"id\":" : "{\"id\":") + id + more + ",\"operators\":[{\"id\":\"" +
                (operator_id.empty() ? id : operator_id) + "\"}]}";
    }
    return made + "]}";
}

BOOST_AUTO_TEST_CASE(what_workers_say_is_read_up_to_each_limit_and_refused_above_it_SPEC_10) {
    hold({
        {"hello: job id", 64, [](std::size_t n) { return said(hello{.job = {text(n)}}); }, "65, the limit is 64"},
        {"proof: machine", 64, [](std::size_t n) { return shown([n](auto& p) { p.machine = {text(n)}; }); },
         "machine's id 65, the limit is 64"},
        {"proof: zone", 64, [](std::size_t n) { return shown([n](auto& p) { p.zone = text(n); }); },
         "zone 65, the limit is 64"},
        {"proof: RPC address", 256, [](std::size_t n) { return shown([n](auto& p) { p.rpc_address = text(n); }); },
         "RPC address 257, the limit is 256"},
        {"proof: data address", 256, [](std::size_t n) { return shown([n](auto& p) { p.data_address = text(n); }); },
         "data address 257, the limit is 256"},
        {"heartbeat: nodes", 100'000,
         [](std::size_t n) { return said(heartbeat{.counters = std::vector<node_counters>(n)}); },
         "nodes 100001, the limit is 100000"},
        {"report: operator id", 64,
         [](std::size_t n) {
             return said(task_report{.started = {}, .finished = {}, .failures = {{.operator_name = text(n)}}});
         },
         "65, the limit is 64"},
        {"report: started ranges", 100'000,
         [](std::size_t n) { return said(task_report{.started = ranges(n), .finished = {}, .failures = {}}); },
         "ranges of started subtasks 100001, the limit is 100000"},
        {"report: finished ranges", 100'000,
         [](std::size_t n) { return said(task_report{.started = {}, .finished = ranges(n), .failures = {}}); },
         "ranges of finished subtasks 100001, the limit is 100000"},
        {"report: failures", 32,
         [](std::size_t n) {
             return said(task_report{.started = {}, .finished = {}, .failures = std::vector<task_failure>(n)});
         },
         "failures 33, the limit is 32"},
        {"checkpoint report: subtasks", 65'536,
         [](std::size_t n) {
             return said(checkpoint_report{.epoch = {1}, .subtasks = std::vector<subtask_state>(n), .failure = {}});
         },
         "subtasks 65537, the limit is 65536"},
        {"any message", four_mib,
         [](std::size_t n) {
             return why_not(decode_worker_message(filled(encode(worker_message(heartbeat{1, {}})), n)));
         },
         "the limit is 4194304"},
        {"a checkpoint's report", four_mib - bytes_around([](std::size_t n) { return encode(taken(n)); }),
         [](std::size_t n) { return said(taken(n)); }, "the limit is 4194304"},
    });
}

BOOST_AUTO_TEST_CASE(error_texts_are_whole_up_to_their_limit_and_cut_above_it_SPEC_10) {
    const std::size_t most = std::size_t{16} << 10;
    const auto read = [](const worker_message& what) { return *decode_worker_message(encode(what)); };
    for (const std::size_t size : {most, most + 1}) {
        const auto begun = read(initialized{.failure = text(size)});
        BOOST_TEST(std::get<initialized>(begun).failure->size() == most);
        const auto failed = read(task_report{.started = {}, .finished = {}, .failures = {{.text = text(size)}}});
        BOOST_TEST(std::get<task_report>(failed).failures[0].text.size() == most);
        const auto taken = read(checkpoint_report{.epoch = {1}, .subtasks = {}, .failure = text(size)});
        BOOST_TEST(std::get<checkpoint_report>(taken).failure->size() == most);
        const auto no = *decode_controller_message(encode(controller_message(verdict(refused{text(size)}))));
        BOOST_TEST(std::get<refused>(std::get<verdict>(no)).why.size() == most);
    }
}

BOOST_AUTO_TEST_CASE(what_a_worker_is_told_is_read_up_to_each_limit_and_refused_above_it_SPEC_10) {
    const auto of_bytes = [](const std::string& begin, auto decode) {
        return [=](std::size_t n) { return why_not(decode(filled(begin, n), limits{})); };
    };
    hold({
        {"execution: job id", 64,
         [](std::size_t n) {
             execution what = of(of_nodes(1));
             what.job = {text(n)};
             return started(what);
         },
         "65, the limit is 64"},
        {"execution: nodes", 100'000, [](std::size_t n) { return started(of(of_nodes(n))); },
         "nodes 100001, the limit is 100000"},
        {"execution: operator id", 64,
         [](std::size_t n) { return started(of(of_one([n](node& o) { o.operators[0].id = {text(n)}; }))); },
         "65, the limit is 64"},
        {"execution: parallelism", std::size_t{1} << 20,
         [](std::size_t n) {
             const auto parallelism = static_cast<std::uint32_t>(n);
             execution what = of(of_one([=](node& o) { o.parallelism = parallelism; }), 17, 65'536);
             plan spread = *what.plan;
             for (std::uint32_t i = 0; i < 17; ++i) spread.layouts[0].boundaries[i] = i * 65'536;
             what.plan = std::make_shared<const plan>(spread);
             return started(what);
         },
         "parallelism 1048577 is above the limit of 1048576"},
        {"execution: workers", 10'000, [](std::size_t n) { return started(of(of_nodes(1), n)); },
         "workers 10001, the limit is 10000"},
        {"execution: slots", 65'536,
         [](std::size_t n) { return started(of(of_nodes(1), 1, static_cast<std::uint32_t>(n))); },
         "slots 65537 is above the limit of 65536"},
        {"execution: machine", 64, [](std::size_t n) { return started(of(of_nodes(1), 1, 1, text(n))); }, "65"},
        {"execution: data address", 256, [](std::size_t n) { return started(of(of_nodes(1), 1, 1, "m", text(n))); },
         "257"},
        {"execution: message", four_mib, of_bytes(encode(of(of_nodes(1))) + encode_data_token({}), decode_execute),
         "the limit is 4194304"},
        {"identify: message", four_mib, of_bytes(encode(identify{}), decode_identify), "the limit is 4194304"},
        {"checkpoint: message", four_mib, of_bytes(encode(checkpoint{{1}, {{1}, {1}}}), decode_checkpoint),
         "the limit is 4194304"},
        {"stop: message", four_mib, of_bytes(encode(stop{{1}}), decode_stop), "the limit is 4194304"},
        {"verdict: message", four_mib, of_bytes(encode(controller_message(verdict(go{}))), decode_controller_message),
         "the limit is 4194304"},
    });
}

BOOST_AUTO_TEST_CASE(bytes_are_read_up_to_protobuf_s_own_nesting_and_refused_above_it_SPEC_10) {
    // Groups of a field that no reader knows: the one thing that nests, as no message of ours holds one of its kind.
    const auto nested = [](const std::string& begin, std::size_t depth) {
        std::string bytes = begin;
        for (std::size_t i = 0; i < depth; ++i) bytes += "\xfb\x7f";
        for (std::size_t i = 0; i < depth; ++i) bytes += "\xfc\x7f";
        return bytes;
    };
    const auto of = [&](const std::string& begin, auto decode) {
        return [=](std::size_t depth) { return why_not(decode(nested(begin, depth), limits{})); };
    };
    const std::string started = encode(of_execution()) + encode_data_token({});
    const wish wished{.version = 1, .program = std::make_shared<const program>(of_nodes(1))};
    const std::pair<const char*, std::function<std::string(std::size_t)>> all[] = {
        {"heartbeat", of(encode(worker_message(heartbeat{1, {}})), decode_worker_message)},
        {"verdict", of(encode(controller_message(verdict(go{}))), decode_controller_message)},
        {"identify", of(encode(identify{}), decode_identify)},
        {"identified", of(encode(identified{}), decode_identified)},
        {"execution", of(started, decode_execute)},
        {"checkpoint", of(encode(checkpoint{{1}, {{1}, {1}}}), decode_checkpoint)},
        {"stop", of(encode(stop{{1}}), decode_stop)},
        {"program", of(encode(of_nodes(1)), decode_program)},
        {"plan", of(encode(*of_execution().plan), decode_plan)},
        {"wish", of(encode(wished), decode_wish)},
        {"row", of(encode(job_row{}), decode_job_row)},
        {"metadata", of(encode(checkpoint_metadata{.name = {{1}, {1}}}), decode_checkpoint_metadata)},
    };
    for (const auto& [what, tried] : all) {
        BOOST_TEST_CONTEXT(what) {
            BOOST_TEST(tried(100) == "");
            for (const std::size_t depth : {101u, 1'000'000u})
                BOOST_TEST(tried(depth).find("bytes are not one") != std::string::npos);
        }
    }
    for (const std::string nest : {"[", "{\"nodes\":[{\"operators\":", "{\"x\":"}) {
        std::string file;
        while (file.size() < four_mib - nest.size()) file += nest;
        BOOST_TEST(not program_from_json(file));
    }
}

BOOST_AUTO_TEST_CASE(program_files_are_read_up_to_each_limit_and_refused_above_it_SPEC_10) {
    const auto read = [](const std::string& file) { return why_not(program_from_json(file)); };
    hold({
        {"nodes", 100'000, [&](std::size_t n) { return read(json_of(n)); }, "the limit is 100000"},
        {"operator id", 64, [&](std::size_t n) { return read(json_of(1, "", text(n))); }, "65"},
        {"parallelism", std::size_t{1} << 20,
         [&](std::size_t n) { return read(json_of(1, ",\"parallelism\":" + std::to_string(n))); },
         "parallelism 1048577 is above the limit of 1048576"},
        {"file", four_mib,
         [&](std::size_t n) {
             std::string file = json_of(1);
             return read(file + std::string(n - file.size(), ' '));
         },
         "the limit is 4194304"},
    });
}

BOOST_AUTO_TEST_CASE(what_a_database_keeps_is_read_up_to_each_limit_and_refused_above_it_SPEC_10) {
    const auto wished = [](const std::function<void(wish&)>& with) {
        wish made{.version = 1, .program = std::make_shared<const program>(of_nodes(1))};
        with(made);
        return why_not(decode_wish(encode(made)));
    };
    const auto metadata = [](node_state state) {
        return why_not(
            decode_checkpoint_metadata(encode(checkpoint_metadata{.name = {{1}, {1}}, .nodes = {std::move(state)}})));
    };
    const auto configured = [](std::size_t n) {
        return encode(wish{
            .version = 1, .program = std::make_shared<const program>(of_nodes(1)), .backend_configuration = text(n)});
    };
    hold({
        {"wish: variables", 256,
         [&](std::size_t n) { return wished([n](wish& w) {
                                  w.environment.resize(n, {"A", ""});
                              }); },
         "environment variables 257, the limit is 256"},
        {"wish: nodes", 100'000,
         [&](std::size_t n) {
             return wished([n](wish& w) { w.program = std::make_shared<const program>(of_nodes(n)); });
         },
         "nodes 100001, the limit is 100000"},
        {"wish: all of it", four_mib - bytes_around(configured),
         [&](std::size_t n) { return why_not(decode_wish(configured(n))); }, "the limit is 4194304"},
        {"checkpoint: nodes", 100'000,
         [](std::size_t n) {
             checkpoint_metadata made{.name = {{1}, {1}}, .nodes = std::vector<node_state>(n)};
             return why_not(decode_checkpoint_metadata(encode(made)));
         },
         "nodes 100001, the limit is 100000"},
        {"checkpoint: operator id", 64,
         [&](std::size_t n) { return metadata({.node = {1}, .operators = {{text(n)}}}); }, "65, the limit is 64"},
    });
    // Of 10,000,000 materialised subtasks in small.
    limits most;
    most.materialised_subtasks = 10;
    for (const std::size_t handles : {10u, 11u}) {
        const checkpoint_metadata made{
            .name = {{1}, {1}}, .nodes = {{{1}, 4, {}, std::vector<std::string>(handles - 4)}, {{2}, 4, {}, {4, ""}}}};
        const auto read = decode_checkpoint_metadata(encode(made), most);
        BOOST_TEST(read.has_value() == (handles == 10));
        if (not read) BOOST_TEST(why_not(read).find("subtasks 11, the limit is 10") != std::string::npos);
    }
}

}  // namespace
