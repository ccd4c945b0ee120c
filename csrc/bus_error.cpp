#include "bus_error.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

// Only functions that are safe in a handler of signals are called from here on.
namespace alignx {
namespace {

void say(const char* text, std::size_t length) {
    while (length > 0) {
        const ssize_t written = write(STDERR_FILENO, text, length);
        if (written <= 0) return;
        text += written;
        length -= static_cast<std::size_t>(written);
    }
}

void say(const char* text) { say(text, std::strlen(text)); }

const char* read_hex(const char* text, std::uintptr_t& value) {
    value = 0;
    for (;; ++text) {
        if (*text >= '0' && *text <= '9')
            value = value * 16 + static_cast<std::uintptr_t>(*text - '0');
        else if (*text >= 'a' && *text <= 'f')
            value = value * 16 + static_cast<std::uintptr_t>(*text - 'a' + 10);
        else
            return text;
    }
}

// A line is "7f0000000000-7f0000001000 r--s 00000000 08:01 1234    /path".
const char* file_of_line(const char* line, std::uintptr_t address) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    line = read_hex(line, begin);
    if (*line != '-') return nullptr;
    line = read_hex(line + 1, end);
    return address >= begin && address < end ? std::strchr(line, '/') : nullptr;
}

void say_file_at(std::uintptr_t address) {
    static char line[4096 + 128];
    const int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    std::size_t filled = 0;
    char byte = 0;
    while (maps >= 0 && read(maps, &byte, 1) == 1) {
        if (byte != '\n') {
            if (filled + 1 < sizeof line) line[filled++] = byte;
            continue;
        }
        line[filled] = '\0';
        filled = 0;
        if (const char* file = file_of_line(line, address)) {
            say(file);
            say(": ");
            return;
        }
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
    struct sigaction old{};
    if (sigaction(SIGBUS, nullptr, &old) != 0 || (old.sa_flags & SA_SIGINFO) ||
        old.sa_handler != SIG_DFL)
        return;
    struct sigaction action{};
    action.sa_sigaction = end_with_a_line;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, nullptr);
}

}  // namespace alignx
