/* posix/mincore.c */
LIBOS_CALL(SYS_mincore, 3)
