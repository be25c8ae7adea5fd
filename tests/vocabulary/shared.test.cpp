// SPDX-License-Identifier: BSL-1.0
#include <headgate/vocabulary/shared.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>

namespace {

using namespace headgate;

BOOST_AUTO_TEST_CASE(shared_values_are_compared_by_what_they_say_and_none_equals_none) {
    const shared<std::string> one = std::make_shared<const std::string>("a"), same = one;
    const shared<std::string> equal = std::make_shared<std::string>("a"), other = std::make_shared<std::string>("b");
    BOOST_TEST((one == same and one == equal and one != other and one.get() != equal.get()));
    BOOST_TEST((shared<std::string>{} == shared<std::string>{} and one != shared<std::string>{}));
    BOOST_TEST((shared<std::string>{} != one and shared<std::string>(nullptr) == nullptr));
}

}  // namespace
