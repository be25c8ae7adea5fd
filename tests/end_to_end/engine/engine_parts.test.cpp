// SPDX-License-Identifier: BSL-1.0
#include "../../adapters/filesystem/synchronised.hpp"
#include "../../adapters/grpc/authorities.hpp"
#include "engine/data_plane.hpp"
#include "engine/durable.hpp"
#include "engine/gate.hpp"
#include "engine/outlet.hpp"
#include "engine/record.hpp"
#include "engine/wiring.hpp"
#include "engine/word_table.hpp"
#include "engine_fixture.hpp"

#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

using namespace engine_test;
using dataflow::gate;
using dataflow::item_kind;
using kind = gate::taken::kind;

namespace {

dataflow::item batch(const std::string& bytes) { return {item_kind::batch, bytes, {}}; }
dataflow::item barrier(std::uint32_t epoch) { return {item_kind::barrier, {}, {epoch}}; }
dataflow::item end() { return {item_kind::end, {}, {}}; }

/// Taken until something is a barrier or the end: batches' bytes one after the other.
std::string batches_until(gate& from, gate::taken& last) {
    std::string all;
    while ((last = from.take()).what == kind::batch) all += last.bytes;
    return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(engine_parts)

BOOST_AUTO_TEST_CASE(records_come_back_as_they_were_written) {
    std::mt19937_64 bits(1);
    std::vector<std::pair<std::string, std::uint64_t>> written;
    std::string bytes;
    for (int i = 0; i < 2'000; ++i) {
        written.emplace_back(std::string(bits() % 300, static_cast<char>(bits())), bits() >> (bits() % 64));
        dataflow::append(bytes, {written.back().first, written.back().second});
    }
    dataflow::record_reader from(bytes);
    dataflow::record next;
    for (const auto& [text, number] : written) {
        BOOST_REQUIRE(from.next(next));
        BOOST_REQUIRE(next == (dataflow::record{text, number}));
    }
    BOOST_CHECK(not from.next(next));
    BOOST_CHECK(from.is_at_end());
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_records_are_read_to_no_harm) {
    std::mt19937_64 bits(2);
    for (int i = 0; i < 20'000; ++i) {
        std::string bytes(bits() % 24, '\0');
        for (char& each : bytes) each = static_cast<char>(bits() % 3 == 0 ? 0xff : bits());
        dataflow::record_reader from(bytes);
        dataflow::record next;
        std::size_t read = 0;
        while (from.next(next)) BOOST_REQUIRE_LE(++read, bytes.size());
    }
    dataflow::record_reader cut(std::string_view("\5ab", 3));
    dataflow::record next;
    BOOST_CHECK(not cut.next(next));
    BOOST_CHECK(not cut.is_at_end());
}

BOOST_AUTO_TEST_CASE(each_hash_has_one_owner_and_ranges_that_may_share_a_key_meet) {
    std::mt19937_64 bits(3);
    for (std::uint32_t p = 1; p < 40; ++p) {
        for (std::uint32_t q = 1; q < 40; ++q) {
            for (int i = 0; i < 20; ++i) {
                const std::uint64_t hash = i == 0 ? 0 : i == 1 ? ~std::uint64_t{0} : bits();
                const std::uint32_t a = dataflow::owner_of(hash, p), b = dataflow::owner_of(hash, q);
                BOOST_REQUIRE_LT(a, p);
                BOOST_REQUIRE(dataflow::ranges_meet(a, p, b, q));
            }
            if (p == q) BOOST_CHECK(p == 1 or not dataflow::ranges_meet(0, p, 1, q));
        }
    }
    BOOST_CHECK(not dataflow::ranges_meet(0, 2, 2, 4));
    BOOST_CHECK(dataflow::ranges_meet(0, 2, 1, 4));
    BOOST_CHECK_EQUAL(dataflow::hash_of("headgate"), dataflow::hash_of(std::string("headgate")));
    BOOST_CHECK_NE(dataflow::hash_of(std::string_view("\0", 1)), dataflow::hash_of(""));
}

BOOST_AUTO_TEST_CASE(a_word_table_adds_up_as_a_map_does) {
    std::mt19937_64 bits(4);
    dataflow::word_table table;
    counts obvious;
    for (int i = 0; i < 100'000; ++i) {
        const std::string key = std::string(bits() % 5, 'x') + std::to_string(bits() % 9'000);
        const std::uint64_t number = bits() % 10;
        BOOST_REQUIRE(table.add(dataflow::hash_of(key), key, number));
        obvious[key] += number;
    }
    for (int i = 0; i < 300; ++i) {  // whose hashes are alike
        const std::string key = "alike " + std::to_string(i % 100);
        BOOST_REQUIRE(table.add(static_cast<std::uint64_t>(i % 4), key, 1));
        ++obvious[key];
    }
    const std::string large(200'000, 'y');
    table.add(dataflow::hash_of(large), large, 1);
    obvious[large] = 1;
    counts found;
    for (const auto& each : table.entries()) BOOST_CHECK(found.emplace(each.key(), each.number).second);
    BOOST_CHECK(found == obvious);
    table.clear();
    BOOST_CHECK(table.entries().empty());
}

BOOST_AUTO_TEST_CASE(a_channel_that_delivered_the_barrier_is_held_back_until_all_have_J1) {
    gate inputs(3);
    BOOST_CHECK(inputs.offer(0, batch("a")));
    BOOST_CHECK(inputs.offer(0, barrier(1)));
    BOOST_CHECK(inputs.offer(0, batch("A")));
    BOOST_CHECK(inputs.offer(1, batch("b")));
    BOOST_CHECK(inputs.offer(2, end()));
    BOOST_CHECK_EQUAL(inputs.take().bytes, "a");
    BOOST_CHECK_EQUAL(inputs.take().bytes, "b");
    BOOST_CHECK(inputs.offer(1, batch("bb")));
    BOOST_CHECK_EQUAL(inputs.take().bytes, "bb");  // A waits, although it came earlier
    BOOST_CHECK(inputs.offer(1, barrier(1)));
    const gate::taken complete = inputs.take();
    BOOST_CHECK(complete.what == kind::barrier);
    BOOST_CHECK_EQUAL(complete.epoch.value, 1);
    BOOST_CHECK_EQUAL(inputs.take().bytes, "A");
    BOOST_CHECK(inputs.offer(0, end()));
    BOOST_CHECK(inputs.offer(1, end()));
    BOOST_CHECK(inputs.take().what == kind::end);
}

BOOST_AUTO_TEST_CASE(a_channel_that_ends_counts_as_aligned_J1) {
    gate inputs(2);
    BOOST_CHECK(inputs.offer(0, barrier(4)));
    BOOST_CHECK(inputs.offer(1, batch("b")));
    BOOST_CHECK(inputs.offer(1, end()));
    gate::taken last;
    BOOST_CHECK_EQUAL(batches_until(inputs, last), "b");
    BOOST_CHECK(last.what == kind::barrier and last.epoch.value == 4);
    BOOST_CHECK(inputs.offer(0, end()));
    BOOST_CHECK(inputs.take().what == kind::end);
}

BOOST_AUTO_TEST_CASE(the_barrier_of_a_later_epoch_overtakes_one_that_was_never_complete) {
    gate inputs(2);
    BOOST_CHECK(inputs.offer(0, barrier(1)));
    BOOST_CHECK(inputs.offer(0, batch("a")));
    BOOST_CHECK(inputs.offer(0, barrier(2)));
    BOOST_CHECK(inputs.offer(1, barrier(2)));
    gate::taken last;
    BOOST_CHECK_EQUAL(batches_until(inputs, last), "a");
    BOOST_CHECK(last.what == kind::barrier and last.epoch.value == 2);
    BOOST_CHECK(inputs.offer(1, barrier(1)));  // late: dropped
    BOOST_CHECK(inputs.offer(1, batch("b")));
    BOOST_CHECK_EQUAL(inputs.take().bytes, "b");
}

BOOST_AUTO_TEST_CASE(who_sends_more_than_its_credits_or_after_its_end_is_told_so) {
    std::size_t given = 0;
    gate inputs(1);
    inputs.on_taken(0, [&] { ++given; });
    for (std::uint32_t i = 0; i < dataflow::channel_window; ++i) BOOST_CHECK(inputs.offer(0, batch("x")));
    BOOST_CHECK(not inputs.offer(0, batch("x")));
    BOOST_CHECK_EQUAL(inputs.queued_bytes(), dataflow::channel_window);
    inputs.take();
    BOOST_CHECK_EQUAL(given, 1);
    BOOST_CHECK(inputs.offer(0, end()));
    inputs.take();
    BOOST_CHECK(not inputs.offer(0, batch("x")));
}

BOOST_AUTO_TEST_CASE(random_barriers_cut_every_channel_at_the_same_place_J1) {
    std::mt19937_64 bits(5);
    for (int round = 0; round < 300; ++round) {
        const std::size_t channels = 1 + bits() % 5;
        gate inputs(channels);
        // What each channel will say: letters and barriers 1, 2, 3 at places of its own, then the end.
        std::vector<std::vector<dataflow::item>> says(channels);
        for (std::size_t c = 0; c < channels; ++c) {
            const std::size_t last = bits() % 4;  // ends before the others have had all barriers
            for (std::uint32_t epoch = 1; epoch <= 3; ++epoch) {
                for (std::uint64_t n = bits() % 4; n > 0; --n) says[c].push_back(batch(std::to_string(epoch)));
                if (epoch > last) break;
                says[c].push_back(barrier(epoch));
            }
            says[c].push_back(end());
        }
        std::vector<std::size_t> next(channels);
        std::uint32_t complete = 0;
        for (bool is_over = false; not is_over;) {
            for (std::size_t c = 0; c < channels; ++c)
                while (next[c] < says[c].size() and inputs.offer(c, says[c][next[c]])) ++next[c];
            const gate::taken got = inputs.take();
            switch (got.what) {
                case kind::batch: BOOST_REQUIRE_GT(std::stoul(got.bytes), complete); break;
                case kind::barrier:
                    BOOST_REQUIRE_GT(got.epoch.value, complete);
                    complete = got.epoch.value;
                    break;
                case kind::end: is_over = true; break;
                case kind::closed: BOOST_FAIL("closed");
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(both_ends_of_a_channel_number_it_alike) {
    for (const std::size_t workers : {1u, 2u, 3u, 5u}) {
        const program what{
            .nodes = {made_node(1, 6, {"a"}), made_node(2, 3, {"b"}), made_node(3, 6, {"c"})},
            .edges = {{{1}, {2}, edge_kind::forward}, {{2}, {3}, edge_kind::forward}, {{1}, {3}, edge_kind::shuffle}}};
        std::vector<offer> offers;
        for (std::size_t i = 0; i < workers; ++i)
            offers.push_back({.id = {i + 1},
                              .machine = {},
                              .zone = {},
                              .slots = 1 + static_cast<std::uint32_t>(6 / workers),
                              .data_address = "127.0.0.1:1"});
        const auto planned = slot_filling{}(what, offers);
        BOOST_REQUIRE(planned);
        const auto used = static_cast<std::uint32_t>(planned->workers.size());
        using key = std::tuple<std::uint32_t, std::uint32_t, dataflow::channel>;
        std::map<key, std::uint32_t> out, in;
        for (std::uint32_t w = 0; w < used; ++w) {
            const auto wired = dataflow::wiring_of(what, *planned, w);
            BOOST_REQUIRE(wired);
            for (const auto& each : wired->out) out[{w, each.worker, each.what}] = each.number;
            for (const auto& each : wired->in) in[{each.worker, w, each.what}] = each.number;
        }
        BOOST_CHECK(out == in);
        BOOST_CHECK_EQUAL(out.size(), 6 + 6 + 36);
    }
}

BOOST_AUTO_TEST_CASE(targets_and_origins_are_each_others_inverse) {
    for (const auto& [p, q] :
         std::vector<std::pair<std::uint32_t, std::uint32_t>>{{1, 1}, {4, 4}, {6, 2}, {2, 6}, {1, 5}})
        for (const edge_kind kind : {edge_kind::forward, edge_kind::shuffle})
            for (std::uint32_t i = 0; i < p; ++i)
                for (std::uint32_t j = 0; j < q; ++j) {
                    const auto to = dataflow::targets(kind, i, p, q), from = dataflow::origins(kind, j, p, q);
                    BOOST_CHECK_EQUAL(to.first <= j and j < to.last, from.first <= i and i < from.last);
                }
}

BOOST_AUTO_TEST_CASE(channels_may_hold_so_much_memory_and_no_more) {
    for (const std::size_t channels : {1u, 100u, 1'638u, 10'000u, 65'536u}) {
        const std::size_t all = channels * (dataflow::channel_window + 1) * dataflow::batch_bytes(channels);
        BOOST_CHECK_LE(all, std::max<std::size_t>(std::size_t{256} << 20, channels * 10'240));
    }
    BOOST_CHECK_EQUAL(dataflow::batch_bytes(64), 32'768);
}

BOOST_AUTO_TEST_CASE(data_addresses_are_on_loopback_or_refused) {
    BOOST_CHECK(dataflow::data_plane::listen("127.0.0.1:0"));
    for (const char* const bad : {"0.0.0.0:0", "10.0.0.1:0", "127.0.0.1", "localhost:x", "unix:/tmp/x", ":1", "[::]:0"})
        BOOST_CHECK_MESSAGE(not dataflow::data_plane::listen(bad), bad);
    const auto first = dataflow::data_plane::listen("127.0.0.1:0");
    BOOST_REQUIRE(first);
    BOOST_CHECK(not dataflow::data_plane::listen((*first)->address()));
}

BOOST_AUTO_TEST_CASE(a_stream_to_an_address_that_is_another_worker_s_is_refused_and_no_record_goes_astray) {
    const auto made = [](std::uint32_t position) {
        auto plane = dataflow::data_plane::listen("127.0.0.1:0");
        BOOST_REQUIRE(plane);
        (*plane)->open({.token = {},
                        .generation = {1},
                        .digest = 7,
                        .position = position,
                        .channels_in = {1, 1, 1},
                        .arrived = [](auto&&...) { return true; },
                        .lost = [](auto&&...) {}});
        return *std::move(plane);
    };
    const auto first = made(0), second = made(1), third = made(2);
    // Of two workers whose addresses were swapped the plan's digest, and the numbers of channels, are the same.
    const auto astray = first->connect(1, third->address(), 1, std::chrono::minutes(1));
    BOOST_REQUIRE(not astray);
    BOOST_CHECK_NE(astray.error().text.find("another worker is meant"), std::string::npos);
    BOOST_CHECK(first->connect(1, second->address(), 1, std::chrono::minutes(1)));
    BOOST_CHECK(first->connect(2, third->address(), 1, std::chrono::minutes(1)));
}

BOOST_AUTO_TEST_CASE(data_between_workers_go_over_the_transport_of_the_workers_G3) {
    const headgate::grpc_test::authorities by;
    const auto refusal = [&](const headgate::grpc::transport& who, const headgate::digest256& token) {
        const auto to = dataflow::data_plane::listen("127.0.0.1:0", by.of("ours", "worker"));
        const auto from = dataflow::data_plane::listen("127.0.0.1:0", who);
        BOOST_REQUIRE((to and from));
        for (const auto& [plane, position, shown] :
             {std::tuple(to->get(), 0u, headgate::digest256{}), std::tuple(from->get(), 1u, token)})
            plane->open({.token = shown,
                         .generation = {1},
                         .digest = 7,
                         .position = position,
                         .channels_in = {0, 1},
                         .arrived = [](auto&&...) { return true; },
                         .lost = [](auto&&...) {}});
        const auto connected = (*from)->connect(0, (*to)->address(), 1, std::chrono::minutes(1));
        return connected ? std::string() : connected.error().text;
    };
    const auto says = [](const std::string& text, const char* part) { return text.find(part) != text.npos; };
    BOOST_CHECK_EQUAL(refusal(by.of("ours", "worker"), {}), "");
    BOOST_CHECK(says(refusal(by.of("ours", "worker"), {std::byte{1}}), "the token is not this generation's"));
    BOOST_CHECK(says(refusal(by.of("ours", "controller"), {}), "an untrusted transport"));
    BOOST_CHECK(not dataflow::data_plane::listen("0.0.0.0:0", by.of("ours", "worker")));
}

BOOST_AUTO_TEST_CASE(a_durable_file_is_so_with_each_folder_that_was_made_for_it_I7) {
    const directory all;
    const std::filesystem::path folder = all.path / "job" / "1-1";
    BOOST_CHECK(dataflow::write_durably(folder / "part", "state", 0600));
    for (const auto& each : {folder, folder.parent_path(), all.path})
        BOOST_CHECK_MESSAGE(headgate_tests::all_synchronised().has(each), each);
    write(all.path / "file", "");
    BOOST_CHECK(dataflow::write_durably(all.path / "file" / "part", "state", 0600).error().kind ==
                error_kind::permanent);
}

BOOST_AUTO_TEST_SUITE_END()
