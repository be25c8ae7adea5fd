// SPDX-License-Identifier: BSL-1.0
// A fuzz target: any text as a program file. What is read obeys the rules of programs and comes back from its own JSON.
#include "must.hpp"

#include <headgate/protobuf/codec.hpp>
#include <headgate/protobuf/json.hpp>

#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace headgate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const google::protobuf::LogSilencer quiet;
    const auto found = protobuf::program_from_json({reinterpret_cast<const char*>(data), size});
    if (not found) {
        must(not found.error().text.empty(), "refused without a word");
        return 0;
    }
    must(check(*found).has_value(), "a program that breaks a rule was read");
    const auto again = protobuf::program_from_json(protobuf::to_json(*found));
    must(again and *again == *found, "a program did not come back from its JSON");
    const auto bytes = protobuf::decode_program(protobuf::encode(*found));
    must(bytes and *bytes == *found, "a program did not come back from its bytes");
    return 0;
}
