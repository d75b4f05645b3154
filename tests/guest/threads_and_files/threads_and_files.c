/* Threads that are taken turns between, each with files of its own, all in one directory, and one that they share. */
#define _GNU_SOURCE
#include "../check.h"
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef ROUNDS
#define ROUNDS 150
#endif
enum { THREADS = 4, RECORD = 16 };

static int log_file;

static void *work(void *argument)
{
    long me = (long)argument;
    char name[32], moved[32], text[64], back[64];

    for (int i = 0; i < ROUNDS; i++) {
        snprintf(name, sizeof name, "t%ld-%d", me, i);
        snprintf(moved, sizeof moved, "m%ld-%d", me, i);
        int length = snprintf(text, sizeof text, "%ld writes this in round %d", me, i);

        int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
        CHECK(fd >= 0 && write(fd, text, (size_t)length) == length && !rename(name, moved));
        CHECK(pread(fd, back, sizeof back, 0) == length && !memcmp(text, back, (size_t)length));
        CHECK(access(name, F_OK) && errno == ENOENT && !access(moved, F_OK));

        DIR *directory = opendir(".");
        struct dirent *entry;
        int seen = 0;
        while ((entry = readdir(directory)))
            seen += !strcmp(entry->d_name, moved);
        CHECK(seen == 1 && !closedir(directory));
        CHECK(!unlink(moved) && !close(fd));

        /* Made by whoever comes first, and gone with whoever comes first. */
        fd = open("common", O_RDWR | O_CREAT, 0600);
        CHECK(fd >= 0 && !close(fd));
        CHECK(!unlink("common") || errno == ENOENT);

        /* Appended whole, whoever comes in between. */
        memset(text, 'a' + (int)me, RECORD);
        CHECK(write(log_file, text, RECORD) == RECORD);
    }
    return NULL;
}

int main(void)
{
    static char all[THREADS * ROUNDS * RECORD];
    pthread_t threads[THREADS];
    int counts[THREADS] = {0};

    CHECK(!chdir(getenv("TMPDIR")) && !mkdir("shared", 0700) && !chdir("shared"));
    log_file = open("../log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    for (long i = 0; i < THREADS; i++)
        CHECK(!pthread_create(&threads[i], NULL, work, (void *)i));
    for (int i = 0; i < THREADS; i++)
        CHECK(!pthread_join(threads[i], NULL));
    CHECK(!close(log_file));
    log_file = open("../log", O_RDONLY);
    CHECK(read(log_file, all, sizeof all) == sizeof all && read(log_file, all, 1) == 0);
    for (int i = 0; i < THREADS * ROUNDS; i++) {
        for (int k = 1; k < RECORD; k++)
            CHECK(all[i * RECORD + k] == all[i * RECORD]);
        counts[all[i * RECORD] - 'a']++;
    }
    for (int i = 0; i < THREADS; i++)
        CHECK(counts[i] == ROUNDS);
    CHECK(!unlink("../log") && !chdir("..") && !rmdir("shared"));
    SUCCESS();
}
