/* SPDX-License-Identifier: MIT */
/*
 * console_file.h: descriptors 0, 1 and 2, as the machine starts.
 */
#ifndef LIBOS_CONSOLE_FILE_H
#define LIBOS_CONSOLE_FILE_H

#include "files.h"

extern struct file console_file;
extern struct file_ops console_file_ops; /* completed by console_input_init() */

/* Makes the console readable: until then, read() fails. Called by the calls that read or wait for input, so that
 * programs that only print do without interrupts. */
void console_input_init(void);

#endif
