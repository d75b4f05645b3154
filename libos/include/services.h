/* SPDX-License-Identifier: MIT */
/*
 * services.h: the calls of the library OS, as C functions with their real types.
 *
 * Each does what Linux's system call of that name does (man-pages, section 2)
 * and returns a result or a negative errno. What is left out is said at its
 * definition.
 */
#ifndef LIBOS_SERVICES_H
#define LIBOS_SERVICES_H

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

#define SERVICE __attribute__((visibility("hidden")))

SERVICE long libos_sys_read(int fd, void *buf, size_t len);
SERVICE long libos_sys_write(int fd, const void *buf, size_t len);
SERVICE long libos_sys_readv(int fd, const struct iovec *vec, int count);
SERVICE long libos_sys_writev(int fd, const struct iovec *vec, int count);
SERVICE long libos_sys_lseek(int fd, off_t offset, int whence);
SERVICE long libos_sys_close(int fd);
SERVICE long libos_sys_fstat(int fd, struct stat *st);
SERVICE long libos_sys_fcntl(int fd, int command, long argument);
SERVICE long libos_sys_ioctl(int fd, unsigned long request, void *argument);
SERVICE long libos_sys_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

SERVICE long libos_sys_mmap(uintptr_t address, size_t len, int prot, int flags, int fd, off_t offset);
SERVICE long libos_sys_munmap(uintptr_t address, size_t len);
SERVICE long libos_sys_mprotect(uintptr_t address, size_t len, int prot);
SERVICE long libos_sys_mremap(uintptr_t old, size_t old_len, size_t new_len, int flags, uintptr_t address);
SERVICE long libos_sys_madvise(uintptr_t address, size_t len, int advice);
SERVICE long libos_sys_brk(uintptr_t end);

SERVICE long libos_sys_clock_gettime(clockid_t clock, struct timespec *now);
SERVICE long libos_sys_clock_getres(clockid_t clock, struct timespec *resolution);
SERVICE long libos_sys_clock_nanosleep(clockid_t clock, int flags, const struct timespec *t, struct timespec *left);
SERVICE long libos_sys_nanosleep(const struct timespec *t, struct timespec *left);

SERVICE long libos_sys_getpid(void);
SERVICE long libos_sys_getppid(void);
SERVICE long libos_sys_gettid(void);
SERVICE long libos_sys_getuid(void);
SERVICE long libos_sys_geteuid(void);
SERVICE long libos_sys_getgid(void);
SERVICE long libos_sys_getegid(void);
SERVICE long libos_sys_uname(struct utsname *name);
SERVICE long libos_sys_sysinfo(struct sysinfo *info);
SERVICE long libos_sys_getrandom(void *buf, size_t len, unsigned flags);

SERVICE long libos_sys_arch_prctl(int code, uintptr_t address);
SERVICE long libos_sys_set_tid_address(int *address);
SERVICE long libos_sys_sched_yield(void);
SERVICE _Noreturn void libos_sys_exit(int status);
SERVICE _Noreturn void libos_sys_exit_group(int status);

/* What musl hands to rt_sigaction(): the kernel's layout, not the C library's. */
struct kernel_sigaction {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

SERVICE long libos_sys_rt_sigaction(int sig, const struct kernel_sigaction *new, struct kernel_sigaction *old,
                                    size_t mask_len);
SERVICE long libos_sys_rt_sigprocmask(int how, const uint64_t *new, uint64_t *old, size_t mask_len);
SERVICE long libos_sys_kill(int pid, int sig);
SERVICE long libos_sys_tkill(int tid, int sig);
SERVICE long libos_sys_tgkill(int pid, int tid, int sig);

SERVICE long libos_unimplemented(long n, const char *name);

#endif
