/* posix/mincore.c */
