/* SPDX-License-Identifier: MIT */
/*
 * frames.h: physical memory, a page frame at a time.
 *
 * A frame is 4096 bytes of RAM at an aligned physical address. Addresses here
 * are physical; 0 is never a frame.
 */
#ifndef LIBOS_FRAMES_H
#define LIBOS_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#include "pvh.h"

/* Learns what RAM there is. Leaves out the first MiB (firmware and PVH structures), the image, and the loader's
 * modules. Costs nothing per frame. */
void frames_init(const struct pvh_start_info *info);

/* Takes a frame with whatever it holds; 0 if there is none. */
uint64_t frame_alloc(void);

/* Gives a frame back. It must not be mapped anywhere. */
void frame_free(uint64_t frame);

/* Fills a frame with zeros, however it is mapped. */
void frame_zero(uint64_t frame);

/* Frames that frame_alloc() can still give, and all that there ever were. */
size_t frames_available(void);
size_t frames_total(void);

#endif
