/* SPDX-License-Identifier: MIT */
/*
 * interrupts.c: event channels, which are a domain's interrupts.
 *
 * Source: Xen, xen/include/public/event_channel.h and xen.h, struct shared_info.
 */
#include "interrupts.h"

#include <errno.h>

#include "cpu.h"
#include "current.h"
#include "machine.h"
#include "paging.h"
#include "traps.h"
#include "vm.h"

enum { RED_ZONE = 128, FXSAVE_SIZE = 512, PORTS = 64, FLAGS_ALWAYS_SET = 2 };

static struct {
    interrupt_handler *handler;
    void *context;
} handlers[VECTOR_COUNT - VECTOR_FIRST];
static int next_vector = VECTOR_DEVICE;
static uint8_t vector_of[PORTS]; /* 0 for none */

/* traps.S */
extern char preempt_enter[];
struct preempted {
    uint8_t floating_point[FXSAVE_SIZE];
    struct trap_frame frame;
};

/* Has a channel from a source of events lead to a vector. */
static void bind(unsigned how, uint32_t source, uint32_t detail, int vector)
{
    struct xen_bind channel = {source, detail, 0};

    if (hypercall_command(XEN_EVENT_CHANNEL, how, &channel) || channel.port >= PORTS)
        panic("Xen refuses an event channel");
    vector_of[channel.port] = (uint8_t)vector;
    __atomic_fetch_and(&XEN_SHARED->mask[0], ~(1ul << channel.port), __ATOMIC_SEQ_CST);
}

void interrupts_init(void)
{
    handlers[VECTOR_TIMER - VECTOR_FIRST].handler = interrupt_timer;
    bind(XEN_EVENT_BIND_VIRQ, XEN_VIRQ_TIMER, 0, VECTOR_TIMER);
    interrupts_enable();
}

void timer_interrupt_set(uint64_t deadline)
{
    /* 0 would be never. */
    hypercall(XEN_SET_TIMER, (long)(deadline ? deadline : 1), 0, 0, 0);
}

int interrupt_vector(interrupt_handler *handler, void *context)
{
    if (next_vector == VECTOR_COUNT)
        return -ENOSPC;
    handlers[next_vector - VECTOR_FIRST].handler = handler;
    handlers[next_vector - VECTOR_FIRST].context = context;
    return next_vector++;
}

/* The I/O APIC is Xen's. It passes a line's interrupts on, if the domain may have them. */
void ioapic_route(unsigned line, int vector)
{
    struct xen_map_pirq map = {
        .domain = XEN_DOMID_SELF, .type = XEN_MAP_PIRQ_GSI, .index = (int)line, .pirq = (int)line};

    if (hypercall_command(XEN_PHYSDEV, XEN_PHYSDEV_MAP_PIRQ, &map))
        panic("Xen refuses an interrupt line");
    bind(XEN_EVENT_BIND_PIRQ, (uint32_t)map.pirq, 0, vector);
}

static void call_handlers(void)
{
    XEN_VCPU->upcall_pending = 0;
    __atomic_exchange_n(&XEN_VCPU->pending_words, 0, __ATOMIC_SEQ_CST);
    uint64_t come = XEN_SHARED->pending[0] & ~XEN_SHARED->mask[0];
    __atomic_fetch_and(&XEN_SHARED->pending[0], ~come, __ATOMIC_SEQ_CST);

    for (int port = 0; port < PORTS; port++) {
        if (!(come >> port & 1) || !vector_of[port])
            continue;
        int i = vector_of[port] - VECTOR_FIRST;
        handlers[i].handler(handlers[i].context);
    }
}

/* The first page of a range that is not there, and cannot be; 0 if all are. */
static uintptr_t missing_page(uintptr_t start, uintptr_t end)
{
    for (uintptr_t page = start & -(uintptr_t)PAGE_SIZE; page < end; page += PAGE_SIZE)
        if (!paging_writable(page) && !vm_stack_grow(page))
            return page;
    return 0;
}

/* Has another thread run, on the interrupted thread's stack: what was interrupted is kept there. */
static void preempt_on_stack(struct trap_frame *frame)
{
    uintptr_t end = frame->rsp - RED_ZONE;
    struct preempted *kept = (struct preempted *)((end - sizeof *kept) & -(uintptr_t)16);
    uintptr_t missing = missing_page((uintptr_t)kept - INTERRUPT_ROOM, end);

    if (missing) {
        /* The program's next push would have faulted there; so it is the program's fault. */
        frame->vector = TRAP_PAGE_FAULT;
        frame->error = FAULT_WRITE;
        XEN_VCPU->fault_address = missing;
        trap_handle(frame);
        return;
    }
    kept->frame = *frame;
    frame->rip = (uintptr_t)preempt_enter;
    frame->rsp = (uintptr_t)kept;
    frame->rflags = FLAGS_ALWAYS_SET; /* events stay masked */
}

void events_take(struct trap_frame *frame)
{
    call_handlers();
    /* Kernel mode is interrupted only where it waits for an event. */
    if (frame->cs & XEN_FROM_USER_MODE && resched_wanted && current->preempt_count == 0)
        preempt_on_stack(frame);
}

void interrupt_preempt(void)
{
    resched();
}
