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
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>

#define SERVICE __attribute__((visibility("hidden")))

SERVICE long libos_sys_read(int fd, void *buf, size_t len);
SERVICE long libos_sys_write(int fd, const void *buf, size_t len);
SERVICE long libos_sys_readv(int fd, const struct iovec *vec, int count);
SERVICE long libos_sys_writev(int fd, const struct iovec *vec, int count);
SERVICE long libos_sys_pread64(int fd, void *buf, size_t len, off_t at);
SERVICE long libos_sys_pwrite64(int fd, const void *buf, size_t len, off_t at);
SERVICE long libos_sys_preadv(int fd, const struct iovec *vec, int count, off_t at);
SERVICE long libos_sys_pwritev(int fd, const struct iovec *vec, int count, off_t at);
SERVICE long libos_sys_lseek(int fd, off_t offset, int whence);
SERVICE long libos_sys_fstat(int fd, struct stat *st);
SERVICE long libos_sys_ioctl(int fd, unsigned long request, void *argument);
SERVICE long libos_sys_ftruncate(int fd, off_t size);
SERVICE long libos_sys_fsync(int fd);
SERVICE long libos_sys_fdatasync(int fd);

SERVICE long libos_sys_open(const char *path, int flags, mode_t mode);
SERVICE long libos_sys_openat(int at, const char *path, int flags, mode_t mode);
SERVICE long libos_sys_creat(const char *path, mode_t mode);
SERVICE long libos_sys_umask(mode_t mask);

SERVICE long libos_sys_stat(const char *path, struct stat *st);
SERVICE long libos_sys_lstat(const char *path, struct stat *st);
SERVICE long libos_sys_newfstatat(int at, const char *path, struct stat *st, int flags);
SERVICE long libos_sys_access(const char *path, int mode);
SERVICE long libos_sys_faccessat(int at, const char *path, int mode);
SERVICE long libos_sys_faccessat2(int at, const char *path, int mode, int flags);
SERVICE long libos_sys_statfs(const char *path, struct statfs *st);
SERVICE long libos_sys_fstatfs(int fd, struct statfs *st);

SERVICE long libos_sys_getdents64(int fd, void *buf, size_t len);
SERVICE long libos_sys_chdir(const char *path);
SERVICE long libos_sys_fchdir(int fd);
SERVICE long libos_sys_getcwd(char *buf, size_t len);

SERVICE long libos_sys_mkdir(const char *path, mode_t mode);
SERVICE long libos_sys_mkdirat(int at, const char *path, mode_t mode);
SERVICE long libos_sys_symlink(const char *target, const char *path);
SERVICE long libos_sys_symlinkat(const char *target, int at, const char *path);
SERVICE long libos_sys_link(const char *from, const char *to);
SERVICE long libos_sys_linkat(int from_at, const char *from, int to_at, const char *to, int flags);
SERVICE long libos_sys_readlink(const char *path, char *buf, int len);
SERVICE long libos_sys_readlinkat(int at, const char *path, char *buf, int len);
SERVICE long libos_sys_unlink(const char *path);
SERVICE long libos_sys_unlinkat(int at, const char *path, int flags);
SERVICE long libos_sys_rmdir(const char *path);
SERVICE long libos_sys_rename(const char *from, const char *to);
SERVICE long libos_sys_renameat(int from_at, const char *from, int to_at, const char *to);
SERVICE long libos_sys_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags);

SERVICE long libos_sys_truncate(const char *path, off_t size);
SERVICE long libos_sys_chmod(const char *path, mode_t mode);
SERVICE long libos_sys_fchmod(int fd, mode_t mode);
SERVICE long libos_sys_fchmodat(int at, const char *path, mode_t mode);
SERVICE long libos_sys_chown(const char *path, uid_t uid, gid_t gid);
SERVICE long libos_sys_lchown(const char *path, uid_t uid, gid_t gid);
SERVICE long libos_sys_fchown(int fd, uid_t uid, gid_t gid);
SERVICE long libos_sys_fchownat(int at, const char *path, uid_t uid, gid_t gid, int flags);
SERVICE long libos_sys_utimensat(int at, const char *path, const struct timespec times[2], int flags);
SERVICE long libos_sys_sync(void);
SERVICE long libos_sys_syncfs(int fd);

SERVICE long libos_sys_sendfile(int out, int in, off_t *offset, size_t len);
SERVICE long libos_sys_copy_file_range(int in, off_t *from, int out, off_t *to, size_t len, unsigned flags);

SERVICE long libos_sys_close(int fd);
SERVICE long libos_sys_dup(int fd);
SERVICE long libos_sys_dup2(int from, int to);
SERVICE long libos_sys_dup3(int from, int to, int flags);
SERVICE long libos_sys_fcntl(int fd, int command, long argument);

SERVICE long libos_sys_flock(int fd, int operation);
SERVICE long libos_sys_fadvise64(int fd, off_t at, off_t len, int advice);

SERVICE long libos_sys_pipe(int fds[2]);
SERVICE long libos_sys_pipe2(int fds[2], int flags);

SERVICE long libos_sys_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
SERVICE long libos_sys_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const uint64_t *mask,
                             size_t mask_len);
SERVICE long libos_sys_select(int count, fd_set *read, fd_set *write, fd_set *except, struct timeval *timeout);
SERVICE long libos_sys_pselect6(int count, fd_set *read, fd_set *write, fd_set *except,
                                const struct timespec *timeout, const void *mask);

