// expect: secrets: it has no `digest256 mac\(std::span<const std::byte> key, std::span<const std::byte> text\)`
#include <headgate/conformance/archetypes/secrets.hpp>

struct without_mac : headgate::archetype::secrets {
    void mac() = delete;
};

#ifdef CONTROL
template struct headgate::secrets_check<headgate::archetype::secrets>;
#else
template struct headgate::secrets_check<without_mac>;
#endif
