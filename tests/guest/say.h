/* SPDX-License-Identifier: MIT */
/* say.h: what programs print with whose every answer is compared with Linux's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *error_name(int error)
{
    return error ? strerror(error) : "no error";
}

/* What a call gives, and why it failed if it did. */
static long said(const char *call, long result)
{
    printf("%-34s %ld, %s\n", call, result, error_name(result < 0 ? errno : 0));
    return result;
}
#define SAY(call) said(#call, call)
