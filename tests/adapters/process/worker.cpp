// A worker for the tests: does as SCRIPT says, else waits until it is told to end.
#include <csignal>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

int main() {
    const char* const script = std::getenv("SCRIPT");
    const std::string_view does = script ? script : "";
    if (does == "exit 3") return 3;
    if (does == "spill") {
        const char* const job = std::getenv("HEADGATE_JOB");
        const std::string_view text = job ? job : "?";
        return ::write(1, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1;
    }
    for (;;) ::pause();
}
