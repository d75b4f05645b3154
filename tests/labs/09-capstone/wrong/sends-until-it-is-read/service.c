/*
 * service.c: tally, a small store of values and counters, for many clients at once, in one thread around poll().
 *
 *   service PORT
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_CLIENTS = 128, MOST_KEYS = 256, KEY_SIZE = 32, LINE_SIZE = 80, VALUE_SIZE = 4096 };
/* Room for a whole request, and for its answer. */
enum { IN_SIZE = LINE_SIZE + VALUE_SIZE, OUT_SIZE = LINE_SIZE + VALUE_SIZE };

struct client {
    int fd;
    bool closing; /* once everything is sent */
    size_t in, out;
    char input[IN_SIZE], output[OUT_SIZE];
};

struct entry {
    char key[KEY_SIZE + 1];
    size_t length;
    char value[VALUE_SIZE];
};

static struct client *clients[MOST_CLIENTS];
static struct entry *entries[MOST_KEYS];
static int client_count, entry_count;

/* ---- the store --------------------------------------------------------------- */

static struct entry *find(const char *key)
{
    for (int i = 0; i < entry_count; i++)
        if (!strcmp(entries[i]->key, key))
            return entries[i];
    return NULL;
}

static bool set(const char *key, const char *value, size_t length)
{
    struct entry *entry = find(key);

    if (!entry) {
        if (entry_count == MOST_KEYS || !(entry = malloc(sizeof *entry)))
            return false;
        strcpy(entry->key, key);
        entries[entry_count++] = entry;
    }
    memcpy(entry->value, value, length);
    entry->length = length;
    return true;
}

static bool is_key(const char *key)
{
    size_t length = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789");

    return length >= 1 && length <= KEY_SIZE && !key[length];
}

