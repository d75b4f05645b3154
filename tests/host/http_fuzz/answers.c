/* SPDX-License-Identifier: MIT */
/*
 * answers.c: what comes back is HTTP (RFC 9112), whatever was asked.
 */
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "http_fuzz.h"

static const char *field(const char *header, const char *name)
{
    const char *at = strstr(header, name);

    return at ? at + strlen(name) : 0;
}

static void check_header(struct answers *answers)
{
    static const int known[] = {200, 400, 403, 404, 405, 413, 431, 503, 505};
    const char *header = answers->header;
    bool among = false;

    CHECK(!strncmp(header, "HTTP/1.1 ", 9) && header[12] == ' ');
    int status = atoi(header + 9);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        among |= status == known[i];
    CHECK(among);
    const char *length = field(header, "\r\nContent-Length: "), *connection = field(header, "\r\nConnection: ");
    CHECK(length && *length >= '0' && *length <= '9');
    CHECK(connection && (!strncmp(connection, "close\r\n", 7) || !strncmp(connection, "keep-alive\r\n", 12)));
    CHECK(field(header, "\r\nContent-Type: ") || status == 503);
    CHECK(!field(header, "\r\nAllow: GET, HEAD\r\n") == (status != 405));
    CHECK(!answers->last);
    answers->last = *connection == 'c';
    answers->body = answers->left = atoll(length);
}

void answers_take(struct answers *answers, const char *bytes, size_t len, size_t taken, bool heads)
{
    static const char begins[] = "HTTP/1.1 ";

    /* No file here begins so: this was the answer to a HEAD. */
    if (heads && answers->left && answers->left == answers->body && len >= sizeof begins - 1 &&
        !memcmp(bytes, begins, sizeof begins - 1))
        answers->left = 0;
    while (taken) {
        if (answers->left) {
            size_t part = (long long)taken < answers->left ? taken : (size_t)answers->left;

            answers->left -= (long long)part;
            bytes += part;
            taken -= part;
            continue;
        }
        CHECK(answers->header_len < sizeof answers->header - 1);
        answers->header[answers->header_len++] = *bytes++;
        taken--;
        answers->header[answers->header_len] = 0;
        if (answers->header_len >= 4 && !strcmp(answers->header + answers->header_len - 4, "\r\n\r\n")) {
            check_header(answers);
            answers->header_len = 0;
        }
    }
}

bool answers_complete(const struct answers *answers, bool heads)
{
    return !answers->header_len && (!answers->left || (heads && answers->left == answers->body));
}
