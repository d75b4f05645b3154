/* SPDX-License-Identifier: MIT */
/*
 * pci.h: the devices of a PC's first PCI bus, as its firmware has set them up.
 *
 * A function goes by its number, device * 8 + function; offsets are bytes of its
 * configuration space. With preemption disabled.
 */
#ifndef LIBOS_PCI_H
#define LIBOS_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PCI_FUNCTIONS = 256 };
enum { PCI_VENDOR = 0x00, PCI_DEVICE = 0x02 };
enum { PCI_CAPABILITY_MSIX = 0x11, PCI_CAPABILITY_VENDOR = 0x09 };

/* The first function from `from` on; PCI_FUNCTIONS if there are no more, or this machine has no PCI. */
unsigned pci_next(unsigned from);

uint8_t pci_read8(unsigned function, unsigned offset);
uint16_t pci_read16(unsigned function, unsigned offset);
uint32_t pci_read32(unsigned function, unsigned offset);

/* The first capability of that kind behind the one at `after` (0: the first of all); 0 if there are no more. */
unsigned pci_capability(unsigned function, uint8_t kind, unsigned after);

/* Lets the device answer to accesses to its memory, and access ours. */
void pci_enable(unsigned function);

/* Maps part of the memory behind a base address register. Null if there is none, or it is where devices cannot be. */
volatile void *pci_map(unsigned function, unsigned bar, uint64_t offset, size_t len);

/* Has the device's first message-signalled interrupt arrive as a vector, and no other. False if it has none. */
bool pci_connect(unsigned function, int vector);

#endif
