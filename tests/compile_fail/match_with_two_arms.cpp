// expect: match
// expect: G6: an outcome is read with three arms
// expect: match\(on_applied, on_not_applied, on_unknown\)
#include <headgate/vocabulary/outcome.hpp>

bool is_done(const headgate::outcome<headgate::applied>& start) {
    const auto no = [](const headgate::error&) { return false; };
#ifdef CONTROL
    return start.match([](headgate::applied) { return true; }, no, no);
#else
    return start.match([](headgate::applied) { return true; }, no);
#endif
}
