/* SPDX-License-Identifier: MIT
 *
 * libFuzzer's interface, which our own driver uses as well.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
/* Aborts on a finding. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
/* Change an image in one place, within `most` bytes. Returns its new length. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed);
/* The fuzzer's own: any bytes into other ones. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t most);

/* Number of the modes, and the most that any input took. */
extern const size_t target_modes;
extern struct target_most {
    size_t memory, output;
} target_most;

#endif
