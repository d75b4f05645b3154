/*
 * httpd.c: a web server for HTTP/1.1 (RFC 9112) in one thread around epoll.
 *
 *   httpd [PORT [FOLDER]]       by default 80 and the folder www
 *
 * GET and HEAD of the files below FOLDER, and of /status, which answers in JSON.
 * Without an index.html there, / is a page that says so.
 * Connections are kept alive; at most 256 at a time: when there are more, the one
 * that has been silent longest makes room if it owes us a request, and otherwise
 * the new one is refused. It knows nothing of unikernels.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 256, IDLE_SECONDS = 15, EVENTS = 64 };
enum { REQUEST_SIZE = 4096, PART_SIZE = 16384, SMALL_FILE = 4096, SMALL_RESPONSE = 1024 };

struct connection {
    int fd;
    bool closing;               /* after this response */
    uint32_t waits_for;         /* EPOLLIN or EPOLLOUT */
    char request[REQUEST_SIZE]; /* what has come and is not answered yet */
    size_t received;
    char small[SMALL_RESPONSE]; /* most responses fit, and need no memory of their own */
    char *response;             /* what is to be sent; null if nothing is */
    size_t length, sent;
    int file; /* the body's file, -1 for none, and how much of it is left */
    off_t left;
    time_t active;
    struct connection *older, *newer; /* by when they were last active */
};

static struct connection *oldest, *newest, *spare;
static int connections, epoll, listener;
static unsigned long requests;
static const char *folder = "www";
static struct timespec started;

static time_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* ---- connections, the least active first ----------------------------------- */

static void unlink_connection(struct connection *c)
{
    *(c->older ? &c->older->newer : &oldest) = c->newer;
    *(c->newer ? &c->newer->older : &newest) = c->older;
}

static void link_newest(struct connection *c)
{
    c->active = now();
    c->newer = NULL;
    c->older = newest;
    *(newest ? &newest->newer : &oldest) = c;
    newest = c;
}

static void touch(struct connection *c)
{
    unlink_connection(c);
    link_newest(c);
}

static void forget_response(struct connection *c)
{
    if (c->response != c->small)
        free(c->response);
    c->response = NULL;
    if (c->file >= 0)
        close(c->file);
    c->file = -1;
    c->left = 0;
}

static void drop(struct connection *c)
{
    forget_response(c);
    close(c->fd); /* which also takes it out of the epoll set */
    c->fd = -1;
    unlink_connection(c);
    c->newer = spare;
    spare = c;
    connections--;
}

/* ---- responses -------------------------------------------------------------- */

static const char *reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 413:
        return "Content Too Large";
    case 431:
        return "Request Header Fields Too Large";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Service Unavailable";
    }
}

/* Writes a number that is not negative, and gives back where it ends: a small part of the work that printf would be. */
static char *put_number(char *at, long long n)
{
    char digits[20];
    int count = 0;

    do
        digits[count++] = (char)('0' + n % 10);
    while (n /= 10);
    while (count)
        *at++ = digits[--count];
    *at = 0;
    return at;
}

/* Prepares a response: its header, and as much of the body as is given here. */
static void respond(struct connection *c, int status, const char *type, const char *body, off_t length, bool head)
{
    size_t inline_length = body && !head ? (size_t)length : 0;

    c->response = 256 + inline_length <= sizeof c->small ? c->small : malloc(256 + inline_length);
    if (!c->response) {
        c->closing = true;
        c->length = c->sent = 0;
        return;
    }
    char *end = stpcpy(c->response, "HTTP/1.1 ");
    end = stpcpy(put_number(end, status), " ");
    end = stpcpy(stpcpy(end, reason(status)), "\r\nContent-Type: ");
    end = stpcpy(stpcpy(end, type), "\r\nContent-Length: ");
    end = stpcpy(put_number(end, length), "\r\nConnection: ");
    end = stpcpy(stpcpy(end, c->closing ? "close" : "keep-alive"), "\r\n");
    end = stpcpy(stpcpy(end, status == 405 ? "Allow: GET, HEAD\r\n" : ""), "\r\n");
    c->length = (size_t)(end - c->response);
    if (inline_length)
        memcpy(c->response + c->length, body, inline_length);
    c->length += inline_length;
    c->sent = 0;
}

