/* SPDX-License-Identifier: MIT */
/*
 * privileges.h: what a process of the container may not do: no capability, no way to gain one, and a filter in front of
 * those system calls that change the system, or look into others.
 *
 * A deny list, as the first container runtimes had it: what is left out is allowed. Today's runtimes list what is allowed,
 * which is safer and three hundred lines long. Sources: capabilities(7), seccomp(2).
 */
#ifndef CONTAIN_PRIVILEGES_H
#define CONTAIN_PRIVILEGES_H

#include "common.h"
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* Calls with this bit are those of the x32 interface: the same calls under other numbers. */
enum { X32 = 0x40000000 };

/* Not in this C library's list. */
enum { CALL_CLONE3 = 435 };

static const int denied_calls[] = {
    /* the tree of files */
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_swapon, SYS_swapoff, SYS_quotactl,
    SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig,
    SYS_fsmount, SYS_fspick, SYS_mount_setattr,
    /* the kernel */
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load, SYS_reboot, SYS_bpf,
    SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_acct,
    SYS_syslog, SYS_lookup_dcookie,
    /* keys of the kernel's, which know no namespaces */
    SYS_add_key, SYS_request_key, SYS_keyctl,
    /* the machine */
    SYS_iopl, SYS_ioperm, SYS_settimeofday, SYS_clock_settime, SYS_clock_adjtime, SYS_adjtimex,
    /* other processes */
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_setns, SYS_unshare,
    /* memory of other nodes */
    SYS_mbind, SYS_set_mempolicy, SYS_migrate_pages, SYS_move_pages};

enum { DENIED = sizeof denied_calls / sizeof *denied_calls };

#define NEW_NAMESPACES                                                                                             \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |   \
     CLONE_NEWTIME)

static void filter_calls(const struct pipes *pipes)
{
    static struct sock_filter filter[2 * DENIED + 16];
    unsigned short n = 0;
    const struct sock_filter deny = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);

    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
    filter[n++] = deny;
    for (int i = 0; i < DENIED; i++) {
        filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)denied_calls[i], 0, 1);
        filter[n++] = deny;
    }
    /* Its flags lie in memory, where a filter cannot look. As if the kernel did not have it: callers then use clone. */
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALL_CLONE3, 0, 1);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args));
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 0, 1);
    filter[n++] = deny;
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

    struct sock_fprog program = {.len = n, .filter = filter};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        give_up(pipes, "seccomp");
}

static void drop_capabilities(const struct pipes *pipes)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};

    /* Without the bounding set, even user 0 gains nothing by executing a file. The first unknown one is EINVAL. */
    for (unsigned long capability = 0; !prctl(PR_CAPBSET_DROP, capability, 0, 0, 0); capability++)
        ;
    if (errno != EINVAL)
        give_up(pipes, "dropping capabilities");
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &header, none))
        give_up(pipes, "dropping capabilities");
}

static void give_up_privileges(const struct options *options, const struct pipes *pipes)
{
    /* Counted for each user of each user namespace, so it holds for this container alone, and needs no control group. */
    struct rlimit processes = {options->pids, options->pids};

    if (setrlimit(RLIMIT_NPROC, &processes))
        give_up(pipes, "limiting processes");
    drop_capabilities(pipes);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        give_up(pipes, "no_new_privs");
    filter_calls(pipes);
}

#endif
