/* SPDX-License-Identifier: MIT */
/*
 * hvc.h: a second console, /dev/hvc0: bytes from the host and to it, as they are.
 *
 * Where the serial console takes an exit from the machine for every byte, this one
 * takes one for a buffer. With preemption disabled.
 */
#ifndef LIBOS_HVC_H
#define LIBOS_HVC_H

#include "files.h"

/* The open file of the second console, with a reference for the caller: there is one for all who open it. Null if the
 * machine has no such console. The first call starts the device. Reading waits for the first byte, writing until the
 * host has the last. It is in the image only if that was asked for when it was built (services in
 * unilab.toolchain.build); otherwise its address is null. */
struct file *libos_hvc_open(void);
#pragma weak libos_hvc_open

#endif