/* A decimal number of at most `digits` digits, perhaps with a minus. */
static bool is_number(const char *text, size_t length, size_t digits, long long *number)
{
    bool negative = length && *text == '-';
    long long value = 0;

    if (length - negative < 1 || length - negative > digits)
        return false;
    for (size_t i = negative; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *number = negative ? -value : value;
    return true;
}

/* ---- requests ----------------------------------------------------------------- */

static void say(struct client *c, const char *text)
{
    size_t length = strlen(text);

    memcpy(c->output + c->out, text, length);
    c->out += length;
}

static void get(struct client *c, const char *key)
{
    char line[LINE_SIZE];
    struct entry *entry = find(key);

    if (!entry) {
        say(c, "NONE\n");
        return;
    }
    sprintf(line, "VALUE %zu\n", entry->length);
    say(c, line);
    memcpy(c->output + c->out, entry->value, entry->length);
    c->out += entry->length;
}

static void add(struct client *c, const char *key, long long number)
{
    char text[LINE_SIZE];
    struct entry *entry = find(key);
    long long total = 0;

    if (entry && !is_number(entry->value, entry->length, 18, &total)) {
        say(c, "ERROR not a number\n");
        return;
    }
    int length = sprintf(text, "%lld", total + number);
    if (!set(key, text, (size_t)length)) {
        say(c, "ERROR full\n");
        return;
    }
    say(c, "NUMBER ");
    say(c, text);
    say(c, "\n");
}

/* The words of a line, each ended by a NUL: exactly one space between two. How many there are; 0 for a bad line. */
static int split(char *line, size_t length, char *words[4])
{
    int count = 0;

    if (memchr(line, 0, length))
        return 0;
    for (char *rest = line; rest && count < 4;)
        words[count++] = strsep(&rest, " ");
    return count;
}

/* Answers the first request of what has come. How many bytes it takes; 0 if it is not whole yet. */
static size_t take_request(struct client *c)
{
    char line[LINE_SIZE], *words[4], *end = memchr(c->input, '\n', c->in < LINE_SIZE ? c->in : LINE_SIZE);
    long long number;

    if (!end) {
        if (c->in < LINE_SIZE)
            return 0;
        say(c, "ERROR line too long\n");
        c->closing = true;
        return c->in;
    }
    size_t length = (size_t)(end - c->input), used = length + 1;
    memcpy(line, c->input, length);
    line[length] = 0;
    int count = split(line, length, words);
    if (count == 3 && !strcmp(words[0], "SET") && is_number(words[2], strlen(words[2]), 9, &number) &&
        number >= 0) {
        if (number > VALUE_SIZE) {
            say(c, "ERROR value too long\n");
            c->closing = true;
            return c->in;
        }
        if (c->in < used + (size_t)number)
            return 0;
        if (!is_key(words[1]))
            say(c, "ERROR bad key\n");
        else
            say(c, set(words[1], c->input + used, (size_t)number) ? "OK\n" : "ERROR full\n");
        return used + (size_t)number;
    }
    if (count == 2 && !strcmp(words[0], "GET") && is_key(words[1])) {
        get(c, words[1]);
    } else if (count == 3 && !strcmp(words[0], "ADD") && is_key(words[1]) &&
               is_number(words[2], strlen(words[2]), 9, &number)) {
        add(c, words[1], number);
    } else if (count == 1 && !strcmp(words[0], "QUIT")) {
        say(c, "BYE\n");
        c->closing = true;
        return c->in;
    } else {
        say(c, "ERROR bad request\n");
    }
    return used;
}

/* ---- input and output ----------------------------------------------------------- */

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* Sends what can be sent. False if the connection is at its end. */
static bool flush_output(struct client *c)
{
    ssize_t sent = c->out ? send(c->fd, c->output, c->out, MSG_NOSIGNAL) : 0;

    if (sent < 0)
        return would_block();
    memmove(c->output, c->output + sent, c->out - (size_t)sent);
    c->out -= (size_t)sent;
    return c->out || !c->closing;
}

/* Answers whole requests, one after another: the next only when the answer to the last is sent. */
static bool answer_all(struct client *c)
{
    size_t used;

    while (!c->out && !c->closing && (used = take_request(c)) > 0) {
        memmove(c->input, c->input + used, c->in - used);
        c->in -= used;
        if (!flush_output(c))
            return false;
    }
    return true;
}

static bool serve(struct client *c, short events)
{
    if (events & (POLLERR | POLLNVAL))
        return false;
    if (events & POLLOUT && !flush_output(c))
        return false;
    if (events & (POLLIN | POLLHUP) && c->in < IN_SIZE) {
        ssize_t got = recv(c->fd, c->input + c->in, IN_SIZE - c->in, 0);

        if (got == 0 || (got < 0 && !would_block()))
            return false;
        c->in += got > 0 ? (size_t)got : 0;
    }
    return answer_all(c);
}

static void accept_one(int listener)
{
    int fd = accept(listener, NULL, NULL);
    struct client *c = fd < 0 || client_count == MOST_CLIENTS ? NULL : calloc(1, sizeof *c);

    if (!c) {
        if (fd >= 0)
            close(fd);
        return;
    }
    c->fd = fd;
    clients[client_count++] = c;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct pollfd polled[MOST_CLIENTS + 1];
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    signal(SIGPIPE, SIG_IGN);
    address.sin_port = htons((in_port_t)(argc > 1 ? atoi(argv[1]) : 4711));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64)) {
        perror("tally");
        return 1;
    }
    puts("tally: listening");
    fflush(stdout);
    for (;;) {
        polled[0] = (struct pollfd){.fd = listener, .events = POLLIN};
        for (int i = 0; i < client_count; i++)
            polled[i + 1] = (struct pollfd){.fd = clients[i]->fd, .events = clients[i]->out ? POLLOUT : POLLIN};
        int count = client_count;
        poll(polled, (nfds_t)count + 1, -1);
        for (int i = count; i-- > 0;)
            if (polled[i + 1].revents && !serve(clients[i], polled[i + 1].revents)) {
                close(clients[i]->fd);
                free(clients[i]);
                clients[i] = clients[--client_count];
            }
        if (polled[0].revents)
            accept_one(listener);
    }
}
