#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: what an archetype, the poorest model of a concept, is made from.

namespace headgate::inline v1::archetype {

/// Takes away what the language gives for free. A template that compiles with an archetype asks for no more than the
/// concept says; an archetype does nothing and never answers.
struct bare {
    bare() = delete;
    bare(const bare&) = delete;
    bare& operator=(const bare&) = delete;
    void operator&() const = delete;
    template <class T>
    void operator,(T&&) const = delete;
};

}  // namespace headgate::inline v1::archetype
