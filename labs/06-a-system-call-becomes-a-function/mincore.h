/* mincore.h: the contract of one service. Becomes libos/include/mincore.h. */
#ifndef LIBOS_MINCORE_H
#define LIBOS_MINCORE_H

#include <stddef.h>
#include <stdint.h>

/* Say here what the caller gets: units, what must hold of the arguments, how a call fails. Then declare it. */

#endif
