// expect: no matching function.*match|no matching member function.*match
#include <headgate/vocabulary/outcome.hpp>

bool is_done(const headgate::outcome<headgate::applied>& start) {
    const auto no = [](const headgate::error&) { return false; };
#ifdef CONTROL
    return start.match([](headgate::applied) { return true; }, no, no);
#else
    return start.match([](headgate::applied) { return true; }, no);
#endif
}
