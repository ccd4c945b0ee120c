// What becomes of a process that reads a mapped file behind its end.
//
// A file that another process cuts while it is mapped into memory has no bytes where the program
// reads next. The system answers with SIGBUS, in the middle of any instruction, so nothing can be
// thrown or cleaned up: all that is left is to say which file it was.
#pragma once

namespace alignx {

// From now on, ends the process with one line on stderr and exit code 1, unless something else
// handles the signal already. For programs, not for libraries, as it concerns the whole process.
void explain_bus_errors();

}  // namespace alignx
