#include <headgate/vocabulary/outcome.hpp>

int main() {
    const headgate::outcome<int> done{0};
    return done.match([](int result) { return result; },         //
                      [](const headgate::error&) { return 1; },  //
                      [](const headgate::error&) { return 2; });
}
