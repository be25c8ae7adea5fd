#include <headgate/vocabulary/strong.hpp>

#include <headgate/vocabulary/worker.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace {

using namespace headgate;

static_assert(worker_id{1} < worker_id{2});
static_assert(not std::equality_comparable_with<stream_id, worker_id>);
static_assert(not std::convertible_to<stream_id, worker_id>);
// Nor is an id tried on members of what a variant may hold.
static_assert(not std::is_constructible_v<std::variant<worker_identity, std::string>, incarnation>);
static_assert(not std::convertible_to<std::uint64_t, worker_id>);
static_assert(not std::convertible_to<worker_id, std::uint64_t>);
static_assert(sizeof(worker_id) == sizeof(std::uint64_t));
static_assert(std::is_trivially_copyable_v<worker_id> and std::is_trivially_copyable_v<incarnation>);
static_assert(worker_id{} == worker_id{0});
static_assert(incarnation{{1, 2}} < incarnation{{1, 3}} and incarnation{{1, 9}} < incarnation{{2, 0}});

// Ids of two generations never meet, and both parts come back.
static_assert(id_of({2}, {3}) == worker_id{0x2'0000'0003});
static_assert(id_of({1}, {0xffff'ffff}) < id_of({2}, {0}));
static_assert(generation_of(id_of({0xffff'ffff}, {7})) == generation{0xffff'ffff});
static_assert(ordinal_of(id_of({7}, {0xffff'ffff})) == ordinal{0xffff'ffff});

BOOST_AUTO_TEST_CASE(ids_of_any_representation_are_ordered_in_a_generic_lambda) {
    std::vector<job_id> names{{"b"}, {"a"}};
    std::ranges::sort(names, [](const auto& left, const auto& right) { return left.value < right.value; });
    BOOST_TEST((names.front() == job_id{"a"}));
}

}  // namespace
