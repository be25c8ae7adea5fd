#pragma once
// SPDX-License-Identifier: BSL-1.0
// controller: from a worker's stream to the job that it belongs to, and what the worker is told back (G3, G4, G7).

#include <headgate/controller/arrivals.hpp>
#include <headgate/controller/job_table.hpp>
#include <headgate/controller/streams.hpp>
#include <headgate/vocabulary/fields.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace headgate::inline v1 {

template <class Bindings, class Policies>
class routing {
public:
    using jobs_type = job_table<Bindings, Policies>;

    void receive(const stream_event& heard, jobs_type& jobs, const Bindings& to);
    /// Puts the streams of proven workers into their jobs' lines of a box that has heard of none of them.
    void line_up(const Bindings& to) const;

    /// Streams of workers that this controller does not know or no longer wants (G1), or of a host that asks too often.
    std::uint64_t strangers() const { return strangers_; }

private:
    using entry = typename jobs_type::entry;

    void hear(stream_id stream, const hello& said, jobs_type& jobs, const Bindings& to);
    void hear(stream_id stream, const std::string& peer_host, const claiming& before, const proof& shown,
              jobs_type& jobs, const Bindings& to);
    template <class Message>
    void hear(stream_id stream, const proven& by, const Message& said, jobs_type& jobs, const Bindings& to);
    void hear(stream_id stream, const proven& by, const heartbeat& said, jobs_type& jobs, const Bindings& to);

    static bool is_over(const headgate::job& job, generation of);
    entry* still(stream_id stream, const proven& by, jobs_type& jobs, const Bindings& to);
    // `of`: the job that it claims to belong to, or null.
    void refuse(stream_id stream, const std::string& why, entry* of, jobs_type& jobs, const Bindings& to);
    void dismiss(stream_id stream, entry* of, jobs_type& jobs, const Bindings& to);
    void end(stream_id stream, verdict last, const std::string& why, entry* of, jobs_type& jobs, const Bindings& to);
    /// The stream that counted for the worker of `by` before: a worker has one, or accepted ones were without a bound.
    void supersede(stream_id earlier, bool is_itself, const proven& by, jobs_type& jobs, const Bindings& to);
    /// Without a verdict: a worker of ours tries again.
    void hang_up(stream_id stream, const Bindings& to);

    friend fields;
    static constexpr std::size_t field_count = 3;

    streams streams_;
    arrivals arrivals_;
    std::uint64_t strangers_ = 0;
};

// Implementation ------------------------------------------------------------------------------------------------------

template <class Bindings, class Policies>
void routing<Bindings, Policies>::receive(const stream_event& heard, jobs_type& jobs, const Bindings& to) {
    streams::standing* const before = streams_.find(heard.stream);
    if (std::holds_alternative<stream_ended>(heard.what)) {
        const auto* const was = before ? std::get_if<proven>(before) : nullptr;
        if (was)
            if (entry* const of = jobs.find(was->job)) jobs.give(*of, was->as.fence(stream_lost{}), to);
        if (const auto* const claim = before ? std::get_if<claiming>(before) : nullptr)
            if (entry* const of = jobs.find(claim->job))
                jobs.turn_away(*of, "a worker left when it was challenged: is its token that of its own identity?", to);
        to.box->leave(sorted_mail::stream(heard.stream));  // not before: in its line this comes after all it said
        return streams_.remove(heard.stream);
    }
    const worker_message& said = std::get<worker_message>(heard.what);
    if (not before) {
        if (not arrivals_.admit(heard.peer_host, jobs.policy().most, to.clock.now())) return hang_up(heard.stream, to);
        const auto* const first = std::get_if<hello>(&said);
        return first ? hear(heard.stream, *first, jobs, to)
                     : refuse(heard.stream, "the first message must be a hello", nullptr, jobs, to);
    }
    if (const auto* const claim = std::get_if<claiming>(before)) {
        const auto* const second = std::get_if<proof>(&said);
        return second ? hear(heard.stream, heard.peer_host, claiming(*claim), *second, jobs, to)
                      : refuse(heard.stream, "a proof was expected", jobs.find(claim->job), jobs, to);
    }
    const proven by = std::get<proven>(*before);
    std::visit([&](const auto& message) { hear(heard.stream, by, message, jobs, to); }, said);
}

template <class Bindings, class Policies>
void routing<Bindings, Policies>::hear(stream_id stream, const hello& said, jobs_type& jobs, const Bindings& to) {
    if (const std::string fault = fault_of(said, jobs.policy().most); not fault.empty())
        return refuse(stream, fault, nullptr, jobs, to);
    entry* const of = jobs.find(said.job);
    if (not of or is_over(of->job(), said.generation)) return dismiss(stream, of, jobs, to);
    const auto token = of->drive.token_of(said.worker, to);
    if (not token) return refuse(stream, "this worker was not launched", of, jobs, to);
    nonce drawn{};
    to.secrets.random(drawn);
    streams_.put(stream, claiming{of->drive.handle(), said, drawn});
    to.channel.send(stream, challenge{drawn, challenge_mac(to.secrets, *token, said, drawn)});
}

