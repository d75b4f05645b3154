/* posix/mincore.c */
LIBOS_CALL(madvise, 3)