static void respond_error(struct connection *c, int status, bool head)
{
    char body[64];
    int length = sprintf(body, "%d %s\n", status, reason(status));

    respond(c, status, "text/plain", body, length, head);
}

static void respond_status(struct connection *c, bool head)
{
    struct timespec t;
    char body[160];

    clock_gettime(CLOCK_MONOTONIC, &t);
    long long ms = (long long)(t.tv_sec - started.tv_sec) * 1000 + (t.tv_nsec - started.tv_nsec) / 1000000;
    char *end = stpcpy(body, "{\"program\": \"httpd\", \"requests\": ");
    end = stpcpy(put_number(end, (long long)requests), ", \"connections\": ");
    end = stpcpy(put_number(end, connections), ", \"uptime_ms\": ");
    end = stpcpy(put_number(end, ms), "}\n");
    respond(c, 200, "application/json", body, end - body, head);
}

static const char *content_type(const char *path)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"}, {".css", "text/css"},      {".js", "text/javascript"},
        {".json", "application/json"},         {".svg", "image/svg+xml"}, {".png", "image/png"},
        {".txt", "text/plain; charset=utf-8"}, {".ico", "image/x-icon"},
    };
    const char *ending = strrchr(path, '.');

    for (size_t i = 0; ending && i < sizeof types / sizeof *types; i++)
        if (!strcasecmp(ending, types[i][0]))
            return types[i][1];
    return "application/octet-stream";
}

/* What / is where the folder has no index.html, or there is no folder. */
static const char welcome[] = "<!doctype html>\n<html lang=\"en\">\n<title>httpd</title>\n"
                              "<h1>It serves.</h1>\n<p>There are no files to show, but there is "
                              "<a href=\"/status\">its status</a>.\n";

static void respond_file(struct connection *c, const char *target, bool head)
{
    char path[REQUEST_SIZE + 64];
    struct stat st;
    size_t length = strlen(target);

    snprintf(path, sizeof path, "%s%s%s", folder, target, target[length - 1] == '/' ? "index.html" : "");
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &st) || !S_ISREG(st.st_mode)) {
        bool forbidden = file < 0 && errno == EACCES;

        if (file >= 0)
            close(file);
        if (!strcmp(target, "/") && !forbidden)
            respond(c, 200, "text/html; charset=utf-8", welcome, sizeof welcome - 1, head);
        else
            respond_error(c, forbidden ? 403 : 404, head);
        return;
    }
    if (st.st_size <= SMALL_FILE && !head) {
        char body[SMALL_FILE];
        ssize_t n = read(file, body, sizeof body);

        close(file);
        respond(c, 200, content_type(path), body, n < 0 ? 0 : n, head);
        return;
    }
    respond(c, 200, content_type(path), NULL, st.st_size, head);
    if (head) {
        close(file);
        return;
    }
    c->file = file;
    c->left = st.st_size;
}

/* ---- requests --------------------------------------------------------------- */

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Decodes a target in place, drops its query. False if it is none, or leads out of the folder. */
static bool clean_target(char *target)
{
    char *out = target, *in = target;

    if (*in != '/')
        return false;
    for (; *in && *in != '?'; in++) {
        char c = *in;

        if (c == '%') {
            int high = hex(in[1]), low = high < 0 ? -1 : hex(in[2]);

            if (low < 0)
                return false;
            c = (char)(high << 4 | low);
            in += 2;
        }
        if (!c)
            return false;
        *out++ = c;
    }
    *out = 0;
    for (char *part = target; part; part = strchr(part + 1, '/'))
        if (!strncmp(part, "/..", 3) && (part[3] == '/' || !part[3]))
            return false;
    return true;
}

