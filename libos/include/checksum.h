/* SPDX-License-Identifier: MIT */
/*
 * checksum.h: the Internet checksum (RFC 1071).
 *
 * Sums are kept in 64 bits and folded at the end; they are in the byte order of
 * the wire, because the sum does not mind which it is added in (section 2B).
 */
#ifndef LIBOS_CHECKSUM_H
#define LIBOS_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* `sum` with `len` bytes added; the second copies them on the way. All pieces but the last must be even. */
uint64_t checksum_add(uint64_t sum, const void *bytes, size_t len);
uint64_t checksum_copy(uint64_t sum, void *to, const void *bytes, size_t len);

/* What goes into a header; 0 if what was summed has a right checksum in it. */
uint16_t checksum_fold(uint64_t sum);

/* `sum` with the pseudo-header of UDP and TCP added (RFC 9293, section 3.1). */
uint64_t checksum_pseudo(uint64_t sum, uint32_t source, uint32_t destination, uint8_t protocol, size_t len);

#endif
