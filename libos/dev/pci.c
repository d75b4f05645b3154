/* SPDX-License-Identifier: MIT */
/*
 * pci.c: configuration space through two I/O ports, and what can be learnt and
 * done there.
 *
 * The firmware has given every device its addresses. Devices behind bridges are not
 * looked for.
 *
 * Source: PCI Local Bus Specification 3.0, sections "Software Generation of
 * Configuration Transactions", "Base Addresses", "Capabilities List" and "MSI-X
 * Capability and Table Structures".
 */
#include "pci.h"

#include "cpu.h"
#include "interrupts.h"
#include "memory_map.h"
#include "paging.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc, NO_VENDOR = 0xffff };
enum { COMMAND = 0x04, STATUS = 0x06, HEADER_TYPE = 0x0e, BASE_ADDRESS = 0x10, CAPABILITIES = 0x34 };
enum { COMMAND_MEMORY = 1 << 1, COMMAND_MASTER = 1 << 2, COMMAND_NO_LINE = 1 << 10, STATUS_CAPABILITIES = 1 << 4 };
enum { HEADER_MANY_FUNCTIONS = 0x80, BASES = 6, BASE_IO = 1, BASE_64 = 4 };
enum { MSIX_CONTROL = 2, MSIX_TABLE = 4, MSIX_ENABLE = 1 << 15, MSIX_MASKED = 1 << 14, MSIX_ENTRY_SIZE = 16 };
#define CONFIG_ENABLE (1u << 31)

static void select(unsigned function, unsigned offset)
{
    outl(CONFIG_ADDRESS, CONFIG_ENABLE | function << 8 | (offset & ~3u));
}

uint32_t pci_read32(unsigned function, unsigned offset)
{
    select(function, offset);
    return inl(CONFIG_DATA);
}

uint16_t pci_read16(unsigned function, unsigned offset)
{
    return (uint16_t)(pci_read32(function, offset) >> (offset % 4 * 8));
}

uint8_t pci_read8(unsigned function, unsigned offset)
{
    return (uint8_t)(pci_read32(function, offset) >> (offset % 4 * 8));
}

/* The other half of the word is as it was: none of the registers that are written here has bits that are cleared by
 * writing what was read, if the status register's are written as 0. */
static void write16(unsigned function, unsigned offset, uint16_t value)
{
    uint32_t word = offset == COMMAND ? 0 : pci_read32(function, offset);
    unsigned shift = offset % 4 * 8;

    select(function, offset);
    outl(CONFIG_DATA, (word & ~(0xffffu << shift)) | (uint32_t)value << shift);
}

unsigned pci_next(unsigned from)
{
    /* Without a bus, nobody remembers what was written there. */
    select(0, 0);
    if (inl(CONFIG_ADDRESS) != CONFIG_ENABLE)
        return PCI_FUNCTIONS;
    for (unsigned function = from; function < PCI_FUNCTIONS; function++) {
        bool first = function % 8 == 0;

        if (!first && !(pci_read8(function & ~7u, HEADER_TYPE) & HEADER_MANY_FUNCTIONS))
            function += 7 - function % 8;
        else if (pci_read16(function, PCI_VENDOR) != NO_VENDOR)
            return function;
        else if (first)
            function += 7;
    }
    return PCI_FUNCTIONS;
}

unsigned pci_capability(unsigned function, uint8_t kind, unsigned after)
{
    if (!(pci_read16(function, STATUS) & STATUS_CAPABILITIES))
        return 0;
    unsigned at = pci_read8(function, after ? after + 1 : CAPABILITIES) & ~3u;
    /* There is room for so many: a longer list would be a circle. */
    for (unsigned i = 0; at && i < 48; i++, at = pci_read8(function, at + 1) & ~3u)
        if (pci_read8(function, at) == kind)
            return at;
    return 0;
}

void pci_enable(unsigned function)
{
    write16(function, COMMAND, pci_read16(function, COMMAND) | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_LINE);
}

volatile void *pci_map(unsigned function, unsigned bar, uint64_t offset, size_t len)
{
    if (bar >= BASES)
        return 0;
    uint64_t base = pci_read32(function, BASE_ADDRESS + 4 * bar);
    if (base & BASE_IO)
        return 0;
    if (base & BASE_64 && bar + 1 < BASES)
        base |= (uint64_t)pci_read32(function, BASE_ADDRESS + 4 * (bar + 1)) << 32;
    base &= ~15ull;
    if (base < DEVICES_START || base >= DEVICES_END || offset > DEVICES_END - base ||
        len > DEVICES_END - base - offset)
        return 0;
    return paging_map_device(base + offset, len);
}

bool pci_connect(unsigned function, int vector)
{
    unsigned at = pci_capability(function, PCI_CAPABILITY_MSIX, 0);

    if (!at)
        return false;
    uint32_t table = pci_read32(function, at + MSIX_TABLE);
    volatile uint32_t *entry = pci_map(function, table & 7, table & ~7u, MSIX_ENTRY_SIZE);
    if (!entry)
        return false;
    entry[0] = MSI_ADDRESS;
    entry[1] = 0;
    entry[2] = msi_data(vector);
    entry[3] = 0; /* not masked */
    uint16_t control = pci_read16(function, at + MSIX_CONTROL);
    write16(function, at + MSIX_CONTROL, (uint16_t)((control & ~MSIX_MASKED) | MSIX_ENABLE));
    return true;
}