/* The fields that matter here. */
enum { CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, FIELDS };
static const struct {
    const char *name;
    size_t length;
} known[FIELDS] = {{"connection", 10}, {"content-length", 14}, {"host", 4}, {"transfer-encoding", 17}};

/* What a header says. Values end with their lines; null for a field that is not there. */
struct header {
    char *line, *line_end; /* the request line */
    const char *values[FIELDS];
};

/* Remembers the value of a field that matters; of several with one name the first counts. */
static void note_field(struct header *header, const char *line)
{
    for (int i = 0; i < FIELDS; i++) {
        size_t length = known[i].length;

        /* The first letter decides nearly always, without a call. */
        if ((*line | 32) != *known[i].name || strncasecmp(line, known[i].name, length) || line[length] != ':')
            continue;
        line += length + 1;
        if (!header->values[i])
            header->values[i] = line + strspn(line, " \t");
        return;
    }
}

/* Goes through the header that begins at `start`, line by line. Where its empty line ends; null if that has not come. */
static char *read_header(struct header *header, char *start)
{
    char *line = start, *end;

    *header = (struct header){.line = start};
    while ((end = strstr(line, "\r\n")) && end != line) {
        if (header->line_end)
            note_field(header, line);
        else
            header->line_end = end;
        line = end + 2;
    }
    return end ? end + 2 : NULL;
}

static bool says(const char *value, const char *word)
{
    size_t length = strlen(word);

    return value && !strncasecmp(value, word, length) && strchr(" ,\r\t", value[length]);
}

/* Answers the request with that header. How many of the `rest` bytes behind that are its body. */
static size_t answer(struct connection *c, const struct header *header, size_t rest)
{
    *header->line_end = 0;
    char *method = header->line, *target = strchr(method, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;

    requests++;
    c->closing = true; /* unless all is well */
    if (!version) {
        respond_error(c, 400, false);
        return 0;
    }
    *target++ = *version++ = 0;
    if (strncmp(version, "HTTP/1.", 7) || header->line_end - version != 8) {
        respond_error(c, strncmp(version, "HTTP/", 5) ? 400 : 505, false);
        return 0;
    }
    const char *connection = header->values[CONNECTION], *length = header->values[CONTENT_LENGTH];
    long long body_length = length ? strtoll(length, NULL, 10) : 0;
    if ((version[7] != '0' && !header->values[HOST]) || body_length < 0 || header->values[TRANSFER_ENCODING]) {
        respond_error(c, 400, false);
        return 0;
    }
    if (body_length > REQUEST_SIZE) {
        respond_error(c, 413, false);
        return 0;
    }
    bool head = !strcmp(method, "HEAD");
    c->closing = version[7] == '0' ? !says(connection, "keep-alive") : says(connection, "close");
    c->closing |= (size_t)body_length > rest; /* a body that has not come yet is not waited for */
    if (!head && strcmp(method, "GET"))
        respond_error(c, 405, false);
    else if (!clean_target(target))
        respond_error(c, 400, head);
    else if (!strcmp(target, "/status"))
        respond_status(c, head);
    else
        respond_file(c, target, head);
    return (size_t)body_length < rest ? (size_t)body_length : rest;
}

/* Takes one whole request out of what has come, if there is one, and prepares the answer. */
static bool take_request(struct connection *c)
{
    c->request[c->received] = 0;
    /* Empty lines before a request are allowed for (RFC 9112, section 2.2). */
    size_t blank = strspn(c->request, "\r\n");
    struct header header;
    char *end = read_header(&header, c->request + blank);
    if (!end) {
        if (c->received < REQUEST_SIZE - 1)
            return false;
        c->closing = true;
        respond_error(c, 431, false);
        c->received = 0;
        return true;
    }
    size_t used = (size_t)(end - c->request);
    used += answer(c, &header, c->received - used);
    memmove(c->request, c->request + used, c->received - used);
    c->received -= used;
    return true;
}

/* ---- input and output --------------------------------------------------------- */

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* Fills the response with the next part of the file. False if the file has become shorter than it said. */
static bool next_part(struct connection *c)
{
    char *part = realloc(c->response == c->small ? NULL : c->response, PART_SIZE);
    if (!part)
        return false;
    c->response = part;
    ssize_t n = read(c->file, part, c->left < PART_SIZE ? (size_t)c->left : PART_SIZE);
    if (n <= 0)
        return false;
    c->left -= n;
    c->length = (size_t)n;
    c->sent = 0;
    return true;
}

/* Sends what can be sent; the response is null once all of it is. False if the connection is at its end. */
static bool send_response(struct connection *c)
{
    for (;;) {
        while (c->sent < c->length) {
            /* MSG_MORE: the file's first part goes out with the header, and the last with the connection's end. */
            ssize_t n =
                send(c->fd, c->response + c->sent, c->length - c->sent, c->left || c->closing ? MSG_MORE : 0);

            if (n < 0)
                return would_block();
            c->sent += (size_t)n;
        }
        if (!c->left)
            break;
        if (!next_part(c))
            return false;
    }
    forget_response(c);
    return !c->closing;
}

/* Waits for room to send in, or for the next request. */
static void wait_for(struct connection *c, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};

    if (c->waits_for != events)
        epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &event);
    c->waits_for = events;
}

