// expect: policies: .assignment is an assignment_policy
// expect: expected<plan> operator\(\)\(const program&, std::span<const offer>, const past&\) const
#include <headgate/machine/policies.hpp>

using namespace headgate;

struct first_worker {
#ifdef CONTROL
    expected<plan> operator()(const program& of, std::span<const offer> offers, const past& before) const {
        return slot_filling{}(of, offers.first(1), before);
    }
#else
    plan operator()(const program& of, std::span<const offer> offers) const {
        return *slot_filling{}(of, offers.first(1), {});
    }
#endif
};

[[maybe_unused]] const policies chosen{.assignment = first_worker{}};
