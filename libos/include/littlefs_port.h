/* SPDX-License-Identifier: MIT */
/*
 * littlefs_port.h: what littlefs is told about the place where it runs. The build
 * includes it in front of each of its files (its lfs_util.h: LFS_DEFINES).
 */
#ifndef LIBOS_LITTLEFS_PORT_H
#define LIBOS_LITTLEFS_PORT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* All memory is given to it: littlefs.h. */
#define LFS_NO_MALLOC

#define LFS_NO_DEBUG
#define LFS_NO_WARN
#define LFS_NO_ERROR
#define LFS_ASSERT(condition) ((condition) ? (void)0 : littlefs_inconsistent())
#define LFS_CRC(crc, bytes, len) littlefs_crc(crc, bytes, len)

/* An assertion of littlefs does not hold: a panic. */
_Noreturn void littlefs_inconsistent(void);

/* CRC-32 with the polynomial 0x04c11db7, bits reflected, without final complement (SPEC.md of littlefs, "CRC"). */
uint32_t littlefs_crc(uint32_t crc, const void *bytes, size_t len);

/* It copies a byte, or eight, millions of times. */
static inline void *littlefs_copy(void *to, const void *from, size_t len)
{
    if (len == 1)
        return __builtin_memcpy(to, from, 1);
    if (len == sizeof(uint64_t))
        return __builtin_memcpy(to, from, sizeof(uint64_t));
    return memcpy(to, from, len);
}
#define memcpy(to, from, len) littlefs_copy(to, from, len)

#endif
