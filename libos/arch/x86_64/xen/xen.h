/* SPDX-License-Identifier: MIT */
/*
 * xen.h: what a domain and Xen have agreed on, as far as we use it.
 *
 * Source: Xen, xen/include/public/: xen.h, arch-x86/xen.h, arch-x86/xen-x86_64.h,
 * sched.h, event_channel.h, callback.h, physdev.h, elfnote.h.
 */
#ifndef LIBOS_XEN_H
#define LIBOS_XEN_H

#include "memory_map.h"

/* Hypercalls, by their numbers. */
#define XEN_SET_TRAP_TABLE 0
#define XEN_MMU_UPDATE 1
#define XEN_STACK_SWITCH 3
#define XEN_UPDATE_VA_MAPPING 14
#define XEN_SET_TIMER 15
#define XEN_VERSION 17
#define XEN_IRET 23
#define XEN_SET_SEGMENT_BASE 25
#define XEN_MMUEXT 26
#define XEN_SCHED 29
#define XEN_CALLBACK 30
#define XEN_EVENT_CHANNEL 32
#define XEN_PHYSDEV 33

/* Not one of Xen's: it is for our own kernel mode, traps.S. */
#define STAY_IN_KERNEL_MODE 0x100

/* Segments that Xen has made for domains, both of privilege level 3. */
#define XEN_CODE_SEGMENT 0xe033
#define XEN_STACK_SEGMENT 0xe02b

/* For an iret: the domain is where a SYSCALL has left, which needs fewer registers. */
#define XEN_IN_SYSCALL 0x100

/* A trap frame's vector for an event: the first that is no exception's. */
#define TRAP_EVENT 32

/* The page that we share with Xen: below the windows of memory_map.h. */
#define SHARED_INFO_PAGE 0xfd000

/* Where the self-map of the page tables shows the entry of its own. */
#define SELF_MAP_ROOT_ENTRY 0xffffff7fbfdfeff0

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

enum { XEN_SCHED_BLOCK = 1, XEN_SCHED_SHUTDOWN = 2, XEN_SHUTDOWN_REBOOT = 1 };
enum { XEN_CALLBACK_REGISTER = 0, XEN_CALLBACK_EVENT = 0, XEN_CALLBACK_FAILSAFE = 1, XEN_CALLBACK_SYSCALL = 2 };
enum { XEN_CALLBACK_MASKS_EVENTS = 1, XEN_TRAP_MASKS_EVENTS = 4 };
enum { XEN_EVENT_BIND_VIRQ = 1, XEN_EVENT_BIND_PIRQ = 2, XEN_VIRQ_TIMER = 0 };
enum { XEN_PHYSDEV_SET_IOPL = 6, XEN_PHYSDEV_MAP_PIRQ = 13, XEN_MAP_PIRQ_GSI = 1 };
enum { XEN_MMUEXT_TLB_FLUSH_LOCAL = 6, XEN_MMUEXT_NEW_USER_BASE = 15 };
enum { XEN_FLUSH_ONE_PAGE = 2, XEN_SEGMENT_FS = 0 };
#define XEN_DOMID_SELF 0x7ff0L

struct xen_trap {
    uint8_t vector, flags;
    uint16_t segment;
    uint64_t address;
};

struct xen_callback {
    uint16_t type, flags;
    uint64_t address;
};

struct xen_mmu_update {
    uint64_t entry, value;
};

struct xen_mmuext {
    unsigned command;
    uint64_t argument, unused;
};

struct xen_bind {
    uint32_t source, detail, port;
};

struct xen_map_pirq {
    uint16_t domain;
    int type, index, pirq, bus, device, entry;
    uint64_t table;
};

/* How the cycle counter becomes nanoseconds since Xen's boot. While `version` is odd, it is being changed. */
struct xen_time {
    uint32_t version, unused;
    uint64_t cycles, nanoseconds;
    uint32_t multiplier;
    int8_t shift;
    uint8_t flags, unused2[2];
};

struct xen_vcpu {
    uint8_t upcall_pending, upcall_mask; /* the second is our interrupt flag, upside down */
    uint64_t pending_words;
    uint64_t fault_address; /* CR2 */
    uint64_t unused;
    struct xen_time time;
};

struct xen_shared {
    struct xen_vcpu vcpu[32];
    uint64_t pending[64], mask[64];
    uint32_t wall_version, wall_seconds, wall_nanoseconds, wall_seconds_high;
};

#define XEN_SHARED ((volatile struct xen_shared *)SHARED_INFO_PAGE)
#define XEN_VCPU (&XEN_SHARED->vcpu[0])

/* The segments of a trap frame say where it came from: privilege level 3 stands for user mode, 0 for kernel mode. */
enum { XEN_FROM_USER_MODE = 3 };

/* What the domain builder tells. Addresses are virtual, but for that of the shared page, which is of the machine. */
struct xen_start_info {
    char magic[32];
    uint64_t pages, shared;
    uint32_t flags;
    uint64_t store_frame;
    uint32_t store_event;
    uint64_t console[2];
    uint64_t page_tables, page_table_count, frames, module, module_size;
    char command_line[1024];
};

/* Sets up what needs kernel mode, and describes the domain as a PVH loader would describe a machine: of the memory, the
 * frames that are free. Called by boot.S. */
struct pvh_start_info;
const struct pvh_start_info *domain_init(const struct xen_start_info *si);

/* Whether this is kernel mode: it is at first, and in traps. Between the two functions, it is: see traps.S. */
extern bool in_kernel_mode;
void kernel_mode_enter(void);
void kernel_mode_leave(void);

/* What comes through event channels, which traps.c calls with the trap frame: interrupts.c. */
struct trap_frame;
void events_take(struct trap_frame *frame);

#endif
#endif
