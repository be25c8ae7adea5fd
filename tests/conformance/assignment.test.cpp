// SPDX-License-Identifier: BSL-1.0
#include <headgate/assignment/balanced.hpp>
#include <headgate/assignment/local.hpp>
#include <headgate/assignment/slot_filling.hpp>
#include <headgate/assignment/spread.hpp>
#include <headgate/assignment/sticky.hpp>
#include <headgate/conformance/archetypes/assignment.hpp>
#include <headgate/conformance/laws/assignment.hpp>

#include <boost/test/unit_test.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace headgate;

/// The laws that do not hold.
template <class Policy>
std::vector<std::string> broken_by(const Policy& policy) {
    std::vector<std::string> broken;
    laws::check_assignment(policy, [&](std::string_view law, bool holds, const std::string& detail) {
        BOOST_TEST(holds == detail.empty());
        if (not holds) broken.emplace_back(law);
    });
    return broken;
}

/// Slot filling, and then something goes wrong.
template <class Spoil>
struct liar {
    Spoil spoil;
    expected<plan> operator()(const program& of, std::span<const offer> offers, const past& before) const {
        auto made = slot_filling{}(of, offers, before);
        spoil(made, offers);
        return made;
    }
};

// Refuters.
struct forgets_the_error {
    plan operator()(const program&, std::span<const offer>, const past&) const;
};
struct changes_when_used {
    expected<plan> operator()(const program&, std::span<const offer>, const past&);
};
struct cannot_be_copied : slot_filling {
    cannot_be_copied(cannot_be_copied&&) = default;
};
static_assert(assignment_policy<slot_filling>);
static_assert(bounded_assignment_policy<slot_filling> and bounded_assignment_policy<balanced> and
              bounded_assignment_policy<local> and bounded_assignment_policy<sticky> and
              bounded_assignment_policy<spread>);
static_assert(not assignment_policy<forgets_the_error> and not assignment_policy<changes_when_used> and
              not assignment_policy<cannot_be_copied> and not assignment_policy<int>);

using broken = std::vector<std::string>;

BOOST_AUTO_TEST_CASE(slot_filling_keeps_the_laws_of_assignment_A1_A2) { BOOST_TEST(broken_by(slot_filling{}).empty()); }

BOOST_AUTO_TEST_CASE(every_policy_of_ours_keeps_the_laws_of_assignment_A1_A2) {
    BOOST_TEST(broken_by(slot_filling{.order = filling_order::largest_first}).empty());
    BOOST_TEST(broken_by(balanced{}).empty());
    BOOST_TEST(broken_by(balanced{.aim = balance_by::load}).empty());
    BOOST_TEST(broken_by(balanced{.together = keep_together::forward_joined}).empty());
    BOOST_TEST(broken_by(local{.slack = 1}).empty());
    BOOST_TEST(broken_by(spread{}).empty());
    BOOST_TEST(broken_by(spread{.penalty = 0.5}).empty());
    BOOST_TEST(broken_by(sticky{.balance = 1}).empty());
    BOOST_TEST(broken_by(sticky{.balance = 1.2, .zones = spread{.penalty = 0.5}, .most_arcs = 0}).empty());
}

BOOST_AUTO_TEST_CASE(the_poorest_policy_can_be_asked_by_the_laws_and_has_no_plans) {
    BOOST_TEST((broken_by(archetype::assignment(1)) == broken{"enough", "total"}));
}

/// A policy of a user's own: slot filling that begins each node one slot later.
struct node_by_node {
    expected<plan> operator()(const program& of, std::span<const offer> offers, const past& before) const {
        auto made = slot_filling{}(of, offers, before);
        for (std::size_t i = 0; made and i < made->nodes.size(); ++i) {
            const auto slots = made->layouts[0].boundaries.back();
            made->nodes[i].offset = static_cast<std::uint32_t>(i) % slots;
        }
        return made;
    }
};

BOOST_AUTO_TEST_CASE(a_policy_of_ten_lines_keeps_the_laws_of_assignment_A1) {
    BOOST_TEST(broken_by(node_by_node{}).empty());
}

/// Slot filling that promises what balanced keeps.
struct promises_too_much : slot_filling {
    std::uint64_t largest_load(std::span<const std::uint32_t> nodes, std::span<const std::uint32_t> slots) const {
        return bounds_of(nodes, slots).largest;
    }
};

/// Balanced, until there was a plan before.
struct forgets_its_promise : balanced {
    expected<plan> operator()(const program& of, std::span<const offer> offers, const past& before) const {
        return before.previous ? slot_filling{}(of, offers, before) : balanced::operator()(of, offers, before);
    }
};

/// Slot filling that begins in the zone of the first offer, once there was trouble and state has sizes.
struct trusts_the_order_of_zones {
    expected<plan> operator()(const program& of, std::span<const offer> offers, const past& before) const {
        auto made = slot_filling{}(of, offers, before);
        if (made and not before.troubles.empty() and not before.sizes.empty() and offers[0].zone == "zone 1")
            made->nodes[0].offset = 1 % made->layouts[0].boundaries.back();
        return made;
    }
};

BOOST_AUTO_TEST_CASE(each_law_of_assignment_finds_its_liar) {
    const liar off_by_one{[](expected<plan>& made, auto) {
        if (made) made->layouts[0].boundaries.back() -= 1;
    }};
    BOOST_TEST((broken_by(off_by_one) == broken{"valid"}));

    const liar another_address{[](expected<plan>& made, auto) {
        if (made) made->data_addresses = made->machines;
    }};
    BOOST_TEST((broken_by(another_address) == broken{"valid"}));

    const liar without_numbers{[](expected<plan>& made, auto) {
        if (not made) made.error().needed = 0;
    }};
    BOOST_TEST((broken_by(without_numbers) == broken{"enough", "total"}));

    const liar gives_up_early{[](expected<plan>& made, auto) {
        if (made and made->workers.size() == 3) made = failure(error_kind::invalid, "too many workers");
    }};
    BOOST_TEST((broken_by(gives_up_early) == broken{"enough"}));

    const liar trusts_the_order{[](expected<plan>& made, auto offers) {
        if (made and offers[0].id != worker_id{3}) made->nodes[0].offset = 1 % made->layouts[0].boundaries.back();
    }};
    BOOST_TEST((broken_by(trusts_the_order) == broken{"same"}));

    BOOST_TEST((broken_by(trusts_the_order_of_zones{}) == broken{"same"}));

    BOOST_TEST((broken_by(promises_too_much{}) == broken{"bound"}));
    BOOST_TEST((broken_by(forgets_its_promise{}) == broken{"bound"}));

    const liar afraid_of_size{[](expected<plan>& made, auto) {
        if (made and made->nodes[0].parallelism > 1'000'000) made = failure(error_kind::invalid, "too large for me");
    }};
    BOOST_TEST((broken_by(afraid_of_size) == broken{"total"}));

    const liar accepts_anything{[](expected<plan>& made, auto) {
        if (not made and made.error().kind == error_kind::invalid) made = plan{};
    }};
    BOOST_TEST((broken_by(accepts_anything) == broken{"total"}));
}

}  // namespace
