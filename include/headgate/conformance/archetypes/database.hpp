#pragma once
// SPDX-License-Identifier: BSL-1.0
// conformance: the poorest type that models `database`.

#include <headgate/concepts/database.hpp>
#include <headgate/conformance/archetypes/bare.hpp>

namespace headgate::inline v1::archetype {

/// Does nothing and never answers.
// Effects are qualified: in a class with a member of that name, the bare name would change its meaning.
struct database : bare {
    void claim(const request<headgate::claim>&, completion_for<headgate::claim> auto) {}
    void store(const request<store_row>&, completion_for<store_row> auto) {}
    void write_checkpoint(const request<headgate::write_checkpoint>&, completion_for<headgate::write_checkpoint> auto) {
    }
    void put_wish(const request<headgate::put_wish>&, completion_for<headgate::put_wish> auto) {}
    void tell(const request<headgate::tell>&, completion_for<headgate::tell> auto) {}
    void advance_lease(const request<headgate::advance_lease>&, completion_for<headgate::advance_lease> auto) {}
    void watch(const request<watch_jobs>&, completion_for<watch_jobs> auto) {}
    void read_log(const request<headgate::read_log>&, completion_for<headgate::read_log> auto) {}
};

static_assert(headgate::database<database>);

}  // namespace headgate::inline v1::archetype
