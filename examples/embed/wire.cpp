// SPDX-License-Identifier: BSL-1.0
#include "wire.hpp"

#include "letter.hpp"

#include <algorithm>
#include <vector>

namespace mine {

using namespace headgate;

static_assert(channel<wire> and controller_link<wire::end_of>);

std::uint64_t wire::draw() {
    const std::lock_guard held(guard_);
    return ++last_;
}

void wire::join(const std::string& address, hear_link hear) {
    const std::lock_guard held(guard_);
    lines_[address] = {std::move(hear), {}};
}

void wire::leave(const std::string& address) {
    end(line_of(address));
    std::vector<hear_answer> waiting;
    {
        const std::lock_guard held(guard_);
        lines_.erase(address);
        std::erase_if(calls_, [&](auto& each) {
            const bool is_its = connections_[each.second.connection].address == address;
            if (is_its) waiting.push_back(std::move(each.second.done));
            return is_its;
        });
    }
    for (const hear_answer& done : waiting) done(nullptr);
}

void wire::open(const std::string& address) {
    hear_link hear;
    {
        const std::lock_guard held(guard_);
        lines_[address].stream = {++last_};
        hear = lines_[address].hear;
    }
    hear(link_opened{});
}

stream_id wire::line_of(const std::string& address) {
    const std::lock_guard held(guard_);
    return lines_[address].stream;
}

void wire::from_worker(const std::string& address, const worker_message& said) {
    const stream_id on = line_of(address);
    auto heard = read<worker_message>(written(said));
    if (on != stream_id{} and heard) hear_({.stream = on, .peer_host = "localhost", .what = std::move(*heard)});
}

void wire::to_worker(stream_id to, const controller_message& said) {
    hear_link hear;
    {
        const std::lock_guard held(guard_);
        const auto found = std::ranges::find(lines_, to, [](const auto& each) { return each.second.stream; });
        if (found == lines_.end()) return;
        hear = found->second.hear;
    }
    if (auto heard = read<controller_message>(written(said)))
        hear(link_event(std::in_place_type<controller_message>, std::move(*heard)));
}

void wire::end(stream_id which) {
    hear_link hear;
    {
        const std::lock_guard held(guard_);
        const auto found = std::ranges::find(lines_, which, [](const auto& each) { return each.second.stream; });
        if (which == stream_id{} or found == lines_.end()) return;
        found->second.stream = {};
        hear = found->second.hear;
    }
    hear_({.stream = which, .peer_host = "localhost", .what = stream_ended{}});
    hear(link_ended{"closed"});
}

void wire::begin_dial(const headgate::dial& what, held_completion<headgate::dial> done) {
    connection_id drawn;
    {
        const std::lock_guard held(guard_);
        drawn = {++last_};
        connections_[drawn] = {what.address, what.call_token};
    }
    ask(drawn, identify{what.nonce}, [drawn, done](const call_answer* with) {
        const auto* shown = with == nullptr ? nullptr : std::get_if<identified>(with);
        if (shown != nullptr) return done(dialled{drawn, shown->worker, shown->incarnation, shown->mac});
        const auto* no = with == nullptr ? nullptr : std::get_if<refused>(with);
        if (no != nullptr) return done(not_applied{{.kind = error_kind::permanent, .text = no->why}});
        done(not_applied{{.kind = error_kind::dial, .text = "nobody answers"}});
    });
}

void wire::ask(connection_id on, question what, hear_answer done) {
    hear_link hear;
    called asked{.what = std::move(what)};
    {
        const std::lock_guard held(guard_);
        if (const auto found = connections_.find(on); found != connections_.end()) {
            asked.id = {++last_};
            asked.token = found->second.token;
            if (const auto at = lines_.find(found->second.address); at != lines_.end()) hear = at->second.hear;
            if (hear) calls_[asked.id] = {on, done};
        }
    }
    auto heard = read<called>(written(asked));
    if (hear and heard)
        hear(std::move(*heard));
    else
        done(nullptr);
}

void wire::answer(call_id to, const call_answer* with) {
    hear_answer done;
    {
        const std::lock_guard held(guard_);
        const auto found = calls_.extract(to);
        if (found) done = found.mapped().done;
    }
    if (not done) return;
    const auto heard = with == nullptr ? std::nullopt : read<call_answer>(written(*with));
    done(heard ? &*heard : nullptr);
}

void wire::hang_up(connection_id which) {
    std::vector<call_id> waiting;
    {
        const std::lock_guard held(guard_);
        connections_.erase(which);
        for (const auto& [id, each] : calls_)
            if (each.connection == which) waiting.push_back(id);
    }
    for (const call_id id : waiting) answer(id, nullptr);
}

}  // namespace mine
