// What threads cost: the time of a section without work.
#pragma once

#include <cstdint>
#include <vector>

namespace octavo {

// Returns the nanoseconds of each of `rounds` sections of `stages` stages with empty shares, of those in which other
// threads did all shares but the caller's: the rest tell nothing about waiting for each other. `meet`: the stages'
// threads meet at the barrier, `stages` times in the one stage that there is then.
std::vector<int64_t> time_empty_sections(int threads, int stages, bool meet, int rounds);

}  // namespace octavo
