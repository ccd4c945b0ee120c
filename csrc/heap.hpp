// Heap of the best entries, for all sweeps.
//
// Every parent is worse than its children, so the worst entry comes first, and a better entry
// replaces it.
#pragma once

#include <cstddef>

namespace alignx {

// Replaces entry `at` of the first `size` and restores the order. `a > b` means that a is better.
template <typename Heap, typename Entry>
void sift_down(Heap heap, std::size_t size, std::size_t at, Entry entry) {
    for (std::size_t child = 2 * at + 1; child < size; child = 2 * at + 1) {
        Entry worst = heap[child];
        if (child + 1 < size)
            if (const Entry sibling = heap[child + 1]; worst > sibling) {
                worst = sibling;
                ++child;
            }
        if (!(entry > worst)) break;
        heap[at] = worst;
        at = child;
    }
    heap[at] = entry;
}

}  // namespace alignx