template <class Bindings, class Policies>
void routing<Bindings, Policies>::hear(stream_id stream, const std::string& peer_host, const claiming& before,
                                       const proof& shown, jobs_type& jobs, const Bindings& to) {
    entry* const of = jobs.find(before.job);
    if (not of or is_over(of->job(), before.said.generation)) return dismiss(stream, of, jobs, to);
    const auto token = of->drive.token_of(before.said.worker, to);
    if (not token) return dismiss(stream, of, jobs, to);
    const ordinal number = ordinal_of(before.said.worker);
    const auto member = [&]() -> const auto& { return of->job().workers.members()[number.value]; };
    const worker_identity granted = member().identity;
    const auto as = prove(to.secrets, before, shown, *token, granted, stream, jobs.policy().most);
    if (not as) return refuse(stream, as.error().text, of, jobs, to);
    if (not jobs.policy().address(shown.profile.rpc_address, peer_host))
        return refuse(stream, "it wants to be dialled at " + shown.profile.rpc_address + " and comes from " + peer_host +
                                  ": listen on the address that it comes from, or give the controller another address policy",
                      of, jobs, to);
    const proven now{before.job, *as};
    streams_.put(stream, now);
    to.box->put(sorted_mail::stream(stream), sorted_mail::job(before.job));
    const stream_id earlier = member().stream;
    const worker_profile was = member().profile;
    jobs.give(*of, as->fence(registered{shown.profile}), to);
    // The machine may not want it any more: it exited, was dropped, or another took its place.
    if (not still(stream, now, jobs, to)) return;
    if (earlier != stream) supersede(earlier, is_same_worker(was, shown.profile), now, jobs, to);
    const patience& wait = jobs.policy().wait;
    to.channel.send(stream, verdict{accepted{wait.heartbeat, wait.lease}});
}

template <class Bindings, class Policies>
template <class Message>
void routing<Bindings, Policies>::hear(stream_id stream, const proven& by, const Message& said, jobs_type& jobs,
                                       const Bindings& to) {
    if constexpr (std::same_as<Message, hello> or std::same_as<Message, proof>) {
        // It is hung up on, so its machine has lost it: what is heard of the end of the stream is nobody's any more.
        entry* const of = jobs.find(by.job);
        if (of) jobs.give(*of, by.as.fence(stream_lost{}), to);
        refuse(stream, "the worker is registered already", of, jobs, to);
    } else {
        if (entry* const of = still(stream, by, jobs, to)) jobs.give(*of, by.as.fence(said), to);
    }
}

template <class Bindings, class Policies>
void routing<Bindings, Policies>::hear(stream_id stream, const proven& by, const heartbeat& said, jobs_type& jobs,
                                       const Bindings& to) {
    entry* const of = still(stream, by, jobs, to);
    if (not of) return;
    jobs.give(*of, by.as.fence(said), to);
    of->counted.heard(of->job(), by.as.worker, said.counters);
    to.channel.send(stream, heartbeat_answer{said.sequence});
}

/// Another generation is the present one, or the workers of this one are being stopped: where a backend cannot end
/// them, this word does.
template <class Bindings, class Policies>
bool routing<Bindings, Policies>::is_over(const headgate::job& job, generation of) {
    return of != job.next.generation or of <= job.stop.up_to;
}

/// The job of a session, while it is the one that counts for its worker. Whoever is of another generation, was
/// replaced, given up or is being stopped is told to go, and its lease is not renewed (G4, G7).
template <class Bindings, class Policies>
auto routing<Bindings, Policies>::still(stream_id stream, const proven& by, jobs_type& jobs, const Bindings& to)
    -> entry* {
    entry* const of = jobs.find(by.job);
    const auto is_wanted = [&](const headgate::job& job) {
        const auto& members = job.workers.members();
        return not job.is_let_go and not is_over(job, by.as.generation) and by.as.worker.value < members.size() and
               members[by.as.worker.value].stream == stream and not members[by.as.worker.value].is_barred;
    };
    if (of and is_wanted(of->job())) return of;
    dismiss(stream, of, jobs, to);
    return nullptr;
}

template <class Bindings, class Policies>
void routing<Bindings, Policies>::refuse(stream_id stream, const std::string& why, entry* of, jobs_type& jobs,
                                         const Bindings& to) {
    const std::string line = one_line(why, jobs.policy().most.error_text);
    end(stream, refused{line}, "a worker was refused: " + line, of, jobs, to);
}

template <class Bindings, class Policies>
void routing<Bindings, Policies>::dismiss(stream_id stream, entry* of, jobs_type& jobs, const Bindings& to) {
    end(stream, go{}, "a worker of another generation, replaced, given up or stopped, was told to go", of, jobs, to);
}

template <class Bindings, class Policies>
void routing<Bindings, Policies>::end(stream_id stream, verdict last, const std::string& why, entry* of,
                                      jobs_type& jobs, const Bindings& to) {
    if (of) jobs.turn_away(*of, why, to);
    to.channel.send(stream, std::move(last));
    hang_up(stream, to);
}

template <class Bindings, class Policies>
void routing<Bindings, Policies>::supersede(stream_id earlier, bool is_itself, const proven& by, jobs_type& jobs,
                                            const Bindings& to) {
    const streams::standing* const how = streams_.find(earlier);
    const auto* const was = how ? std::get_if<proven>(how) : nullptr;
    if (not was or was->job != by.job or was->as.generation != by.as.generation or was->as.worker != by.as.worker)
        return;
    // Who was replaced is told to go, or it would come back and replace the other.
    if (not is_itself) return dismiss(earlier, jobs.find(by.job), jobs, to);
    to.channel.close(earlier);
    streams_.remove(earlier);
}

template <class Bindings, class Policies>
void routing<Bindings, Policies>::hang_up(stream_id stream, const Bindings& to) {
    ++strangers_;
    to.channel.close(stream);
    streams_.remove(stream);
}

template <class Bindings, class Policies>
void routing<Bindings, Policies>::line_up(const Bindings& to) const {
    for (const auto& [stream, how] : streams_)
        if (const auto* const is = std::get_if<proven>(&how))
            to.box->put(sorted_mail::stream(stream), sorted_mail::job(is->job));
}

}  // namespace headgate::inline v1
