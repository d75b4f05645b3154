/* SPDX-License-Identifier: MIT */
/*
 * endless64.S: a guest in long mode that never exits. Only a deadline ends it.
 */
    .code64
1:  jmp 1b