SERVICE long libos_sys_epoll_create1(int flags);
SERVICE long libos_sys_epoll_create(int size);
SERVICE long libos_sys_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
SERVICE long libos_sys_epoll_wait(int epfd, struct epoll_event *events, int most, int timeout_ms);
SERVICE long libos_sys_epoll_pwait(int epfd, struct epoll_event *events, int most, int timeout_ms,
                                   const uint64_t *mask, size_t mask_len);
SERVICE long libos_sys_eventfd(unsigned count);
SERVICE long libos_sys_eventfd2(unsigned count, int flags);

SERVICE long libos_sys_socket(int domain, int type, int protocol);
SERVICE long libos_sys_socketpair(int domain, int type, int protocol, int fds[2]);
SERVICE long libos_sys_bind(int fd, const struct sockaddr *address, socklen_t len);
SERVICE long libos_sys_listen(int fd, int backlog);
SERVICE long libos_sys_accept(int fd, struct sockaddr *address, socklen_t *len);
SERVICE long libos_sys_accept4(int fd, struct sockaddr *address, socklen_t *len, int flags);
SERVICE long libos_sys_connect(int fd, const struct sockaddr *address, socklen_t len);
SERVICE long libos_sys_shutdown(int fd, int how);
SERVICE long libos_sys_getsockname(int fd, struct sockaddr *address, socklen_t *len);
SERVICE long libos_sys_getpeername(int fd, struct sockaddr *address, socklen_t *len);
SERVICE long libos_sys_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
                              socklen_t to_len);
SERVICE long libos_sys_recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *from,
                                socklen_t *from_len);
SERVICE long libos_sys_sendmsg(int fd, const struct msghdr *message, int flags);
SERVICE long libos_sys_recvmsg(int fd, struct msghdr *message, int flags);
SERVICE long libos_sys_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
SERVICE long libos_sys_getsockopt(int fd, int level, int name, void *value, socklen_t *len);

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
SERVICE long libos_sys_prlimit64(int pid, unsigned resource, const struct rlimit *new, struct rlimit *old);
SERVICE long libos_sys_sysinfo(struct sysinfo *info);
SERVICE long libos_sys_getrandom(void *buf, size_t len, unsigned flags);

SERVICE long libos_sys_arch_prctl(int code, uintptr_t address);
SERVICE long libos_sys_set_tid_address(int *address);
SERVICE long libos_sys_sched_yield(void);
SERVICE long libos_sys_futex(int *word, int op, int value, uintptr_t timeout, int *other, int value3);
SERVICE long libos_sys_set_robust_list(void *head, size_t len);
SERVICE long libos_sys_get_robust_list(int tid, void **head, size_t *len);
SERVICE long libos_sys_membarrier(int command, unsigned flags, int cpu);
SERVICE long libos_sys_sched_getscheduler(int tid);
SERVICE long libos_sys_sched_setscheduler(int tid, int policy, const struct sched_param *parameters);
SERVICE long libos_sys_sched_getparam(int tid, struct sched_param *parameters);
SERVICE long libos_sys_sched_setparam(int tid, const struct sched_param *parameters);
SERVICE long libos_sys_sched_get_priority_max(int policy);
SERVICE long libos_sys_sched_get_priority_min(int policy);
SERVICE long libos_sys_sched_getaffinity(int tid, size_t len, unsigned long *mask);
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
SERVICE long libos_sys_rt_sigpending(uint64_t *set, size_t mask_len);
SERVICE long libos_sys_rt_sigsuspend(const uint64_t *mask, size_t mask_len);
SERVICE long libos_sys_rt_sigtimedwait(const uint64_t *set, siginfo_t *info, const struct timespec *timeout,
                                       size_t mask_len);
SERVICE long libos_sys_rt_sigqueueinfo(int pid, int sig, siginfo_t *info);
SERVICE long libos_sys_sigaltstack(const stack_t *new, stack_t *old);
SERVICE long libos_sys_pause(void);
SERVICE long libos_sys_setitimer(int which, const struct itimerval *new, struct itimerval *old);
SERVICE long libos_sys_getitimer(int which, struct itimerval *now);

/* What the C library hands to timer_create(). */
struct kernel_sigevent {
    union sigval value;
    int signo, notify, tid;
};

SERVICE long libos_sys_timer_create(clockid_t clock, const struct kernel_sigevent *event, int *id);
SERVICE long libos_sys_timer_settime(int id, int flags, const struct itimerspec *new, struct itimerspec *old);
SERVICE long libos_sys_timer_gettime(int id, struct itimerspec *now);
SERVICE long libos_sys_timer_getoverrun(int id);
SERVICE long libos_sys_timer_delete(int id);
SERVICE long libos_sys_kill(int pid, int sig);
SERVICE long libos_sys_tkill(int tid, int sig);
SERVICE long libos_sys_tgkill(int pid, int tid, int sig);

SERVICE long libos_tls_memory(long len);
SERVICE long libos_resolv_conf(char *buf, size_t len);
SERVICE int libos_start_thread(int (*fn)(void *), void *stack, void *arg, int *parent_tid, uintptr_t fs_base,
                               int *child_tid);
SERVICE _Noreturn void libos_end_thread_unmapped(void *stack, size_t len);

SERVICE long libos_unimplemented(long n, const char *name);
SERVICE long libos_no_process(const char *name);

/* In images that are built to be traced, before and after each call: posix/trace.c. The second gives back the result. */
SERVICE void libos_trace_call(const char *name, int arguments, long a, long b, long c, long d, long e, long f);
SERVICE long libos_trace_result(const char *name, long result);

#endif
