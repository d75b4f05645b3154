/* SPDX-License-Identifier: MIT */
/*
 * checksum.c: the Internet checksum (RFC 1071), eight bytes at a time.
 *
 * Both halves of a word go into a sum of 64 bits, which cannot overflow within a
 * packet, so that no carry has to be looked at before the end.
 */
#include "checksum.h"

#include "wire.h"

/* The last bytes, fewer than eight, as the words they would be if zeroes followed. */
static uint64_t add_rest(uint64_t sum, const char *in, size_t len)
{
    uint32_t word = 0;

    if (len >= 4) {
        __builtin_memcpy(&word, in, 4);
        sum += word;
        in += 4;
        len -= 4;
        word = 0;
    }
    for (size_t i = 0; i < len; i++)
        word |= (uint32_t)(uint8_t)in[i] << 8 * i;
    return sum + word;
}

uint64_t checksum_add(uint64_t sum, const void *bytes, size_t len)
{
    const char *in = bytes;
    uint64_t word;

    for (; len >= 8; len -= 8, in += 8) {
        __builtin_memcpy(&word, in, 8);
        sum += (uint32_t)word;
        sum += word >> 32;
    }
    return add_rest(sum, in, len);
}

uint64_t checksum_copy(uint64_t sum, void *to, const void *bytes, size_t len)
{
    const char *in = bytes;
    char *out = to;
    uint64_t word;

    for (; len >= 8; len -= 8, in += 8, out += 8) {
        __builtin_memcpy(&word, in, 8);
        __builtin_memcpy(out, &word, 8);
        sum += (uint32_t)word;
        sum += word >> 32;
    }
    for (size_t i = 0; i < len; i++)
        out[i] = in[i];
    return add_rest(sum, in, len);
}

uint16_t checksum_fold(uint64_t sum)
{
    /* Each step adds the carries of the one before: 33 bits are left, then 18, 17 and 16. */
    sum = (sum >> 32) + (sum & 0xffffffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    sum = (sum >> 16) + (sum & 0xffff);
    return (uint16_t)~sum;
}

uint64_t checksum_pseudo(uint64_t sum, uint32_t source, uint32_t destination, uint8_t protocol, size_t len)
{
    return sum + source + destination + htobe16(protocol) + htobe16((uint16_t)len);
}
