#include "bus_error.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <string_view>

// A signal handler may run in the middle of an allocation, so this file neither allocates nor uses
// streams.
namespace alignx {
namespace {

void say(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
        if (written <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

// The path of a line such as "7f0000000000-7f0000001000 r--s 00000000 08:01 1234    /path", if it
// has one and the address lies in its range.
std::string_view path_at(std::uintptr_t address, std::string_view line) {
    const char* const end = line.data() + line.size();
    std::uintptr_t first = 0, last = 0;
    const char* const dash = std::from_chars(line.data(), end, first, 16).ptr;
    if (dash != end) std::from_chars(dash + 1, end, last, 16);
    const std::size_t path = line.find('/');
    const bool is_inside = address >= first && address < last && path != line.npos;
    return is_inside ? line.substr(path) : std::string_view();
}

void say_file_at(std::uintptr_t address) {
    static char line[4096 + 128];
    const int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    std::size_t filled = 0;
    for (char byte = 0; maps >= 0 && read(maps, &byte, 1) == 1;) {
        if (byte != '\n') {
            if (filled < sizeof line) line[filled++] = byte;
            continue;
        }
        if (const std::string_view path = path_at(address, {line, filled}); !path.empty()) {
            say(path);
            return say(": ");
        }
        filled = 0;
    }
}

void end_with_a_line(int, siginfo_t* info, void*) {
    say("alignx: error: ");
    say_file_at(reinterpret_cast<std::uintptr_t>(info->si_addr));
    say("a file was cut, or its disk failed, while it was mapped into memory; write it again\n");
    _exit(1);
}

}  // namespace

void explain_bus_errors() {
    struct sigaction old{}, action{};
    if (sigaction(SIGBUS, nullptr, &old) != 0 || (old.sa_flags & SA_SIGINFO) ||
        old.sa_handler != SIG_DFL)
        return;
    action.sa_sigaction = end_with_a_line;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, nullptr);
}

}  // namespace alignx
