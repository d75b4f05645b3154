/* SPDX-License-Identifier: MIT */
/*
 * libos_calls.h: every call the library OS implements, with its number of
 * arguments. Included with different definitions of LIBOS_CALL; grouped as the
 * files of posix/ are.
 *
 * A service `libos_sys_<name>` takes its arguments in the registers of an ordinary function call and returns a
 * result or a negative errno, as Linux's call of that name does.
 */

/* posix/console_files.c */
LIBOS_CALL(read, 3)
LIBOS_CALL(write, 3)
LIBOS_CALL(readv, 3)
LIBOS_CALL(writev, 3)
LIBOS_CALL(lseek, 3)
LIBOS_CALL(close, 1)
LIBOS_CALL(fstat, 2)
LIBOS_CALL(fcntl, 3)
LIBOS_CALL(ioctl, 3)
LIBOS_CALL(poll, 3)

/* posix/memory.c */
LIBOS_CALL(mmap, 6)
LIBOS_CALL(munmap, 2)
LIBOS_CALL(mprotect, 3)
LIBOS_CALL(mremap, 5)
LIBOS_CALL(madvise, 3)
LIBOS_CALL(brk, 1)

/* posix/time.c */
LIBOS_CALL(clock_gettime, 2)
LIBOS_CALL(clock_getres, 2)
LIBOS_CALL(clock_nanosleep, 4)
LIBOS_CALL(nanosleep, 2)

/* posix/identity.c */
LIBOS_CALL(getpid, 0)
LIBOS_CALL(getppid, 0)
LIBOS_CALL(gettid, 0)
LIBOS_CALL(getuid, 0)
LIBOS_CALL(geteuid, 0)
LIBOS_CALL(getgid, 0)
LIBOS_CALL(getegid, 0)
LIBOS_CALL(uname, 1)
LIBOS_CALL(sysinfo, 1)
LIBOS_CALL(getrandom, 3)

/* posix/process.c */
LIBOS_CALL(arch_prctl, 2)
LIBOS_CALL(set_tid_address, 1)
LIBOS_CALL(sched_yield, 0)
LIBOS_CALL(exit, 1)
LIBOS_CALL(exit_group, 1)

/* posix/signal.c */
LIBOS_CALL(rt_sigaction, 4)
LIBOS_CALL(rt_sigprocmask, 4)
LIBOS_CALL(kill, 2)
LIBOS_CALL(tkill, 2)
LIBOS_CALL(tgkill, 3)
