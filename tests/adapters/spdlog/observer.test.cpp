#include <headgate/spdlog/observer.hpp>

#include <headgate/conformance/laws/observer.hpp>

#include <boost/test/unit_test.hpp>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

namespace {

using namespace headgate;
using namespace std::chrono_literals;

/// What an observer writes, with the level before each line.
class written {
public:
    written() {
        log_->set_pattern("%l %v");
        log_->set_level(spdlog::level::trace);
    }
    std::string of(const note& what, const job_id& job = {"orders"}) {
        text_.str("");
        logging::observer(log_).on(job, instant{}, what);
        return text_.str();
    }
    spdlog::logger& log() { return *log_; }

private:
    std::ostringstream text_;
    std::shared_ptr<spdlog::logger> log_ =
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(text_));
};

const error refused{.kind = error_kind::dial, .text = "127.0.0.1:1: refused"};

BOOST_AUTO_TEST_CASE(each_note_is_one_line_at_its_level) {
    written log;
    BOOST_TEST(log.of(transition{state_name::scheduling, state_name::running, {3}, {}}) ==
               "info job orders, generation 3: Scheduling -> Running\n");
    BOOST_TEST(log.of(transition{state_name::scheduling, state_name::recovering, {3}, refused}) ==
               "warning job orders, generation 3: Scheduling -> Recovering: dial: 127.0.0.1:1: refused\n");
    BOOST_TEST(log.of(transition{state_name::recovering, state_name::failing, {3}, refused}) ==
               "error job orders, generation 3: Recovering -> Failing: dial: 127.0.0.1:1: refused\n");
    BOOST_TEST(log.of(phase_ended{phase::dialling, {3}, 100ms, 112ms}) ==
               "info job orders, generation 3: dialling took 0.012 s, from 0.100 s to 0.112 s\n");
    BOOST_TEST(log.of(retried{refused, {2}, 3, 150ms}) ==
               "warning job orders: attempt 2 of 3 failed, again in 0.150 s: dial: 127.0.0.1:1: refused\n");
    BOOST_TEST(log.of(remark{remark::severity::info, "a word"}) == "info job orders: a word\n");
    BOOST_TEST(log.of(remark{remark::severity::warning, "a word"}) == "warning job orders: a word\n");
    BOOST_TEST(log.of(remark{remark::severity::alarm, "a word"}) == "error job orders: ALARM: a word\n");
}

BOOST_AUTO_TEST_CASE(texts_from_the_outside_neither_break_lines_nor_formats_and_are_cut_G3) {
    written log;
    BOOST_TEST(log.of(remark{remark::severity::info, "{} {0}\n2026 error \x1b[2J"}, {"a\nb"}) ==
               "info job a\\nb: {} {0}\\n2026 error \\x1b[2J\n");
    const std::string line = log.of(remark{remark::severity::info, std::string(100'000, 'x')});
    BOOST_TEST(line.size() == std::string("info ").size() + (std::size_t{16} << 10) + 1);
    BOOST_TEST(line.ends_with("x...\n"));
}

BOOST_AUTO_TEST_CASE(the_logger_takes_every_note) {
    std::ostringstream text;
    const auto log = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(text));
    bool is_told = false;
    laws::check_observer([&] { return logging::observer(log); },
                         [&](std::string_view law, bool holds, const std::string& detail) {
                             is_told = true;
                             BOOST_TEST(holds, law << ": " << detail);
                         });
    BOOST_TEST(is_told);
}

BOOST_AUTO_TEST_CASE(what_the_logger_does_not_want_is_not_written) {
    written log;
    log.log().set_level(spdlog::level::warn);
    BOOST_TEST(log.of(remark{remark::severity::info, "a word"}) == "");
    BOOST_TEST(log.of(remark{remark::severity::warning, "a word"}) != "");
}

BOOST_AUTO_TEST_CASE(the_default_logger_serves_where_none_is_named) {
    std::ostringstream text;
    const auto before = spdlog::default_logger();
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_st>(text)));
    logging::observer().on({"orders"}, instant{}, remark{remark::severity::info, "a word"});
    spdlog::set_default_logger(before);
    BOOST_TEST(text.str().find("job orders: a word") != std::string::npos);
}

}  // namespace
