// Whether this process may use AMX's matrix registers.
#pragma once

namespace octavo {

// Whether the processor has them and multiplies bytes in them, the system saves them, and, where it wants to be asked
// (Linux, for 8 KiB more of each thread's state), allows them. Asked once, for all threads of the process.
bool may_use_amx();

}  // namespace octavo
