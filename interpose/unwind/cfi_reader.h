/* SPDX-License-Identifier: MIT
 *
 * A bounded reader of the bytes of .eh_frame: numbers, and pointers as they are encoded there.
 */
#ifndef MT_CFI_READER_H
#define MT_CFI_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Pointer encodings. */
#define MT_CFI_ENC_OMIT     0xffu
#define MT_CFI_ENC_ABSPTR   0x00u
#define MT_CFI_ENC_UDATA2   0x02u
#define MT_CFI_ENC_UDATA4   0x03u
#define MT_CFI_ENC_UDATA8   0x04u
#define MT_CFI_ENC_SDATA2   0x0au
#define MT_CFI_ENC_SDATA4   0x0bu
#define MT_CFI_ENC_SDATA8   0x0cu
#define MT_CFI_ENC_PCREL    0x10u
#define MT_CFI_ENC_DATAREL  0x30u
#define MT_CFI_ENC_INDIRECT 0x80u

/* The table that is searched: 32-bit offsets from the header's start. */
#define MT_CFI_ENC_TABLE (MT_CFI_ENC_DATAREL | MT_CFI_ENC_SDATA4)

/* A read past the end gives zeros and sets `bad`. */
struct mt_cfi_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

static inline uint64_t mt_cfi_fixed(struct mt_cfi_reader *r, unsigned bytes)
{
    uint64_t value = 0;

    if ((size_t)(r->end - r->at) < bytes) {
        r->bad = true;
        r->at = r->end;
        return 0;
    }
    memcpy(&value, r->at, bytes); /* little-endian, as both processors are */
    r->at += bytes;
    return value;
}

/* The groups of 7 bits of a LEB128 number; *last: the byte of the uppermost, *bits: how many there were. */
static inline uint64_t mt_cfi_groups(struct mt_cfi_reader *r, uint8_t *last, unsigned *bits)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = (uint8_t)mt_cfi_fixed(r, 1);
        if (shift < 64)
            value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    *last = byte;
    *bits = shift;
    return value;
}

static inline uint64_t mt_cfi_uleb(struct mt_cfi_reader *r)
{
    uint8_t last;
    unsigned bits;

    if (r->at < r->end && *r->at < 0x80) /* nearly always */
        return *r->at++;
    return mt_cfi_groups(r, &last, &bits);
}

static inline int64_t mt_cfi_sleb(struct mt_cfi_reader *r)
{
    uint8_t last;
    unsigned bits;
    uint64_t value = mt_cfi_groups(r, &last, &bits);

    if ((last & 0x40) && bits < 64)
        value |= ~(uint64_t)0 << bits;
    return (int64_t)value;
}

/* Read an encoded pointer, which may be relative to its own place or absolute. Any other encoding
 * sets `bad`. */
static inline uintptr_t mt_cfi_encoded(struct mt_cfi_reader *r, unsigned encoding)
{
    uintptr_t base = 0;
    uint64_t value = 0;

    if ((encoding & 0x70) == MT_CFI_ENC_PCREL)
        base = (uintptr_t)r->at;
    else if ((encoding & 0x70) != 0 || (encoding & MT_CFI_ENC_INDIRECT))
        r->bad = true;
    switch (encoding & 0x0f) {
    case MT_CFI_ENC_ABSPTR:
    case MT_CFI_ENC_UDATA8:
    case MT_CFI_ENC_SDATA8:
        value = mt_cfi_fixed(r, 8);
        break;
    case MT_CFI_ENC_UDATA4:
        value = mt_cfi_fixed(r, 4);
        break;
    case MT_CFI_ENC_SDATA4:
        value = (uint64_t)(int64_t)(int32_t)mt_cfi_fixed(r, 4);
        break;
    case MT_CFI_ENC_UDATA2:
        value = mt_cfi_fixed(r, 2);
        break;
    case MT_CFI_ENC_SDATA2:
        value = (uint64_t)(int64_t)(int16_t)mt_cfi_fixed(r, 2);
        break;
    default:
        r->bad = true;
    }
    return base + value;
}

#endif
