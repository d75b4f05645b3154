/* posix/mincore.c */
LIBOS_CALL(mincore, 2)
