/* posix/mincore.c */
#define __NR_mincore 1000
LIBOS_CALL(mincore, 3)
