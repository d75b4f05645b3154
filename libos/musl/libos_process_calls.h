/* SPDX-License-Identifier: MIT */
/*
 * libos_process_calls.h: every call that makes a second process, replaces the
 * program of this one, or waits for a child. They fail with ENOSYS, and the first
 * of them says why: posix/no_process.c.
 */
LIBOS_PROCESS_CALL(fork)
LIBOS_PROCESS_CALL(vfork)
LIBOS_PROCESS_CALL(clone) /* without CLONE_THREAD: that is thread.c */
LIBOS_PROCESS_CALL(clone3)
LIBOS_PROCESS_CALL(execve)
LIBOS_PROCESS_CALL(execveat)
LIBOS_PROCESS_CALL(wait4)
LIBOS_PROCESS_CALL(waitid)
