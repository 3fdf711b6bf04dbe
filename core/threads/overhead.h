// What threads cost: the time of a section without work, and of what no section can do without.
#pragma once

#include <cstdint>
#include <vector>

namespace octavo {

// Returns the nanoseconds of each of `rounds` sections of `stages` stages with empty shares, of those in which other
// threads did all shares but the caller's: the rest tell nothing about waiting for each other. `meet`: the stages'
// threads meet at the barrier, `stages` times in the one stage that there is then.
std::vector<int64_t> time_empty_sections(int threads, int stages, bool meet, int rounds);

// Returns the nanoseconds of round trips of a line of the cache between the caller and one thread of the pool, in the
// quickest way that is known: the caller writes, the thread sees that and answers, the caller sees the answer. A
// fork-join consists of at least that. Twenty come of each of `rounds` sections in which the thread was there.
std::vector<int64_t> time_round_trips(int rounds);

}  // namespace octavo
