/*
 * kv.c: a key-value store over HTTP/1.1 (RFC 9112), a file for each key.
 *
 *   kv [PORT [FOLDER]]          by default 8080 and /data
 *
 * PUT /KEY stores the body, GET /KEY gives it back, DELETE /KEY forgets it, GET /
 * lists the keys. A PUT is answered when its value is on the disk: it is written
 * beside the old one, synced, and takes the old one's name, so that a power cut
 * leaves one or the other. It knows nothing of unikernels.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum { MAX_KEY = 64, MAX_VALUE = 65536, MAX_HEADER = 4096, PATIENCE_SECONDS = 5 };

static const char *folder = "/data";
static const char new_value[] = ".new"; /* no key begins with a dot */

struct request {
    char method[8], key[MAX_KEY + 1];
    bool keep_alive;
    size_t length;
    char *body;
};

/* ---- the store ------------------------------------------------------------------ */

static void path_of(char path[512], const char *key)
{
    snprintf(path, 512, "%s/%s", folder, key);
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t n = write(fd, bytes, length);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        }
    }
    return true;
}

/* True when the value is on the disk, whatever happens to the power from then on. */
static bool store(const char *key, const char *value, size_t length)
{
    char draft[512], path[512];

    path_of(draft, new_value);
    path_of(path, key);
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0)
        return false;
    bool written = write_all(fd, value, length) && fsync(fd) == 0;
    written = close(fd) == 0 && written;
    return written && rename(draft, path) == 0;
}

/* The value, to be freed, or null with errno set. */
static char *load(const char *key, size_t *length)
{
    char path[512], *value = NULL;
    struct stat st;

    path_of(path, key);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return NULL;
    if (!fstat(fd, &st) && (value = malloc((size_t)st.st_size + 1))) {
        ssize_t n = read(fd, value, (size_t)st.st_size);
        *length = n > 0 ? (size_t)n : 0;
    }
    close(fd);
    return value;
}

static int by_name(const struct dirent **one, const struct dirent **other)
{
    return strcmp((*one)->d_name, (*other)->d_name);
}

static int is_key(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* All keys, a line each, to be freed. */
static char *list(size_t *length)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_key, by_name);
    char *text = NULL;

    FILE *out = open_memstream(&text, length);
    for (int i = 0; i < count; i++) {
        if (out)
            fprintf(out, "%s\n", entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    if (out)
        fclose(out);
    return text;
}

/* ---- the protocol --------------------------------------------------------------- */

static bool answer(FILE *client, const struct request *request, int status, const char *reason, const char *body,
                   size_t length)
{
    fprintf(client, "HTTP/1.1 %d %s\r\nContent-Length: %zu\r\n%s\r\n", status, reason, length,
            request->keep_alive ? "" : "Connection: close\r\n");
    fwrite(body, 1, length, client);
    return fflush(client) == 0 && request->keep_alive;
}

static bool answer_text(FILE *client, const struct request *request, int status, const char *text)
{
    char line[80];

    snprintf(line, sizeof line, "%s\n", text);
    return answer(client, request, status, text, line, strlen(line));
}

static bool valid_key(const char *key)
{
    size_t length = strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");

    return !key[length] && length <= MAX_KEY && key[0] != '.';
}

/* Reads a request up to its body. 0, or the status to refuse it with; -1 if the client has gone. */
static int read_header(FILE *client, struct request *request)
{
    char line[MAX_HEADER], target[MAX_HEADER], version[16];
    size_t total = 0;

    if (!fgets(line, sizeof line, client))
        return -1;
    if (sscanf(line, "%7s %4095s %15s", request->method, target, version) != 3 || strncmp(version, "HTTP/1.", 7))
        return 400;
    request->keep_alive = strcmp(version, "HTTP/1.0");
    request->length = 0;
    if (target[0] != '/' || strlen(target + 1) > MAX_KEY || !valid_key(target + 1))
        return 400;
    strcpy(request->key, target + 1);
    for (;;) {
        if (!fgets(line, sizeof line, client))
            return -1;
        total += strlen(line);
        if (!strcmp(line, "\r\n") || !strcmp(line, "\n"))
            return 0;
        if (total > MAX_HEADER)
            return 431;
        if (!strncasecmp(line, "Content-Length:", 15))
            request->length = strtoul(line + 15, NULL, 10);
        else if (!strncasecmp(line, "Connection:", 11) && strcasestr(line, "close"))
            request->keep_alive = false;
        else if (!strncasecmp(line, "Transfer-Encoding:", 18))
            return 400;
    }
}

static bool serve_key(FILE *client, const struct request *request)
{
    size_t length = 0;
    char path[512];

    if (!strcmp(request->method, "PUT"))
        return store(request->key, request->body, request->length)
                   ? answer_text(client, request, 200, "Stored")
                   : answer_text(client, request, 507, strerror(errno));
    if (!strcmp(request->method, "GET")) {
        char *value = load(request->key, &length);
        bool more = value ? answer(client, request, 200, "OK", value, length)
                          : answer_text(client, request, 404, "Not Found");
        free(value);
        return more;
    }
    if (!strcmp(request->method, "DELETE")) {
        path_of(path, request->key);
        return unlink(path) ? answer_text(client, request, 404, "Not Found")
                            : answer_text(client, request, 200, "Forgotten");
    }
    return answer_text(client, request, 405, "Method Not Allowed");
}

/* Answers one request. False when the connection should end. */
static bool serve(FILE *in, FILE *out)
{
    struct request request = {0};
    int refused = read_header(in, &request);

    if (refused < 0)
        return false;
    if (!refused && request.length > MAX_VALUE)
        refused = 413;
    if (refused) {
        request.keep_alive = false;
        return answer_text(out, &request, refused, refused == 413 ? "Content Too Large" : "Bad Request");
    }
    request.body = malloc(request.length + 1);
    if (!request.body || fread(request.body, 1, request.length, in) != request.length) {
        free(request.body);
        return false;
    }
    bool more;
    if (request.key[0]) {
        more = serve_key(out, &request);
    } else {
        size_t length = 0;
        char *keys = list(&length);

        more = answer(out, &request, 200, "OK", keys ? keys : "", length);
        free(keys);
    }
    free(request.body);
    return more;
}

static void serve_client(int fd)
{
    struct timeval patience = {PATIENCE_SECONDS, 0};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    int other = dup(fd);
    FILE *in = fdopen(fd, "r"), *out = other >= 0 ? fdopen(other, "w") : NULL;
    while (in && out && serve(in, out))
        ;
    if (in)
        fclose(in);
    else
        close(fd);
    if (out)
        fclose(out);
    else if (other >= 0)
        close(other);
}

static void fail(const char *what)
{
    fprintf(stderr, "kv: %s: %s\n", what, strerror(errno));
    exit(1);
}

int main(int argc, char **argv)
{
    int port = argc > 1 ? atoi(argv[1]) : 8080, one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    if (port < 1 || port > 65535 || argc > 3) {
        fprintf(stderr, "usage: kv [PORT [FOLDER]]\n");
        return 2;
    }
    if (argc > 2)
        folder = argv[2];
    signal(SIGPIPE, SIG_IGN);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0)
        fail("socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 16))
        fail("listen");
    printf("kv: keeping keys in %s, on port %d\n", folder, port);
    fflush(stdout);
    for (;;) {
        int client = accept(listener, NULL, NULL);

        if (client >= 0)
            serve_client(client);
    }
}
