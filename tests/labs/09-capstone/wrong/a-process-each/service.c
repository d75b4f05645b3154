/* A process for each client, which share the store: all is well as long as there are processes. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { KEYS = 256, KEY_SIZE = 32, LINE = 80, VALUE = 4096 };

struct store {
    pthread_mutex_t lock;
    int count;
    struct {
        char key[KEY_SIZE + 1], value[VALUE];
        size_t length;
    } entries[KEYS];
};

static struct store *store;

static int find(const char *key, bool make)
{
    for (int i = 0; i < store->count; i++)
        if (!strcmp(store->entries[i].key, key))
            return i;
    if (!make || store->count == KEYS)
        return -1;
    strcpy(store->entries[store->count].key, key);
    return store->count++;
}

static bool is_key(const char *key)
{
    size_t length = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789");

    return length >= 1 && length <= KEY_SIZE && !key[length];
}

static bool is_number(const char *text, int digits)
{
    size_t length = strspn(text + (*text == '-'), "0123456789");

    return length >= 1 && length <= (size_t)digits && !text[(*text == '-') + length];
}

static void serve(FILE *in, FILE *out)
{
    char line[LINE + 1], key[LINE], extra[LINE], word[LINE], number[LINE], value[VALUE + 1];

    while (fgets(line, sizeof line, in)) {
        if (!strchr(line, '\n')) {
            fputs("ERROR line too long\n", out);
            return;
        }
        bool spaced = !strstr(line, "  ") && line[0] != ' ';
        int count = sscanf(line, "%s %s %s %s", word, key, number, extra);
        if (spaced && count == 3 && !strcmp(word, "SET") && is_number(number, 9) && number[0] != '-') {
            size_t length = strtoul(number, NULL, 10);
            if (length > VALUE) {
                fputs("ERROR value too long\n", out);
                return;
            }
            if (fread(value, 1, length, in) < length)
                return;
            if (is_key(key)) {
                pthread_mutex_lock(&store->lock);
                int i = find(key, true);
                memcpy(store->entries[i].value, value, length);
                store->entries[i].length = length;
                pthread_mutex_unlock(&store->lock);
            }
            fputs(is_key(key) ? "OK\n" : "ERROR bad key\n", out);
        } else if (spaced && count == 2 && !strcmp(word, "GET") && is_key(key)) {
            pthread_mutex_lock(&store->lock);
            int i = find(key, false);
            size_t length = i < 0 ? 0 : store->entries[i].length;
            if (i >= 0)
                memcpy(value, store->entries[i].value, length);
            pthread_mutex_unlock(&store->lock);
            if (i < 0)
                fputs("NONE\n", out);
            else
                fprintf(out, "VALUE %zu\n", length), fwrite(value, 1, length, out);
        } else if (spaced && count == 3 && !strcmp(word, "ADD") && is_key(key) && is_number(number, 9)) {
            pthread_mutex_lock(&store->lock);
            bool first = find(key, false) < 0;
            int i = find(key, true);
            char *text = store->entries[i].value;
            text[store->entries[i].length] = 0;
            bool right = first || (is_number(text, 18) && strlen(text) == store->entries[i].length);
            long long total = atoll(text) + atoll(number);
            if (right)
                store->entries[i].length = (size_t)sprintf(store->entries[i].value, "%lld", total);
            pthread_mutex_unlock(&store->lock);
            if (right)
                fprintf(out, "NUMBER %lld\n", total);
            else
                fputs("ERROR not a number\n", out);
        } else if (count == 1 && !strcmp(line, "QUIT\n")) {
            fputs("BYE\n", out);
            return;
        } else {
            fputs("ERROR bad request\n", out);
        }
        fflush(out);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(argv[argc - 1]))};
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    pthread_mutexattr_t shared;

    store = mmap(NULL, sizeof *store, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&store->lock, &shared);
    signal(SIGCHLD, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64))
        return perror("tally"), 1;
    puts("tally: listening");
    fflush(stdout);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        pid_t child = fork();

        if (child < 0) {
            perror("tally: fork");
            return 1;
        }
        if (child == 0) {
            FILE *in = fdopen(dup(client), "r"), *out = fdopen(client, "w");
            serve(in, out);
            fflush(out);
            _exit(0);
        }
        close(client);
    }
}
