/* posix/mincore.c */
LIBOS_CALL(mincore, 3)
