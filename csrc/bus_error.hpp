// Error message for reads behind the end of a mapped file.
//
// If another process cuts a file that is mapped into memory, the next read of the missing bytes
// raises SIGBUS in the middle of any instruction. Nothing can be thrown or cleaned up then.
#pragma once

namespace alignx {

// From now on, SIGBUS ends the process with exit code 1 and one line on stderr that names the file,
// unless another handler is installed already. For programs, since it concerns the whole process.
void explain_bus_errors();

}  // namespace alignx