/* Does what can be done for a connection that is ready. False if it is at its end. */
static bool serve(struct connection *c)
{
    if (!c->response) {
        ssize_t n = recv(c->fd, c->request + c->received, REQUEST_SIZE - 1 - c->received, 0);

        if (n == 0)
            return false;
        if (n < 0)
            return would_block();
        c->received += (size_t)n;
        touch(c);
    }
    while (c->response || take_request(c)) {
        if (!send_response(c))
            return false;
        if (c->response) {
            wait_for(c, EPOLLOUT); /* the other end is slow */
            return true;
        }
    }
    wait_for(c, EPOLLIN);
    return !c->closing; /* there was no memory for an answer */
}

static void refuse(int fd)
{
    static const char text[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    send(fd, text, sizeof text - 1, MSG_DONTWAIT);
    close(fd);
}

static struct connection *new_connection(void)
{
    /* One that has not asked for anything yet, or has fallen silent in the middle of it. */
    if (connections == MAX_CONNECTIONS && !oldest->response && now() - oldest->active >= 1)
        drop(oldest);
    if (connections == MAX_CONNECTIONS)
        return NULL;
    struct connection *c = spare;
    if (c)
        spare = c->newer;
    else
        c = malloc(sizeof *c);
    return c;
}

static void accept_all(void)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct connection *c = new_connection();

        if (!c) {
            refuse(fd);
            continue;
        }
        int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        c->fd = fd;
        c->closing = false;
        c->file = -1;
        c->response = NULL;
        c->received = c->length = c->sent = 0;
        c->left = 0;
        c->waits_for = EPOLLIN;
        link_newest(c);
        connections++;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
            drop(c);
    }
}

static void fail(const char *what)
{
    fprintf(stderr, "httpd: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;

    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener < 0)
        fail("socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address))
        fail("bind");
    if (listen(listener, MAX_CONNECTIONS))
        fail("listen");
    epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event))
        fail("epoll");
}

int main(int argc, char **argv)
{
    int port = argc > 1 ? atoi(argv[1]) : 80;

    if (port < 1 || port > 65535 || argc > 3) {
        fprintf(stderr, "usage: httpd [PORT [FOLDER]]\n");
        return 2;
    }
    if (argc > 2)
        folder = argv[2];
    clock_gettime(CLOCK_MONOTONIC, &started);
    signal(SIGPIPE, SIG_IGN);
    listen_on(port);
    printf("httpd: serving %s on port %d\n", folder, port);
    fflush(stdout);
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(epoll, events, EVENTS, oldest ? 1000 : -1);

        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;

            if (!c)
                accept_all();
            else if (c->fd >= 0 && !serve(c)) /* it may have made room for another since */
                drop(c);
        }
        while (oldest && now() - oldest->active > IDLE_SECONDS)
            drop(oldest);
    }
}
