/* SPDX-License-Identifier: MIT */
/*
 * fault64.S: a guest in long mode that executes an instruction which is none. There is no handler for the exception,
 * nor for the exception that this makes, so the processor shuts down.
 */
    .code64
    ud2
