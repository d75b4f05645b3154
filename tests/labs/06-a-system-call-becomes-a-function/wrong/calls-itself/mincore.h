/* mincore.h: the contract of one service. Becomes libos/include/mincore.h. */
#ifndef LIBOS_MINCORE_H
#define LIBOS_MINCORE_H

#include <stddef.h>
#include <stdint.h>

/* For each page that `len` bytes from `address` touch, stores 1 into `vec` if it has a frame, whatever may be done with
 * it, and 0 if not. Never waits. Returns 0, -EINVAL if the address is not that of a page, -ENOMEM if a page belongs to
 * nobody, or -EFAULT if a byte of `vec` cannot be stored to. After an error, `vec` may have been filled in part. */
long libos_sys_mincore(uintptr_t address, size_t len, unsigned char *vec);

#endif
