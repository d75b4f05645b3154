/* SPDX-License-Identifier: MIT */
/* http_fuzz.h: what the files of this test share. */
#ifndef HTTP_FUZZ_H
#define HTTP_FUZZ_H

#include <stdbool.h>
#include <stddef.h>

#include "fuzz.h"

/* ---- inputs (http_fuzz.c) ---------------------------------------------------- */

/* Makes the next input of those that are wanted; false if there were enough. */
bool next_input(struct fuzz_input *input);

/* An input has been dealt with; `found` tells that it led through the code in a new way. */
void done_with(const struct fuzz_input *input, bool found);

_Noreturn void all_done(void);

/* ---- answers (answers.c) ----------------------------------------------------- */

/* What has come of the answers on one connection, checked while it comes. */
struct answers {
    char header[512];
    size_t header_len;
    long long body, left; /* bytes of the body that was announced, and those that have not come */
    bool last;            /* none may follow */
};

/* Takes `taken` bytes of the `len` that are offered at `bytes`. `heads` tells that there may be answers without their
 * bodies, to HEAD. */
void answers_take(struct answers *answers, const char *bytes, size_t len, size_t taken, bool heads);

/* True if nothing is missing. */
bool answers_complete(const struct answers *answers, bool heads);

/* ---- clients (clients.c) ----------------------------------------------------- */

enum { FIRST_FD = 1000, MOST_CLIENTS = 300 };

/* Closes what accept4() gave, and others of our numbers. */
void client_close(int fd);

/* What the client sends that httpd deals with. */
const struct fuzz_input *client_input(void);

/* Something failed on purpose: the client that httpd deals with may get less than a whole answer. */
void client_cut(void);

/* ---- the system (files.c) ---------------------------------------------------- */

/* One in `many`. */
bool one_in(unsigned many);

/* True if every file that was opened was closed. */
bool nothing_open(void);

/* Makes the folder that is served, in the current one. */
void make_files(void);

#endif
