#pragma once
// Wishes that can be read, but break a rule, as somebody with an editor makes them of a good one.

#include <headgate/protobuf/codec.hpp>

#include <memory>
#include <string>
#include <vector>

namespace headgate::tests {

struct spoilt_wish {
    job_id job{};
    wish made{};
    std::string why{};
};

inline std::vector<spoilt_wish> spoilt(const wish& good) {
    const auto with = [&](auto spoil) {
        wish made = good;
        program what = *good.program;
        spoil(made, what.nodes.front());
        made.program = std::make_shared<const program>(std::move(what));
        return made;
    };
    return {
        {{"malformed"}, with([](wish&, node& n) { n.operators.clear(); }), "node 1 has no operator"},
        {{"absurd"}, with([](wish&, node& n) { n.parallelism = 2'097'151; }), "parallelism 2097151 is above the limit"},
        {{"overridden"},
         with([](wish& w, node&) {
             w.parallelism = {{{1}, 2'097'151}};
         }),
         "parallelism 2097151"},
        {{"lost"},
         with([](wish& w, node&) {
             w.parallelism = {{{7}, 1}};
         }),
         "there is no node 7"}};
}

/// The bytes of a wish, as a statement has them.
inline std::string hexadecimal(const wish& of) {
    std::string made;
    for (const char each : protobuf::encode(of))
        for (const int shift : {4, 0}) made += "0123456789abcdef"[each >> shift & 15];
    return made;
}

}  // namespace headgate::tests
