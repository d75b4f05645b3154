/* SPDX-License-Identifier: MIT */
/*
 * libos_calls.h: every call the library OS implements, with its number of
 * arguments. Included with different definitions of LIBOS_CALL; grouped as the
 * files of posix/ are.
 *
 * A service `libos_sys_<name>` takes its arguments in the registers of an ordinary function call and returns a
 * result or a negative errno, as Linux's call of that name does.
 */

/* posix/read_write.c */
LIBOS_CALL(read, 3)
LIBOS_CALL(write, 3)
LIBOS_CALL(readv, 3)
LIBOS_CALL(writev, 3)
LIBOS_CALL(pread64, 4)
LIBOS_CALL(pwrite64, 4)
LIBOS_CALL(preadv, 4)
LIBOS_CALL(pwritev, 4)
LIBOS_CALL(lseek, 3)
LIBOS_CALL(fstat, 2)
LIBOS_CALL(ioctl, 3)
LIBOS_CALL(ftruncate, 2)
LIBOS_CALL(fsync, 1)
LIBOS_CALL(fdatasync, 1)

/* posix/open.c */
LIBOS_CALL(open, 3)
LIBOS_CALL(openat, 4)
LIBOS_CALL(creat, 2)
LIBOS_CALL(umask, 1)

/* posix/stat.c */
LIBOS_CALL(stat, 2)
LIBOS_CALL(lstat, 2)
LIBOS_CALL(newfstatat, 4)
LIBOS_CALL(access, 2)
LIBOS_CALL(faccessat, 3)
LIBOS_CALL(faccessat2, 4)
LIBOS_CALL(statfs, 2)
LIBOS_CALL(fstatfs, 2)

/* posix/directories.c */
LIBOS_CALL(getdents64, 3)
LIBOS_CALL(chdir, 1)
LIBOS_CALL(fchdir, 1)
LIBOS_CALL(getcwd, 2)

/* posix/names.c */
LIBOS_CALL(mkdir, 2)
LIBOS_CALL(mkdirat, 3)
LIBOS_CALL(symlink, 2)
LIBOS_CALL(symlinkat, 3)
LIBOS_CALL(link, 2)
LIBOS_CALL(linkat, 5)
LIBOS_CALL(readlink, 3)
LIBOS_CALL(readlinkat, 4)
LIBOS_CALL(unlink, 1)
LIBOS_CALL(unlinkat, 3)
LIBOS_CALL(rmdir, 1)
LIBOS_CALL(rename, 2)
LIBOS_CALL(renameat, 4)
LIBOS_CALL(renameat2, 5)

/* posix/attributes.c */
LIBOS_CALL(truncate, 2)
LIBOS_CALL(chmod, 2)
LIBOS_CALL(fchmod, 2)
LIBOS_CALL(fchmodat, 3)
LIBOS_CALL(chown, 3)
LIBOS_CALL(lchown, 3)
LIBOS_CALL(fchown, 3)
LIBOS_CALL(fchownat, 5)
LIBOS_CALL(utimensat, 4)
LIBOS_CALL(sync, 0)
LIBOS_CALL(syncfs, 1)

/* posix/copy.c */
LIBOS_CALL(sendfile, 4)
LIBOS_CALL(copy_file_range, 6)

/* posix/descriptors.c */
LIBOS_CALL(close, 1)
LIBOS_CALL(dup, 1)
LIBOS_CALL(dup2, 2)
LIBOS_CALL(dup3, 3)
LIBOS_CALL(fcntl, 3)
LIBOS_CALL(flock, 2)
LIBOS_CALL(fadvise64, 4)

/* posix/pipe.c */
LIBOS_CALL(pipe, 1)
LIBOS_CALL(pipe2, 2)

/* posix/poll.c */
LIBOS_CALL(poll, 3)
LIBOS_CALL(ppoll, 5)
LIBOS_CALL(select, 5)
LIBOS_CALL(pselect6, 6)

/* posix/epoll.c */
LIBOS_CALL(epoll_create, 1)
LIBOS_CALL(epoll_create1, 1)
LIBOS_CALL(epoll_ctl, 4)
LIBOS_CALL(epoll_wait, 4)
LIBOS_CALL(epoll_pwait, 6)

/* posix/eventfd.c */
LIBOS_CALL(eventfd, 1)
LIBOS_CALL(eventfd2, 2)

/* posix/socket.c */
LIBOS_CALL(socket, 3)
LIBOS_CALL(bind, 3)
LIBOS_CALL(listen, 2)
LIBOS_CALL(accept, 3)
LIBOS_CALL(accept4, 4)
LIBOS_CALL(connect, 3)
LIBOS_CALL(shutdown, 2)
LIBOS_CALL(getsockname, 3)
LIBOS_CALL(getpeername, 3)

/* posix/socket_messages.c */
LIBOS_CALL(sendto, 6)
LIBOS_CALL(recvfrom, 6)
LIBOS_CALL(sendmsg, 3)
LIBOS_CALL(recvmsg, 3)

/* posix/socket_options.c */
LIBOS_CALL(setsockopt, 5)
LIBOS_CALL(getsockopt, 5)

/* posix/socket_pair.c */
LIBOS_CALL(socketpair, 4)

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

/* posix/limits.c */
LIBOS_CALL(prlimit64, 4)

/* posix/process.c */
LIBOS_CALL(arch_prctl, 2)
LIBOS_CALL(set_tid_address, 1)
LIBOS_CALL(exit, 1)
LIBOS_CALL(exit_group, 1)

/* posix/threads.c */
LIBOS_CALL(futex, 6)
LIBOS_CALL(sched_yield, 0)
LIBOS_CALL(sched_getaffinity, 3)
LIBOS_CALL(sched_getscheduler, 1)
LIBOS_CALL(sched_setscheduler, 3)
LIBOS_CALL(sched_getparam, 2)
LIBOS_CALL(sched_setparam, 2)
LIBOS_CALL(sched_get_priority_max, 1)
LIBOS_CALL(sched_get_priority_min, 1)
LIBOS_CALL(set_robust_list, 2)
LIBOS_CALL(get_robust_list, 3)
LIBOS_CALL(membarrier, 3)

/* posix/timers.c */
LIBOS_CALL(setitimer, 3)
LIBOS_CALL(getitimer, 2)
LIBOS_CALL(timer_create, 3)
LIBOS_CALL(timer_settime, 4)
LIBOS_CALL(timer_gettime, 2)
LIBOS_CALL(timer_getoverrun, 1)
LIBOS_CALL(timer_delete, 1)

/* posix/signal_calls.c */
LIBOS_CALL(rt_sigaction, 4)
LIBOS_CALL(rt_sigprocmask, 4)
LIBOS_CALL(rt_sigpending, 2)
LIBOS_CALL(rt_sigsuspend, 2)
LIBOS_CALL(rt_sigtimedwait, 4)
LIBOS_CALL(rt_sigqueueinfo, 3)
LIBOS_CALL(sigaltstack, 2)
LIBOS_CALL(pause, 0)
LIBOS_CALL(kill, 2)
LIBOS_CALL(tkill, 2)
LIBOS_CALL(tgkill, 3)
