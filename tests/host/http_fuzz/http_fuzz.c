/* SPDX-License-Identifier: MIT */
/*
 * http_fuzz.c: requests that nobody would make, to httpd.c as it is.
 *
 *   http_fuzz [SEED [FILE [EVERY]]]
 *
 * It begins with requests that programs really make and changes them (fuzz.h): bytes,
 * pieces, words of HTTP. Several clients at a time send them in pieces of any size;
 * now and then the network, a file or memory fails. The sanitizers find what touches
 * memory that it should not; the test itself that every answer is HTTP and whole, that
 * no file outside the folder is opened, that no client is forgotten, and that all that
 * was opened is closed.
 *
 * Inputs that led through the code in a new way are written to FILE, and each EVERYth of the
 * others: for each its length, four bytes, the lowest first, and its bytes.
 */
#include <ctype.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "http_fuzz.h"

#undef main
int httpd_main(int argc, char **argv);

#define HOST "Host: 127.0.0.1:8080\r\n"
#define TO_HERE HOST "\r\n"

/* What curl, wget, ab, Python's http.client and Chromium send; and what the tests of httpd do. */
static const char *const seeds[] = {
    "GET /status HTTP/1.1\r\n" HOST "User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
    "HEAD /status HTTP/1.1\r\n" HOST "User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
    "POST /status HTTP/1.1\r\n" HOST "User-Agent: curl/7.88.1\r\nAccept: */*\r\nContent-Length: 3\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n\r\na=b",
    "GET / HTTP/1.1\r\n" HOST "User-Agent: Wget/1.21.3\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
    "Connection: Keep-Alive\r\n\r\n",
    "GET /status HTTP/1.0\r\nConnection: Keep-Alive\r\n" HOST "User-Agent: ApacheBench/2.3\r\nAccept: */*\r\n\r\n",
    "GET /large.bin HTTP/1.1\r\n" HOST "Accept-Encoding: identity\r\n\r\n",
    "GET / HTTP/1.1\r\n" HOST
    "Connection: keep-alive\r\nsec-ch-ua: \"Chromium\";v=\"156\"\r\nsec-ch-ua-mobile: ?0\r\n"
    "Upgrade-Insecure-Requests: 1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like "
    "Gecko) HeadlessChrome/156.0.0.0 Safari/537.36\r\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"
    "Sec-Fetch-Site: none\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n\r\n",
    "GET /%64eep/er/style.css?a=b HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
    "GET /../etc/passwd HTTP/1.1\r\n" TO_HERE,
    "GET /%2e%2e/empty.txt HTTP/1.1\r\n" TO_HERE,
    "\r\n\r\nGET / HTTP/1.0\r\n\r\nGET / HTTP/2.0\r\n" TO_HERE,
    "GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
    "GET /index.html HTTP/1.1\r\n" TO_HERE "HEAD /large.bin HTTP/1.1\r\n" TO_HERE
    "GET /status HTTP/1.1\r\n" TO_HERE,
};

static const char *const words[] = {
    "\r\n",
    "\r\n\r\n",
    " ",
    "\t",
    ":",
    ", ",
    "/",
    "/..",
    "/../",
    "?",
    "%",
    "%2e",
    "%00",
    "%zz",
    "GET ",
    "HEAD ",
    "PUT ",
    " HTTP/1.0",
    " HTTP/1.1",
    "Host: ",
    "Connection: ",
    "close",
    "keep-alive",
    "Content-Length: ",
    "0",
    "-1",
    "4097",
    "99999999999999999999",
    "Transfer-Encoding: chunked\r\n",
    "/large.bin",
    "/status",
    "GET / HTTP/1.1\r\n" TO_HERE,
};

static unsigned wanted, made, handled, every;
static FILE *kept_in;

/* ---- changing ----------------------------------------------------------------- */

/* Puts bytes in, if there is room. */
static void insert(struct fuzz_input *input, size_t at, const void *bytes, size_t len)
{
    if (input->len + len > FUZZ_LONGEST)
        return;
    memmove(input->bytes + at + len, input->bytes + at, input->len - at);
    memcpy(input->bytes + at, bytes, len);
    input->len += len;
}

static void change(struct fuzz_input *input)
{
    static uint8_t piece[FUZZ_LONGEST];
    const char *word = words[random_number() % (sizeof words / sizeof *words)];
    size_t at = random_number() % input->len, len = 1 + random_number() % (input->len - at);

    switch (random_number() % 8) {
    case 0:
    case 1:
        insert(input, at, word, strlen(word));
        break;
    case 2: /* out with a piece */
        if (len == input->len)
            break;
        memmove(input->bytes + at, input->bytes + at + len, input->len - at - len);
        input->len -= len;
        break;
    case 3: /* a piece twice */
        memcpy(piece, input->bytes + at, len);
        insert(input, at, piece, len);
        break;
    case 4: /* about as long as a request may be */
        if (!one_in(20))
            break;
        len = 4000 + random_number() % 200;
        memset(piece, chance(50) ? 'x' : (int)(random_number() & 0xff), sizeof piece);
        if (len > input->len)
            insert(input, at, piece, len - input->len);
        break;
    default:
        input->len = fuzz_change(input->bytes, input->len, FUZZ_LONGEST);
        break;
    }
}

bool next_input(struct fuzz_input *input)
{
    if (made == wanted)
        return false;
    made++;
    *input = *fuzz_any();
    while (chance(75))
        change(input);
    return true;
}

/* ---- keeping ------------------------------------------------------------------ */

static void write_input(const struct fuzz_input *input)
{
    uint8_t len[4] = {(uint8_t)input->len, (uint8_t)(input->len >> 8)};

    if (kept_in)
        CHECK(fwrite(len, 4, 1, kept_in) == 1 && fwrite(input->bytes, input->len, 1, kept_in) == 1);
}

void done_with(const struct fuzz_input *input, bool found)
{
    handled++;
    if (found)
        fuzz_keep(input->bytes, input->len);
    if (found || (every && handled % every == 0))
        write_input(input);
}

/* ---- beginning and end --------------------------------------------------------- */

static void say_input(void)
{
    const struct fuzz_input *input = client_input();

    printf("after %u inputs, with this one:\n", handled);
    for (size_t i = 0; i < input->len; i++)
        printf(isprint(input->bytes[i]) ? "%c" : "\\x%02x", input->bytes[i]);
    putchar('\n');
    fflush(stdout);
}

_Noreturn void all_done(void)
{
    unsigned began = sizeof seeds / sizeof *seeds;

    CHECK(handled == wanted + began && nothing_open());
    CHECK(!kept_in || !fclose(kept_in));
    printf("%u requests; %u ways through the code; %u requests kept beside the first %u\n", made, fuzz_ways,
           fuzz_kept - began, began);
    exit(0);
}

int main(int argc, char **argv)
{
    char *words_of_httpd[] = {"httpd", "80", "www", 0};

    wanted = soak() ? 2000000 : 50000;
    if (argc > 1)
        random_state = strtoull(argv[1], 0, 0);
    if (argc > 2)
        CHECK((kept_in = fopen(argv[2], "wb")));
    every = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
    on_check_failed = say_input;
    __sanitizer_set_death_callback(say_input);
    make_files();
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        struct fuzz_input seed = {.len = strlen(seeds[i])};

        memcpy(seed.bytes, seeds[i], seed.len);
        done_with(&seed, true);
    }
    return httpd_main(3, words_of_httpd);
}
